"""A picture painted from its array, and the light on one person of it.

How it is painted was measured (`python -m benchmarks.painting`, `.looker`). Qt can read the array itself,
24 bits a pixel, but takes twice as long for that as for 32 bits, and to scale such pixels three to four times
as long. So pixels are padded to 32 bits on their way to the screen, some lines at a time, which stay in the
processor's caches until Qt has them: no copy of the picture is made. Where it is scaled, OpenCV does that
before, which takes as long as Qt does, but lets other threads run meanwhile: PySide holds Python's lock in
every call that paints.
Bilinear scaling to less than half would look at every second or third pixel only, and thin things would
flicker: whole blocks are averaged before.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter

from app.ui.figures import SHADE
from app.ui.viewport import Viewport
from engine.types import Image

BLOCKS = 3.0  #: enlarged so far, pixels are shown as what they are: crisp squares
DIM = QColor(0, 0, 0, SHADE)  #: over everything but the one person
_BAND = 1 << 18  # bytes that are padded at a time
_LARGE = 2048  # pixels; a larger light is so soft that it can be enlarged
_STEP = 32  # logical pixels by which the light grows
_SOFT = 0.25  #: how far the light reaches beyond, over the size of what is lit

Part = tuple[int, int, int, int]  #: left, top, right, bottom, pixels
Size = tuple[int, int]  #: width, height


class Picture:
    """One picture after the other. Holds on to the array that is shown."""

    def __init__(self) -> None:
        self._image = np.zeros((1, 1, 3), np.uint8)
        self._memory = np.zeros(0, np.uint8)
        self._band = np.zeros((0, 0, 4), np.uint8)
        self._scaled: tuple[Part, Size, Image] | None = None  # what of the picture is in memory, how large

    def show(self, image: Image) -> None:
        """From now on `image` (H, W, 3) BGR; left as it is."""
        self._image, self._scaled = image, None

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """The part of the picture that is in view."""
        part, (left, top, right, bottom) = _within(view)
        size = right - left, bottom - top
        if min(size) < 1:
            return
        pixels = self._sized(part, size, view.scale * view.ratio)
        painter.save()
        painter.scale(1.0 / view.ratio, 1.0 / view.ratio)
        self._padded(painter, pixels[:, ::-1] if view.mirror else pixels, left, top)
        painter.restore()

    def _sized(self, part: Part, size: Size, lines: float) -> Image:
        """That part of the picture in `size` device pixels, `lines` of them to a line of it."""
        left, top, right, bottom = part
        pixels = self._image[top:bottom, left:right]
        if size == (right - left, bottom - top):
            return pixels
        if self._scaled is None or self._scaled[:2] != (part, size):
            block = max(1, math.floor(1.0 / lines + 1e-6))
            if block > 1:
                # Whole blocks only, which is ten times as fast; what is cut off is less than a pixel.
                wide, high = max(1, pixels.shape[1] // block), max(1, pixels.shape[0] // block)
                pixels = pixels[: high * block, : wide * block]
                pixels = np.asarray(cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
            how = cv2.INTER_LINEAR if lines < BLOCKS else cv2.INTER_NEAREST
            room = self._room(*size)
            cv2.resize(pixels, size, dst=room, interpolation=how)
            self._scaled = part, size, room
        return self._scaled[2]

    def _padded(self, painter: QPainter, pixels: Image, left: int, top: int) -> None:
        """Pixels (H, W, 3) where they belong, 32 bits each."""
        height, width = pixels.shape[:2]
        count = max(1, _BAND // (4 * width))
        if self._band.shape != (count, width, 4):
            self._band = np.zeros((count, width, 4), np.uint8)
        some = QImage(self._band.data, width, count, 4 * width, QImage.Format.Format_RGB32)
        for first in range(0, height, count):
            lines = pixels[first : first + count]
            if lines.strides[1] < 0:
                lines = np.asarray(cv2.flip(lines[:, ::-1], 1), np.uint8)
            cv2.cvtColor(lines, cv2.COLOR_BGR2BGRA, dst=self._band[: len(lines)])
            painter.drawImage(QPoint(left, top + first), some, QRect(0, 0, width, len(lines)))

    def _room(self, width: int, height: int) -> Image:
        """For so many pixels; what was in there is lost."""
        if 3 * height * width > len(self._memory):
            self._memory = np.zeros(3 * height * width, np.uint8)
        return self._memory[: 3 * height * width].reshape(height, width, 3)


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
    field = _stepped(lit.adjusted(-aside, -above, aside, above))
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
    painter.drawImage(field, _hole(min(_LARGE, round(field.width())), min(_LARGE, round(field.height()))))


def _stepped(field: QRectF) -> QRectF:
    """Around the same place and no smaller, of a size that stays the same for a while."""
    wide, high = (_STEP * math.ceil(each / _STEP) for each in (field.width(), field.height()))
    corner = QPointF(field.center().x() - wide / 2, field.center().y() - high / 2).toPoint()
    return QRectF(QPointF(corner), QSizeF(wide, high))


@lru_cache(maxsize=4)
def _hole(width: int, height: int) -> QImage:
    """Clear in the middle and as dark as DIM on its border. Made once, since to scale it takes longer."""
    size = 64
    off = np.maximum(np.abs(np.linspace(-1.0, 1.0, size)) - 0.55, 0.0) / 0.45
    far = np.minimum(np.hypot(off[:, None], off), 1.0)
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., 3] = np.rint(DIM.alpha() * far * far * (3.0 - 2.0 * far))
    scaled = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return QImage(
        scaled.data, width, height, scaled.strides[0], QImage.Format.Format_ARGB32_Premultiplied
    ).copy()


def _within(view: Viewport) -> tuple[Part, Part]:
    """Which part of the picture, in its pixels as they lie in memory, is painted on which device pixels.

    It is what is visible, on whole picture pixels: cut anywhere else, the pixels at the border of the widget
    would be mixed with copies of themselves.
    """
    left, top, wide, high = (view.ratio * each for each in view.rectangle)
    across, down = wide / view.width, high / view.height
    first_x, first_y = math.floor(max(0.0, -left) / across), math.floor(max(0.0, -top) / down)
    last_x = min(view.width, math.ceil((view.ratio * view.across - left) / across - 1e-6))
    last_y = min(view.height, math.ceil((view.ratio * view.down - top) / down - 1e-6))
    place = (
        round(left + first_x * across),
        round(top + first_y * down),
        round(left + last_x * across),
        round(top + last_y * down),
    )
    columns = (view.width - last_x, view.width - first_x) if view.mirror else (first_x, last_x)
    return (columns[0], first_y, columns[1], last_y), place
