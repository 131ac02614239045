"""The time of a recording: a lane for each person, a ruler, and a cursor that goes wherever one wants it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.playback.choosing import walked
from app.playback.lanes import EMPTY, Chart, Row
from app.ui.timeline_bars import Bars
from app.ui.timeline_mouse import Mouse
from app.ui.timeline_paint import GUTTER, LANE, RULER, Look, Painter
from app.ui.timeline_words import told
from app.ui.timescale import Timescale

NEAR_PX = 8  #: pixels from what is told of


class Timeline(QWidget):
    """Seconds from left to right, people from top to bottom, in the order in which they come.

    Clicking or dragging seeks; Shift and dragging chooses a range to loop; Ctrl and the wheel zoom. A click
    on a lane chooses its person, Ctrl and a click a second one.
    """

    sought = Signal(float)  #: seconds
    stepped = Signal(int)  #: pictures
    loop_changed = Signal(float, float)  #: seconds, from and to; equal: none
    selection_changed = Signal()
    menu_wanted = Signal(int, QPoint)  #: id of the lane, 0: none; global position
    rename_wanted = Signal(int)  #: id

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Timeline"))
        self.setMinimumHeight(RULER + 2 * LANE)
        self.chart: Chart = EMPTY
        self.selection: tuple[int, ...] = ()  #: ids, the one chosen first comes first
        self.cursor_s = 0.0
        self.loop = (0.0, 0.0)
        self.scale = Timescale()
        self._painter = Painter()
        self._mouse = Mouse(self)
        self._bars = Bars(self)
        self._down, self._along = self._bars.down, self._bars.along
        self._down.valueChanged.connect(self.update)
        self._along.valueChanged.connect(self._scrolled)

    # What is shown

    def set_chart(self, chart: Chart) -> None:
        """Other lanes; whoever is chosen stays so, if still there."""
        self.chart = chart
        self._painter.forget()
        known = {row.id for row in chart.rows}
        self.select(tuple(who for who in self.selection if who in known))
        self._arrange()

    def set_extent(self, start_s: float, end_s: float) -> None:
        """The time that the recording takes, the last picture included."""
        if (start_s, end_s) != (self.scale.start_s, self.scale.end_s):
            self.scale = self.scale.of(start_s, end_s)
            self._arrange()

    def set_cursor(self, seconds: float) -> None:
        """Where the picture is; kept in view."""
        if seconds != self.cursor_s:
            self.cursor_s = seconds
            if not self._mouse.drags and not self.scale.left_s <= seconds <= self.scale.right_s:
                self.scale = self.scale.showing(seconds)
                self._arrange()
            self.update()

    def set_loop(self, start_s: float, end_s: float) -> None:
        """The range that is looped; equal: none. While another is being chosen, that one is what is seen."""
        if self._mouse.drags != "loop":
            self.draw_loop(start_s, end_s)

    def draw_loop(self, start_s: float, end_s: float) -> None:
        """The range to be seen as the one that is looped."""
        self.loop = (start_s, end_s)
        self.update()

    def select(self, people: tuple[int, ...]) -> None:
        """Choose one or two people, or nobody."""
        if people != self.selection:
            self.selection = people
            self._tell_selection()
            self.selection_changed.emit()
            self.update()

    def zoom(self, factor: float, at_s: float) -> None:
        """Show `factor` times as much detail; that moment stays where it is."""
        self.scale = self.scale.zoomed(factor, at_s)
        self._arrange()

    def pan(self, seconds: float) -> None:
        """Show what is so much later."""
        self.scale = self.scale.moved(seconds)
        self._arrange()

    def show_all(self) -> None:
        """All of the recording."""
        self.zoom(0.0, self.cursor_s)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's names, as all below)
        return QSize(800, RULER + min(8, max(2, len(self.chart.rows))) * LANE + 4)

    def seconds_at(self, x: float) -> float:
        """The time at a place of the widget."""
        return self.scale.seconds((x - GUTTER) / max(1, self._across()))

    def moment_at(self, x: float) -> float:
        """The same, within the recording."""
        return self._clamped(self.seconds_at(x))

    def x_of(self, seconds: float) -> float:
        """The place of a time in the widget."""
        return GUTTER + self.scale.share(seconds) * self._across()

    def row_at(self, y: float) -> list[Row]:
        """Whose lane is at that place of the widget, if anybody's."""
        n = int((y - RULER + self._down.value()) // LANE)
        return [self.chart.rows[n]] if y >= RULER and 0 <= n < len(self.chart.rows) else []

    # Qt

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        look = Look(self.scale, self._across(), self._lanes_height(), self._down.value())
        self._painter.paint(self, look, self.chart)

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._painter.forget()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.move(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        for row in self.row_at(event.position().y()):
            if event.position().x() < GUTTER:
                self.rename_wanted.emit(row.id)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        down, aside = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.25 ** (down / 120), self.seconds_at(event.position().x()))
        elif aside or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            span = self.scale.right_s - self.scale.left_s
            self.pan(-(aside or down) / 120 * 0.1 * span)
        else:
            self._down.setValue(self._down.value() - round(down / 120 * 2 * LANE))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key, modifiers = event.key(), event.modifiers()
        span = self.scale.right_s - self.scale.left_s
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            add = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            self._walk(1 if key == Qt.Key.Key_Down else -1, add=add)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.sought.emit(self.scale.start_s if key == Qt.Key.Key_Home else self.scale.end_s)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            far = 0.1 * span if key == Qt.Key.Key_PageDown else -0.1 * span
            self.sought.emit(self._clamped(self.cursor_s + far))
        elif key == Qt.Key.Key_Escape and self.selection:
            self.select(())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            rows = self.row_at(event.pos().y())
            if rows and rows[0].id not in self.selection:
                self.select((rows[0].id,))
            self.menu_wanted.emit(rows[0].id if rows else 0, event.globalPos())
        else:
            place = QPoint(round(self.x_of(self.cursor_s)), RULER)
            self.menu_wanted.emit(self.selection[0] if self.selection else 0, self.mapToGlobal(place))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.told_at(event.pos()), self)  # type: ignore[attr-defined]
            return True
        return super().event(event)

    def told_at(self, place: QPoint) -> str:
        """What stands at a place: the time, who it is, and how sure the network was of the joints."""
        rows = self.row_at(place.y())
        if place.x() < GUTTER:
            return "".join(row.called() for row in rows)
        near_s = NEAR_PX * (self.scale.right_s - self.scale.left_s) / self._across()
        return "\n".join(told(self.chart, [row.id for row in rows], self.seconds_at(place.x()), near_s))

    # Inside

    def _across(self) -> int:
        return max(1, self.width() - GUTTER - (self._down.width() if self._down.isVisible() else 0) - 1)

    def _lanes_height(self) -> int:
        return max(0, self.height() - RULER - (self._along.height() if self._along.isVisible() else 0))

    def _arrange(self) -> None:
        """Scroll bars where there is something to scroll, and all anew."""
        self._bars.arrange(self.size(), self.scale, len(self.chart.rows) * LANE)
        self.update()

    def _scrolled(self, value: int) -> None:
        self.scale = self.scale.moved(self.scale.start_s + value / 1000 - self.scale.left_s)
        self.update()

    def _clamped(self, seconds: float) -> float:
        return min(max(seconds, self.scale.start_s), self.scale.end_s)

    def _walk(self, step: int, *, add: bool) -> None:
        """Choose the lane above or below, and bring it into view."""
        ids = [row.id for row in self.chart.rows]
        self.select(walked(self.selection, ids, step, add=add))
        top = ids.index(self.selection[-1]) * LANE if ids else 0
        self._down.setValue(max(min(self._down.value(), top), top + LANE - self._lanes_height()))

    def _tell_selection(self) -> None:
        """For whoever hears the window instead of seeing it."""
        names = [row.called() for who in self.selection for row in self.chart.row(who)]
        self.setAccessibleDescription(self.tr("Chosen: {0}").format(", ".join(names)) if names else "")
