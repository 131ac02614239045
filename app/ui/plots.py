"""Angles and speed of one person beside their picture: as they come, looked back on, or of a recording."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.angles import COLUMNS, Course
from app.ui.lane import values, with_minus
from app.ui.plots_bar import PlotsBar, names, titles
from app.ui.plots_body import PlotsBody
from app.ui.readout import table, told
from app.ui.saving import Saving
from app.ui.view import Cast, View
from app.watch.lookback import KEPT_S, Lookback
from trackers.types import Tracks

REDRAW_MS = 66  #: between two drawings: fifteen a second, and fewer where they would take more than SHARE
SLOWEST_MS = 500
SHARE = 0.035  #: of the time of the window's thread
READ_S = 0.2  #: between two changes of the numbers, which nobody could read faster
SPANS = (5, 10, 30)  #: seconds to choose from
TICK_S = 0.1  #: of the bar with which one looks back


class Plots(QWidget):
    """Curves over the last seconds of who is locked on or alone, or, with `set_series`, of a recording."""

    sought = Signal(float)  #: the user wants to see this moment of the recording, seconds
    trouble = Signal(str)  #: one line: what went wrong and what to do

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(260)
        self._lookback, self._cast, self._recorded = Lookback(), Cast(), False
        self._course, self._who, self._origin = self._lookback.course(), 0, 0.0
        self._at = np.nan  # seconds that are read off, NaN: the newest
        self._read = -np.inf  # seconds of the result whose numbers stand there
        self._page = 0.0  # where a recording's page begins, seconds
        self.saving = Saving(self, "plots.png")
        self.saving.trouble.connect(self.trouble)
        self.bar = PlotsBar(self, SPANS, self.copy_values, self.saving.ask)
        self._body = PlotsBody(self)
        self.lanes, self.readout, self.back = self._body.lanes, self._body.readout, self._body.back
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.bar)
        whole.addWidget(self._body, 1)
        self._timer.timeout.connect(self._redraw)
        self.bar.lanes_changed.connect(self._choose)
        self.bar.span_changed.connect(self._respan)
        self.bar.pause.toggled.connect(self._pause)
        self.back.valueChanged.connect(self._redraw)
        self.lanes.pointed.connect(lambda at: self._look_at(at + self._origin))
        self.lanes.stepped.connect(self._step)
        self._choose()
        self._respan()

    # Live

    def add(self, time: float, tracks: Tracks, locked: int) -> None:
        """The newest result, at `time` seconds; `locked`: the id of the one locked on, 0: nobody."""
        self._lookback.add(time, tracks, locked)
        if self.paused and locked and locked != self._who:
            self.bar.pause.setChecked(False)  # who chooses somebody else wants to see them
        if not (self.paused or self._recorded):
            self._soon()

    def clear(self) -> None:
        """Another source begins: nothing is known of anybody."""
        self._lookback.clear()
        self._recorded = False
        self.bar.pause.setEnabled(True)
        self.bar.pause.setChecked(False)
        self._redraw()

    @property
    def paused(self) -> bool:
        """Whether what is shown stands still, to be looked back on."""
        return self.bar.pause.isChecked()

    def set_cast(self, cast: Cast) -> None:
        """What people are called."""
        self._cast = cast
        self._soon()

    def set_view(self, view: View) -> None:
        """Joints that score less than its threshold do not count."""
        self._lookback.set_threshold(view.threshold)

    # Recorded

    def set_series(self, who: int, course: Course) -> None:
        """Show the whole course of person `who` (0: nobody), with a line at the time told to `show_at`."""
        self.bar.pause.setChecked(False)
        self.bar.pause.setEnabled(False)
        self._recorded, self._who, self._course, self._origin = True, who, course.with_gaps(), 0.0
        if not np.isfinite(self._at):
            self._at = float(course.times[0]) if len(course) else 0.0
        self._redraw()

    def show_at(self, time: float) -> None:
        """The player is at `time` seconds."""
        self._at = time
        self._soon()

    # What is seen

    def copy_values(self) -> None:
        """What is seen, as CSV to the clipboard."""
        begin, end = self.lanes.span
        columns = [column for row in self.readout.rows for column in row.columns]
        text = table(self._course, begin + self._origin, end + self._origin, columns)
        QGuiApplication.clipboard().setText(text)

    def _soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _redraw(self) -> None:
        began = time.thread_time()
        self._draw()
        cost_s = time.thread_time() - began + self.lanes.painted_s
        self._timer.setInterval(max(REDRAW_MS, min(round(1e3 * cost_s / SHARE), SLOWEST_MS)))

    def _draw(self) -> None:
        if not (self._recorded or self.paused):
            self._catch_up()
        self._body.setCurrentIndex(int(self._who > 0))
        if self.lanes.set_person(self._who):
            self.readout.restyle()
            self._read = -np.inf
        self.lanes.set_span(*self._span())
        self.lanes.show_course(self._course, self._origin)
        self.lanes.set_cursor(self._at - self._origin)
        self._read_off()

    def _catch_up(self) -> None:
        """To the newest result."""
        self._course, self._who = self._lookback.course(), self._lookback.who
        self._origin, self._at = self._lookback.now, np.nan

    def _span(self) -> tuple[float, float]:
        """Seconds on the axis from edge to edge."""
        seconds = self.bar.seconds()
        if self._recorded:
            if not self._page <= self._at < self._page + seconds:
                first = float(self._course.times[0]) if len(self._course) else 0.0
                self._page = max(self._at - 0.1 * seconds, min(first, self._at))
            return self._page, self._page + seconds
        end = (self.back.value() - self.back.maximum()) * TICK_S if self.paused else 0.0
        return end - seconds, end

    def _read_off(self) -> None:
        """The numbers at the line, or the newest."""
        running = not np.isfinite(self._at)
        moment = self._origin if running else self._at
        if running and 0.0 <= moment - self._read < READ_S:
            return
        self._read = moment
        row = self._course.at(moment)
        numbers = values(self._course, slice(row, row + 1))[0] if row >= 0 else np.full(len(COLUMNS), np.nan)
        for shown in self.readout.rows:
            shown.set_texts([told(float(numbers[column]), column) for column in shown.columns])
        name = self._cast.names.get(self._who, self.tr("Person {}").format(self._who)) if self._who else ""
        when = moment - self._origin
        self.bar.tell(name, "" if running else with_minus(f"{when:.2f} s"), self.lanes.inks()[2])

    def _choose(self) -> None:
        """The lanes have changed."""
        chosen = self.bar.chosen()
        self.lanes.set_lanes(chosen)
        self.readout.set_lanes([(lane, titles()[lane.key], names(lane)) for lane in chosen])
        self._read = -np.inf
        self._redraw()

    def _respan(self) -> None:
        seconds = self.bar.seconds()
        self.back.setRange(0, round((KEPT_S - seconds) / TICK_S))
        self.back.setPageStep(round(seconds / TICK_S))
        self.back.setValue(self.back.maximum())
        self.back.setVisible(self.paused and self.back.maximum() > 0)
        self._redraw()

    # Looking back

    def _pause(self, on: bool) -> None:
        self._read = -np.inf
        if on:
            self._catch_up()
            now = self._course
            self._course = Course(now.times.copy(), now.angles.copy(), now.speeds.copy())
            self._at = self._origin
        self._respan()

    def _look_at(self, time: float) -> None:
        """Read off this moment; a recording is to go there."""
        if self._recorded:
            self.sought.emit(time)
            return
        self.bar.pause.setChecked(True)
        self._at = float(np.clip(time, self._origin - KEPT_S, self._origin))
        begin, end = self.lanes.span
        out = min(self._at - self._origin - begin, 0.0) + max(self._at - self._origin - end, 0.0)
        self.back.setValue(self.back.value() + round(out / TICK_S + np.copysign(0.49, out) * (out != 0)))
        self._redraw()

    def _step(self, by: int, seconds: bool) -> None:
        """One picture or one second on or back."""
        if not len(self._course):
            return
        at = self._at if np.isfinite(self._at) else self._origin
        row = int(np.clip(self._course.at(at) + by, 0, len(self._course) - 1))
        self._look_at(at + by if seconds else float(self._course.times[row]))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "readout"):
            self.readout.restyle()
