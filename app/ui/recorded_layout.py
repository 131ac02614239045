"""Where things stand on the page of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.ui.actions import button

if TYPE_CHECKING:
    from app.ui.recorded import RecordedPage


def lay_out(page: RecordedPage) -> None:
    """Picture and people above, playing, timeline and repairs below; a splitter between any two."""
    sides = QSplitter(Qt.Orientation.Horizontal, page)
    sides.addWidget(page.canvas)
    sides.addWidget(page.people)
    sides.setStretchFactor(0, 1)
    sides.setSizes([900, 250])
    below = QWidget(page)
    column = QVBoxLayout(below)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    row = QHBoxLayout()
    row.addWidget(page.transport, 1)
    row.addWidget(button(page, page.export))
    row.setContentsMargins(0, 0, 8, 0)
    column.addLayout(row)
    column.addWidget(page.timeline, 1)
    foot = QHBoxLayout()
    foot.setContentsMargins(0, 3, 0, 3)
    foot.addWidget(page.repairs.bar(below))
    page.status.setContentsMargins(0, 0, 12, 0)
    page.status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    page.status.setTextFormat(Qt.TextFormat.PlainText)
    page.status.setAccessibleName(page.tr("What was done"))
    foot.addWidget(page.status, 1)
    column.addLayout(foot)
    halves = QSplitter(Qt.Orientation.Vertical, page)
    halves.addWidget(sides)
    halves.addWidget(below)
    halves.setStretchFactor(0, 1)
    halves.setChildrenCollapsible(False)
    halves.setSizes([560, 240])
    whole = QVBoxLayout(page)
    whole.setContentsMargins(0, 0, 0, 0)
    whole.setSpacing(0)
    whole.addWidget(page.trouble)
    whole.addWidget(page.bar)
    whole.addWidget(halves, 1)
