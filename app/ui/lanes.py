"""Curves over time, a lane for each joint: left and right of the body in one lane, in one plot in all.

One plot with three curves (left, right, middle) for all lanes costs 0.4 of a plot for each lane. Qt
paints pens of one pixel ten times as fast as wider ones; so every curve is drawn twice, a little apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.angles import Course
from app.painting.palette import shades
from app.ui.lane import Floats, Lane, by_columns, edges, values, with_minus
from app.ui.shading import readable
from app.ui.theme import quiet

AXIS_PX = 22  #: height of the line of seconds under the lanes
NUMBERS_PX = 34  #: width of the numbers at the right
MARGIN = 0.1  #: of a lane, over and under its curves
DASH = 0.04  #: of the width: length of a dash and the gap behind it
TWICE_PX = 0.6  #: pixels of the screen between the two drawings of a curve


class Lanes(pg.GraphicsView):  # type: ignore[misc]
    """The curves, and a line at the moment that is read off."""

    pointed = Signal(float)  #: seconds on the axis, where the mouse is pressed
    stepped = Signal(int, bool)  #: by keys: so many pictures, or seconds where it is True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lanes: tuple[Lane, ...] = ()
        self._edges: tuple[tuple[float, float], ...] = ()
        self._who = 1
        self.painted_s = 0.0  #: what the last painting took
        self.span = (-10.0, 0.0)  #: seconds on the axis from edge to edge
        # Put together from its parts: a whole plot has menus that outlive it.
        self._view = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._right, self._bottom = pg.AxisItem("right"), _Seconds("bottom")
        for axis in (self._right, self._bottom):
            axis.setStyle(tickLength=0, tickTextOffset=4)
            axis.linkToView(self._view)
        self._bottom.setHeight(AXIS_PX)
        self._right.setWidth(NUMBERS_PX)
        layout = pg.GraphicsLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addItem(self._view, 0, 0)
        layout.addItem(self._right, 0, 1)
        layout.addItem(self._bottom, 1, 0)
        self.setCentralItem(layout)
        kinds = (("pairs", False), ("finite", True), ("finite", True), ("finite", True))
        self._grid, *self._curves = (pg.PlotCurveItem(connect=c, antialias=a) for c, a in kinds)
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        for item in (self._grid, *self._curves, self._cursor):
            self._view.addItem(item, ignoreBounds=True)
        self._view.setXRange(*self.span, padding=0)
        self._restyle()

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """These, from top to bottom."""
        self.lanes, self._edges = tuple(lanes), ()
        self._view.setYRange(0, max(len(self.lanes), 1), padding=0)
        self._rule()

    def set_person(self, who: int) -> bool:
        """Whose curves they are, and so their colours: pale for the left, deep and dashed for the right.

        Whether it is somebody else than before.
        """
        if who == self._who:
            return False
        self._who = who
        self._restyle()
        return True

    def inks(self) -> tuple[QColor, QColor, QColor]:
        """Of left, right and middle, as they can be told from the ground."""
        shade, ground = shades(max(self._who, 1)), self.palette().color(self.palette().ColorRole.Base)
        left, right, middle = (readable(c, ground) for c in (shade.left, shade.right, shade.middle))
        return left, right, middle

    def set_span(self, begin: float, end: float) -> None:
        """Seconds from edge to edge."""
        if (begin, end) != self.span:
            self.span = begin, end
            self._view.setXRange(begin, end, padding=0)
            self._rule()

    def show_course(self, course: Course, origin: float) -> None:
        """Draw what of it lies in the span; `origin` seconds of the course are 0 on the axis."""
        begin, end = self.span
        rows = slice(*np.searchsorted(course.times, (begin + origin, end + origin + 1e-9)).tolist())
        rows = slice(max(rows.start - 1, 0), rows.stop + 1)
        column_s = (end - begin) / max(self._view.width(), 1.0)
        times, numbers = by_columns(course.times[rows], values(course, rows), column_s)
        self._fit(numbers)
        solid, dashed = np.append(times - origin, np.nan), np.append(self._dashed(times), True)
        padded = np.concatenate([numbers, np.full((1, numbers.shape[1]), np.nan)])
        apart = TWICE_PX / self.devicePixelRatioF()
        right, down = (apart * size for size in self._view.viewPixelSize())
        for which, curve in enumerate(self._curves):
            drawn = self._drawn(padded, which)
            if which == 1:
                drawn = np.where(dashed, drawn, np.nan)
            x = np.tile(solid, len(drawn))
            curve.setData(
                np.concatenate([x, x + right]), np.concatenate([drawn.ravel(), drawn.ravel() - down])
            )

    def set_cursor(self, at: float) -> None:
        """Where the line stands, seconds on the axis; NaN: there is none."""
        self._cursor.setVisible(math.isfinite(at))
        if math.isfinite(at):
            self._cursor.setPos(at)

    def _drawn(self, padded: Floats, which: int) -> Floats:
        """Heights (lanes, M) of the curves of the left (0), the right (1) or the middle (2)."""
        rows = []
        for place, (lane, (low, high)) in enumerate(zip(self.lanes, self._edges, strict=True)):
            paired = len(lane.columns) == 2
            if paired == (which < 2):
                share = (padded[:, lane.columns[which if paired else 0]] - low) / (high - low)
                rows.append(share * (1 - 2 * MARGIN) + MARGIN + len(self.lanes) - 1 - place)
        return np.array(rows).reshape(len(rows), len(padded))

    def _dashed(self, times: Floats) -> NDArray[np.bool_]:
        """Which moments a dash covers. They belong to the time, so that dashes move with the curve."""
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        period = max(DASH * (self.span[1] - self.span[0]), 6 * step)
        on = np.mod(times, period) < 0.66 * period
        on[1:] |= on[:-1]  # up to the next moment
        return on

    def _fit(self, numbers: Floats) -> None:
        fitting = edges(self.lanes, numbers)
        if fitting != self._edges:
            self._edges = fitting
            self._rule()

    def _rule(self) -> None:
        """Lines between the lanes and at their edges, and the numbers of the edges."""
        ticks, lines = [], []
        for place, (low, high) in enumerate(self._edges):
            bottom = len(self.lanes) - 1 - place
            for share, number in ((MARGIN, low), (1 - MARGIN, high)):
                ticks.append((bottom + share, with_minus(f"{number:g}")))
                lines += [bottom + share] * 2
        self._right.setTicks([ticks, []])
        ends = np.tile(np.array(self.span), len(lines) // 2)
        self._grid.setData(ends, np.array(lines, np.float64))

    def _restyle(self) -> None:
        colours = self.palette()
        self.setBackground(colours.color(colours.ColorRole.Base))
        for curve, ink in zip(self._curves, self.inks(), strict=True):
            curve.setPen(pg.mkPen(ink, width=1))
        self._grid.setPen(pg.mkPen(colours.color(colours.ColorRole.Midlight), width=1))
        self._cursor.setPen(pg.mkPen(colours.color(colours.ColorRole.Text), width=1))
        for axis in (self._right, self._bottom):
            axis.setPen(pg.mkPen(colours.color(colours.ColorRole.Midlight)))
            axis.setTextPen(quiet(colours))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_cursor"):
            self._restyle()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        began = time.thread_time()
        super().paintEvent(event)
        self.painted_s = time.thread_time() - began

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()  # a page may scroll

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        steps = {Qt.Key.Key_Left: (-1, False), Qt.Key.Key_Right: (1, False),
                 Qt.Key.Key_PageUp: (-1, True), Qt.Key.Key_PageDown: (1, True)}  # fmt: skip
        if step := steps.get(Qt.Key(event.key())):
            self.stepped.emit(*step)
        else:
            event.ignore()

    def _point(self, place: QPointF) -> None:
        at = self._view.mapSceneToView(self.mapToScene(place.toPoint())).x()
        self.pointed.emit(min(max(at, self.span[0]), self.span[1]))


class _Seconds(pg.AxisItem):  # type: ignore[misc]
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002, N802
        """Seconds, from a minute on with the minutes."""
        return [with_minus(f"{v:g} s" if v < 60 else f"{v // 60:.0f}:{v % 60:04.1f}") for v in values]
