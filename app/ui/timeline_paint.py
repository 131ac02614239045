"""How the timeline looks. Lanes come from arrays, a column for each device pixel, and are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPalette, QPen, QPolygonF

from app.painting.palette import shades
from app.playback.lanes import Chart, Columns, Row, bins, columns, moment, tick_step
from app.ui import theme
from app.ui.timescale import Timescale

if TYPE_CHECKING:
    from app.ui.timeline import Timeline

GUTTER = 116  #: logical pixels left of the lanes, for names
RULER = 26  #: above them
LANE = 22  #: the height of each
INSET = 3  #: between two lanes, half above and half below
LEAST = 0.25  #: of a lane's height, where somebody is there and the network was not sure of anything

Role = QPalette.ColorRole
Pixels = NDArray[np.uint32]
CLEAR = np.uint32(0)


@dataclass(frozen=True, slots=True)
class Look:
    """Which part of the lanes is in view."""

    scale: Timescale
    across: int  #: logical pixels
    down: int
    scrolled: int  #: from the top, logical pixels


class Painter:
    """Paints a timeline, and keeps the picture of its lanes."""

    def __init__(self) -> None:
        self._kept: list[tuple[tuple[Look, float], QImage]] = []

    def forget(self) -> None:
        """The lanes are others, or are to look otherwise."""
        self._kept = []

    def paint(self, widget: Timeline, look: Look, chart: Chart) -> None:
        """All of it."""
        painter = QPainter(widget)
        colours = widget.palette()
        painter.fillRect(widget.rect(), colours.color(Role.Base))
        painter.save()
        painter.setClipRect(0, RULER, widget.width(), look.down)
        self._grounds(painter, widget, look, chart)
        painter.drawImage(QPointF(GUTTER, RULER), self._lanes(widget, look, chart))
        self._joints(painter, widget, look, chart)
        self._names(painter, widget, look, chart)
        painter.restore()
        self._ruler(painter, widget, look)
        self._loop(painter, widget, look)
        self._cursor(painter, widget, look)
        if widget.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(colours.color(Role.Highlight), 1))
            painter.drawRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _lanes(self, widget: Timeline, look: Look, chart: Chart) -> QImage:
        """The picture of the lanes in view."""
        ratio = widget.devicePixelRatioF()
        for key, image in self._kept:
            if key == (look, ratio):
                return image
        pixels = lanes(chart, look, ratio)
        high, wide = pixels.shape
        image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied).copy()
        image.setDevicePixelRatio(ratio)
        self._kept = [((look, ratio), image)]
        return image

    def _grounds(self, painter: QPainter, widget: Timeline, look: Look, chart: Chart) -> None:
        colours = widget.palette()
        for n, top in _visible(chart, look):
            place = QRectF(0, top, widget.width(), LANE)
            if chart.rows[n].id in widget.selection:
                chosen = colours.color(Role.Highlight)
                chosen.setAlphaF(0.28)
                painter.fillRect(place, chosen)
            elif n % 2:
                painter.fillRect(place, colours.color(Role.AlternateBase))

    def _names(self, painter: QPainter, widget: Timeline, look: Look, chart: Chart) -> None:
        colours, measures = widget.palette(), QFontMetrics(widget.font())
        for n, top in _visible(chart, look):
            row = chart.rows[n]
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_colour(row.id))
            painter.drawRoundedRect(QRectF(8, top + LANE / 2 - 5, 10, 10), 3, 3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(colours.color(Role.Text))
            label = f"{row.id}  {row.name}" if row.name else str(row.id)
            text = measures.elidedText(label, Qt.TextElideMode.ElideRight, GUTTER - 32)
            painter.drawText(QRectF(24, top, GUTTER - 30, LANE), Qt.AlignmentFlag.AlignVCenter, text)

    def _joints(self, painter: QPainter, widget: Timeline, look: Look, chart: Chart) -> None:
        """A thin line from who ends to who begins: there a person may have got another number."""
        place = {row.id: n for n, row in enumerate(chart.rows)}
        ink = theme.amber(widget.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink, 1.2, Qt.PenStyle.DotLine))
        painter.setBrush(ink)
        for each in chart.handovers:
            if not look.scale.left_s <= each.time <= look.scale.right_s:
                continue
            x = GUTTER + look.scale.share(each.time) * look.across
            middles = [RULER + LANE * (place[who] + 0.5) - look.scrolled for who in (each.gone, each.come)]
            painter.drawLine(QLineF(x, middles[0], x, middles[1]))
            for y in middles:
                painter.drawEllipse(QPointF(x, y), 2.2, 2.2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _ruler(self, painter: QPainter, widget: Timeline, look: Look) -> None:
        colours, scale = widget.palette(), look.scale
        painter.fillRect(QRectF(0, 0, widget.width(), RULER), colours.color(Role.Window))
        painter.setPen(colours.color(Role.Mid))
        painter.drawLine(QLineF(0, RULER - 0.5, widget.width(), RULER - 0.5))
        painter.drawLine(QLineF(GUTTER - 0.5, RULER, GUTTER - 0.5, widget.height()))
        step = tick_step(scale.right_s - scale.left_s, look.across)
        quiet, line = theme.quiet(colours), colours.color(Role.Dark)
        for n in range(int(np.ceil(scale.left_s / step)), int(scale.right_s / step) + 1):
            x = GUTTER + scale.share(n * step) * look.across
            painter.setPen(line)
            painter.drawLine(QLineF(x, RULER - 7, x, RULER - 1))
            painter.setPen(quiet)
            painter.drawText(
                QRectF(x - 40, 2, 80, RULER - 9), Qt.AlignmentFlag.AlignCenter, moment(n * step, step)
            )

    def _loop(self, painter: QPainter, widget: Timeline, look: Look) -> None:
        if widget.loop[1] <= widget.loop[0]:
            return
        left, right = (GUTTER + look.scale.share(end) * look.across for end in widget.loop)
        left, right = max(left, GUTTER), min(right, GUTTER + look.across)
        ink = widget.palette().color(Role.Highlight)
        if left < right:
            painter.fillRect(QRectF(left, RULER - 5, right - left, 4), ink)
            ink.setAlphaF(0.12)
            painter.fillRect(QRectF(left, RULER, right - left, look.down), ink)

    def _cursor(self, painter: QPainter, widget: Timeline, look: Look) -> None:
        if not look.scale.left_s <= widget.cursor_s <= look.scale.right_s:
            return
        x = round(GUTTER + look.scale.share(widget.cursor_s) * look.across) + 0.5
        ink = theme.red(widget.palette())
        painter.setPen(QPen(ink, 1))
        painter.drawLine(QLineF(x, RULER - 6, x, RULER + look.down))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(
            QPolygonF([QPointF(x - 5, RULER - 12), QPointF(x + 5, RULER - 12), QPointF(x, RULER - 5)])
        )


def lanes(chart: Chart, look: Look, ratio: float) -> Pixels:
    """(H, W) premultiplied ARGB in device pixels: the bars of the lanes in view, clear where nobody is."""
    wide, high = max(1, round(look.across * ratio)), max(1, round(look.down * ratio))
    out = np.zeros((high, wide), np.uint32)
    shown = columns(chart.times, np.linspace(look.scale.left_s, look.scale.right_s, wide + 1))
    for n, top in _visible(chart, look):
        first, last = (round((top - RULER + at) * ratio) for at in (INSET / 2, LANE - INSET / 2))
        bar = _bar(chart.rows[n], shown, last - first)
        part = slice(max(first, 0), min(last, high))
        if part.start < part.stop:
            out[part] = bar[part.start - first : part.stop - first]
    return out


def _bar(row: Row, shown: Columns, high: int) -> Pixels:
    """(high, W) of one lane: as high as the network was sure, over a pale ground that says who is there."""
    there, sure = bins(row, shown)
    filled = np.arange(high)[:, None] >= high - np.maximum(np.rint(high * sure), LEAST * high)
    colour = _colour(row.id)
    strong = np.uint32(colour.rgba())
    faint = np.uint32(_premultiplied(colour, 0.3))
    bar: Pixels = np.where(filled, np.where(there, strong, CLEAR), np.where(there, faint, CLEAR))
    return bar


def _premultiplied(colour: QColor, opacity: float) -> int:
    parts = (
        round(255 * opacity),
        *(round(part * opacity) for part in (colour.red(), colour.green(), colour.blue())),
    )
    return int.from_bytes(bytes(parts), "big")


def _visible(chart: Chart, look: Look) -> list[tuple[int, int]]:
    """Number and top, in the widget, of the lanes in view."""
    first = max(0, look.scrolled // LANE)
    last = min(len(chart.rows), (look.scrolled + look.down) // LANE + 1)
    return [(n, RULER + n * LANE - look.scrolled) for n in range(first, last)]


def _colour(who: int) -> QColor:
    blue, green, red = shades(who).middle
    return QColor(red, green, blue)
