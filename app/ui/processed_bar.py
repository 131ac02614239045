"""A friendly line over a recording that nobody has looked for people in, or not to its end."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app.playback.lanes import moment
from app.playback.looked import Account


class ProcessedBar(QFrame):
    """Hidden when everything has been measured."""

    process_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Processing"))
        self._asked = False
        self._line = QLabel(self)
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(self.tr("Process"), self)
        self.button.setToolTip(self.tr("Find the people in this recording, in the background"))
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._line, 1)
        row.addWidget(self.button)
        self.hide()

    def tell(self, video: str, account: Account) -> None:
        """Say how far a recording has been processed."""
        if not video or not account.looked_for or account.finished:
            self.hide()
            return
        times = account.chart.times
        until = moment(float(times[-1])) if len(times) else ""
        if self._asked:
            waits = self.tr("In the queue; people appear here as they are found")
            text = self.tr("Processed to {0}; more is coming").format(until) if until else waits
        elif until:
            text = self.tr("Processed to {0} only").format(until)
        else:
            text = self.tr("Not processed yet: nobody has looked for people in this recording")
        self._line.setText(text)
        self._line.setAccessibleName(text)
        self.button.setVisible(not self._asked)
        self.button.setText(self.tr("Go on") if until else self.tr("Process"))
        self.show()

    def text(self) -> str:
        """What is said."""
        return self._line.text()

    def forget(self) -> None:
        """Another recording comes: nobody has asked for it yet."""
        self._asked = False
        self.hide()

    def _ask(self) -> None:
        self._asked = True
        self.button.hide()
        self._line.setText(self.tr("In the queue; people appear here as they are found"))
        self.process_wanted.emit()
