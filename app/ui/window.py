"""The main window: a start page, a live page and a recorded page, one of which is in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.arrivals import Arrival, arrive, is_live
from app.sources.naming import camera_number, is_address, spoken
from app.ui.drops import DropFrame, dropped
from app.ui.errand import Errand
from app.ui.keys import Keys
from app.ui.leaving import Leaving
from app.ui.live_page import LivePage
from app.ui.menus import Menus
from app.ui.preferences import Preferences
from app.ui.queue_panel import QueuePanel
from app.ui.recorded import RecordedPage
from app.ui.start import StartPage
from app.ui.tools import Tools
from app.ui.trouble import Trouble
from app.ui.view_actions import view_actions


class Window(QMainWindow):
    """Brings the pages together; none of them knows another."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.setWindowTitle("Kinetrail")
        self.setAcceptDrops(True)
        self.preferences = preferences
        self.trouble = Trouble(self)
        self.start_page = StartPage(self)
        self.live_page = LivePage(preferences, parent=self)
        self.recorded_page = RecordedPage(self)
        self.recorded_page.output_folder = preferences.output_folder
        self.queue_panel = QueuePanel(parent=self)
        self._frame = DropFrame(self)
        self._leaving = Leaving(self, self._end, self._ended)
        self._arriving: Errand[Arrival] = Errand(self, self._arrived, self._not_arrived)
        self._brought: tuple[str, ...] = ()  # what was last asked for
        self._unremembered: tuple[str, ...] = ()  # of it, what is to be offered again if it can be opened
        self.keys = Keys(preferences)
        self.menus = Menus(self, self.keys)
        self._lay_out()
        self._connect()
        self._act()
        self._follow_preferences()
        if geometry := preferences.geometry():
            self.restoreGeometry(geometry)
        else:
            self.resize(1280, 800)
        self.show_start()
        self.trouble.set(preferences.trouble)

    # Pages

    def show_start(self) -> None:
        """Let go of whatever is in view, and offer what there is."""
        self._arriving.close()
        self.live_page.stop()
        self.recorded_page.close_source()
        self.start_page.set_recent(self.preferences.recent())
        self._show(self.start_page, "")

    def open(self, source: str) -> None:
        """Show a camera, a stream or a recording."""
        self.open_several([source])

    def open_several(self, sources: Sequence[str]) -> None:
        """Look at one, put several into the queue. What paths are is found out in a thread."""
        self.trouble.set("")
        self._brought = tuple(sources)
        if len(sources) == 1 and is_live(sources[0]):
            self._arrived(Arrival(watch=sources[0]))
        elif sources:
            self._arriving.start(lambda tell, _stop: tell(arrive(sources)), "arriving")

    def process(self, sources: Sequence[str]) -> None:
        """Work on recordings in the background; what is in the queue already is not put there twice."""
        self.queue_panel.process(sources, self.preferences.settings())
        self.queue_dock.show()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.watch:
            self.recorded_page.close_source()
            camera = self.tr("Camera {0}").format(camera_number(arrival.watch))
            self._show(self.live_page, spoken(arrival.watch) if is_address(arrival.watch) else camera)
            self.live_page.start(arrival.watch)
            self.preferences.add_recent(arrival.watch)
        elif arrival.look:
            self.live_page.stop()
            self._show(self.recorded_page, Path(arrival.look).name)
            self._unremembered = self._brought
            self.recorded_page.open(arrival.look, Path(arrival.session) if arrival.session else None)
            self._worked()
        else:
            self.process(arrival.process)
        if arrival.said:
            self.trouble.set(arrival.said)

    def _not_arrived(self, errors: list[Exception]) -> None:
        for error in errors:
            self.trouble.show_error(error)

    def _remember(self) -> None:
        """Once it is seen that a recording can be opened, it is offered again."""
        if self._unremembered and self.recorded_page.opened.state().phase == "ready":
            self.preferences.add_recent(self._unremembered[0])
            self._unremembered = ()

    # Around

    def leave(self) -> None:
        """Complete what is being written, without freezing and without a question, and then close."""
        self._leaving.begin()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self._leaving.over:
            self._arriving.close()
            self.start_page.close_page()
            event.accept()
            super().closeEvent(event)
            return
        event.ignore()
        if works := self.queue_panel.open_works():
            self._leaving.ask(len(works))
        else:
            self._leaving.begin()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if sources := dropped(event.mimeData()):
            event.acceptProposedAction()
            self._frame.offer(len(sources))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:  # noqa: N802
        self._frame.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._frame.hide()
        sources = dropped(event.mimeData())
        event.acceptProposedAction()
        QTimer.singleShot(0, lambda: self.open_several(sources))

    def _end(self) -> None:
        self.preferences.set_geometry(self.saveGeometry())
        self.live_page.stop()
        self.recorded_page.close_source()
        self.start_page.stop_previews()
        self.queue_panel.close_queue()

    def _ended(self) -> bool:
        pages = self.live_page.stopped() and self.recorded_page.stopped()
        return pages and self.queue_panel.closed() and self.start_page.holds_no_camera()

    def _show(self, page: QWidget, name: str) -> None:
        self.pages.setCurrentWidget(page)
        self.setWindowTitle(f"{name} - Kinetrail" if name else "Kinetrail")
        self.menus.turn_to(page)
        page.setFocus()

    def _follow_preferences(self) -> None:
        self.recorded_page.set_view(replace(self.preferences.view(), mirror=False))

    def _recorded(self, video: str) -> None:
        """A recording is complete: it is offered like whatever was opened."""
        self.preferences.add_recent(video)
        self.start_page.set_recent(self.preferences.recent())

    def _worked(self) -> None:
        """A recording in the queue has come further: whoever shows it looks again."""
        self.recorded_page.session_grew(self.queue_panel.work_on(self.recorded_page.opened.video))

    def _lay_out(self) -> None:
        self.pages = QStackedWidget(self)
        for page in (self.start_page, self.live_page, self.recorded_page):
            self.pages.addWidget(page)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.trouble)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        self.queue_dock = QDockWidget(self.tr("Queue"), self)
        self.queue_dock.setObjectName("queue")
        self.queue_dock.setWidget(self.queue_panel)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.queue_dock)
        self.queue_dock.hide()

    def _connect(self) -> None:
        self.start_page.source_chosen.connect(self.open)
        self.start_page.files_chosen.connect(self.open_several)
        self.live_page.left.connect(self.show_start)
        self.live_page.trouble.connect(self.trouble.set)
        self.live_page.recorded.connect(self._recorded)
        self.recorded_page.process_wanted.connect(self.process)
        self.recorded_page.opened.changed.connect(self._remember)
        self.queue_panel.open_wanted.connect(self.open)
        self.queue_panel.worked.connect(self._worked)
        self.preferences.changed.connect(self._follow_preferences)
        self.preferences.troubled.connect(self.trouble.set)

    def _act(self) -> None:
        tr, tools = self.tr, Tools(self, self.preferences, self.live_page.restart)
        queue = self.queue_dock.toggleViewAction()
        queue.setObjectName("window.queue")
        queue.setShortcut("Ctrl+J")
        queue.setToolTip(tr("What is worked on in the background"))
        file = (
            (
                "window.open",
                tr("Open video…"),
                "Ctrl+O",
                tr("Look at a recording"),
                self.start_page.open_video,
            ),
            ("window.home", tr("Start page"), "Ctrl+Home", tr("Cameras, recordings"), self.show_start),
            ("window.quit", tr("Quit"), "Ctrl+Q", tr("Close Kinetrail"), self.close),
        )
        more = (
            ("window.settings", tr("Settings…"), "Ctrl+,", tr("Networks, smoothing, looks"), tools.settings),
            ("window.models", tr("Networks…"), "", tr("Networks that others published"), tools.networks),
            ("window.engine", tr("Build engine for this GPU…"), "", tr("For TensorRT"), tools.engine),
        )
        helps = (
            ("window.full", tr("Full screen"), "F11", tr("Nothing but the window"), self._full),
            ("window.keys", tr("Keyboard…"), "?", tr("What every key does"), self.keys.sheet),
            ("window.about", tr("About Kinetrail"), "", tr("Version and licence"), tools.about),
        )
        view_actions(self.recorded_page, "recorded", self.recorded_page.canvas, self.preferences)
        self.menus.add(tr("&File"), file)
        self.menus.add_page(tr("&Start"), self.start_page)
        self.menus.add_page(tr("&Live"), self.live_page)
        self.menus.add_page(tr("&Recording"), self.recorded_page)
        self.menus.add(tr("&Tools"), more, [queue])
        self.menus.add(tr("&Help"), helps)

    def _full(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()
