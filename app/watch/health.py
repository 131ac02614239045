"""How a live run is doing: how fast, how late, what is left out, and which stage is the limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from app.types import Result

RECENT_S = 2.0  #: the stretch that speeds and shares speak of
LATENCY_S = 1.0  #: and that of the latency
OVERDUE_S = 0.25  #: frames may come in bursts: none for so long does not make a rate smaller


@dataclass(frozen=True, slots=True)
class Health:
    """The last moments of a run. All is 0 and "" while no frame comes."""

    camera_fps: float = 0.0  #: frames that the source delivers
    done_fps: float = 0.0  #: frames that results come of
    latency_ms: float = 0.0  #: from capture to result, median
    dropped: int = 0  #: frames nobody had time for, since the start
    people: int = 0  #: in view
    limit: str = ""  #: "detect", "pose", "track" or "record", whichever cannot keep up; "" when all do


@dataclass(frozen=True, slots=True)
class _Done:
    """What is remembered of a result."""

    at: float  # seconds on the clock
    late: float  # seconds since capture
    people: int


class Pulse:
    """Told of frames, results and work as they come, by any thread; `read` says how it goes.

    It remembers RECENT_S of them, a few numbers each.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock` is the one of `Timings.captured`."""
        self._clock = clock
        self._lock = threading.Lock()
        self._captured: deque[float] = deque()
        self._missed: deque[float] = deque()  # when frames were dropped
        self._done: deque[_Done] = deque()
        self._work: deque[tuple[float, str, float]] = deque()  # when, stage, seconds
        self._dropped = 0
        self._limit = ""  # the last that was known

    def captured(self, _frame: object) -> None:
        """A frame came."""
        with self._lock:
            self._captured.append(self._clock())
            self._forget()

    def missed(self, dropped: int) -> None:
        """So many frames were dropped since the start."""
        with self._lock:
            if dropped > self._dropped:
                self._missed.append(self._clock())
            self._dropped = dropped

    def done(self, result: Result) -> None:
        """A result came."""
        spent, people = result.timings, len(result.tracks)
        with self._lock:
            now = self._clock()
            self._done.append(_Done(now, now - spent.captured, people))
            work = (("detect", spent.detect), ("pose", spent.pose), ("track", spent.track))
            self._work.extend((now, stage, seconds) for stage, seconds in work)
            self._forget()

    def recorded(self, seconds: float) -> None:
        """So long a frame took to be written."""
        with self._lock:
            self._work.append((self._clock(), "record", seconds))

    def read(self) -> Health:
        """How it goes now."""
        with self._lock:
            now = self._clock()
            self._forget()
            recent = [done.late for done in self._done if now - done.at <= LATENCY_S]
            return Health(
                camera_fps=_rate(self._captured, now),
                done_fps=_rate([done.at for done in self._done], now),
                latency_ms=1e3 * median(recent) if recent else 0.0,
                dropped=self._dropped,
                people=self._done[-1].people if self._done else 0,
                limit=self._busiest() if self._missed else "",
            )

    def _busiest(self) -> str:
        """The stage that worked longest in the last moments: all had the same time for it."""
        shares: dict[str, float] = {}
        for _, stage, seconds in self._work:
            shares[stage] = shares.get(stage, 0.0) + seconds
        self._limit = max(shares, key=lambda stage: shares[stage], default=self._limit)
        return self._limit

    def _forget(self) -> None:
        before = self._clock() - RECENT_S
        for moments in (self._captured, self._missed):
            while moments and moments[0] < before:
                moments.popleft()
        while self._done and self._done[0].at < before:
            self._done.popleft()
        while self._work and self._work[0][0] < before:
            self._work.popleft()


def _rate(moments: Iterable[float], now: float) -> float:
    """Events a second. It sinks as soon as one is overdue."""
    known = list(moments)
    if len(known) < 2 or known[-1] <= known[0]:
        return 0.0
    usual = (known[-1] - known[0]) / (len(known) - 1)
    return (len(known) - 1) / max(known[-1] - known[0], now - max(usual, OVERDUE_S) - known[0])
