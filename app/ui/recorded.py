"""The page of a recording: its picture with everyone's skeleton, its timeline, and what one can do there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QWidget

from app.playback.choosing import clicked
from app.playback.exporting import Material
from app.playback.looked import Account, Looked
from app.playback.playing import Playing
from app.playback.review import Review
from app.ui.actions import action
from app.ui.canvas import Canvas
from app.ui.export_dialog import ExportDialog
from app.ui.export_style import style_of
from app.ui.opened import Opened
from app.ui.people import People
from app.ui.processed_bar import ProcessedBar
from app.ui.recorded_layout import lay_out
from app.ui.repairs import Repairs
from app.ui.steering import Steering
from app.ui.timeline import Timeline
from app.ui.transport import Transport
from app.ui.trouble import Trouble
from app.ui.view import Cast, View
from app.work import Work


class RecordedPage(QWidget):
    """Shows one recording at a time. What it does is done by `app.playback.review.Review`; this looks on."""

    process_wanted = Signal(list)  #: paths

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.output_folder: Callable[[], Path] = lambda: Path("runs")  #: where sessions and exports lie
        self.opened = Opened(self)
        self._looked: list[Looked] = []
        self._work: list[Work] = []  # in the queue
        self._account, self._state, self._told = Account(), Playing(), ("", "")
        self._view, self._cast = View(), Cast()
        self.canvas, self.timeline, self.people = Canvas(self), Timeline(self), People(self)
        self.trouble, self.bar = Trouble(self), ProcessedBar(self)
        self.transport, self.repairs = Transport(self), Repairs(self, self._repair)
        self._steering = Steering(self.opened, self.timeline, self.transport)
        self.status = QLabel(self)
        self._act()
        lay_out(self)
        self._connect()
        self._look()

    def open(self, video: str, session: Path | None = None) -> None:
        """Show a recording; its session is looked for in the output folder and beside it, unless given."""
        self.close_source()
        self.canvas.say(self.tr("Opening…"))
        self.opened.open(video, (self.output_folder(), Path(video).parent), session)
        self._look()

    def close_source(self) -> None:
        """Let the recording go. Returns at once; what worked on it ends by itself, see `stopped`."""
        self.opened.close()
        self._looked = []
        self.canvas.clear()
        self._work = []
        self.bar.hide()
        self._look()

    def stopped(self) -> bool:
        """Whether everything that was closed has come to its end; waits for nothing."""
        return self.opened.stopped()

    def session_grew(self, work: Sequence[Work] = ()) -> None:
        """Something was measured: look for it. `work`: what is done about this recording in the queue."""
        self._work = list(work)
        self._tell_processed()
        self.opened.ask(Review.refresh)

    def set_view(self, view: View) -> None:
        """What is painted over the picture."""
        self._view = view
        self.canvas.set_view(view)

    def set_cast(self, cast: Cast) -> None:
        """What was said elsewhere of the people; names and who is chosen come from here."""
        self._cast = cast
        self._tell_cast()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.close_source()
        self.opened.join()
        super().closeEvent(event)

    # What is seen

    def _paint(self) -> None:
        for looked in self.opened.pictures():
            self._looked = [looked]
            self.canvas.show_result(looked.frame, looked.tracks, found=looked.found)
            self.timeline.set_cursor(looked.frame.time)
            if self._state.playing:
                self.repairs.pass_by(looked.frame.time)
            else:
                self._tell_repairs()

    def _look(self) -> None:
        """Something about playing or about the session is new."""
        before, phase = self._account, self._state.phase
        self._state, self._account = self.opened.state(), self.opened.account()
        state, account = self._state, self._account
        self.transport.tell(state)
        self.timeline.set_extent(state.start_s, max(state.end_s, state.start_s))
        self.timeline.set_loop(*state.loop)
        if account.chart is not before.chart:
            self.timeline.set_chart(account.chart)
            self.people.set_chart(account.chart, self.timeline.selection)
            self._tell_cast()
        if account is not before or state.phase != phase:
            self._tell_account()
        if self.opened.video and state.phase != "opening":
            self.canvas.say(self.tr("No picture") if state.phase == "failed" else "")
            self.canvas.set_pixel_aspect(state.info.pixel_aspect)
        told = (account.trouble, account.details) if account.trouble else (state.message, state.details)
        if told != self._told:
            self._told = told
            self.trouble.set(*told)
        self.export.setEnabled(bool(account.chart.rows))
        if account is not before or not state.playing:
            self._tell_repairs()

    def _tell_account(self) -> None:
        account = self._account
        if account.said:
            self.status.setText(account.said)
        elif self.timeline.selection == ():
            count = len(account.chart.rows)
            self.status.setText(self.tr("{0} people").format(count) if count != 1 else self.tr("1 person"))
        if not account.session:
            self.status.setText("")
        self._tell_processed()

    def _tell_processed(self) -> None:
        """Nobody can be looked for in what cannot be opened."""
        video = "" if self._state.phase == "failed" else self.opened.video
        self.bar.tell(video, self._account, self._work)

    def _tell_repairs(self) -> None:
        self.repairs.look(self._account, self.timeline.selection, self.timeline.cursor_s)

    def _tell_cast(self) -> None:
        """Names come from the session; one person chosen stands out."""
        chosen = self.timeline.selection
        names = {row.id: row.name for row in self._account.chart.rows if row.name}
        locked = chosen[0] if len(chosen) == 1 else 0
        self.canvas.set_cast(replace(self._cast, locked=locked, names={**self._cast.names, **names}))

    # What is done

    def _selected_in_timeline(self) -> None:
        self.people.select(self.timeline.selection)
        self._tell_cast()
        self._tell_repairs()

    def _selected_in_list(self) -> None:
        chosen = self.people.people()
        kept = tuple(who for who in self.timeline.selection if who in chosen)
        self.timeline.select((*kept, *(who for who in chosen if who not in kept)))

    def _click(self, x: float, y: float) -> None:
        who = self.canvas.person_at(x, y)
        add = bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier)
        self.timeline.select(clicked(self.timeline.selection, who, add=add) if who else ())

    def _canvas_menu(self, x: float, y: float, place: QPoint) -> None:
        who = self.canvas.person_at(x, y)
        if who and who not in self.timeline.selection:
            self.timeline.select((who,))
        self.repairs.menu(place, self)

    def _repair(self, how: Callable[[Review], None]) -> None:
        """Whatever stands against it is said, also where that was said before."""
        self._told = ("", "")
        self.trouble.set("")
        self.opened.ask(how)

    def _process(self) -> None:
        self.process_wanted.emit([self.opened.video] if self.opened.video else [])

    def _export(self) -> ExportDialog:
        """Open the dialog for it."""
        account, state = self._account, self._state
        material = Material(
            video=self.opened.video,
            session=Path(account.session),
            chart=account.chart,
            chosen=self.timeline.selection,
            loop=state.loop,
            extent=(state.start_s, state.end_s),
            looked=tuple(self._looked),
            folder=self.output_folder(),
        )
        dialog = ExportDialog(material, style_of(self._view), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def _release(self) -> None:
        self.timeline.select(())
        self.canvas.follow(0)

    def _act(self) -> None:
        def add(name: str, text: str, keys: str, tip: str, do: Callable[[], object]) -> QAction:
            return action(self, f"recorded.{name}", text, keys, tip, do)

        tr, zoom, steering = self.tr, self._zoom, self._steering
        add("loop_start", tr("Loop from here"), "[", tr("The loop begins here"), steering.loop_from_here)
        add("loop_end", tr("Loop to here"), "]", tr("The loop ends here"), steering.loop_to_here)
        add("time_in", tr("More detail"), "+", tr("Less time in the timeline"), lambda: zoom(1.5))
        add("time_out", tr("Less detail"), "-", tr("More time in the timeline"), lambda: zoom(1 / 1.5))
        add("time_all", tr("All of it"), "0", tr("All of the recording"), self.timeline.show_all)
        add("release", tr("Choose nobody"), "Esc", tr("Choose nobody, zoom with nobody"), self._release)
        add("process", tr("Process"), "", tr("Find the people in this recording"), self._process)
        tip = tr("Write results as a table, a video or another format")
        self.export = add("export", tr("Export…"), "Ctrl+E", tip, self._export)

    def _zoom(self, factor: float) -> None:
        self.timeline.zoom(factor, self.timeline.cursor_s)

    def _connect(self) -> None:
        timeline = self.timeline
        self.opened.looked.connect(self._paint)
        self.opened.changed.connect(self._look)
        timeline.selection_changed.connect(self._selected_in_timeline)
        timeline.menu_wanted.connect(lambda _who, place: self.repairs.menu(place, self))
        timeline.rename_wanted.connect(self.repairs.ask_name)
        self.people.chosen.connect(self._selected_in_list)
        self.people.rename_wanted.connect(self.repairs.ask_name)
        self.people.menu_wanted.connect(lambda _who, place: self.repairs.menu(place, self))
        self.canvas.clicked.connect(self._click)
        self.canvas.menu_wanted.connect(self._canvas_menu)
        self.bar.process_wanted.connect(self._process)
