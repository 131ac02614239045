"""How an exported video looks, with the picture in view as an example."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.exporting import Material, Offer, preview
from app.exports import Style

WIDE, HIGH = 360, 220  #: of the example, logical pixels


class StyleChoice(QWidget):
    """A widget for each field of the style that concerns the format; a new field gets one by itself."""

    changed = Signal()

    def __init__(self, material: Material, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looked = material.looked
        self._people = tuple(row.id for row in material.chart.rows)
        self._style = Style()
        self._rows: dict[str, QWidget] = {}
        self.example = QLabel(self)
        self.example.setFixedSize(WIDE, HIGH)
        self.example.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.example.setAccessibleName(self.tr("Example"))
        self._form = QFormLayout()
        hints = get_type_hints(Style)
        for entry in fields(Style):
            self._add(entry.name, hints[entry.name], getattr(self._style, entry.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.example)
        column.addLayout(self._form)
        self._paint()

    def style_wanted(self) -> Style:
        """As it stands."""
        return self._style

    def set_format(self, offer: Offer) -> None:
        """Show what concerns it: an example where it is a video."""
        self.example.setVisible(offer.name == "mp4" and bool(self._looked))
        for name, widget in self._rows.items():
            self._form.setRowVisible(widget, name in offer.options)
        self.setVisible(self.example.isVisibleTo(self) or any(name in offer.options for name in self._rows))

    def set_people(self, people: tuple[int, ...]) -> None:
        """Who is in the video."""
        if people != self._people:
            self._people = people
            self._paint()

    def _add(self, name: str, kind: Any, value: Any) -> None:
        """A switch, a number or a choice; what is none of them stays as it is."""
        text = self._words().get(name, name.replace("_", " ").capitalize())
        if kind is bool:
            switch = QCheckBox(text, self)
            switch.setObjectName(f"style.{name}")
            self._rows[name] = switch
            switch.setChecked(value)
            switch.toggled.connect(lambda on: self._set(name, on))
            self._form.addRow(switch)
        elif kind is float:
            number = QDoubleSpinBox(self)
            number.setObjectName(f"style.{name}")
            self._rows[name] = number
            number.setAccessibleName(text)
            number.setRange(0.0, 1.0 if "threshold" in name or "opacity" in name else 10.0)
            number.setSingleStep(0.1)
            number.setValue(value)
            number.valueChanged.connect(lambda new: self._set(name, new))
            self._form.addRow(text, number)
        elif get_origin(kind) is Literal:
            choice = QComboBox(self)
            choice.setObjectName(f"style.{name}")
            self._rows[name] = choice
            choice.setAccessibleName(text)
            choice.addItems([str(each) for each in get_args(kind)])
            choice.setCurrentText(str(value))
            choice.currentTextChanged.connect(lambda new: self._set(name, new))
            self._form.addRow(text, choice)

    def _set(self, name: str, value: Any) -> None:
        self._style = replace(self._style, **{name: value})
        self.changed.emit()

    def _words(self) -> dict[str, str]:
        """What fields are called."""
        return {
            "raw": self.tr("Measured joints too, beside the smoothed ones"),
            "long": self.tr("A row for each joint"),
        }

    def _paint(self) -> None:
        for looked in self._looked:
            image = preview(looked, self._people)
            height, width = image.shape[:2]
            shown = QImage(image.data, width, height, 3 * width, QImage.Format.Format_BGR888)
            ratio = self.devicePixelRatioF()
            size = shown.size().scaled(
                round(WIDE * ratio), round(HIGH * ratio), Qt.AspectRatioMode.KeepAspectRatio
            )
            small = QPixmap.fromImage(shown.scaled(size, mode=Qt.TransformationMode.SmoothTransformation))
            small.setDevicePixelRatio(ratio)
            self.example.setPixmap(small)
