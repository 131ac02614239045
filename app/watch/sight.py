"""What reaches the screen: how often, and how long after it was filmed."""

from __future__ import annotations

import time
from collections import deque

RECENT_S = 2.0  #: the stretch that "frames a second" speaks of


class Sight:
    """Counts results as they are painted, in one thread. Times are those of time.perf_counter()."""

    def __init__(self) -> None:
        self._painted: deque[tuple[float, float]] = deque()  # when, and captured when

    def count(self, captured: float) -> None:
        """A result whose frame was captured then is on the screen now."""
        self._painted.append((time.perf_counter(), captured))
        self._forget()

    def fps(self) -> float:
        """Results a second, lately."""
        self._forget()
        return len(self._painted) / RECENT_S

    def latency_ms(self) -> float:
        """From capture to screen, the median of late; -1 where nothing was painted."""
        self._forget()
        waits = sorted(at - captured for at, captured in self._painted)
        return 1e3 * waits[len(waits) // 2] if waits else -1.0

    def _forget(self) -> None:
        now = time.perf_counter()
        while self._painted and now - self._painted[0][0] > RECENT_S:
            self._painted.popleft()
