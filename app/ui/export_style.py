"""How an exported video looks, with the picture in view as an example."""

from __future__ import annotations

import threading
from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.exports import Style
from app.painting.drawing import THINNEST, WIDEST
from app.playback.exporting import Material, Offer, preview
from app.ui.errand import Errand, Tell
from app.ui.fields import Switch
from app.ui.picture import over
from app.ui.view import View
from engine.types import Image

WIDE, HIGH = 360, 220  #: of the example, logical pixels
ACROSS = 2  #: switches beside each other


def style_of(view: View) -> Style:
    """An export that looks like what is on the screen, as far as an export knows of it."""
    alike = {each.name: getattr(view, each.name) for each in fields(Style) if hasattr(view, each.name)}
    return Style(**alike, background="video" if view.picture else "black")


class StyleChoice(QWidget):
    """A widget for each field of the style that concerns the format; a new field gets one by itself."""

    changed = Signal()

    def __init__(self, material: Material, style: Style, parent: QWidget | None = None) -> None:
        """Begins with that `style`."""
        super().__init__(parent)
        self._material = material
        self._people = tuple(row.id for row in material.chart.rows)
        self._style = style
        self._rows: dict[str, list[QWidget]] = {}
        self._painting: Errand[Image] = Errand(self, self._show, self._painted)
        self._stale = False  # what is being painted is not what is wanted any more
        self.example = QLabel(self)
        self.example.setFixedSize(WIDE, HIGH)
        self.example.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.example.setAccessibleName(self.tr("Example"))
        self._switches, self._form = QGridLayout(), QFormLayout()
        hints = get_type_hints(Style)
        for entry in fields(Style):
            self._add(entry.name, hints[entry.name], getattr(self._style, entry.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.example)
        column.addLayout(self._switches)
        column.addLayout(self._form)
        self._paint()

    def style_wanted(self) -> Style:
        """As it stands."""
        return self._style

    def set_format(self, offer: Offer) -> None:
        """Show what concerns it: an example where it is a video."""
        self.example.setVisible(offer.name == "mp4" and bool(self._material.looked))
        for name, widgets in self._rows.items():
            for widget in widgets:
                widget.setVisible(name in offer.options)
        self.setVisible(self.example.isVisibleTo(self) or any(name in offer.options for name in self._rows))

    def set_people(self, people: tuple[int, ...]) -> None:
        """Who is in the video."""
        if people != self._people:
            self._people = people
            self._paint()

    def close_example(self) -> None:
        """Paint no more."""
        self._stale = False
        self._painting.close()

    def _add(self, name: str, kind: Any, value: Any) -> None:
        """A switch, a number or a choice; what is none of them stays as it is."""
        text = self._words().get(name, name.replace("_", " ").capitalize())
        if kind is bool:
            switch = Switch(text, self)
            switch.setChecked(value)
            switch.toggled.connect(lambda on: self._set(name, on))
            place = divmod(self._switches.count(), ACROSS)
            self._switches.addWidget(switch, *place)
            self._know(name, switch)
        elif kind is float:
            number = QDoubleSpinBox(self)
            number.setRange(THINNEST, WIDEST)
            number.setSingleStep(0.25)
            number.setValue(value)
            number.setSuffix(" \N{MULTIPLICATION SIGN}")
            number.valueChanged.connect(lambda new: self._set(name, new))
            self._row(name, text, number)
        elif get_origin(kind) is Literal:
            choice = QComboBox(self)
            for each in get_args(kind):
                choice.addItem(self._words().get(f"{name}.{each}", str(each)), each)
            choice.setCurrentIndex(choice.findData(value))
            choice.currentIndexChanged.connect(lambda at: self._set(name, choice.itemData(at)))
            self._row(name, text, choice)

    def _row(self, name: str, text: str, widget: QWidget) -> None:
        label = QLabel(text, self)
        label.setBuddy(widget)
        widget.setAccessibleName(text)
        self._form.addRow(label, widget)
        self._know(name, widget, label)

    def _know(self, name: str, widget: QWidget, *more: QWidget) -> None:
        widget.setObjectName(f"style.{name}")
        self._rows[name] = [widget, *more]

    def _set(self, name: str, value: Any) -> None:
        changed: dict[str, Any] = {name: value}
        self._style = replace(self._style, **changed)
        self._paint()
        self.changed.emit()

    def _words(self) -> dict[str, str]:
        """What fields and their values are called."""
        tr = self.tr
        return {
            "skeleton": tr("Skeletons"),
            "boxes": tr("Boxes"),
            "ids": tr("Numbers or names"),
            "joint_names": tr("Names of joints"),
            "line_width": tr("Width of lines"),
            "colours": tr("Colours"),
            "colours.person": tr("One for each person"),
            "colours.side": tr("Left amber, right blue"),
            "colours.one": tr("One for all"),
            "trails": tr("Trails"),
            "blur_faces": tr("Blur faces"),
            "background": tr("Background"),
            "background.video": tr("The video"),
            "background.black": tr("Black"),
            "background.transparent": tr("Transparent, a .mov without sound"),
            "raw": tr("Measured joints too, beside the smoothed ones"),
            "long": tr("A row for each joint"),
        }

    def _paint(self) -> None:
        """Have the example painted by the function that paints the video, in a thread, one at a time."""
        if not self._material.looked:
            return
        self._stale = self._painting.busy
        if self._stale:
            return
        people, style, ratio = self._people, self._style, self.devicePixelRatioF()
        size = round(WIDE * ratio), round(HIGH * ratio)

        def work(tell: Tell[Image], _stop: threading.Event) -> None:
            tell(preview(self._material, people, style, size))

        self._painting.start(work, "example")

    def _painted(self, errors: list[Exception]) -> None:
        for error in errors:
            self.example.setText(str(error))
        if self._stale:
            self._paint()

    def _show(self, image: Image) -> None:
        small = QPixmap.fromImage(over(image))
        small.setDevicePixelRatio(self.devicePixelRatioF())
        self.example.setPixmap(small)
