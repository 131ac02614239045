"""The main window: a start page, a live page and a recorded page, one of which is in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.sources.naming import camera_number, is_address, spoken
from app.sources.pictures import ENDINGS
from app.ui.engine_dialog import EngineDialog
from app.ui.keys import Keys
from app.ui.live_page import LivePage
from app.ui.menus import Menus
from app.ui.model_dialog import ModelDialog
from app.ui.preferences import Preferences
from app.ui.queue_panel import QueuePanel
from app.ui.recorded import RecordedPage
from app.ui.settings_dialog import SettingsDialog
from app.ui.start import StartPage
from app.ui.trouble import Trouble

CLOSING_MS, PATIENCE_S = 50, 6.0  #: how often it is looked whether all has ended, and for how long at most


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
        self._closing_since_ms = -1
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
        self.live_page.stop()
        self.recorded_page.close_source()
        self.start_page.set_recent(self.preferences.recent())
        self._show(self.start_page, "")

    def open(self, source: str) -> None:
        """Show a camera, a stream or a recording."""
        self.trouble.set("")
        if camera_number(source) >= 0 or is_address(source):
            name = spoken(source) if is_address(source) else source
            self.recorded_page.close_source()
            self._show(self.live_page, name)
            self.live_page.start(source)
        elif Path(source).is_dir() or Path(source).suffix.lower() in ENDINGS:
            self.process([source])
            return
        else:
            self.live_page.stop()
            self._show(self.recorded_page, Path(source).name)
            self.recorded_page.open(source)
        self.preferences.add_recent(source)

    def open_several(self, sources: Sequence[str]) -> None:
        """Look at one, put several into the queue."""
        if len(sources) == 1 and not Path(sources[0]).is_dir():
            self.open(sources[0])
        elif sources:
            self.process(sources)

    def process(self, sources: Sequence[str]) -> None:
        """Work on recordings in the background."""
        settings = replace(self.preferences.settings(), output=str(self.preferences.output_folder()))
        for source in sources:
            self.queue_panel.queue.add(source, settings)
        self.queue_dock.show()

    # Around

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Complete what is being written, without freezing, and then close."""
        works = [work for work in self.queue_panel.works() if work.state in ("waiting", "working")]
        if self._closing_since_ms < 0 and works and not self._agreed(len(works)):
            event.ignore()
            return
        if self._closing_since_ms < 0:
            self._closing_since_ms = 0
            self.preferences.set_geometry(self.saveGeometry())
            self.live_page.stop()
            self.recorded_page.close_source()
            self.start_page.stop_previews()
            self.queue_panel.close_queue()
        pages = self.live_page.stopped() and self.recorded_page.stopped()
        over = pages and self.queue_panel.closed() and self.start_page.holds_no_camera()
        if over or self._closing_since_ms > 1000 * PATIENCE_S:
            self.start_page.close_page()
            event.accept()
            super().closeEvent(event)
            return
        event.ignore()
        self._closing_since_ms += CLOSING_MS
        self.setEnabled(False)
        self.statusBar().showMessage(self.tr("Completing what is being written…"))
        QTimer.singleShot(CLOSING_MS, self.close)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        QTimer.singleShot(0, lambda: self.open_several(paths))

    def _agreed(self, number: int) -> bool:
        text = self.tr("Recordings still being processed: {0}. Stop them and close?").format(number)
        note = self.tr("What is done is kept; processing them again goes on from there.")
        return (
            QMessageBox.question(self, self.tr("Close Kinetrail"), f"{text}\n\n{note}")
            == QMessageBox.StandardButton.Yes
        )

    def _show(self, page: QWidget, name: str) -> None:
        self.pages.setCurrentWidget(page)
        self.setWindowTitle(f"{name} - Kinetrail" if name else "Kinetrail")
        self.menus.turn_to(page)
        page.setFocus()

    def _follow_preferences(self) -> None:
        self.recorded_page.set_view(replace(self.preferences.view(), mirror=False))

    def _worked(self) -> None:
        """A recording in the queue has come further: whoever shows it looks again."""
        self.recorded_page.session_grew()

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
        self.live_page.fine.connect(lambda: self.trouble.set(""))
        self.recorded_page.process_wanted.connect(self.process)
        self.queue_panel.open_wanted.connect(self.open)
        self.queue_panel.worked.connect(self._worked)
        self.preferences.changed.connect(self._follow_preferences)
        self.preferences.troubled.connect(self.trouble.set)

    def _act(self) -> None:
        tr = self.tr
        queue = self.queue_dock.toggleViewAction()
        queue.setObjectName("window.queue")
        queue.setShortcut("Ctrl+J")
        queue.setToolTip(tr("What is worked on in the background"))
        file = (
            ("window.open", tr("Open video…"), "Ctrl+O", tr("Look at a recording"), self._ask_file),
            ("window.home", tr("Start page"), "Ctrl+Home", tr("Cameras, recordings"), self.show_start),
            ("window.quit", tr("Quit"), "Ctrl+Q", tr("Close Kinetrail"), self.close),
        )
        tools = (
            ("window.settings", tr("Settings…"), "Ctrl+,", tr("Networks, smoothing, looks"), self._settings),
            ("window.models", tr("Networks…"), "", tr("Networks that others published"), self._models),
            ("window.engine", tr("Build engine for this GPU…"), "", tr("For TensorRT"), self._engine),
        )
        helps = (
            ("window.full", tr("Full screen"), "F11", tr("Nothing but the window"), self._full),
            ("window.keys", tr("Keyboard…"), "?", tr("What every key does"), self.keys.sheet),
            ("window.about", tr("About Kinetrail"), "", tr("Version and licence"), self._about),
        )
        self.menus.add(tr("&File"), file)
        self.menus.add_page(tr("&Start"), self.start_page)
        self.menus.add_page(tr("&Live"), self.live_page)
        self.menus.add_page(tr("&Recording"), self.recorded_page)
        self.menus.add(tr("&Tools"), tools, [queue])
        self.menus.add(tr("&Help"), helps)

    def _ask_file(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Open video"))
        self.open_several(names)

    def _settings(self) -> None:
        SettingsDialog(self.preferences, self).open()

    def _models(self) -> None:
        ModelDialog(self).open()

    def _engine(self) -> None:
        dialog = EngineDialog(self.preferences, self)
        dialog.built.connect(self.live_page.restart)
        dialog.open()

    def _full(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def _about(self) -> None:
        from app import __version__

        text = self.tr("Follows every person in a video, joint by joint.")
        QMessageBox.about(self, "Kinetrail", f"Kinetrail {__version__}\n\n{text}\n\nAGPL-3.0-or-later")
