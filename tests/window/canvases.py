"""Canvases and people for tests: one standing person with known joints, pictures of one colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from app.ui.canvas import Canvas
from engine.types import Boxes, Frame
from trackers.types import Tracks

#: A standing body, x and y in its box from 0 to 1.
BODY = np.array(
    [
        (0.50, 0.10), (0.56, 0.08), (0.44, 0.08), (0.62, 0.10), (0.38, 0.10),
        (0.75, 0.22), (0.25, 0.22), (0.90, 0.37), (0.10, 0.37), (0.95, 0.52), (0.05, 0.52),
        (0.65, 0.53), (0.35, 0.53), (0.66, 0.75), (0.34, 0.75), (0.67, 0.96), (0.33, 0.96),
    ]
)  # fmt: skip


def people(*boxes: tuple[float, float, float, float], first: int = 1) -> Tracks:
    """Somebody standing in each box, sure of every joint."""
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    points = corners[:, None, :2] + BODY * (corners[:, None, 2:] - corners[:, None, :2])
    n = len(corners)
    ids = np.arange(first, first + n, dtype=np.int64)
    joints = points.astype(np.float32)
    found = Boxes(corners, np.ones(n, np.float32))
    return Tracks(ids, found, joints, joints.copy(), np.full((n, 17), 0.95, np.float32))


def scored(tracks: Tracks, **scores: float) -> Tracks:
    """The same people with other scores: `face`, `rest`."""
    changed = tracks.scores.copy()
    for part, joints in (("face", slice(0, 5)), ("rest", slice(5, None))):
        if part in scores:
            changed[:, joints] = scores[part]
    return replace(tracks, scores=changed)


def flat(width: int, height: int, shade: int = 128, time: float = 0.0) -> Frame:
    """A frame of one grey."""
    return Frame(0, time, np.full((height, width, 3), shade, np.uint8))


def grab(canvas: Canvas) -> QImage:
    """What is on the screen, in device pixels."""
    QApplication.processEvents()
    return canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 3) int, red green blue."""
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return rows[:, : image.width(), 2::-1].astype(int)


def at(image: QImage, x: float, y: float) -> tuple[int, int, int]:
    """Red, green and blue of the pixel that holds that place (device pixels from the left top corner)."""
    colour = QColor(image.pixel(int(x), int(y)))
    return colour.red(), colour.green(), colour.blue()
