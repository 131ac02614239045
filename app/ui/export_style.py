"""How an exported video looks, with the picture in view as an example."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.exporting import Material, preview, usual_style

WIDE, HIGH = 360, 220  #: of the example, logical pixels


class StyleChoice(QWidget):
    """A widget for each field of the style; a new field gets one by itself."""

    changed = Signal()

    def __init__(self, material: Material, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looked = material.looked
        self._people = tuple(row.id for row in material.chart.rows)
        self._style = usual_style()
        self.example = QLabel(self)
        self.example.setFixedSize(WIDE, HIGH)
        self.example.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.example.setAccessibleName(self.tr("Example"))
        form = QFormLayout()
        for style in self._style:
            hints = get_type_hints(type(style))
            for entry in fields(style):
                self._add(form, entry.name, hints[entry.name], getattr(style, entry.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.example)
        column.addLayout(form)
        self._paint()

    def style_wanted(self) -> tuple[Any, ...]:
        """As it stands; nothing where there is no choice."""
        return self._style

    def set_people(self, people: tuple[int, ...]) -> None:
        """Who is in the video."""
        if people != self._people:
            self._people = people
            self._paint()

    def _add(self, form: QFormLayout, name: str, kind: Any, value: Any) -> None:
        """A switch, a number or a choice; what is none of them stays as it is."""
        text = name.replace("_", " ").capitalize()
        if kind is bool:
            switch = QCheckBox(text, self)
            switch.setObjectName(f"style.{name}")
            switch.setChecked(value)
            switch.toggled.connect(lambda on: self._set(name, on))
            form.addRow(switch)
        elif kind is float:
            number = QDoubleSpinBox(self)
            number.setObjectName(f"style.{name}")
            number.setAccessibleName(text)
            number.setRange(0.0, 1.0 if "threshold" in name or "opacity" in name else 10.0)
            number.setSingleStep(0.1)
            number.setValue(value)
            number.valueChanged.connect(lambda new: self._set(name, new))
            form.addRow(text, number)
        elif get_origin(kind) is Literal:
            choice = QComboBox(self)
            choice.setObjectName(f"style.{name}")
            choice.setAccessibleName(text)
            choice.addItems([str(each) for each in get_args(kind)])
            choice.setCurrentText(str(value))
            choice.currentTextChanged.connect(lambda new: self._set(name, new))
            form.addRow(text, choice)

    def _set(self, name: str, value: Any) -> None:
        self._style = tuple(replace(style, **{name: value}) for style in self._style)
        self._paint()
        self.changed.emit()

    def _paint(self) -> None:
        for looked in self._looked:
            image = preview(looked, self._style, self._people)
            height, width = image.shape[:2]
            shown = QImage(image.data, width, height, 3 * width, QImage.Format.Format_BGR888)
            ratio = self.devicePixelRatioF()
            size = shown.size().scaled(
                round(WIDE * ratio), round(HIGH * ratio), Qt.AspectRatioMode.KeepAspectRatio
            )
            small = QPixmap.fromImage(shown.scaled(size, mode=Qt.TransformationMode.SmoothTransformation))
            small.setDevicePixelRatio(ratio)
            self.example.setPixmap(small)
