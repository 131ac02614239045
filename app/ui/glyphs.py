"""Signs on buttons, drawn in the colour of their text so that they are seen on dark and on light."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF

SIDE, FINE = 20, 3  #: logical pixels; device pixels to each, enough for every screen


def glyph(name: str, colours: QPalette) -> QIcon:
    """One of "play", "pause", "back", "forward", "loop", as it is and as it is when it cannot be pressed."""
    icon = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        picture = QPixmap(SIDE * FINE, SIDE * FINE)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(FINE, FINE)
        ink = colours.color(group, QPalette.ColorRole.ButtonText)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        _DRAWN[name](painter, ink)
        painter.end()
        icon.addPixmap(picture, mode)
    return icon


def _triangle(painter: QPainter, left: float, right: float) -> None:
    painter.drawPolygon(QPolygonF([QPointF(left, 4), QPointF(right, 10), QPointF(left, 16)]))


def _play(painter: QPainter, _ink: QColor) -> None:
    _triangle(painter, 6, 16)


def _pause(painter: QPainter, _ink: QColor) -> None:
    painter.drawRect(QRectF(5.5, 4, 3.2, 12))
    painter.drawRect(QRectF(11.3, 4, 3.2, 12))


def _back(painter: QPainter, _ink: QColor) -> None:
    painter.drawRect(QRectF(14, 4, 2, 12))
    _triangle(painter, 12, 4)


def _forward(painter: QPainter, _ink: QColor) -> None:
    painter.drawRect(QRectF(4, 4, 2, 12))
    _triangle(painter, 8, 16)


def _loop(painter: QPainter, ink: QColor) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ink, 1.8))
    painter.drawArc(QRectF(4, 4.5, 12, 11), 60 * 16, 280 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF([QPointF(11.2, 1.6), QPointF(17.2, 4.8), QPointF(11.6, 8.4)]))


_DRAWN: dict[str, Callable[[QPainter, QColor], None]] = {
    "play": _play,
    "pause": _pause,
    "back": _back,
    "forward": _forward,
    "loop": _loop,
}
