"""A camera or stream with everyone's skeleton on it: picture, plots, and the line that says how it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.settings import Settings
from app.types import Result
from app.ui.actions import action, button
from app.ui.bridge import Bridge
from app.ui.canvas import Canvas
from app.ui.company import Company
from app.ui.endings import Endings
from app.ui.plots import Plots
from app.ui.preferences import Preferences
from app.ui.record_light import RecordLight
from app.ui.strip import Strip
from app.ui.view_actions import view_actions
from app.ui.wire import Wire
from app.watch.live import Live
from app.watch.recorder import Recording
from app.watch.sight import Sight

TELL_MS = 500  #: between two looks at the figures


class LivePage(QWidget):
    """Shows one live source at a time. What it does is done by `app.watch.live.Live`; this looks on."""

    left = Signal()  #: the user wants to go back
    recorded = Signal(str)  #: path of the video of a recording that is complete
    trouble = Signal(str, str)  #: what went wrong and what to do, "" when that is over; details

    def __init__(
        self, preferences: Preferences, open_live: Callable[..., Live] = Live, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.preferences, self._open_live = preferences, open_live
        self._live: Live | None = None
        self._wire = Wire()
        self._argument, self._settings = "", Settings()  # of what is shown
        self._endings = Endings(self.recorded.emit)
        self._told = ("", "")  # what was wrong, as it was last said
        self.newest: Result | None = None  #: what is on screen
        self.said = ""  #: over the picture
        self._sight = Sight()
        self._results: Bridge[Result] = Bridge(self)
        self._results.ready.connect(self._paint)
        self._changes: Bridge[None] = Bridge(self)
        self._changes.ready.connect(self._look)
        self.canvas, self.plots, self.strip = Canvas(self), Plots(self), Strip(self)
        self.light = RecordLight(self.canvas)
        self._lay_out()
        self._act()
        self.canvas.painted.connect(self._count)
        self.plots.trouble.connect(lambda line: self.trouble.emit(line, ""))
        self.company = Company(self.canvas, self.release, self)
        self.company.changed.connect(self.canvas.set_cast)
        self.company.changed.connect(self.plots.set_cast)
        preferences.changed.connect(self._follow_preferences)
        self._follow_preferences()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tell)
        self._timer.setInterval(TELL_MS)

    def start(self, argument: str) -> None:
        """Show this camera or address; whatever was shown before ends."""
        self.stop()
        self._report("")
        self.light.clear()
        self.newest, self._sight = None, Sight()
        self.plots.clear()
        self.company.clear()
        self.canvas.clear()
        self._say(self.tr("Opening…"))
        self._argument, self._settings = argument, self.preferences.settings()
        self._wire = wire = Wire()
        self._live = self._open_live(
            argument,
            self._settings,
            show=lambda result: wire.send(lambda: self._results.slot.put(result)),
            changed=lambda: self._changes.slot.put(None),
        )
        self._live.start()
        self._timer.start()
        self._tell()

    def stop(self) -> None:
        """Let the source go; a recording is completed. Returns at once, see `stopped`."""
        if self._live is not None:
            self._endings.add(self._live, self._told[0])
            self._live = None
        self._wire.cut()  # a picture of it that is still on its way is not one of the next source
        self._results.slot.take()
        self.record.setChecked(False)
        self._say("")

    def stopped(self) -> bool:
        """Whether everything that was stopped has come to its end; waits for nothing."""
        if trouble := self._endings.look():
            self.trouble.emit(trouble, "")
        return self._endings.over()

    def recording(self) -> bool:
        """Whether a recording is being written or completed."""
        state = self._live.recorder.state() if self._live is not None else Recording()
        return state.on or state.finishing or self._endings.recording()

    def actions(self) -> list[QAction]:
        """Everything that can be done here, by keys and menus."""
        return [*super().actions(), *self.plots.actions()]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.canvas.setFocus()

    # What is seen

    def _paint(self) -> None:
        for result in self._results.slot.take():
            if self._live is None:
                return
            first = self.newest is None
            self.newest = result
            self.company.see(result.tracks, result.frame.time)
            attention = self.company.attention
            found = result.seen.poses
            self.canvas.show_result(result.frame, result.tracks, lost=attention.lost, found=found)
            self.plots.add(result.frame.time, result.tracks, attention.locked)
            if first:
                self._look()

    def _count(self) -> None:
        """The newest result has just been painted."""
        if self.newest is not None:
            self._sight.count(self.newest.timings.captured)

    def _look(self) -> None:
        """Something about the source is new."""
        self._changes.slot.take()
        if self._live is None:
            return
        state = self._live.state()
        self.canvas.set_pixel_aspect(state.info.pixel_aspect)
        lines = {
            "opening": self.tr("Opening…"),
            "running": self.tr("Looking for people…") if self.newest is None else "",
            "lost": state.message,
            "ended": self.tr("The stream has ended"),
            "failed": self.tr("No picture"),
        }
        self._say(lines[state.phase])
        self._tell()

    def _report(self, line: str, details: str = "") -> None:
        """Say what is wrong, once for each trouble, so that the user can close the message."""
        if (line, details) != self._told:
            self._told = line, details
            self.trouble.emit(line, details)

    def _say(self, line: str) -> None:
        self.said = line
        self.canvas.say(line)

    def _tell(self) -> None:
        over = self.stopped()
        if self._live is None:
            if over:
                self._timer.stop()
            return
        state, health = self._live.state(), self._live.health()
        self.strip.tell(state, health, self._sight.fps(), self._sight.latency_ms())
        recording = self._live.recorder.state()
        self.light.tell(recording)
        self._endings.see(recording.files)
        if self.record.isChecked() != recording.on:
            self._mark_recording(recording.on)
        failed = state.phase == "failed"
        self._report(*((state.message, state.details) if failed else (recording.trouble, "")))
        if self._settings != self.preferences.settings():  # changed while something was recorded
            self.restart()

    # What is done

    def _record(self, on: bool) -> None:
        if self._live is None:
            self._mark_recording(False)
        elif on:
            stem = f"{datetime.now():%Y-%m-%d %H.%M.%S}"
            self._live.recorder.start(self.preferences.output_folder(), stem)
        else:
            self._live.recorder.stop()
        self._tell()

    def _mark_recording(self, on: bool) -> None:
        self.record.blockSignals(True)
        self.record.setChecked(on)
        self.record.blockSignals(False)

    def restart(self) -> None:
        """Open what is shown anew, as the settings are now; a recording is not cut short for that."""
        if self._live is not None and not self.recording():
            self.start(self._argument)

    def _follow_preferences(self) -> None:
        self.canvas.set_view(self.preferences.view())
        self.plots.set_view(self.preferences.view())
        if self._settings != self.preferences.settings():
            self.restart()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.sides = QSplitter(Qt.Orientation.Horizontal, self)
        self.sides.addWidget(self.canvas)
        self.sides.addWidget(self.plots)
        self.sides.setStretchFactor(0, 1)
        self.sides.setSizes([900, 340])
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(8, 5, 8, 5)
        column.addLayout(self.bar)
        column.addWidget(self.sides, 1)
        column.addWidget(self.strip)

    def _act(self) -> None:
        tr = self.tr
        tip = tr("Back to the start page")
        self.back = action(self, "live.back", tr("Close this source"), "Ctrl+W", tip, self.left.emit)
        tip = tr("Write an annotated MP4, a clean one, a CSV and a session")
        self.record = action(self, "live.record", tr("Record"), "R", tip, self._record, checked=False)
        tip = tr("Let the source go and open it anew, unless it is being recorded")
        self.again = action(self, "live.again", tr("Open again"), "F5", tip, self.restart)
        tip = tr("Lock on nobody, zoom with nobody")
        self.release = action(self, "live.release", tr("Let go"), "Esc", tip, lambda: self.company.release())
        tip, show = tr("Joint angles and speed at the side"), self.plots.setVisible
        self.show_plots = action(self, "live.plots", tr("Plots"), "G", tip, show, checked=True)
        looks = view_actions(self, "live", self.canvas, self.preferences)
        for each in (self.back, self.record, *looks, self.show_plots):
            if each is looks[0] or each is self.show_plots:
                self.bar.addStretch(1)
            self.bar.addWidget(button(self, each))
