"""The bar that says what went wrong and what to do, without stopping anybody's work."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.complaint import trouble_of as trouble_of
from app.ui import theme
from app.ui.wording import in_window


class Trouble(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("What went wrong"))
        self.setAutoFillBackground(True)
        self._details = ""
        self._mark = QLabel("!", self)
        self._mark.setAccessibleName(self.tr("Attention"))
        self._line = QLabel(self)
        self._line.setObjectName("trouble.message")
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self._line.setWordWrap(True)
        self._line.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._copy = QPushButton(self.tr("Copy details"), self)
        self._copy.setToolTip(self.tr("What happened, and the versions, to the clipboard; without passwords"))
        self._copy.clicked.connect(self.copy_details)
        self._close = QPushButton(self.tr("Close"), self)
        self._close.setAccessibleName(self.tr("Close the message"))
        self._close.setToolTip(self.tr("Take this message away"))
        self._close.clicked.connect(lambda: self.set(""))
        for button in (self._copy, self._close):
            button.setAutoDefault(False)  # in a dialog, Enter stays with the dialog's own
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(10)
        for widget in (self._mark, self._line, self._copy, self._close):
            row.addWidget(widget, 1 if widget is self._line else 0)
        self._colour()
        self.hide()
        if parent is not None:
            parent.installEventFilter(self)  # with colours of its own, it is not told that others change

    def set(self, message: str, details: str = "") -> None:
        """Say it, in place of what was said before; "" for nothing."""
        message = in_window(message)
        self._line.setText(message)
        self._line.setAccessibleName(message)
        self._details = details
        self._copy.setVisible(bool(details))
        self._copy.setText(self.tr("Copy details"))
        self.setVisible(bool(message))

    def show_error(self, error: BaseException) -> None:
        """Say what went wrong in plain words."""
        self.set(*trouble_of(error))

    def message(self) -> str:
        """What is said now."""
        return self._line.text()

    def copy_details(self) -> None:
        """The message and its details, on the clipboard."""
        QGuiApplication.clipboard().setText(f"{self._line.text()}\n\n{self._details}")
        self._copy.setText(self.tr("Copied"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._colour()

    def _colour(self) -> None:
        """A ground with a breath of the signal's colour, on which text is as readable as elsewhere."""
        colours = QPalette(QGuiApplication.palette())
        ground, signal = colours.color(QPalette.ColorRole.Base), theme.amber(colours)
        mixed = QColor.fromRgbF(
            *(
                0.9 * a + 0.1 * b
                for a, b in (
                    (ground.redF(), signal.redF()),
                    (ground.greenF(), signal.greenF()),
                    (ground.blueF(), signal.blueF()),
                )
            )
        )
        colours.setColor(QPalette.ColorRole.Window, mixed)
        self.setPalette(colours)
        self._mark.setStyleSheet(
            f"color: {ground.name()}; background: {signal.name()}; border-radius: 9px;"
            " min-width: 18px; max-width: 18px; min-height: 18px; max-height: 18px;"
            " font-weight: bold; qproperty-alignment: AlignCenter;"
        )
