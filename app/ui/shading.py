"""A person's colours where there is no picture under them, but plain ground."""

from __future__ import annotations

from PySide6.QtGui import QColor

from app.painting.palette import Bgr

ENOUGH = 3.0  #: contrast that lines need (WCAG 2, 1.4.11)


def readable(colour: Bgr, ground: QColor) -> QColor:
    """The colour, as far towards black or white as it takes to be told from the ground."""
    blue, green, red = colour
    goal = 0 if luminance(ground) > 0.18 else 255
    for part in range(21):
        mixed = QColor(*(round(c + part / 20 * (goal - c)) for c in (red, green, blue)))
        if contrast(mixed, ground) >= ENOUGH:
            break
    return mixed


def contrast(one: QColor, other: QColor) -> float:
    """From 1 to 21, as in WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: QColor) -> float:
    """Relative luminance of an sRGB colour, 0 to 1, as in WCAG 2."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
