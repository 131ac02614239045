"""What can be ticked is seen before it is ticked, dark and light."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from canvases import pixels
from eyesight import contrast
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.fields import Switch
from app.ui.marks import Circle, Ticks

Scheme = Qt.ColorScheme


@pytest.fixture(params=[Scheme.Dark, Scheme.Light], ids=["dark", "light"])
def dressed(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    before, style = qapp.palette(), qapp.style().objectName()
    qapp.setStyle("Fusion")
    qapp.setPalette(theme.palette(request.param))
    yield
    qapp.setPalette(before)
    qapp.setStyle(style)


def edges(widget: QWidget, place: QRect) -> float:
    """The contrast of an outline around `place` with what it stands on: of the weakest side."""
    QApplication.processEvents()
    shown = pixels(widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))
    ground = shown[place.top() - 2, place.center().x()]
    x, y = place.center().x(), place.center().y()
    across, down = slice(x - 1, x + 2), slice(y - 1, y + 2)
    sides = (
        shown[place.top() : place.top() + 2, across],
        shown[place.bottom() - 1 : place.bottom() + 1, across],
        shown[down, place.left() : place.left() + 2],
        shown[down, place.right() - 1 : place.right() + 1],
    )
    return min(max(contrast(hexed(ink), hexed(ground)) for ink in side.reshape(-1, 3)) for side in sides)


def hexed(colour: np.ndarray) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)


def indicator(widget: QCheckBox | QRadioButton) -> QRect:
    option = QStyleOptionButton()
    widget.initStyleOption(option)
    box = isinstance(widget, QCheckBox)
    element = QStyle.SubElement.SE_CheckBoxIndicator if box else QStyle.SubElement.SE_RadioButtonIndicator
    return widget.style().subElementRect(element, option, widget)


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("kind", [Switch, Circle])
def test_boxes_and_circles_that_are_not_ticked_are_seen(
    kind: type[QCheckBox | QRadioButton], qtbot: QtBot
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    mark = kind("Blur faces", page)
    page.resize(200, 60)
    mark.move(20, 20)
    page.show()
    assert edges(page, indicator(mark).translated(mark.pos())) >= 3.0


@pytest.mark.usefixtures("dressed")
def test_lines_of_a_list_that_are_not_ticked_are_seen(qtbot: QtBot) -> None:
    page = QListWidget()
    qtbot.addWidget(page)
    page.setItemDelegate(Ticks(page))
    item = QListWidgetItem("1  Ada", page)
    item.setCheckState(Qt.CheckState.Unchecked)
    plain = QListWidgetItem("2", page)
    page.show()
    option = QStyleOptionViewItem()
    page.initViewItemOption(option)
    option.rect = page.visualItemRect(item)
    page.itemDelegate().initStyleOption(option, page.indexFromItem(item))
    element = QStyle.SubElement.SE_ItemViewItemCheckIndicator
    place = page.style().subElementRect(element, option, page)
    assert edges(page.viewport(), place) >= 3.0
    below = place.translated(0, page.visualItemRect(plain).y() - option.rect.y())
    assert edges(page.viewport(), below) < 1.5  # what cannot be ticked has no box
