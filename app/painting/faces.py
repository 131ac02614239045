"""Where the heads are of everyone who was found, and faces made unrecognisable.

Of everyone: known or not, painted or not, sure or not. A head that was not found at all cannot be covered.
Who was found a moment ago is still covered for a while, so that nobody shows for the frame or two that a
detector misses them.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.skeleton import KEYPOINTS
from engine.types import Image, Poses
from trackers.types import Tracks

Floats = NDArray[np.float64]
Edges = tuple[int, int, int, int]  #: left, top, right, bottom of a part of a picture, as slices have it

HOLD_S = 0.7  #: seconds for which somebody who is not found any more stays covered
WIDEST = 0.65  #: radius of a head, over the shorter side of the box that it is in
CELLS = 6  #: a covered place has so many pixels each way: too few for any face
SMOOTH_PX = 48  #: that they are blown up to, for looks
ROUNDING = 0.42  #: of the corners of a covered place, over its shorter side
_FACE, _EARS, _SHOULDERS = slice(0, 5), slice(3, 5), (5, 6)


class Heads:
    """Where heads are, and were a moment ago."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, int, Tracks]] = {}  # time, row

    def add(self, time: float, tracks: Tracks) -> None:
        """The people at `time` seconds."""
        self._last = {who: seen for who, seen in self._last.items() if 0.0 <= time - seen[0] <= HOLD_S}
        self._last.update({who: (time, row, tracks) for row, who in enumerate(tracks.ids.tolist())})

    def places(self, threshold: float) -> Floats:
        """Rectangles (M, 4) to cover: left, top, right, bottom, pixels of the picture."""
        found = (
            head(tracks.boxes.xyxy[row], tracks.keypoints[row], tracks.scores[row], threshold)
            for _, row, tracks in self._last.values()
        )
        return np.concatenate([np.zeros((0, 4)), *found])


def heads(poses: Poses, threshold: float) -> Floats:
    """The heads (M, 4) of everybody whom the network was sure of by one joint at least, known or not."""
    sure = np.flatnonzero((poses.scores >= threshold).any(axis=1)).tolist()
    found = (head(poses.boxes.xyxy[row], poses.keypoints[row], poses.scores[row], threshold) for row in sure)
    return np.concatenate([np.zeros((0, 4)), *found])


def head(
    box: NDArray[np.float32], points: NDArray[np.float32], scores: NDArray[np.float32], threshold: float
) -> Floats:
    """Rectangles (M, 4) within which the head of somebody must be who has this box (4,) and joints (K, 2).

    Around the joints of the face, however unsure; and where fewer than two of them are as sure as
    `threshold`, the top of the box as well, in all its width.
    """
    corners, places = box.astype(np.float64), points.astype(np.float64)
    coco = len(places) == len(KEYPOINTS)
    near = np.isfinite(places).all(axis=1) & (scores > 0)
    believed = near & (scores >= threshold)
    found = [_around(corners, places, near & (scores >= min(threshold, 0.1)), believed)] if coco else []
    if not coco or np.count_nonzero(believed[_FACE]) < 2:
        found.append(_top(corners))
    return np.array([place for place in found if np.isfinite(place).all()]).reshape(-1, 4)


def covers(image: Image, places: Floats) -> Iterator[tuple[Edges, Image]]:
    """What to cover of the picture, and what with: SMOOTH_PX pixels each way that hold CELLS, blown up."""
    height, width = image.shape[:2]
    for place in places:
        left, top = np.floor(np.clip(place[:2], 0, (width, height))).astype(int).tolist()
        right, bottom = np.ceil(np.clip(place[2:] + 1.0, 0, (width, height))).astype(int).tolist()
        if left < right and top < bottom:
            patch = np.ascontiguousarray(image[top:bottom, left:right])
            few = cv2.resize(patch, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
            soft = cv2.resize(few, (SMOOTH_PX, SMOOTH_PX), interpolation=cv2.INTER_CUBIC)
            yield (left, top, right, bottom), np.asarray(soft, np.uint8)


def cover(painted: Image, places: Floats) -> None:
    """Paint soft ovals over those places of a picture (H, W, 3), coloured like what they hide."""
    hidden = list(covers(painted, places))  # all of them of what was there, and not of another's cover
    for (left, top, right, bottom), soft in hidden:
        size = right - left, bottom - top
        blown = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
        share = _oval(*size)[..., None]
        patch = painted[top:bottom, left:right]
        patch[:] = np.rint(share * blown + (1.0 - share) * patch).astype(np.uint8)


def _oval(width: int, height: int) -> NDArray[np.float32]:
    """How much of each pixel (height, width) of a rectangle is within its rounded corners."""
    rounding = ROUNDING * min(width, height)
    beyond = [
        np.maximum(np.abs(np.arange(side) + 0.5 - side / 2) - (side / 2 - rounding), 0.0)
        for side in (width, height)
    ]
    far = np.hypot(beyond[0][None], beyond[1][:, None])
    return np.asarray(np.clip(rounding + 0.5 - far, 0.0, 1.0), np.float32)


def _around(box: Floats, points: Floats, seen: NDArray[np.bool_], believed: NDArray[np.bool_]) -> Floats:
    """The head by the joints of its face; NaN where there is none.

    A head is a little wider than from ear to ear; nose and ear in profile are half a head apart, and eyes
    alone less. Shoulders and the box say how small a head cannot be.
    """
    if not seen[_FACE].any():
        return np.full(4, np.nan)
    face = points[_FACE][seen[_FACE]]
    low, high = face.min(axis=0), face.max(axis=0)
    apart = float(np.hypot(*(high - low)))
    radius = apart * (0.85 if seen[_EARS].all() else 1.2 if seen[_EARS].any() else 2.2)
    if seen[list(_SHOULDERS)].all():
        radius = max(radius, 0.38 * float(np.hypot(*np.subtract(*points[list(_SHOULDERS)]))))
    size = float((box[2:] - box[:2]).max())
    most = 0.5 if np.count_nonzero(believed[_FACE]) >= 2 else 0.2  # of joints that may be anywhere
    side = int((box[2:] - box[:2]).argmin())
    within = WIDEST * float(box[side + 2] - box[side])  # a head is in its box, whatever joints say of it
    if radius > within:  # the joints beyond it are out of the picture, or anywhere
        low[side], high[side] = np.clip((low[side], high[side]), box[side], box[side + 2])
    radius = min(max(radius, 0.075 * size), most * size, within)
    x, y = (low + high) / 2
    return np.array([x - radius, y - 1.25 * radius, x + radius, y + 1.25 * radius])


def _top(box: Floats) -> Floats:
    """The upper part of the box: of somebody upright a fifth, of somebody seen by half, half of the width."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    deep = min(high, max(0.22 * high, 0.6 * wide))
    margin = 0.15 * deep
    return np.array([left - margin, top - margin, right + margin, top + deep])
