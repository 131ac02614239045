"""Colours and pens as Qt has them, made once: new ones take as long as the lines they paint."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.painting.palette import Bgr

# Looked up in Qt's enumerations, each takes as long as a line.
_SOLID, _FLAT = Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap


@lru_cache(maxsize=4096)
def ink(colour: Bgr, opacity: float = 1.0) -> QColor:
    """A colour as Qt has it."""
    blue, green, red = colour
    return QColor(red, green, blue, round(255 * opacity))


@lru_cache(maxsize=8192)
def pen(colour: Bgr, opacity: float, sixteenths: int) -> QPen:
    """For lines with straight ends, that many sixteenths of a logical pixel wide."""
    return QPen(ink(colour, opacity), sixteenths / 16, _SOLID, _FLAT)


def mixed(colour: Bgr, under: list[float], opacity: float) -> QColor:
    """The colour over another (blue, green, red)."""
    rest = 1.0 - opacity
    return QColor(
        round(opacity * colour[2] + rest * under[2]),
        round(opacity * colour[1] + rest * under[1]),
        round(opacity * colour[0] + rest * under[0]),
    )
