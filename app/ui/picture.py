"""A picture painted from its array, and the light on one person of it.

How it is painted was measured (`python -m benchmarks.painting`). Qt can read the array itself, 24 bits a
pixel, but takes twice as long for that as for 32 bits, and to scale such pixels three to four times as long,
where OpenCV is no faster. So one pass pads them to 32 bits (0.4 ms for 1080p), once for each picture.
Bilinear scaling to less than half would look at every second or third pixel only, and thin things would
flicker: whole blocks are averaged before.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter

from app.ui.viewport import Viewport
from engine.types import Image

BLOCKS = 3.0  #: enlarged so far, pixels are shown as what they are: crisp squares
DIM = QColor(0, 0, 0, 150)  #: over everything but the one person
_SOFT = 0.25  #: how far the light reaches beyond, over the size of what is lit


class Picture:
    """One frame's picture. Holds on to the array that Qt reads."""

    def __init__(self, image: Image) -> None:
        """`image` (H, W, 3) BGR; left as it is."""
        self.image = image if image.flags.c_contiguous else np.ascontiguousarray(image)
        self._ready: dict[tuple[int, bool], tuple[QImage, Image]] = {}

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """The part of the picture that is in view."""
        left, top, wide, high = view.rectangle
        lines = view.scale * view.ratio  # device pixels to a line
        scaled = self._padded(max(1, math.floor(1.0 / lines + 1e-6)), view.mirror)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, lines < BLOCKS)
        shown = QRectF(*_within(view))
        across, down = scaled.width() / wide, scaled.height() / high
        start = QPointF((shown.x() - left) * across, (shown.y() - top) * down)
        painter.drawImage(shown, scaled, QRectF(start, QSizeF(shown.width() * across, shown.height() * down)))

    def _padded(self, block: int, mirror: bool) -> QImage:
        """32 bits a pixel, each the mean of `block` x `block` pixels."""
        if (block, mirror) not in self._ready:
            small: NDArray[Any] = self.image
            if (
                block > 1
            ):  # whole blocks only, which is ten times as fast; what is cut off is less than a pixel
                size = max(1, small.shape[1] // block), max(1, small.shape[0] // block)
                small = small[: size[1] * block, : size[0] * block]
                small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
            small = cv2.flip(small, 1) if mirror else small
            padded = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2BGRA), np.uint8)
            height, width = padded.shape[:2]
            made = QImage(padded.data, width, height, padded.strides[0], QImage.Format.Format_RGB32)
            self._ready[block, mirror] = made, padded
        return self._ready[block, mirror][0]


def over(image: Image) -> QImage:
    """`image` (H, W, 3) BGR as Qt has it, over the very same memory."""
    height, width = image.shape[:2]
    return QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)


def spotlight(painter: QPainter, visible: tuple[float, float, float, float], lit: QRectF | None) -> None:
    """Darken what is visible (left, top, right, bottom) but for a soft field around `lit`."""
    left, top, right, bottom = visible
    whole = QRectF(left, top, right - left, bottom - top)
    if lit is None:
        painter.fillRect(whole, DIM)
        return
    aside, above = _SOFT * lit.width() + 12.0, _SOFT * lit.height() + 12.0
    field = QRectF(lit.adjusted(-aside, -above, aside, above).toAlignedRect())
    high = [min(bottom, max(top, y)) for y in (field.top(), field.bottom())]
    wide = [min(right, max(left, x)) for x in (field.left(), field.right())]
    for corners in (
        (left, top, right, high[0]),
        (left, high[1], right, bottom),
        (left, high[0], wide[0], high[1]),
        (wide[1], high[0], right, high[1]),
    ):
        painter.fillRect(QRectF(QPointF(*corners[:2]), QPointF(*corners[2:])), DIM)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(field, _hole())


@cache
def _hole() -> QImage:
    """Clear in the middle and as dark as DIM on its border."""
    size = 64
    off = np.maximum(np.abs(np.linspace(-1.0, 1.0, size)) - 0.55, 0.0) / 0.45
    far = np.minimum(np.hypot(off[:, None], off), 1.0)
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., 3] = np.rint(DIM.alpha() * far * far * (3.0 - 2.0 * far))
    return QImage(
        pixels.data, size, size, pixels.strides[0], QImage.Format.Format_ARGB32_Premultiplied
    ).copy()


def _within(view: Viewport) -> tuple[float, float, float, float]:
    """Left, top, width and height of the place that is painted: what is visible, on whole picture pixels.

    Cut anywhere else, the pixels at the border of the widget would be mixed with copies of themselves.
    """
    left, top, wide, high = view.rectangle
    if view.zoom <= 1.0:
        return left, top, wide, high
    across, down = wide / view.width, high / view.height
    first_x, first_y = math.floor(max(0.0, -left) / across), math.floor(max(0.0, -top) / down)
    last_x = min(view.width, math.ceil((view.across - left) / across))
    last_y = min(view.height, math.ceil((view.down - top) / down))
    x, y = left + first_x * across, top + first_y * down
    return x, y, (last_x - first_x) * across, (last_y - first_y) * down
