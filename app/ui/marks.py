"""Boxes and circles that are ticked, with an outline that is seen on dark ground as well as on light."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QRadioButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui import theme


class Box(QCheckBox):
    """Ticked or not."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        _outline(self, place, round_off=False)


class Circle(QRadioButton):
    """One of several."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonIndicator, option, self)
        _outline(self, place, round_off=True)


class Ticks(QStyledItemDelegate):
    """Lines of a list that can be ticked."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if index.data(Qt.ItemDataRole.CheckStateRole) is None:
            return
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        style = whole.widget.style() if whole.widget else QApplication.style()
        element = QStyle.SubElement.SE_ItemViewItemCheckIndicator
        painter.setPen(theme.quiet(whole.palette))
        painter.drawRect(style.subElementRect(element, whole, whole.widget).adjusted(0, 0, -1, -1))


def _outline(widget: QWidget, place: QRect, *, round_off: bool) -> None:
    """Around what is ticked; paler where it cannot be."""
    colours, painter = widget.palette(), QPainter(widget)
    faded = colours.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
    painter.setPen(theme.quiet(colours) if widget.isEnabled() else faded)
    if round_off:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawEllipse(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5))
    else:
        painter.drawRect(place.adjusted(0, 0, -1, -1))
    painter.end()
