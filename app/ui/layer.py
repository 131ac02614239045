"""A clear sheet to paint on, laid over what is there in one go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

from app.ui.figures import Field


class Layer:
    """One sheet after the other, each only as large as what comes on it.

    They share their memory, so that it stays in the processor's caches: a layer of the size of the window
    costs more to clear and to lay over than all that is painted on it.
    """

    def __init__(self) -> None:
        self._pixels = np.zeros(0, np.uint8)

    @contextmanager
    def over(self, painter: QPainter, field: Field, ratio: float) -> Iterator[QPainter]:
        """Paint on a sheet for that `field`, in the widget's logical pixels, `ratio` device pixels each.

        Strokes replace what is under them on the sheet (`CompositionMode_Source`), colours and opacity.
        `painter`, which it is laid over with in the end, must count in device pixels.
        """
        left, top, right, bottom = field
        wide, high = max(1, right - left), max(1, bottom - top)
        size = 4 * wide * high
        if size > len(self._pixels):
            self._pixels = np.zeros(size, np.uint8)
        self._pixels[:size] = 0
        sheet = QImage(self._pixels.data, wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
        strokes = QPainter(sheet)
        try:
            strokes.translate(-left, -top)
            strokes.scale(ratio, ratio)
            strokes.setRenderHint(QPainter.RenderHint.Antialiasing)
            strokes.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            yield strokes
        finally:
            strokes.end()  # Qt does not survive one that is left open
        painter.drawImage(QPoint(left, top), sheet)
