"""Smoothing over whole tracks, for recordings: everything is known before anything is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trackers.limbs import stretched
from trackers.matching import person_sizes
from trackers.people import PATIENCE
from trackers.rts import PAUSE, Path, smooth
from trackers.swaps import exchanged, put_back
from trackers.types import Tracks

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


class Whole:
    """Left and right put back, limbs of one length, and every track smoothed both ways.

    Everything is kept until the end: some 600 bytes for each person of each frame.
    """

    delay = float("inf")

    def __init__(self) -> None:
        self._frames: list[Tracks] = []
        self._times: list[float] = []

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:
        self._frames.append(tracks)
        self._times.append(time)
        return []

    def finish(self) -> list[Tracks]:
        frames, times = self._frames, np.array(self._times)
        self._frames, self._times = [], []
        if not any(map(len, frames)):
            return frames
        places = [np.array(tracks.keypoints) for tracks in frames]
        stretches = _stretches(frames, times)
        paths = [repaired(_path(frames, times, *where)) for where in stretches]
        for (which, rows), path in zip(stretches, smooth(paths), strict=True):
            for frame, row, joints in zip(which.tolist(), rows.tolist(), path, strict=True):
                places[frame][row] = joints
        return [replace(tracks, keypoints=joints) for tracks, joints in zip(frames, places, strict=True)]


def repaired(path: Path) -> Path:
    """The path with left and right where they belong, and without joints that stretch a limb."""
    path = put_back(path, exchanged(path))
    return path._replace(scores=np.where(stretched(path), 0.0, path.scores))


def _stretches(frames: list[Tracks], times: Floats) -> list[tuple[Indices, Indices]]:
    """Frames and rows of everybody, from when they come into sight to when they are out of it for a while.

    For as long as that, nobody can tell what their joints did.
    """
    counts = [len(tracks) for tracks in frames]
    ids = np.concatenate([tracks.ids for tracks in frames])
    which = np.repeat(np.arange(len(frames)), counts)
    rows = np.concatenate([np.arange(count) for count in counts])
    order = np.lexsort((which, ids))
    ids, which, rows = ids[order], which[order], rows[order]
    hidden = times[np.maximum(which[1:] - 1, 0)] - times[which[:-1]]
    paused = times[which[1:]] - times[which[:-1]] > PAUSE
    cuts = 1 + np.flatnonzero((ids[1:] != ids[:-1]) | (hidden > PATIENCE) | paused)
    return list(zip(np.split(which, cuts), np.split(rows, cuts), strict=True))


def _path(frames: list[Tracks], times: Floats, which: Indices, rows: Indices) -> Path:
    pairs = list(zip(which.tolist(), rows.tolist(), strict=True))
    boxes = np.array([frames[frame].boxes.xyxy[row] for frame, row in pairs])
    return Path(
        times[which],
        np.array([frames[frame].measured[row] for frame, row in pairs], np.float64),
        np.array([frames[frame].scores[row] for frame, row in pairs], np.float64),
        np.array([frames[frame].spread[row] for frame, row in pairs], np.float64),
        person_sizes(boxes),
    )
