"""A picture painted from its array, and the light on one person of it.

How it is painted was measured (`python -m benchmarks.painting`). Qt can read the array itself, 24 bits a
pixel, but takes twice as long for that as for 32 bits, and to scale such pixels three to four times as long,
where OpenCV is no faster. So pixels are padded to 32 bits on their way: where one is one pixel of the screen,
some lines at a time, which stay in the processor's caches until Qt has them, and no copy of the picture is
ever made; where it is scaled, once for each picture, into memory that is used again.
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
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter

from app.ui.figures import SHADE
from app.ui.viewport import Viewport
from engine.types import Image

BLOCKS = 3.0  #: enlarged so far, pixels are shown as what they are: crisp squares
DIM = QColor(0, 0, 0, SHADE)  #: over everything but the one person
_BAND = 1 << 18  # bytes that are padded at a time
_SOFT = 0.25  #: how far the light reaches beyond, over the size of what is lit


class Picture:
    """One picture after the other. Holds on to the array that is shown."""

    def __init__(self) -> None:
        self._image = np.zeros((1, 1, 3), np.uint8)
        self._memory = np.zeros(0, np.uint8)
        self._ready: tuple[int, bool] | None = None  # which pixels of the picture are in memory
        self._padded = QImage()

    def show(self, image: Image) -> None:
        """From now on `image` (H, W, 3) BGR; left as it is."""
        self._image, self._ready = image, None

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """The part of the picture that is in view."""
        left, top, wide, high = view.rectangle
        lines = view.scale * view.ratio  # device pixels to a line
        if abs(lines - 1.0) < 1e-6 and abs(wide * view.ratio - view.width) < 1e-3:
            self._straight(painter, view, round(left * view.ratio), round(top * view.ratio))
            return
        scaled = self._whole(max(1, math.floor(1.0 / lines + 1e-6)), view.mirror)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, lines < BLOCKS)
        shown = QRectF(*_within(view))
        across, down = scaled.width() / wide, scaled.height() / high
        start = QPointF((shown.x() - left) * across, (shown.y() - top) * down)
        painter.drawImage(shown, scaled, QRectF(start, QSizeF(shown.width() * across, shown.height() * down)))

    def _straight(self, painter: QPainter, view: Viewport, left: int, top: int) -> None:
        """Pixel by pixel; `left` and `top` in device pixels."""
        first, last = max(0, -left), min(view.width, math.ceil(view.across * view.ratio) - left)
        part = self._image[:, ::-1][:, first:last] if view.mirror else self._image[:, first:last]
        count = max(1, _BAND // (4 * part.shape[1]))
        band, self._ready = self._room(count, part.shape[1]), None
        some = _image(band)
        painter.save()
        painter.scale(1.0 / view.ratio, 1.0 / view.ratio)
        for line in range(max(0, -top), min(view.height, math.ceil(view.down * view.ratio) - top), count):
            lines = part[line : line + count]
            _pad(lines, band[: len(lines)])
            painter.drawImage(QPoint(left + first, top + line), some, QRect(0, 0, some.width(), len(lines)))
        painter.restore()

    def _whole(self, block: int, mirror: bool) -> QImage:
        """32 bits a pixel, each the mean of `block` x `block` pixels."""
        if self._ready != (block, mirror):
            small: NDArray[Any] = self._image
            if block > 1:
                # Whole blocks only, which is ten times as fast; what is cut off is less than a pixel.
                size = max(1, small.shape[1] // block), max(1, small.shape[0] // block)
                small = small[: size[1] * block, : size[0] * block]
                small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
            padded = self._room(*small.shape[:2])
            _pad(small[:, ::-1] if mirror else small, padded)
            self._padded, self._ready = _image(padded), (block, mirror)
        return self._padded

    def _room(self, height: int, width: int) -> Image:
        """For so many pixels of 32 bits; what was in there is lost."""
        if 4 * height * width > len(self._memory):
            self._memory = np.zeros(4 * height * width, np.uint8)
        return self._memory[: 4 * height * width].reshape(height, width, 4)


def _pad(pixels: NDArray[Any], padded: Image) -> None:
    if pixels.strides[1] < 0:
        pixels = cv2.flip(pixels[:, ::-1], 1)
    cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA, dst=padded)


def _image(padded: Image) -> QImage:
    """Pixels (H, W, 4) as Qt has them, over the very same memory."""
    height, width = padded.shape[:2]
    return QImage(padded.data, width, height, 4 * width, QImage.Format.Format_RGB32)


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
