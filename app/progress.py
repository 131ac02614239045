"""What a run says while it works: a bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from app.occupied import Occupied
from app.types import Result, SourceInfo
from engine.errors import UserError

LINE_S = 5.0  #: seconds between plain lines
BAR_S = 0.1  #: seconds between two pictures of the bar
REPORT_S = 0.5  #: seconds between two reports to another program
RECENT_S = 3.0  #: the stretch that "fps" speaks of
BAR = 24  #: characters


class Console:
    """Where a run speaks: a terminal has a bar on its last line, everything else gets lines."""

    def __init__(self, out: TextIO, *, quiet: bool) -> None:
        self._out, self._quiet = out, quiet
        bar = out.isatty() and os.environ.get("TERM") != "dumb"
        self.period = BAR_S if bar else LINE_S  #: seconds between two reports on progress
        self._clear = "\r\x1b[K" if bar else ""

    def say(self, line: str) -> None:
        """A line that stays."""
        self._put(f"{self._clear}{line}\n")

    def report(self, line: str) -> None:
        """A line that, on a terminal, the next one replaces."""
        wide = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken back
        self._put(f"{self._clear}{line[:wide]}" if self._clear else f"{line}\n")

    def going(self, info: SourceInfo, frames: int, fps: float, people: int, doing: str) -> None:
        """How far a source is."""
        self.report(describe(info, frames, fps, people, doing))

    def done(self, line: str) -> None:
        """What came of it: on the standard output, whatever the rest goes to."""
        Console(sys.stdout, quiet=self._quiet).say(line)

    def skip(self, line: str) -> None:
        """Why nothing is done about a source; that is what came of it."""
        self.done(line)

    def fail(self, error: UserError, details: str = "") -> None:
        """What went wrong, and lines that help whoever mends it; said even when quiet."""
        with suppress(OSError):
            self._out.write(f"{self._clear}kinetrail: {error}\n{details}")
            self._out.flush()

    def clear(self) -> None:
        """Take the bar away."""
        self._put(self._clear)

    def _put(self, text: str) -> None:
        if self._quiet:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # whoever read along has left; the work goes on
            self._quiet = True


class Board(Console):
    """A console for several sources at once, for any thread: a line for each at the bottom of a terminal."""

    def __init__(self, out: TextIO, *, quiet: bool) -> None:
        super().__init__(out, quiet=quiet)
        self._one = threading.RLock()
        self._rows: Sequence[str] = ()
        self._drawn = 0  # lines, the cursor stands below them
        self._due: dict[int, float] = {}  # when the next plain line is to be said of each source

    def show(self, rows: Mapping[int, str], foot: str) -> None:
        """How far each source is, by a number that is its own; on a terminal, how far all are as well."""
        with self._one:
            if self._clear:
                with self._aside():
                    self._rows = [*rows.values(), foot] if rows else []
                return
            now = time.monotonic()
            for number, line in rows.items():
                if now >= self._due.setdefault(number, now + self.period):
                    self._due[number] = now + self.period
                    self._put(f"{line}\n")

    def say(self, line: str) -> None:
        with self._aside():
            super().say(line)

    def done(self, line: str) -> None:
        with self._aside():
            super().done(line)

    def fail(self, error: UserError, details: str = "") -> None:
        with self._aside():
            super().fail(error, details)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Take the lines at the bottom away, and put them back."""
        with self._one:
            if self._drawn:
                self._put(f"\r\x1b[{self._drawn}A\x1b[J")
                self._drawn = 0
            yield
            if self._rows:
                size = shutil.get_terminal_size()
                rows = [row[: size.columns - 1] for row in self._rows[-max(1, size.lines - 1) :]]
                self._drawn = len(rows)
                self._put("".join(f"{row}\n" for row in rows))


