"""The dialogs of the window that belong to no page. All are shown without waiting for their end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QMainWindow, QMessageBox

from app import __version__
from app.ui.engine_dialog import EngineDialog
from app.ui.model_dialog import ModelDialog
from app.ui.preferences import Preferences
from app.ui.settings_dialog import SettingsDialog


class Tools(QObject):
    """Settings, networks, engines, and what this program is."""

    def __init__(self, window: QMainWindow, preferences: Preferences, reopen: Callable[[], None]) -> None:
        """`reopen`: let what runs use what was built."""
        super().__init__(window)
        self._window, self._preferences, self._reopen = window, preferences, reopen

    def settings(self) -> None:
        dialog = SettingsDialog(self._preferences, self._window)
        QTimer.singleShot(0, dialog, dialog.open)  # made and shown in one go, it would hold the window up

    def networks(self) -> None:
        ModelDialog(self._window).open()

    def engine(self) -> None:
        dialog = EngineDialog(self._preferences, self._window)
        dialog.built.connect(self._reopen)
        dialog.open()

    def about(self) -> None:
        text = self.tr("Follows every person in a video, joint by joint.")
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("About Kinetrail"))
        box.setIconPixmap(self._window.windowIcon().pixmap(64, 64))
        box.setText(f"<b>Kinetrail {__version__}</b>")
        box.setInformativeText(f"{text}\n\nAGPL-3.0-or-later")
        box.open()
