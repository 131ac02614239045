"""Faces made unrecognisable on the screen; where they are, `app.painting.faces` knows."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QTransform

from app.painting.faces import ROUNDING, SMOOTH_PX, covers
from app.ui.picture import over
from app.ui.viewport import Floats, Viewport
from engine.types import Image


def cover(painter: QPainter, image: Image, places: Floats, view: Viewport) -> None:
    """Paint soft ellipses over those places of the picture, coloured like what they hide."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setPen(Qt.PenStyle.NoPen)
    for (left, top, right, bottom), soft in covers(image, places):
        corners = view.place(np.array([(left - 0.5, top - 0.5), (right - 0.5, bottom - 0.5)]))
        (x, y), (far_x, far_y) = np.sort(corners, axis=0).tolist()
        field = QRectF(QPointF(x, y), QPointF(far_x, far_y))
        painter.setBrush(_texture(soft[:, ::-1] if view.mirror else soft, field))
        rounding = ROUNDING * min(field.width(), field.height())
        painter.drawRoundedRect(field, rounding, rounding)


def _texture(soft: Image, field: QRectF) -> QBrush:
    """A few pixels, blown up smoothly to fill `field`."""
    image = over(np.ascontiguousarray(soft)).convertToFormat(QImage.Format.Format_RGB32)
    brush = QBrush(image)
    placed = QTransform.fromTranslate(field.x(), field.y())
    brush.setTransform(placed.scale(field.width() / SMOOTH_PX, field.height() / SMOOTH_PX))
    return brush
