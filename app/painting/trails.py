"""Where everyone's wrists and ankles were in the last second, fading."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from app.painting.palette import Colours, shades, solid
from app.painting.strokes import SHIFT, fixed, widths
from engine.skeleton import KEYPOINTS
from engine.types import Image
from trackers.types import Tracks

Floats = NDArray[np.float64]
Piece = tuple[float, Floats]  #: how fresh it is, in (0, 1], and points (M, 2)

LONG_S = 1.0  #: seconds that a trail lasts
GAP_S = 0.3  #: a joint not seen for longer leaves a gap
BANDS = 6  #: steps in which a trail fades
_ENDS = (9, 10, 15, 16)  # left and right wrist, left and right ankle


class Trails:
    """Remembers a second of what was shown."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Tracks, Floats]] = deque()

    def add(self, time: float, tracks: Tracks, threshold: float) -> None:
        """The people at `time` seconds; a jump back or far ahead starts afresh."""
        if self._seen and not 0.0 <= time - self._seen[-1][0] <= LONG_S:
            self._seen.clear()
        if self._seen and time == self._seen[-1][0]:
            self._seen.pop()
        if tracks.keypoints.shape[1] != len(KEYPOINTS):
            return
        sure = (tracks.scores[:, _ENDS] >= threshold) & ~tracks.predicted[:, _ENDS]
        ends = np.where(sure[..., None], tracks.keypoints[:, _ENDS], np.nan).astype(np.float64)
        self._seen.append((time, tracks, ends))
        while time - self._seen[0][0] > LONG_S:
            self._seen.popleft()

    def of(self, track_id: int) -> tuple[Floats, Floats]:
        """Times (T,) and points (T, 4, 2) of one person: left and right wrist, left and right ankle.

        Pixels of the picture, NaN where not seen.
        """
        times, ends = [], []
        for time, tracks, points in self._seen:
            for row in np.flatnonzero(tracks.ids == track_id).tolist():
                times.append(time)
                ends.append(points[row])
        return np.array(times), np.array(ends).reshape(-1, len(_ENDS), 2)


def pieces(times: Floats, points: Floats) -> list[Piece]:
    """Lines without a gap, each of one age, the oldest first, through points (T, 2) at `times` (T,)."""
    fine = np.isfinite(points).all(axis=1)
    times, points = times[fine], points[fine]
    if len(times) < 2:
        return []
    bands = np.clip(BANDS - 1 - ((times[-1] - times) / LONG_S * BANDS).astype(int), 0, BANDS - 1).tolist()
    found: list[Piece] = []
    first = 0
    for n, (before, after) in enumerate(pairwise(times.tolist())):
        gap, end = after - before > GAP_S, n + 2 == len(times)
        if gap or end or bands[n + 2] != bands[n + 1]:
            last = n if gap else n + 1
            if last > first:
                found.append(((bands[last] + 1) / BANDS, points[first : last + 1]))
            first = n + 1
    return found


def width(piece: Piece, stroke: float) -> float:
    """Of a piece of the trail of somebody whose limbs have the width `stroke`."""
    return max(0.75, stroke * (0.25 + 0.5 * piece[0]))


def paint(painted: Image, trails: Trails, tracks: Tracks, line_width: float, colours: Colours) -> None:
    """Paint the trails of the people in `tracks` on a picture (H, W, 3) or (H, W, 4)."""
    height, across = painted.shape[:2]
    size = (tracks.boxes.xyxy[:, 2:] - tracks.boxes.xyxy[:, :2]).max(axis=1, initial=1.0).astype(np.float64)
    size = np.clip(size, 1.0, max(across, height))
    strokes, _ = widths(size, (across * height / (1280 * 720)) ** 0.5)
    for track_id, stroke in zip(tracks.ids.tolist(), (line_width * strokes).tolist(), strict=True):
        shade = shades(track_id, colours)
        times, ends = trails.of(track_id)
        for end, points in enumerate(ends.transpose(1, 0, 2)):
            colour = solid(shade.right if end % 2 else shade.left)
            _line(painted, list(_near(pieces(times, points), 2.0 * max(across, height))), stroke, colour)


def _near(line: list[Piece], farthest: float) -> Iterator[Piece]:
    """Pieces that cv2 can paint: none a picture or more away."""
    return (piece for piece in line if (np.abs(piece[1]) < farthest).all())


def _line(painted: Image, line: list[Piece], stroke: float, colour: tuple[int, int, int, int]) -> None:
    """One trail: where its pieces overlap the fresher one counts, and what is under it shines through."""
    if not line:
        return
    height, across, channels = painted.shape
    every = np.concatenate([points for _, points in line])
    margin = stroke + 3.0
    left, top = np.clip(np.floor(every.min(axis=0) - margin), 0, (across, height)).astype(int).tolist()
    right, bottom = np.clip(np.ceil(every.max(axis=0) + margin), 0, (across, height)).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    for fresh, points in line:
        wide = max(1, round(width((fresh, points), stroke)))
        way = [fixed(points - (left, top))]
        cv2.polylines(mask, way, False, round(255 * 0.8 * fresh), wide, cv2.LINE_AA, SHIFT)
    share = (mask / np.float32(255.0))[..., None]
    patch = painted[top:bottom, left:right]
    patch[:] = np.rint(share * np.array(colour[:channels], np.float32) + (1.0 - share) * patch)
