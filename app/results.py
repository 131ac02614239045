"""From what a tracker says to what is shown and written: smoothed, in order, of everyone or of one person."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from app.grid import settled_tracks
from app.types import NO_POSES, NOT_SAID, Result, Seen, SourceInfo, Timings
from engine.errors import UserError
from engine.types import Frame, Poses
from trackers.smoothing import Smoother
from trackers.types import Tracks

HELD_BYTES = 2 << 30  #: of pictures that may wait for the smoothing of theirs


class Results:
    """Brings frames and tracks together again. A smoother that looks ahead makes frames wait here."""

    def __init__(self, smoother: Smoother, choose: Callable[[Result], Result]) -> None:
        """`choose` has the last word on each result."""
        self._smoother, self._choose = smoother, choose
        self._waiting: deque[tuple[Frame, Timings, Poses, bool]] = deque()

    def add(
        self, frame: Frame, tracks: Tracks, timings: Timings, poses: Poses = NO_POSES, looked: bool = True
    ) -> list[Result]:
        """Take the next frame; what is finished now, oldest first.

        `poses`: what the tracks were made of; `looked`: whether people were looked for.
        """
        self._waiting.append((frame, timings, poses, looked))
        return [self._result(told) for told in self._smoother.push(tracks, frame.time)]

    def rest(self) -> list[Result]:
        """What is left at the end."""
        return [self._result(told) for told in self._smoother.finish()]

    def _result(self, tracks: Tracks) -> Result:
        frame, timings, poses, looked = self._waiting.popleft()
        told = settled_tracks(tracks)
        seen = Seen(poses, told, looked) if poses is not NO_POSES else NOT_SAID
        timings = replace(timings, done=time.perf_counter())
        return self._choose(Result(frame, told, timings, seen=seen))


def room_s(info: SourceInfo) -> float:
    """For how many seconds pictures can wait in memory."""
    return HELD_BYTES / (3 * info.width * info.height * float(info.rate))


def check_room(delay: float, info: SourceInfo) -> None:
    """UserError where the pictures of `delay` seconds would not fit into memory."""
    most = room_s(info)
    if delay > most:
        held = delay / most * HELD_BYTES / 2**30
        raise UserError(
            f"{info.name}: smoothing that sees {delay:g} s ahead would hold {held:.1f} GB of pictures of"
            f" {info.width} x {info.height}; at most lag:{most:.2g}s, or full for a recording"
        )
