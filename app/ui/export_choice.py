"""Of whom, and from when to when: two parts of the window to export."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.playback.exporting import Material
from app.playback.lanes import moment
from app.ui.marks import Circle, Ticks
from app.ui.people import WHO, chip

ROUNDING_S = 0.0005  #: what is typed has three decimals, and pictures at both ends are to be in it


class PeopleChoice(QWidget):
    """A list to tick; everybody at first."""

    changed = Signal()

    def __init__(self, material: Material, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chosen = material.chosen
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("People"))
        self.list.setMinimumHeight(110)
        self.list.setItemDelegate(Ticks(self.list))
        for row in material.chart.rows:
            item = QListWidgetItem(
                chip(row.id), f"{row.id}  {row.name}" if row.name else str(row.id), self.list
            )
            item.setData(WHO, row.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.list.itemChanged.connect(lambda _item: self.changed.emit())
        buttons = QHBoxLayout()
        for text, tip, do in (
            (self.tr("Everybody"), self.tr("Tick everybody"), lambda: self.tick(self._everybody())),
            (self.tr("Nobody"), self.tr("Tick nobody"), lambda: self.tick(())),
            (
                self.tr("Chosen"),
                self.tr("Tick those who are chosen in the timeline"),
                lambda: self.tick(self._chosen),
            ),
        ):
            button = QPushButton(text, self)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(do)
            buttons.addWidget(button)
        button.setEnabled(bool(self._chosen))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)

    def tick(self, people: tuple[int, ...]) -> None:
        """Those, and nobody else."""
        self.list.blockSignals(True)
        for item in self._items():
            ticked = Qt.CheckState.Checked if item.data(WHO) in people else Qt.CheckState.Unchecked
            item.setCheckState(ticked)
        self.list.blockSignals(False)
        self.changed.emit()

    def people(self) -> tuple[int, ...]:
        """Ids of those who are ticked."""
        ticked = (item for item in self._items() if item.checkState() == Qt.CheckState.Checked)
        return tuple(int(item.data(WHO)) for item in ticked)

    def _everybody(self) -> tuple[int, ...]:
        return tuple(int(item.data(WHO)) for item in self._items())

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(n) for n in range(self.list.count())]


class RangeChoice(QWidget):
    """All of it, the loop, or from one time to another."""

    changed = Signal()

    def __init__(self, material: Material, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._loop = material.loop
        looped = material.loop[1] > material.loop[0]
        (start, end), far = material.extent, material.extent[1]
        loop = self.tr("The loop")
        if looped:
            loop = self.tr("The loop, {0} to {1}").format(*(moment(each) for each in material.loop))
        self.whole, self.loop = Circle(self.tr("All of it"), self), Circle(loop, self)
        self.part = Circle(self.tr("From"), self)
        self.loop.setEnabled(looped)
        if not looped:
            self.loop.setToolTip(self.tr("Choose a loop first: Shift and dragging in the timeline"))
        self._group = QButtonGroup(self)
        for button in (self.whole, self.loop, self.part):
            self._group.addButton(button)
        self.whole.setChecked(True)
        self.first, self.last = QDoubleSpinBox(self), QDoubleSpinBox(self)
        for box, value, name in ((self.first, start, self.tr("From")), (self.last, far, self.tr("To"))):
            box.setAccessibleName(name)
            box.setDecimals(3)
            box.setSuffix(" s")
            box.setRange(start, max(start, end) + 0.01)
            box.setValue(value)
            box.valueChanged.connect(lambda _value: self.part.setChecked(True))
            box.valueChanged.connect(lambda _value: self.changed.emit())
        self._group.buttonToggled.connect(lambda _button, on: self.changed.emit() if on else None)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.whole, 0, 0, 1, 4)
        grid.addWidget(self.loop, 1, 0, 1, 4)
        for column, widget in enumerate((self.part, self.first, QLabel(self.tr("to"), self), self.last)):
            grid.addWidget(widget, 2, column)
        grid.setColumnStretch(4, 1)

    def seconds(self) -> tuple[float, float]:
        """From and to, both included; infinite where there is no end."""
        if self.whole.isChecked():
            return float("-inf"), float("inf")
        if self.loop.isChecked():
            return self._loop
        first, last = sorted((self.first.value(), self.last.value()))
        return first - ROUNDING_S, last + ROUNDING_S
