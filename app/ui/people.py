"""Everybody in a session as a list: colour, name, from when to when."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from app.painting.palette import Bgr, shades
from app.playback.lanes import EMPTY, Chart, Row, moment

WHO = Qt.ItemDataRole.UserRole


class People(QTreeWidget):
    """Choosing somebody here chooses the lane, and the other way round."""

    chosen = Signal()  #: `people()` is another
    rename_wanted = Signal(int)  #: id
    menu_wanted = Signal(int, object)  #: id, 0: nobody; global position

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("People"))
        self.setHeaderLabels([self.tr("Person"), self.tr("From"), self.tr("To"), self.tr("Sure")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self.header()
        header.setStretchLastSection(False)
        header.setResizeContentsPrecision(20)  # rows that are measured: in a crowd, all of them take long
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._chart: Chart = EMPTY
        self._items: list[QTreeWidgetItem] = []
        self._chips: dict[Bgr, QIcon] = {}
        self.itemSelectionChanged.connect(self.chosen)
        self.itemDoubleClicked.connect(lambda item, _column: self.rename_wanted.emit(item.data(0, WHO)))
        self.customContextMenuRequested.connect(self._menu)

    def set_chart(self, chart: Chart, selection: tuple[int, ...]) -> None:
        """Everybody anew."""
        self._chart = chart
        self.blockSignals(True)
        place = self.verticalScrollBar().value()
        self.clear()
        self._items = [self._item(row) for row in chart.rows]
        self.addTopLevelItems(self._items)
        self._mark(selection)
        self.verticalScrollBar().setValue(place)
        self.blockSignals(False)

    def select(self, people: tuple[int, ...]) -> None:
        """Mark them, without saying that they were chosen."""
        if set(people) != set(self.people()):
            self.blockSignals(True)
            self._mark(people)
            self.blockSignals(False)
            self.viewport().update()

    def people(self) -> tuple[int, ...]:
        """Ids of those who are marked."""
        return tuple(int(item.data(0, WHO)) for item in self.selectedItems())

    def _mark(self, people: tuple[int, ...]) -> None:
        """All at once: one by one would take long in a crowd."""
        chosen = QItemSelection()
        for item in self._items:
            if item.data(0, WHO) in people:
                index = self.indexFromItem(item)
                chosen.select(index, index)
                if item.data(0, WHO) == people[-1]:
                    self.scrollToItem(item)
        both = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().select(chosen, both)

    def _item(self, row: Row) -> QTreeWidgetItem:
        first, last = (moment(float(self._chart.times[row.positions[end]])) for end in (0, -1))
        sure = f"{100 * row.sums[-1] / max(1, len(row.positions)):.0f} %"
        name = f"{row.id}  {row.name}" if row.name else str(row.id)
        item = QTreeWidgetItem([name, first, last, sure])
        item.setData(0, WHO, row.id)
        colour = shades(row.id).middle
        if colour not in self._chips:
            self._chips[colour] = chip(row.id)
        item.setIcon(0, self._chips[colour])
        item.setToolTip(0, self.tr("In {0} pictures; double-click to give a name").format(len(row.positions)))
        for column in (1, 2, 3):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _menu(self, place: QPoint) -> None:
        item = self.itemAt(place)
        self.menu_wanted.emit(item.data(0, WHO) if item else 0, self.viewport().mapToGlobal(place))


def chip(who: int) -> QIcon:
    """The colour of an id."""
    blue, green, red = shades(who).middle
    picture = QPixmap(36, 36)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(red, green, blue))
    painter.drawRoundedRect(4, 4, 28, 28, 9, 9)
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # as it is, not tinted
    return icon
