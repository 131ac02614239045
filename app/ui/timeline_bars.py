"""The scroll bars of the timeline: down through people, along time."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QScrollBar, QWidget

from app.ui.timeline_paint import GUTTER, LANE, RULER
from app.ui.timescale import Timescale


class Bars:
    """Shown only where there is something to scroll."""

    def __init__(self, parent: QWidget) -> None:
        self.down = QScrollBar(Qt.Orientation.Vertical, parent)
        self.along = QScrollBar(Qt.Orientation.Horizontal, parent)
        for bar, name in ((self.down, parent.tr("People")), (self.along, parent.tr("Time"))):
            bar.setAccessibleName(name)
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            bar.hide()

    def arrange(self, size: QSize, scale: Timescale, lanes: int) -> None:
        """Place them in a timeline of that size, whose lanes take so many pixels in all."""
        span, whole = scale.right_s - scale.left_s, scale.end_s - scale.start_s
        thick = self.down.sizeHint().width()
        zoomed = span < 0.9999 * whole
        room = size.height() - RULER - (thick if zoomed else 0)
        self.along.setVisible(zoomed)
        self.down.setVisible(lanes > room)
        self.down.setGeometry(size.width() - thick, RULER, thick, max(0, room))
        self.down.setRange(0, max(0, lanes - room))
        self.down.setPageStep(max(1, room))
        self.down.setSingleStep(LANE)
        self.along.setGeometry(GUTTER, size.height() - thick, max(0, size.width() - GUTTER - thick), thick)
        self.along.blockSignals(True)  # it follows the scale, which knows more than milliseconds
        self.along.setRange(0, max(0, round(1000 * (whole - span))))
        self.along.setPageStep(max(1, round(1000 * span)))
        self.along.setSingleStep(max(1, round(50 * span)))
        self.along.setValue(round(1000 * (scale.left_s - scale.start_s)))
        self.along.blockSignals(False)
