"""What came of a source, in the last line that is said of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from app.following import Following
from app.pipeline import BRIEF_S, Summary
from app.types import SourceInfo


class Stopwatch:
    """How long it took until all frames were through that an earlier run has measured."""

    def __init__(self, before: int) -> None:
        """`before`: so many frames."""
        self.before, self._began, self._frames = before, time.perf_counter(), 0
        self.seconds = 0.0  #: for those; nothing before they are through

    def count(self) -> None:
        """One more frame is done; in order, by one thread."""
        self._frames += 1
        if self._frames == self.before:
            self.seconds = time.perf_counter() - self._began


def late_line(lag_ms: float) -> str:
    """What smoothing costs in time, for people; nothing where it is not known."""
    return f", joints {lag_ms:.0f} ms late" if lag_ms >= 0 else ""


def closing_line(
    info: SourceInfo,
    summary: Summary,
    files: Sequence[Path],
    following: Following | None,
    watch: Stopwatch,
    late: str = "",
) -> str:
    """Frames, people, speed and files, for people."""
    people = _people(summary, stills=info.stills)
    if following:
        people = f"one person followed, {following.account()}" if following.found else "nobody followed"
    new = summary.written - watch.before
    fps = f", {new / max(summary.seconds - watch.seconds, 1e-9):.1f} fps{late}" if new > 0 else ""
    return f"{info.name}: {_frames(summary, watch.before)}, {people}{fps} -> {', '.join(map(str, files))}"


def _frames(summary: Summary, before: int) -> str:
    frames = f"{summary.read} frames read, {summary.written} written"
    if before:
        old = min(before, summary.written)
        frames += f" ({old if old < summary.written else 'all'} measured before)"
    if summary.dropped:
        frames += f", {summary.dropped} dropped"
    if left := summary.read - summary.written - summary.dropped:
        frames += f", {left} left when stopped"
    return frames


def _people(summary: Summary, *, stills: bool) -> str:
    """How many, and how many of them flickered up only: whoever was hidden may have got another number."""
    people = f"{summary.people} {'person' if summary.people == 1 else 'people'} seen"
    if stills or not summary.brief:
        return people
    some = "" if summary.brief == summary.people else f" {summary.brief} of them"
    return f"{people},{some} for less than {BRIEF_S:g} s"
