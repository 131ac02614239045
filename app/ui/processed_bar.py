"""A friendly line over a recording that nobody has looked for people in, or not to its end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.playback.lanes import moment
from app.playback.looked import Account
from app.ui.wording import in_window
from app.work import Work


class ProcessedBar(QFrame):
    """Hidden when everything has been measured."""

    process_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Processing"))
        self._line = QLabel(self)
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self._line.setWordWrap(True)
        self._line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(self.tr("Process"), self)
        self.button.setToolTip(self.tr("Find the people in this recording, in the background"))
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._line, 1)
        row.addWidget(self.button)
        self.hide()

    def tell(self, video: str, account: Account, work: Sequence[Work]) -> None:
        """Say how far a recording has been processed, and what is being done about it in the queue."""
        if not video or not account.looked_for or account.finished:
            self.hide()
            return
        times = account.chart.times
        until = moment(float(times[-1])) if len(times) else ""
        state = work[-1].state if work else ""
        self._say(self._text(until, state, in_window(work[-1].message) if work else ""))
        self.button.setVisible(state not in ("waiting", "working"))
        self.button.setText(self.tr("Go on") if until else self.tr("Process"))
        self.show()

    def text(self) -> str:
        """What is said."""
        return self._line.text()

    def _text(self, until: str, state: str, message: str) -> str:
        if state == "waiting":
            return self.tr("In the queue; people appear here as they are found")
        if state == "working" and until:
            return self.tr("Processed to {0}; more is coming").format(until)
        if state == "working":
            return self.tr("Looking for people; they appear here as they are found")
        if state == "failed":
            return self.tr("Could not be processed: {0}").format(message)
        if until:
            return self.tr("Processed to {0} only").format(until)
        return self.tr("Not processed yet: nobody has looked for people in this recording")

    def _say(self, text: str) -> None:
        self._line.setText(text)
        self._line.setAccessibleName(text)

    def _ask(self) -> None:
        self.button.hide()
        self._say(self._text("", "waiting", ""))
        self.process_wanted.emit()
