"""Work that a dialog sends a thread out for: how it goes, how it ended, and calling it off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.slot import Slot
from app.workers import attempt

T = TypeVar("T")
Tell = Callable[[T], None]  #: says how it goes; of what nobody had time to hear, only the newest is kept
Work = Callable[[Tell[T], threading.Event], None]  #: is to return soon after the event is set

SHORT_S = 0.3  #: as long as closing a window may wait for a thread; one that hangs in a driver ends later


@dataclass(frozen=True, slots=True)
class _News(Generic[T]):
    told: list[T]  #: the newest, or nothing yet
    ended: bool
    errors: list[Exception]


class _Door(QObject):
    ready = Signal()


class _Wire:
    """From the thread to the window, until the window hangs up; a thread may then go on without harm."""

    def __init__(self, door: _Door) -> None:
        self._lock = threading.Lock()
        self._doors = [door]
        self.stop = threading.Event()

    def ring(self) -> None:
        with self._lock:
            for door in self._doors:
                door.ready.emit()

    def cut(self, *_: object) -> None:
        self.stop.set()
        with self._lock:
            self._doors.clear()


class Errand(QObject, Generic[T]):
    """One piece of work at a time. All that is heard of it is heard in the window's thread."""

    def __init__(
        self, parent: QObject, heard: Callable[[T], None], ended: Callable[[list[Exception]], None]
    ) -> None:
        """`ended` is called with what the work raised, if it did, after the last that it told was heard."""
        super().__init__(parent)
        self._heard, self._ended = heard, ended
        self._wires: list[_Wire] = []
        self._threads: list[threading.Thread] = []
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    @property
    def busy(self) -> bool:
        """Whether there is work that has not ended."""
        return bool(self._wires)

    def start(self, work: Work[T], name: str) -> None:
        """Send a thread of that name out; the one before has to be back, or is left to itself."""
        self._hang_up()
        door = _Door(self)
        wire = _Wire(door)
        slot: Slot[_News[T]] = Slot(wire.ring)
        door.ready.connect(lambda: self._take(slot, wire))
        self.destroyed.connect(wire.cut)
        thread = threading.Thread(target=_run, args=(work, slot, wire.stop), name=name)
        self._wires = [wire]
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def stop(self) -> None:
        """Call it off; `ended` is heard when that is done."""
        for wire in self._wires:
            wire.stop.set()

    def close(self) -> None:
        """Call it off and hear nothing more of it."""
        self._hang_up()
        deadline = time.monotonic() + SHORT_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []

    def _hang_up(self) -> None:
        for wire in self._wires:
            wire.cut()
        self._wires = []

    def _take(self, slot: Slot[_News[T]], wire: _Wire) -> None:
        for news in slot.take():
            if wire not in self._wires:  # called off while this was on its way
                return
            for told in news.told:
                self._heard(told)
            if news.ended and wire in self._wires:
                self._threads.pop().join()  # the newest, which has nothing left to do
                self._wires = []
                self._ended(news.errors)


def _run(work: Work[T], slot: Slot[_News[T]], stop: threading.Event) -> None:
    newest: list[T] = []

    def tell(what: T) -> None:
        newest[:] = [what]
        slot.put(_News([what], ended=False, errors=[]))

    error = attempt(lambda: work(tell, stop))
    slot.put(_News(list(newest), ended=True, errors=[] if error is None else [error]))
