"""One setting: its title, its value, what it does, its default, and the way back to that."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.fields import Editor, Number, Switch, Value


class Row(QWidget):
    """A value with its title, what it does, its default, and the way back to that."""

    def __init__(
        self, title: str, editor: QWidget, explained: str, usual: Value, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.title, self.usual, self.editor = title, usual, editor
        self._held: Editor = editor  # type: ignore[assignment]  # a widget that is one
        editor.setAccessibleName(title)
        editor.setAccessibleDescription(explained)
        editor.setToolTip(explained)
        self._reset = QToolButton(self)
        self._reset.setText("↺")
        self._reset.setAutoRaise(True)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when it comes and goes
        self._reset.setSizePolicy(policy)
        self._reset.setAccessibleName(self.tr("Reset: {0}").format(title))
        self._reset.setToolTip(self.tr("Back to the default: {0}").format(self._held.said(usual)))
        self._reset.clicked.connect(lambda: self._held.set_value(self.usual))
        self._told = QLabel(explained, self)
        self._told.setWordWrap(True)
        default = self.tr("Default: {0}").format(self._held.said(usual))
        self._told.setText(f"{explained} {default}.")
        if isinstance(editor, Switch):
            editor.setText(title)  # beside its box
        beside = QHBoxLayout()
        beside.addWidget(editor)
        beside.addWidget(self._reset)
        if isinstance(editor, Number | Switch):
            beside.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(3)
        if not isinstance(editor, Switch):
            name = QLabel(title, self)
            name.setBuddy(editor)
            column.addWidget(name)
        column.addLayout(beside)
        column.addWidget(self._told)
        self._held.changed.connect(self._follow)
        self._follow()
        self._colour()

    def value(self) -> Value:
        return self._held.value()

    def set_value(self, value: Value) -> None:
        self._held.set_value(value)

    def reset(self) -> None:
        """The default again."""
        self._held.set_value(self.usual)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _follow(self) -> None:
        self._reset.setVisible(self.value() != self.usual)

    def _colour(self) -> None:
        colours = QPalette()
        colours.setColor(QPalette.ColorRole.WindowText, theme.quiet(self.palette()))
        self._told.setPalette(colours)
