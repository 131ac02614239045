"""From what a tracker says to what is shown and written: smoothed, in order, of everyone or of one person."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from app.types import Result, Timings
from engine.errors import UserError
from engine.types import Frame
from trackers.smoothing import Smoother
from trackers.types import Tracks

HELD_BYTES = 2 << 30  #: of pictures that may wait for the smoothing of theirs


class Results:
    """Brings frames and tracks together again. A smoother that looks ahead makes frames wait here."""

    def __init__(self, smoother: Smoother, choose: Callable[[Result], Result]) -> None:
        """`choose` has the last word on each result."""
        self._smoother, self._choose = smoother, choose
        self._waiting: deque[tuple[Frame, Timings]] = deque()

    def add(self, frame: Frame, tracks: Tracks, timings: Timings) -> list[Result]:
        """Take the next frame; what is finished now, oldest first."""
        self._waiting.append((frame, timings))
        return [self._result(told) for told in self._smoother.push(tracks, frame.time)]

    def rest(self) -> list[Result]:
        """What is left at the end."""
        return [self._result(told) for told in self._smoother.finish()]

    def _result(self, tracks: Tracks) -> Result:
        frame, timings = self._waiting.popleft()
        return self._choose(Result(frame, tracks, timings))


def check_room(delay: float, width: int, height: int, rate: float) -> None:
    """UserError where the pictures of `delay` seconds would not fit into memory."""
    second = 3 * width * height * rate
    if delay * second > HELD_BYTES:
        raise UserError(
            f"smoothing that sees {delay:g} s ahead holds {delay * second / 2**30:.1f} GB of pictures of"
            f" {width} x {height}; here it can be {HELD_BYTES / second:.1g} s, or full for a recording"
        )
