"""Faces made unrecognisable, of everyone who was found: known or not, painted or not, sure or not.

A head that was not found at all cannot be covered. Who was found a moment ago is still covered for a while,
so that nobody shows for the frame or two that a detector misses them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QTransform

from app.ui.picture import over
from app.ui.viewport import Floats, Viewport
from engine.skeleton import KEYPOINTS
from engine.types import Image
from trackers.types import Tracks

HOLD_S = 0.7  #: seconds for which somebody who is not found any more stays covered
CELLS = 6  #: a covered place has so many pixels each way: too few for any face
_SMOOTH = 48  # pixels that they are blown up to, for looks
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
        found = (heads(tracks, row, threshold) for _, row, tracks in self._last.values())
        return np.concatenate([np.zeros((0, 4)), *found])


def heads(tracks: Tracks, row: int, threshold: float) -> Floats:
    """Rectangles (M, 4) within which the head of the person in that row must be.

    Around the joints of the face, however unsure; and where fewer than two of them are as sure as
    `threshold`, the top of the box as well, in all its width.
    """
    box, points = tracks.boxes.xyxy[row].astype(np.float64), tracks.keypoints[row].astype(np.float64)
    scores = tracks.scores[row]
    coco = len(points) == len(KEYPOINTS)
    near = np.isfinite(points).all(axis=1) & (scores > 0)
    believed = near & (scores >= threshold)
    found = [_around(box, points, near & (scores >= min(threshold, 0.1)), believed)] if coco else []
    if not coco or np.count_nonzero(believed[_FACE]) < 2:
        found.append(_top(box))
    return np.array([place for place in found if np.isfinite(place).all()]).reshape(-1, 4)


def cover(painter: QPainter, image: Image, places: Floats, view: Viewport) -> None:
    """Paint soft ellipses over those places of the picture, coloured like what they hide."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setPen(Qt.PenStyle.NoPen)
    height, width = image.shape[:2]
    for place in places:
        left, top = np.floor(np.clip(place[:2], 0, (width, height))).astype(int).tolist()
        right, bottom = np.ceil(np.clip(place[2:] + 1.0, 0, (width, height))).astype(int).tolist()
        if left >= right or top >= bottom:
            continue
        corners = view.place(np.array([(left - 0.5, top - 0.5), (right - 0.5, bottom - 0.5)]))
        (x, y), (far_x, far_y) = np.sort(corners, axis=0).tolist()
        field = QRectF(QPointF(x, y), QPointF(far_x, far_y))
        patch = image[top:bottom, left:right]
        painter.setBrush(_texture(patch[:, ::-1] if view.mirror else patch, field))
        rounding = 0.42 * min(field.width(), field.height())
        painter.drawRoundedRect(field, rounding, rounding)


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
    radius = min(max(radius, 0.075 * size), most * size)
    x, y = (low + high) / 2
    return np.array([x - radius, y - 1.25 * radius, x + radius, y + 1.25 * radius])


def _top(box: Floats) -> Floats:
    """The upper part of the box: of somebody upright a fifth, of somebody seen by half, half of the width."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    deep = min(high, max(0.22 * high, 0.6 * wide))
    margin = 0.15 * deep
    return np.array([left - margin, top - margin, right + margin, top + deep])


def _texture(patch: Image, field: QRectF) -> QBrush:
    """What is left of a patch: a few pixels, blown up smoothly to fill `field`."""
    few = cv2.resize(np.ascontiguousarray(patch), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(few, (_SMOOTH, _SMOOTH), interpolation=cv2.INTER_CUBIC)
    image = over(np.asarray(soft, np.uint8)).convertToFormat(QImage.Format.Format_RGB32)
    brush = QBrush(image)
    placed = QTransform.fromTranslate(field.x(), field.y())
    brush.setTransform(placed.scale(field.width() / _SMOOTH, field.height() / _SMOOTH))
    return brush
