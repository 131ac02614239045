"""The field for the address of a network camera."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.ui.drops import wrong_address
from app.ui.theme import amber


class AddressField(QWidget):
    """One address to type. It is forgotten here as soon as it is `chosen`, because it may hold a password."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wrong = QLabel(self)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(self.tr("Address of a network camera: rtsp://… or http://…"))
        self.field.setAccessibleName(self.tr("Address of a network camera"))
        self.field.setAcceptDrops(False)  # the page takes them
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self.open)
        self.field.textEdited.connect(lambda _text: self._wrong.hide())
        self.button = QPushButton(self.tr("Open address"), self)
        self.button.setToolTip(self.tr("Watch this camera (Enter)"))
        self.button.setMinimumWidth(124)
        self.button.setAutoDefault(True)
        self.button.clicked.connect(self.open)
        self._wrong.setWordWrap(True)
        self._wrong.setTextFormat(Qt.TextFormat.PlainText)
        self._wrong.hide()
        for part in (self.field, self.button):
            part.setMinimumHeight(34)
        self.field.setTextMargins(6, 0, 6, 0)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(row)
        inside.addWidget(self._wrong)

    def open(self) -> None:
        """Choose what stands in the field, or say what is wrong with it."""
        text = self.field.text().strip()
        wrong = wrong_address(text) if text else ""
        self._say(wrong)
        if text and not wrong:
            self.field.setText("")  # clear() could be undone
            self.chosen.emit(text)
        else:
            self.field.setFocus()

    def wrong(self) -> str:
        """What is said below the field."""
        return self._wrong.text() if self._wrong.isVisible() else ""

    def _say(self, wrong: str) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.WindowText, amber(colours))
        self._wrong.setPalette(colours)
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))
