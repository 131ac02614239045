"""What hangs between a thread and the window, so that the window can hang up."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Wire:
    """From other threads to the window, until the window hangs up; a thread may then go on without harm."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # what is sent by the window's own thread may make it hang up
        self._whole = True

    def send(self, what: Callable[[], None]) -> None:
        """Do it, unless nobody listens any more."""
        with self._lock:
            if self._whole:
                what()

    def cut(self) -> None:
        """Nothing more comes through once this returns."""
        with self._lock:
            self._whole = False
