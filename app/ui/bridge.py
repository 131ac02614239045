"""The one door between other threads and the window."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from app.slot import Slot

T = TypeVar("T")


class Bridge(QObject, Generic[T]):
    """Threads put into `slot`; the window connects to `ready`, which carries nothing, and takes from it."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.slot: Slot[T] = Slot(self.ready.emit)
