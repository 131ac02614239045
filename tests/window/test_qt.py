"""What Qt's bindings must keep to, so that a window can stay open for a day."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap


class Sender(QObject):
    sent = Signal()


def change(do: Callable[[], object], times: int = 300) -> list[int]:
    """By how much the counts of True, False and None fall when something is done so often."""
    do()
    before = [sys.getrefcount(each) for each in (True, False, None)]
    for _ in range(times):
        do()
    return [was - sys.getrefcount(each) for was, each in zip(before, (True, False, None), strict=True)]


@pytest.mark.usefixtures("qapp")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="they are never counted from Python 3.12 on")
def test_signals_and_painting_do_not_use_up_true_and_none():
    """PySide6 6.12.0 does: one less with every signal and stroke, until Python ends after some hours."""
    sender = Sender()
    sender.sent.connect(lambda: None)
    canvas = QPixmap(50, 50)
    painter = QPainter(canvas)
    lost = [
        change(sender.sent.emit),
        change(lambda: painter.setPen(QPen(QColor(1, 2, 3), 2))),
        change(lambda: painter.setBrush(Qt.BrushStyle.NoBrush)),
        change(lambda: painter.drawLine(QPointF(1, 1), QPointF(3, 3))),
    ]
    painter.end()
    assert max(max(each) for each in lost) < 100
