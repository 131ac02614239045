"""The line over the plots: whose they are, how many seconds, pause, and a menu of what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from app.ui.actions import action
from app.ui.lane import LANES, Lane

FIRST = frozenset({"knee", "hip", "elbow", "shoulder", "trunk", "speed"})  #: lanes shown at first


def titles() -> dict[str, str]:
    """What the lanes are called."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Plots", text)

    return {
        "knee": tr("Knee"), "hip": tr("Hip"), "elbow": tr("Elbow"), "shoulder": tr("Shoulder"),
        "thigh": tr("Thigh"), "trunk": tr("Trunk"), "speed": tr("Speed"),
    }  # fmt: skip


def names(lane: Lane) -> tuple[str, ...]:
    """What the numbers of a lane are called."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Plots", text)

    if lane.key == "speed":
        return tr("heights/s"), tr("px/s")
    return (tr("left"), tr("right")) if len(lane.columns) == 2 else (tr("lean"),)


class PlotsBar(QWidget):
    """Its actions belong to `owner`, so that keys work wherever in it the focus is."""

    lanes_changed = Signal()
    span_changed = Signal()

    def __init__(
        self, owner: QWidget, spans: Sequence[int], copy: Callable[[], object], save: Callable[[], object]
    ) -> None:
        super().__init__(owner)
        self._chip, self._name = _Chip(self), QLabel(self)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._moment = QLabel(self)
        self._moment.setAccessibleName(self.tr("Time of the line"))
        self.span = QComboBox(self)
        for seconds in spans:
            self.span.addItem(self.tr("{} s").format(seconds), float(seconds))
        self.span.setCurrentIndex(1)
        self.span.setAccessibleName(self.tr("Seconds shown"))
        self.span.setToolTip(self.tr("Seconds from edge to edge"))
        self.span.currentIndexChanged.connect(lambda _index: self.span_changed.emit())
        self._act(owner, copy, save)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        row.addWidget(self._chip)
        row.addWidget(self._name, 1)
        row.addWidget(self._moment)
        row.addWidget(self.span)
        row.addWidget(self._button(self.pause))
        row.addWidget(self._menu_button())

    def seconds(self) -> float:
        """From edge to edge."""
        return float(self.span.currentData())

    def chosen(self) -> list[Lane]:
        """The lanes that are ticked, from top to bottom."""
        return [lane for lane in LANES if self.switches[lane.key].isChecked()]

    def tell(self, name: str, moment: str, ink: QColor) -> None:
        """Who it is, in which colour, and when the line is."""
        for label, text in ((self._name, name), (self._moment, moment)):
            if label.text() != text:
                label.setText(text)
        self._chip.set_ink(ink)

    def told(self) -> tuple[str, str]:
        """Name and moment as they stand there."""
        return self._name.text(), self._moment.text()

    def _act(self, owner: QWidget, copy: Callable[[], object], save: Callable[[], object]) -> None:
        tr = self.tr
        tip = tr("Stand still, and look back up to 30 seconds")
        self.pause = action(
            owner, "plots.pause", tr("Pause"), "Shift+G", tip, lambda _on: None, checked=False
        )
        tip = tr("What is seen, as CSV to the clipboard")
        self.copy = action(owner, "plots.copy", tr("Copy values"), "Ctrl+Shift+C", tip, copy)
        self.save = action(
            owner, "plots.save", tr("Save picture…"), "Ctrl+Shift+G", tr("The plots as a PNG"), save
        )
        self.switches: dict[str, QAction] = {}
        for lane in LANES:
            title = titles()[lane.key]
            self.switches[lane.key] = action(
                owner,
                f"plots.{lane.key}",
                title,
                "",
                tr("Show or hide this plot"),
                lambda _on: self.lanes_changed.emit(),
                checked=lane.key in FIRST,
            )

    def _button(self, does: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(does)
        button.setAutoRaise(True)
        button.setAccessibleName(does.text())
        return button

    def _menu_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText(self.tr("Show"))
        button.setToolTip(self.tr("Which angles are shown, copying, saving"))
        button.setAccessibleName(self.tr("Which angles are shown"))
        button.setAutoRaise(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addActions(list(self.switches.values()))
        menu.addSeparator()
        menu.addActions([self.copy, self.save])
        button.setMenu(menu)
        return button


class _Chip(QWidget):
    """A dot in a person's colour."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ink = QColor(Qt.GlobalColor.transparent)
        self.setFixedSize(QSize(12, 12))

    def set_ink(self, ink: QColor) -> None:
        if ink != self._ink:
            self._ink = ink
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink)
        painter.drawEllipse(self.rect().adjusted(1, 1, -1, -1))
        painter.end()
