"""The numbers beside the lanes: what each curve is, and its value now or at the line."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app.angles import COLUMNS, SPEEDS, Course
from app.ui.lane import LANES, Lane, values, with_minus
from app.ui.lanes import AXIS_PX, Lanes

NOTHING = "\N{EN DASH}"  #: where nothing is known


class Swatch(QWidget):
    """A piece of a curve as it is drawn: through, or dashed."""

    def __init__(self, parent: QWidget, *, dashed: bool) -> None:
        super().__init__(parent)
        self._dashed, self._ink = dashed, QColor()
        self.setFixedSize(QSize(18, 12))

    def set_ink(self, ink: QColor) -> None:
        self._ink = ink
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        pen = QPen(self._ink, 2)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if self._dashed:
            pen.setDashPattern([2.6, 1.3])
        painter.setPen(pen)
        painter.drawLine(QLineF(0, self.height() / 2, self.width(), self.height() / 2))
        painter.end()


class LaneReadout(QWidget):
    """Name of a lane, and a line for each curve in it."""

    def __init__(self, lane: Lane, title: str, names: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        #: of the numbers, in COLUMNS; the speed stands there in pixels too
        self.columns = lane.columns if lane.key != "speed" else (*lane.columns, COLUMNS.index("speed_px_s"))
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 0, 4, 0)
        grid.setHorizontalSpacing(5)
        grid.setVerticalSpacing(0)
        head = QLabel(title, self)
        font = head.font()
        font.setBold(True)
        head.setFont(font)
        grid.setRowStretch(0, 1)
        grid.setRowStretch(len(names) + 2, 1)
        grid.addWidget(head, 1, 0, 1, 3)
        self._swatches: list[Swatch] = []
        self._numbers: list[QLabel] = []
        for n, name in enumerate(names):
            side, number = QLabel(name, self), QLabel(NOTHING, self)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            number.setMinimumWidth(number.fontMetrics().horizontalAdvance(with_minus("-000°")))
            number.setAccessibleName(f"{title} {name}".strip())
            for column, widget in enumerate((side, number), 1):
                grid.addWidget(widget, n + 2, column)
            if n < len(lane.columns):
                self._swatches.append(Swatch(self, dashed=n == 1))
                grid.addWidget(self._swatches[-1], n + 2, 0)
            self._numbers.append(number)
        grid.setColumnStretch(2, 1)

    def set_inks(self, left: QColor, right: QColor, middle: QColor) -> None:
        inks = (left, right) if len(self._swatches) == 2 else (middle,)
        for swatch, ink in zip(self._swatches, inks, strict=True):
            swatch.set_ink(ink)

    def set_texts(self, texts: Sequence[str]) -> None:
        for number, text in zip(self._numbers, texts, strict=True):
            if number.text() != text:
                number.setText(text)

    def texts(self) -> list[str]:
        """What stands there now."""
        return [number.text() for number in self._numbers]


class Readout(QWidget):
    """All lanes' numbers, each beside its lane."""

    def __init__(self, lanes: Lanes, parent: QWidget) -> None:
        super().__init__(parent)
        self._lanes = lanes
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, AXIS_PX)
        self._column.setSpacing(0)
        self.rows: list[LaneReadout] = []

    def set_lanes(self, titled: Sequence[tuple[Lane, str, Sequence[str]]]) -> None:
        """Lane, title, and the name of each of its curves."""
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [LaneReadout(*lane, self) for lane in titled]
        for row in self.rows:
            self._column.addWidget(row, 1)
        self.restyle()

    def restyle(self) -> None:
        """Colours as the curves have them."""
        for row in self.rows:
            row.set_inks(*self._lanes.inks())


def told(number: float, column: int) -> str:
    """A number of that column as it is read: whole degrees, hundredths of a body height a second."""
    if not math.isfinite(number):
        return NOTHING
    name = COLUMNS[column]
    if name in SPEEDS:
        return f"{number:.2f}" if name == "speed_heights_s" else f"{number:.0f}"
    signed = any(column in lane.columns for lane in LANES if lane.signed)
    text = f"{number:+.0f}°" if signed and round(number) else f"{abs(number):.0f}°"
    return with_minus(text)


def table(course: Course, begin: float, end: float, columns: Sequence[int]) -> str:
    """CSV of those columns between two moments, seconds; blank where nothing is known."""
    lines = [",".join(["time_s", *(COLUMNS[column] for column in columns)])]
    first, last = np.searchsorted(course.times, (begin - 1e-9, end + 1e-9)).tolist()
    rows = slice(first, last)
    for time, numbers in zip(
        course.times[rows].tolist(), values(course, rows)[:, columns].tolist(), strict=True
    ):
        cells = [f"{number:.3f}" if math.isfinite(number) else "" for number in numbers]
        lines.append(",".join([f"{time:.6f}", *cells]))
    return "\n".join(lines) + "\n"
