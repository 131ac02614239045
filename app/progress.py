"""What a run says while it works: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections import deque
from typing import TextIO

from app.types import Result, SourceInfo

LINE_S = 5.0  #: seconds between plain lines
BAR_S = 0.1  #: seconds between two pictures of the bar
RECENT_S = 3.0  #: the stretch that "fps" speaks of
BAR = 24  #: characters


class Progress:
    """Follows one source. `show` is called once a result, from one thread, and returns at once."""

    def __init__(self, info: SourceInfo, out: TextIO, *, quiet: bool) -> None:
        self._info, self._out, self._quiet = info, out, quiet
        self._terminal = out.isatty()
        self._recent = deque([(time.monotonic(), 0)])
        self._frames = 0
        self._next = time.monotonic() + (BAR_S if self._terminal else LINE_S)

    def show(self, result: Result) -> None:
        """Count one more frame; say so when it is time."""
        self._frames += 1
        now = time.monotonic()
        if self._quiet or now < self._next:
            return
        self._recent.append((now, self._frames))
        while now - self._recent[0][0] > RECENT_S and len(self._recent) > 2:
            self._recent.popleft()
        since, frames = self._recent[0]
        line = describe(self._info, self._frames, (self._frames - frames) / (now - since), len(result.tracks))
        if self._terminal:
            self._out.write(f"\r\x1b[K{line}")
        else:
            self._out.write(f"{line}\n")
        self._out.flush()
        self._next = now + (BAR_S if self._terminal else LINE_S)

    def say(self, line: str) -> None:
        """A line of its own, which the bar does not overwrite."""
        if not self._quiet:
            self._out.write(f"\r\x1b[K{line}\n" if self._terminal else f"{line}\n")
            self._out.flush()

    def end(self) -> None:
        """Take the bar away."""
        if self._terminal and not self._quiet:
            self._out.write("\r\x1b[K")
            self._out.flush()


def describe(info: SourceInfo, frames: int, fps: float, people: int) -> str:
    """One line: how far, how fast, how many people in view, how long still."""
    crowd = f"{people} {'person' if people == 1 else 'people'} in view"
    if info.live or not info.frames:
        return f"{info.name}  {frames} frames  {fps:.1f} fps  {crowd}"
    done = min(1.0, frames / info.frames)
    bar = ("#" * round(done * BAR)).ljust(BAR, "-")
    left = clock(max(0, info.frames - frames) / fps) if fps else "?"
    return f"{info.name}  [{bar}] {done:4.0%}  {frames}/{info.frames}  {fps:.1f} fps  {crowd}  {left} left"


def clock(seconds: float) -> str:
    """1:05 or 2:03:20."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
