"""One value each, in a widget: what settings are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, QLocale, Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from app.choices import Choice
from app.ui.marks import Box

Value = str | float | int | bool
NARROW_PX = 150  #: of a number


class Editor(Protocol):
    """A widget that holds one value."""

    changed: SignalInstance

    def value(self) -> Value: ...
    def set_value(self, value: Value) -> None: ...
    def said(self, value: Value) -> str:
        """The value as people read it."""


class Switch(Box):
    """On or off."""

    changed = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.toggled.connect(self.changed)

    def value(self) -> Value:
        return self.isChecked()

    def set_value(self, value: Value) -> None:
        self.setChecked(bool(value))

    def said(self, value: Value) -> str:
        return self.tr("on") if value else self.tr("off")


class Number(QDoubleSpinBox):
    """A number in a range; `lowest` is what the least one means, where that is no number."""

    changed = Signal()

    def __init__(
        self,
        least: float,
        most: float,
        *,
        decimals: int = 0,
        unit: str = "",
        lowest: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setDecimals(decimals)
        self.setRange(least, most)
        self.setSingleStep(0.05 if decimals else 1)
        self.setLocale(QLocale.c())  # as the files and the command line write numbers
        self.setSuffix(unit)
        self.setSpecialValueText(lowest)
        self.setMinimumWidth(NARROW_PX)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a wheel that scrolls the page changes nothing
        self.valueChanged.connect(self.changed)

    def value(self) -> float:
        found = super().value()
        return round(found, self.decimals()) if self.decimals() else int(found)

    def set_value(self, value: Value) -> None:
        self.setValue(float(value))

    def said(self, value: Value) -> str:
        lowest = self.specialValueText()
        if lowest and float(value) <= self.minimum():
            return lowest
        return f"{float(value):g}{self.suffix()}"

    def textFromValue(self, value: float) -> str:  # noqa: N802 (Qt's name)
        return f"{value:g}"

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()


class Choices(QComboBox):
    """One of several values; what is set and not among them joins them. `files`: or a file of such a kind."""

    changed = Signal()

    def __init__(self, choices: Sequence[Choice], *, files: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files, self._value = files, choices[0].value if choices else ""
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.offer(choices)
        self.activated.connect(self._picked)

    def offer(self, choices: Sequence[Choice]) -> None:
        """Have these to choose from, with what is chosen now."""
        self._choices = list(choices)
        self.clear()
        for choice in choices:
            self.addItem(choice.text, choice.value)
        if self._files:
            self.addItem(self.tr("A file…"), None)
        self.set_value(self._value)

    def value(self) -> str:
        return self._value

    def set_value(self, value: Value) -> None:
        value = str(value)
        if self.findData(value) < 0:
            self.insertItem(len(self._choices), self.said(value), value)
            self.setItemData(len(self._choices), value, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self.findData(value))
        if value != self._value:
            self._value = value
            self.changed.emit()

    def said(self, value: Value) -> str:
        known = next((each.text for each in self._choices if each.value == value), "")
        return known or (Path(str(value)).name if self._files else str(value))

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()

    def _picked(self, index: int) -> None:
        value = self.itemData(index)
        if value is None:
            value, _ = QFileDialog.getOpenFileName(
                self, self.tr("Choose a network"), str(Path(self._value).parent), self._files
            )
        self.set_value(value or self._value)


class Folder(QWidget):
    """The path of a folder."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._line.textChanged.connect(self.changed)
        self._choose = QPushButton(self.tr("Choose…"), self)
        self._choose.setAutoDefault(False)
        self._choose.setToolTip(self.tr("Choose a folder"))
        self._choose.setAccessibleName(self.tr("Choose a folder"))
        self._choose.clicked.connect(self._ask)
        self.setFocusProxy(self._line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line, 1)
        row.addWidget(self._choose)

    def value(self) -> Value:
        return self._line.text().strip()

    def set_value(self, value: Value) -> None:
        self._line.setText(str(value))

    def said(self, value: Value) -> str:
        return str(value)

    def setAccessibleName(self, name: str) -> None:  # noqa: N802 (Qt's name)
        super().setAccessibleName(name)
        self._line.setAccessibleName(name)

    def _ask(self) -> None:
        if found := QFileDialog.getExistingDirectory(self, self.tr("Choose a folder"), self._line.text()):
            self._line.setText(found)
