"""How the window goes: it asks where work would be cut short, completes what is written, and then closes."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDialog, QMainWindow, QMessageBox

LOOK_MS, PATIENCE_S = 50, 25.0  #: how often it is looked whether all has ended, and for how long at most


class Leaving(QObject):
    """Waits for the end of everything without freezing the window."""

    def __init__(self, window: QMainWindow, begin: Callable[[], None], ended: Callable[[], bool]) -> None:
        """`begin` asks everything to end, `ended` says whether it has; both return at once."""
        super().__init__(window)
        self._window, self._begin, self._ended = window, begin, ended
        self._since = 0.0
        self._questions: list[QMessageBox] = []
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.over = False  #: the window may close now

    def ask(self, number: int) -> None:
        """So many recordings are still worked on: begin if the user agrees. Returns at once."""
        if self._questions:
            self._questions[0].raise_()
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Close Kinetrail"))
        box.setText(self.tr("Recordings still being processed: {0}. Stop them and close?").format(number))
        box.setInformativeText(self.tr("What is done is kept; processing them again goes on from there."))
        stop = box.addButton(self.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(self.tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        stop.clicked.connect(self.begin)
        box.finished.connect(self._questions.clear)
        self._questions = [box]
        box.open()

    def begin(self) -> None:
        """Let everything end, then close the window."""
        if self._since or self.over:
            return
        self._since = time.monotonic()
        for dialog in self._window.findChildren(QDialog):
            dialog.done(0)
        self._window.setEnabled(False)
        self._window.statusBar().showMessage(self.tr("Completing what is being written…"))
        self._begin()
        self._timer.start()

    def _look(self) -> None:
        if self._ended() or time.monotonic() - self._since > PATIENCE_S:
            self._timer.stop()
            self.over = True
            self._window.close()
