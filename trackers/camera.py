"""How the camera itself moved between two pictures: pan, shake, a little zoom.

Corners of the background are followed by the method of Lucas and Kanade (in pyramids, Bouguet 2000) on a
small grey picture, and a similarity (turn, zoom, shift) is fitted to where they went, robustly. The picture
they are followed from is kept for as long as the camera stands still: so noise never adds up to a drift, and
a pan too slow to be seen from one frame to the next is told as soon as it can be.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Boxes, Image
from trackers.types import STANDING

Affine = NDArray[np.float64]  #: (2, 3): x, y, 1 of one picture to x, y of another
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LONGEST = 512  #: longer side of the small picture at most; all lengths below are in its pixels
CELLS = 120  #: squares that the picture is cut into; one corner at most in each, so that they lie all over it
BORDER = 4  #: beside its box a person may still cover the background
TEXTURE = 4e-4  #: least gradient (cv2.cornerMinEigenVal) of a corner; film grain reaches half of it
WINDOW, LEVELS = 9, 3  #: side of what is compared, and halvings: a good 30 pixels are followed
#: A corner this near to where it should be went along with the others; and nearer than this part of how far
#: they went, as a picture stretches towards its edges when the camera turns.
OFF, STRETCH = 0.5, 0.15
FEWEST, SHARE = 12, 0.5  #: corners that have to go together, and of how many
STILL = 0.06  #: so far the corners of the picture may seem to move while it stands still
SURE = 4.0  #: standard deviations that tell a movement from none


class Camera:
    """Looks at one picture after the other, and tells how the camera moved in between."""

    def __init__(self) -> None:
        self._grey: Image = np.zeros((0, 0), np.uint8)
        self._corners: Array = np.zeros((0, 2), np.float32)

    def moved(self, image: Image, boxes: Boxes) -> Affine:
        """The similarity (2, 3) that takes pixels of the last picture to those of `image` (H, W, 3).

        What moves within `boxes`, the people in `image`, does not count. The identity, exactly, where the
        camera stands still, and where nothing can be told: on the first picture, after a cut, where the size
        changes, without texture, and with people everywhere.
        """
        grey, scale = _small(image)
        covered = (boxes.xyxy.astype(np.float64) + 0.5) / scale - 0.5
        motion, lasting = self._follow(grey, covered)
        if not lasting:
            self._grey, self._corners = grey, _corners(grey, covered)
        return _enlarged(motion, scale)

    def _follow(self, grey: Image, covered: Floats) -> tuple[Affine, bool]:
        """How the small picture moved, and whether the next is to be compared with the kept one still."""
        if self._grey.shape != grey.shape or len(self._corners) < FEWEST:
            return STANDING, False
        flow = cv2.calcOpticalFlowPyrLK(
            self._grey, grey, self._corners, self._corners.copy(), winSize=(WINDOW, WINDOW), maxLevel=LEVELS
        )
        found, seen = np.asarray(flow[0], np.float32), flow[1]
        free = (seen[:, 0] > 0) & ~_within(found, covered)
        before, after = self._corners[free], found[free]
        if len(before) < FEWEST:
            return STANDING, False
        off = max(OFF, STRETCH * float(np.hypot(*np.median(after - before, axis=0))))
        agreed = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=off)[1].ravel() > 0
        if agreed.sum() < max(FEWEST, SHARE * len(before)):
            return STANDING, False
        motion = _fitted(before[agreed].astype(np.float64), after[agreed].astype(np.float64), grey.shape)
        still = motion is STANDING
        return motion, still and bool(agreed.sum() > SHARE * len(self._corners))


def _small(image: Image) -> tuple[Image, int]:
    """The picture (H, W, 3) in grey, halved until it is small; how many pixels lie along one of it."""
    grey, scale = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1
    while max(grey.shape) > LONGEST:
        height, width = grey.shape[0] // 2, grey.shape[1] // 2
        grey = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        scale *= 2
    return np.asarray(grey, np.uint8), scale


def _corners(grey: Image, covered: Floats) -> Array:
    """The best corner (N, 2) of each cell of the picture, where it has one outside of the boxes `covered`."""
    side = max(1, round((grey.size / CELLS) ** 0.5))
    rows, columns = grey.shape[0] // side, grey.shape[1] // side
    if not rows or not columns:
        return np.zeros((0, 2), np.float32)
    strength = np.asarray(cv2.cornerMinEigenVal(grey, 3), np.float32)
    for left, top, right, bottom in _wider(covered, grey.shape).tolist():
        strength[top:bottom, left:right] = 0.0
    squares = strength[: rows * side, : columns * side].reshape(rows, side, columns, side)
    cells = squares.transpose(0, 2, 1, 3).reshape(rows * columns, side * side)
    best = cells.argmax(axis=1)
    y, x = np.divmod(np.arange(rows * columns), columns)
    corners = np.stack([x * side + best % side, y * side + best // side], axis=1).astype(np.float32)
    good: Mask = cells.max(axis=1) >= TEXTURE
    return corners[good]


def _wider(boxes: Floats, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Boxes (N, 4) with their borders, as slices of a picture have them."""
    edges = np.clip(np.nan_to_num(boxes), -1e6, 1e6) + np.array([-BORDER, -BORDER, BORDER + 1, BORDER + 1])
    slices: NDArray[np.int64] = np.clip(np.rint(edges).astype(np.int64), 0, (shape[1], shape[0]) * 2)
    return slices


def _within(points: Array, boxes: Floats) -> Mask:
    """Which of the points (N, 2) lie in one of the boxes (M, 4) or at its border."""
    x, y = points.T[:, :, None]
    left, top, right, bottom = boxes.T
    beside = (x > left - BORDER) & (x < right + BORDER) & (y > top - BORDER) & (y < bottom + BORDER)
    within: Mask = beside.any(axis=1)
    return within


def _fitted(before: Floats, after: Floats, shape: tuple[int, ...]) -> Affine:
    """The similarity of least squares from `before` to `after` (N, 2), without what may be noise.

    Where turn and zoom cannot be told from none it is a shift, and where that cannot, `STANDING`.
    """
    middle, goal = before.mean(axis=0), after.mean(axis=0)
    arm, way = before - middle, after - goal
    inertia = max(float((arm**2).sum()), 1e-9)
    along = (arm * way).sum() / inertia - 1.0
    across = (arm[:, 0] * way[:, 1] - arm[:, 1] * way[:, 0]).sum() / inertia
    change = np.array([[along, -across], [across, along]])
    height, width = shape
    ends = np.array([(0, 0), (width, 0), (0, height), (width, height)]) - middle
    farthest = float(np.hypot(*ends.T).max())
    spread = float(np.sqrt(((way - arm - arm @ change.T) ** 2).sum() / (2 * len(arm) - 4)))
    if farthest * np.hypot(along, across) <= max(STILL, SURE * spread * farthest / np.sqrt(inertia)):
        change = np.zeros((2, 2))
        if np.hypot(*(goal - middle)) <= max(STILL, SURE * spread / np.sqrt(len(arm))):
            return STANDING
    turn = np.eye(2) + change
    return np.column_stack([turn, goal - turn @ middle])


def _enlarged(motion: Affine, scale: int) -> Affine:
    """The same motion in pixels that are `scale` times smaller; (0, 0) is the centre of the first one."""
    if motion is STANDING:
        return STANDING
    turn, shift = motion[:, :2], motion[:, 2]
    offset = (scale - 1) / 2.0
    return np.column_stack([turn, scale * shift + offset - turn @ (offset, offset)])
