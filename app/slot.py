"""Room for one item between a thread that makes them and one that looks when it has time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Holds the newest item. However slow the taker is, one item waits and it is woken once."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called, by the thread that puts, when there is something again."""
        self._wake = wake
        self._lock = threading.Lock()
        self._newest: list[T] = []

    def put(self, item: T) -> None:
        """Take the place of whatever waits."""
        with self._lock:
            was_empty = not self._newest
            self._newest = [item]
        if was_empty:
            self._wake()

    def take(self) -> list[T]:
        """The newest item, once; empty when there is nothing new."""
        with self._lock:
            newest, self._newest = self._newest, []
        return newest
