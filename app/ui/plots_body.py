"""What is under the line of the plots: a hint, or numbers and curves with a bar to look back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollBar, QStackedWidget, QVBoxLayout, QWidget

from app.ui.lanes import Lanes
from app.ui.readout import Readout


class PlotsBody(QStackedWidget):
    """Two pages: the hint, and the plots."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        hint = QLabel(self.tr("Click a person to see their angles"), self)
        hint.setObjectName("plots.hint")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        hint.setContentsMargins(24, 0, 24, 0)
        shown = QWidget(self)
        self.lanes = Lanes(shown)
        self.lanes.setAccessibleName(self.tr("Angles over time"))
        self.lanes.setAccessibleDescription(
            self.tr("Arrow keys move the line by a picture, page keys by a second")
        )
        self.readout = Readout(self.lanes, shown)
        self.back = QScrollBar(Qt.Orientation.Horizontal, shown)
        self.back.setAccessibleName(self.tr("Look back"))
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(self.readout)
        beside.addWidget(self.lanes, 1)
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(beside, 1)
        column.addWidget(self.back)
        self.addWidget(hint)
        self.addWidget(shown)
