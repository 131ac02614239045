"""Smoothing as if the camera stood still."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Boxes
from trackers.types import STANDING, Tracks

if TYPE_CHECKING:
    from trackers.smoothing import Smoother

Affine = NDArray[np.float64]

#: How much larger or smaller than in the first frame people may seem, and how many pixels away, before the
#: first frame is another one: a camera that goes along a street magnifies without end.
ZOOM, FAR = 8.0, 1e5


class Steady:
    """Shows another smoother all frames as the first one's camera would have seen them.

    A camera that pans or shakes moves everybody at once and in jerks, which no filter for people should
    follow, or take for a tremble of theirs. Results come back as each frame shows them. Where the camera has
    gone too far from the first frame, all begins anew.
    """

    def __init__(self, inner: Smoother) -> None:
        self._inner = inner
        self.delay = inner.delay
        self._ground = STANDING  #: from pixels of the last frame to those of the first
        self._waiting: deque[tuple[Tracks, Affine]] = deque()

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:
        done = []
        if tracks.camera is not STANDING:
            self._ground = _joined(self._ground, _inverse(tracks.camera))
            if _far(self._ground):
                done = self.finish()
        self._waiting.append((tracks, self._ground))
        return done + [self._back(each) for each in self._inner.push(_seen(tracks, self._ground), time)]

    def finish(self) -> list[Tracks]:
        done = [self._back(done) for done in self._inner.finish()]
        self._ground = STANDING
        return done

    def _back(self, done: Tracks) -> Tracks:
        tracks, ground = self._waiting.popleft()
        if ground is STANDING:
            return done
        keypoints = _moved(done.keypoints, _inverse(ground))
        return replace(tracks, keypoints=keypoints, predicted=done.predicted)


def _seen(tracks: Tracks, by: Affine) -> Tracks:
    """The same people as another camera would have seen them, to which `by` (2, 3) leads."""
    if by is STANDING:
        return tracks
    boxes = tracks.boxes.xyxy
    middle, half = 0.5 * (boxes[:, :2] + boxes[:, 2:]), 0.5 * (boxes[:, 2:] - boxes[:, :2])
    middle, half = _moved(middle, by), half * np.float32(np.sqrt(abs(np.linalg.det(by[:, :2]))))
    return replace(
        tracks,
        boxes=Boxes(np.concatenate([middle - half, middle + half], axis=1), tracks.boxes.scores),
        measured=_moved(tracks.measured, by),
        keypoints=_moved(tracks.keypoints, by),
    )


def _far(ground: Affine) -> bool:
    zoom = float(np.sqrt(abs(np.linalg.det(ground[:, :2]))))
    return not (1.0 / ZOOM <= zoom <= ZOOM and np.abs(ground[:, 2]).max() <= FAR)


def _moved(points: Array, by: Affine) -> Array:
    return (points @ by[:, :2].T + by[:, 2]).astype(np.float32)


def _inverse(motion: Affine) -> Affine:
    back = np.linalg.inv(motion[:, :2])
    return np.column_stack([back, -back @ motion[:, 2]])


def _joined(then: Affine, first: Affine) -> Affine:
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])
