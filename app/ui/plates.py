"""Words over the picture: who is who, what joints are called, and what there is to say. Never mirrored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPen

from app.painting.labels import Rectangle, beside_joints, called, heads, place
from app.painting.palette import DARK, LIGHT, Bgr, shades
from app.ui.figures import Figures
from app.ui.inks import ink
from app.ui.viewport import Viewport

_SMALL = 11  # letters of what joints are called, logical pixels
_FIELD = 0.82  #: opacity of the plate behind a line

Area = tuple[float, float, float, float]  #: left, top, right, bottom, logical pixels


def paint_names(painter: QPainter, people: Figures, names: Mapping[int, str], view: Viewport) -> None:
    """Everyone's name, else their number, by the head; lower ids choose their place first."""
    left, top, right, bottom = view.visible
    around = heads(people.strokes, people.joined) - (left, top, left, top)
    letters = np.rint(np.clip(0.07 * people.strokes.size, 12.0, 22.0)).astype(int).tolist()
    taken: list[Rectangle] = []
    for n in np.argsort(people.ids, kind="stable").tolist():
        track_id = int(people.ids[n])
        text = called(track_id, names)
        size = width(text, letters[n]) + 0.8 * letters[n], 1.3 * letters[n]
        x, y, high_x, high_y = around[n].tolist()
        plate = place((x, y, high_x, high_y), size, taken, math.floor(right - left), math.floor(bottom - top))
        taken.append(plate)
        # On whole device pixels, or else letters would be smeared.
        at = [round(place * view.ratio) / view.ratio for place in (plate[0] + left, plate[1] + top)]
        painter.setOpacity(float(people.light[n]) ** 0.5)  # a name stays readable where its skeleton is dim
        painter.drawImage(
            QPointF(*at), name_plate(text, letters[n], shades(track_id, people.colours).middle, view.ratio)
        )
    painter.setOpacity(1.0)


@lru_cache(maxsize=512)
def name_plate(text: str, letters: int, colour: Bgr, ratio: float) -> QImage:
    """A text on a plate of that colour, painted once: plates are the same in every frame."""
    size = QSizeF(width(text, letters) + 0.8 * letters, 1.3 * letters)
    whole = (size * ratio).toSize() + QSize(2, 2)
    plate = QImage(whole, QImage.Format.Format_ARGB32_Premultiplied)
    plate.fill(0)
    plate.setDevicePixelRatio(ratio)
    painter = QPainter(plate)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    field = QRectF(QPointF(0.7, 0.7), size - QSizeF(1.4, 1.4))
    painter.setPen(QPen(ink(DARK), 1.4))
    painter.setBrush(ink(colour))
    painter.drawRoundedRect(field, 0.34 * size.height(), 0.34 * size.height())
    _write(painter, field, text, letters, dark=True)
    painter.end()
    return plate


def paint_joint_names(painter: QPainter, people: Figures) -> None:
    """What every joint is called, beside it; where one person is locked on, theirs only."""

    def size(text: str) -> tuple[float, float]:
        return width(text, _SMALL) + 8.0, 16.0

    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for text, at in beside_joints(people.strokes, people.joined, people.light == 1.0, size, 1.0):
        field = QRectF(QPointF(*at[:2]), QPointF(*at[2:]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink(DARK, 0.7))
        painter.drawRoundedRect(field, 4.0, 4.0)
        _write(painter, field, text, _SMALL, dark=False)


def paint_banner(painter: QPainter, text: str, area: Area) -> None:
    """A word that nobody overlooks, in the middle at the top of `area`."""
    left, top, right, bottom = area
    letters = round(min(40.0, max(16.0, 0.045 * math.sqrt((right - left) * (bottom - top)))))
    size = width(text, letters) + 1.4 * letters, 1.7 * letters
    _line(painter, text, letters, QRectF((left + right - size[0]) / 2, top + 0.6 * letters, *size))


def paint_lines(painter: QPainter, line: str, caption: str, area: Area, *, alone: bool) -> None:
    """A line and a smaller one below it, at the bottom of `area`; what is too long loses its middle.

    Where the line is `alone`, without a picture, it is in the middle of the area.
    """
    left, top, right, bottom = area
    y = bottom - 16.0
    for text, letters in ((caption, 13), (line, 16)):
        if not text:
            continue
        most = max(60.0, right - left - 4.0 * letters)
        fitting = QFontMetricsF(font(letters)).elidedText(text, Qt.TextElideMode.ElideMiddle, most)
        size = width(fitting, letters) + 2.0 * letters, 2.0 * letters
        y = (top + bottom + size[1]) / 2 if alone and text is line else y
        field = QRectF((left + right - size[0]) / 2, y - size[1], *size)
        _line(painter, fitting, letters, field)
        y -= size[1] + 8.0


@lru_cache(maxsize=64)
def font(letters: int) -> QFont:
    """The application's own, bold, `letters` logical pixels high."""
    made = QFont()
    made.setPixelSize(letters)
    made.setWeight(QFont.Weight.DemiBold)
    return made


@lru_cache(maxsize=1024)
def width(text: str, letters: int) -> float:
    """Of a text, logical pixels."""
    return QFontMetricsF(font(letters)).horizontalAdvance(text)


def _line(painter: QPainter, text: str, letters: int, field: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink(DARK, _FIELD))
    painter.drawRoundedRect(field, field.height() / 2, field.height() / 2)
    _write(painter, field, text, letters, dark=False)


def _write(painter: QPainter, field: QRectF, text: str, letters: int, *, dark: bool) -> None:
    """The text in the middle of the field."""
    metrics = QFontMetricsF(font(letters))
    across = field.center().x() - width(text, letters) / 2
    painter.setFont(font(letters))
    painter.setPen(ink(DARK if dark else LIGHT))
    painter.drawText(QPointF(across, field.center().y() + metrics.capHeight() / 2), text)