class Reports(Console):
    """A console for a program that looks on: one JSON object a line, with what it is about as `kind`."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out, quiet=False)
        self.period = REPORT_S

    def say(self, line: str) -> None:
        self._tell(kind="said", line=line)

    def report(self, line: str) -> None:
        self._tell(kind="doing", line=line)

    def going(self, info: SourceInfo, frames: int, fps: float, people: int, doing: str) -> None:
        total = 0 if info.live else info.frames
        self._tell(kind="going", frames=frames, total=total, fps=round(fps, 2), people=people, doing=doing)

    def done(self, line: str) -> None:
        self._tell(kind="done", line=line)

    def skip(self, line: str) -> None:
        self._tell(kind="skipped", line=line)

    def fail(self, error: UserError, details: str = "") -> None:
        """`occupied`: what is in the way, in words without a flag, where a file has to be replaced."""
        occupied = error.what if isinstance(error, Occupied) else ""
        self._tell(kind="failed", line=str(error), occupied=occupied, details=details)

    def refuse(self, error: UserError) -> None:
        """Why nothing can be done about this source, nor about any other that is to be treated like it."""
        self._tell(kind="refused", line=str(error))

    def clear(self) -> None:
        """Nothing: lines stay."""

    def _tell(self, **what: object) -> None:
        self._put(json.dumps(what) + "\n")


class Progress:
    """Follows one source. `show` is called once a result, from one thread, and returns at once."""

    def __init__(self, info: SourceInfo, console: Console, doing: str = "") -> None:
        """`doing`: what this pass over the source is, where there are several."""
        self._info, self._console, self._doing = info, console, doing
        self._frames = 0
        now = time.monotonic()
        self._recent = deque([(now, 0)])  # when how many frames were done
        self._next = now + console.period

    def show(self, result: Result) -> None:
        """Count one more frame; say so when it is time."""
        self._frames += 1
        now = time.monotonic()
        if now < self._next:
            return
        self._recent.append((now, self._frames))
        while now - self._recent[0][0] > RECENT_S and len(self._recent) > 2:
            self._recent.popleft()
        since, before = self._recent[0]
        fps = (self._frames - before) / (now - since)
        self._console.going(self._info, self._frames, fps, len(result.tracks), self._doing)
        self._next = now + self._console.period


class Transfer:
    """Follows one file on its way here. `show` is called with the bytes that are there, and of how many."""

    def __init__(self, name: str, console: Console) -> None:
        self.done = 0  #: bytes
        self._name, self._console = name, console
        self._since, self._before = time.monotonic(), -1
        self._next = self._since + console.period

    def show(self, done: int, total: int) -> None:
        if self._before < 0:
            self._before = done  # of an earlier run; it says nothing about the speed of this one
        self.done = done
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._console.period
        speed = (done - self._before) / (now - self._since)
        line = f"{self._name}  {done / 1e6:.1f} MB  {speed / 1e6:.1f} MB/s"
        if total:
            bar = ("#" * round(done / total * BAR)).ljust(BAR, "-")
            left = clock((total - done) / speed) if speed else "?"
            line = (
                f"{self._name}  [{bar}] {done / total:4.0%}  {done / 1e6:.1f}/{total / 1e6:.1f} MB"
                f"  {speed / 1e6:.1f} MB/s  {left} left"
            )
        self._console.report(line)


def describe(info: SourceInfo, frames: int, fps: float, people: int, doing: str = "") -> str:
    """One line: how far, how fast, how many people in view, how long still."""
    name = f"{info.name}, {doing}" if doing else info.name
    return f"{name}  {along(frames, 0 if info.live else info.frames, fps, people)}"


def along(frames: int, total: int, fps: float, people: int) -> str:
    """The same without a name; `total`: 0 where nobody knows."""
    crowd = f"{people} {'person' if people == 1 else 'people'} in view"
    if not total:
        return f"{frames} frames  {fps:.1f} fps  {crowd}"
    done = min(1.0, frames / total)
    bar = ("#" * round(done * BAR)).ljust(BAR, "-")
    left = clock(max(0, total - frames) / fps) if fps else "?"
    return f"[{bar}] {done:4.0%}  {frames}/{total}  {fps:.1f} fps  {crowd}  {left} left"


def clock(seconds: float) -> str:
    """1:05 or 2:03:20."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
