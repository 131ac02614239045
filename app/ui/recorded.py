"""The page of a recording: its picture with everyone's skeleton, its timeline, and what one can do there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from app.exporting import Material
from app.player import Playing
from app.review import Account, Looked, Review
from app.ui.actions import action
from app.ui.bridge import Bridge
from app.ui.canvas import Canvas
from app.ui.export_dialog import ExportDialog
from app.ui.people import People
from app.ui.processed_bar import ProcessedBar
from app.ui.repairs import Repairs
from app.ui.timeline import Timeline
from app.ui.transport import Transport
from app.ui.trouble import Trouble
from app.ui.view import Cast, View


class RecordedPage(QWidget):
    """Shows one recording at a time. What it does is done by `app.review.Review`; this looks on."""

    process_wanted = Signal(list)  #: paths

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.output_folder: Callable[[], Path] = lambda: Path("runs")  #: where sessions and exports lie
        self._video = ""
        self._review: list[Review] = []
        self._wires: list[_Wire] = []
        self._closers: list[threading.Thread] = []
        self._looked: list[Looked] = []
        self._account, self._state = Account(), Playing()
        self._view, self._cast = View(), Cast()
        self._looks: Bridge[Looked] = Bridge(self)
        self._looks.ready.connect(self._paint)
        self._changes: Bridge[None] = Bridge(self)
        self._changes.ready.connect(self._look)
        self.canvas, self.timeline, self.people = Canvas(self), Timeline(self), People(self)
        self.trouble, self.bar = Trouble(self), ProcessedBar(self)
        self.transport, self.repairs = Transport(self), Repairs(self)
        self.status = QLabel(self)
        self._act()
        self._lay_out()
        self._connect()
        self._look()

    def open(self, video: str, session: Path | None = None) -> None:
        """Show a recording; its session is looked for in the output folder and beside it, unless given."""
        self.close_source()
        self._video = video
        wire = _Wire()
        self._wires = [wire]
        self.canvas.say(self.tr("Opening…"))
        places = (self.output_folder(), Path(video).parent)
        self._review = [
            Review(
                video,
                places,
                show=lambda looked: wire.send(lambda: self._looks.slot.put(looked)),
                changed=lambda: wire.send(lambda: self._changes.slot.put(None)),
                session=session,
            )
        ]
        self.repairs.set_review(self._review)
        self._look()

    def close_source(self) -> None:
        """Let the recording go. Returns at once; what it was worked on with ends by itself, see `stopped`."""
        for wire in self._wires:
            wire.cut()
        for review in self._review:
            closer = threading.Thread(target=review.close, name="review-closing")
            closer.start()
            self._closers.append(closer)
        self._review, self._wires, self._looked, self._video = [], [], [], ""
        self._looks.slot.take()
        self._changes.slot.take()
        self.repairs.set_review([])
        self.canvas.clear()
        self.bar.forget()
        self._look()

    def stopped(self) -> bool:
        """Whether everything that was closed has come to its end; waits for nothing."""
        self._closers = [closer for closer in self._closers if closer.is_alive()]
        return not self._closers

    def session_grew(self) -> None:
        """Something was measured: look for it."""
        for review in self._review:
            review.refresh()

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
        for closer in self._closers:
            closer.join()
        super().closeEvent(event)

    # What is seen

    def _paint(self) -> None:
        for looked in self._looks.slot.take():
            if self._review:
                self._looked = [looked]
                self.canvas.show_result(looked.frame, looked.tracks)
                self.timeline.set_cursor(looked.frame.time)
                self._tell_repairs()

    def _look(self) -> None:
        """Something about playing or about the session is new."""
        self._changes.slot.take()
        before = self._account
        self._state = self._review[0].player.state() if self._review else Playing()
        self._account = self._review[0].account() if self._review else Account()
        state, account = self._state, self._account
        self.transport.tell(state)
        self.timeline.set_extent(state.start_s, max(state.end_s, state.start_s))
        self.timeline.set_loop(*state.loop)
        if account.chart is not before.chart:
            self.timeline.set_chart(account.chart)
            self.people.set_chart(account.chart, self.timeline.selection)
            self._tell_cast()
        if account is not before:
            self._tell_account()
        if self._video and state.phase != "opening":
            self.canvas.say(self.tr("No picture") if state.phase == "failed" else "")
            self.canvas.set_pixel_aspect(state.info.pixel_aspect)
        told = (account.trouble or state.message, account.details or state.details)
        if told != self._told:
            self._told = told
            self.trouble.set(*told)
        self.export.setEnabled(bool(account.session) and bool(self._looked or account.chart.rows))
        self._tell_repairs()

    _told = ("", "")

    def _tell_account(self) -> None:
        account = self._account
        if account.said:
            self.status.setText(account.said)
        elif self.timeline.selection == ():
            count = len(account.chart.rows)
            self.status.setText(self.tr("{0} people").format(count) if count != 1 else self.tr("1 person"))
        if not account.session:
            self.status.setText("")
        self.bar.tell(self._video, account)

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
        if add and who and self.timeline.selection[:1] not in ((), (who,)):
            self.timeline.select((self.timeline.selection[0], who))
        else:
            self.timeline.select((who,) if who else ())

    def _canvas_menu(self, x: float, y: float, place: QPoint) -> None:
        who = self.canvas.person_at(x, y)
        if who and who not in self.timeline.selection:
            self.timeline.select((who,))
        self.repairs.menu(place, self)

    def _with_player(self, what: Callable[[Review], None]) -> None:
        for review in self._review:
            what(review)

    def _play(self, on: bool) -> None:
        self._with_player(lambda review: review.player.play() if on else review.player.pause())

    def _loop(self, on: bool) -> None:
        """All of it, unless a range was chosen before."""
        start, end = (self._state.start_s, self._state.end_s) if on else (0.0, 0.0)
        self._with_player(lambda review: review.player.set_loop(start, end))

    def _loop_end(self, first: bool) -> None:
        """The loop begins, or ends, at the picture shown."""
        here, loop = self.timeline.cursor_s, self._state.loop
        start, end = loop if loop[1] > loop[0] else (self._state.start_s, self._state.end_s)
        start, end = (here, max(end, here)) if first else (min(start, here), here)
        self._with_player(lambda review: review.player.set_loop(start, end))

    def _process(self) -> None:
        if self._video:
            self.process_wanted.emit([self._video])

    def _export(self) -> ExportDialog:
        """Open the dialog for it."""
        account, state = self._account, self._state
        material = Material(
            video=self._video,
            session=Path(account.session),
            chart=account.chart,
            chosen=self.timeline.selection,
            loop=state.loop,
            extent=(state.start_s, state.end_s),
            looked=tuple(self._looked),
            folder=self.output_folder(),
        )
        dialog = ExportDialog(material, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def _release(self) -> None:
        self.timeline.select(())
        self.canvas.follow(0)

    def actions(self) -> list[QAction]:
        """Everything that can be done here, by keys and menus."""
        return super().actions()

    def _act(self) -> None:
        tr = self.tr
        for name, text, keys, tip, do in (
            (
                "loop_start",
                tr("Loop from here"),
                "[",
                tr("The loop begins at this picture"),
                lambda: self._loop_end(True),
            ),
            (
                "loop_end",
                tr("Loop to here"),
                "]",
                tr("The loop ends at this picture"),
                lambda: self._loop_end(False),
            ),
            (
                "zoom_time_in",
                tr("Timeline: more detail"),
                "+",
                tr("Show less time, larger"),
                lambda: self._zoom(1.5),
            ),
            (
                "zoom_time_out",
                tr("Timeline: less detail"),
                "-",
                tr("Show more time"),
                lambda: self._zoom(1 / 1.5),
            ),
            (
                "zoom_time_all",
                tr("Timeline: all of it"),
                "0",
                tr("Show the whole recording"),
                self.timeline.show_all,
            ),
            ("release", tr("Choose nobody"), "Esc", tr("Choose nobody, zoom with nobody"), self._release),
            ("process", tr("Process"), "", tr("Find the people in this recording"), self._process),
        ):
            action(self, f"recorded.{name}", text, keys, tip, do)
        tip = tr("Write results as a table, a video or another format")
        self.export = action(self, "recorded.export", tr("Export…"), "Ctrl+E", tip, self._export)

    def _zoom(self, factor: float) -> None:
        self.timeline.zoom(factor, self.timeline.cursor_s)

    def _connect(self) -> None:
        timeline, transport = self.timeline, self.transport
        timeline.sought.connect(lambda s: self._with_player(lambda review: review.player.seek(s)))
        for stepped in (timeline.stepped, transport.stepped):
            stepped.connect(lambda n: self._with_player(lambda review: review.player.step(n)))
        timeline.loop_changed.connect(lambda a, b: self._with_player(lambda r: r.player.set_loop(a, b)))
        timeline.selection_changed.connect(self._selected_in_timeline)
        timeline.menu_wanted.connect(lambda _who, place: self.repairs.menu(place, self))
        timeline.rename_wanted.connect(self.repairs.ask_name)
        transport.play_wanted.connect(self._play)
        transport.speed_wanted.connect(lambda x: self._with_player(lambda review: review.player.set_speed(x)))
        transport.loop_wanted.connect(self._loop)
        self.people.chosen.connect(self._selected_in_list)
        self.people.rename_wanted.connect(self.repairs.ask_name)
        self.people.menu_wanted.connect(lambda _who, place: self.repairs.menu(place, self))
        self.canvas.clicked.connect(self._click)
        self.canvas.menu_wanted.connect(self._canvas_menu)
        self.bar.process_wanted.connect(self._process)

    def _lay_out(self) -> None:
        self.sides = QSplitter(Qt.Orientation.Horizontal, self)
        self.sides.addWidget(self.canvas)
        self.sides.addWidget(self.people)
        self.sides.setStretchFactor(0, 1)
        self.sides.setSizes([900, 250])
        below = QWidget(self)
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.addWidget(self.transport, 1)
        column.addLayout(row)
        column.addWidget(self.timeline, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 3, 0, 3)
        foot.addWidget(self.repairs.bar(below))
        self.status.setContentsMargins(0, 0, 12, 0)
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setAccessibleName(self.tr("What was done"))
        foot.addWidget(self.status, 1)
        column.addLayout(foot)
        self.halves = QSplitter(Qt.Orientation.Vertical, self)
        self.halves.addWidget(self.sides)
        self.halves.addWidget(below)
        self.halves.setStretchFactor(0, 1)
        self.halves.setChildrenCollapsible(False)
        self.halves.setSizes([560, 240])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.trouble)
        whole.addWidget(self.bar)
        whole.addWidget(self.halves, 1)


class _Wire:
    """From other threads to the page, until the page hangs up."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._whole = True

    def send(self, what: Callable[[], None]) -> None:
        with self._lock:
            if self._whole:
                what()

    def cut(self) -> None:
        with self._lock:
            self._whole = False
