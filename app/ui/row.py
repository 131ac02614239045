"""One setting: its title, its value, what it does, its default, and the way back to that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

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
        switch = isinstance(editor, Switch)
        editor.setAccessibleName(title)
        editor.setAccessibleDescription(explained)
        editor.setToolTip(explained)
        self._reset = QToolButton(self)
        self._reset.setText("↺")
        self._reset.setAutoRaise(True)
        self._reset.setAccessibleName(self.tr("Reset: {0}").format(title))
        self._reset.setToolTip(self.tr("Back to the default: {0}").format(self._held.said(usual)))
        self._reset.clicked.connect(lambda: self._held.set_value(self.usual))
        self._told = QLabel(explained, self)
        self._told.setWordWrap(True)
        default = self.tr("Default: {0}").format(self._held.said(usual))
        self._told.setText(f"{explained} {default}.")
        name = QLabel("" if switch else title, self)
        name.setBuddy(editor)
        name.setVisible(not switch)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        grid.addWidget(name, 0, 0, 1, 3)
        stretch = isinstance(editor, Number)
        grid.addWidget(editor, 1, 0, 1, 2, Qt.AlignmentFlag.AlignLeft if stretch else Qt.AlignmentFlag(0))
        grid.addWidget(self._reset, 1, 2)
        grid.addWidget(self._told, 2, 0, 1, 3)
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
        self._reset.setEnabled(self.value() != self.usual)

    def _colour(self) -> None:
        colours = QPalette()
        colours.setColor(QPalette.ColorRole.WindowText, theme.quiet(self.palette()))
        self._told.setPalette(colours)
