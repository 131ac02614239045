"""One source from its first picture to its last: in one go, or in two where smoothing has to know the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from app.grid import settled_tracks
from app.pipeline import Summary, run
from app.results import Results
from app.stages import Stages, recall
from app.types import Result, Sink, Source
from trackers.smoothing import Smoother, smoother
from trackers.types import Tracks


def _unheard(_told: Mapping[int, Tracks]) -> None:
    """What nobody keeps."""


@dataclass(frozen=True, slots=True)
class Call:
    """What both ways of working through a source need."""

    sinks: Sequence[Callable[[], Sink]]  #: open the files
    choose: Callable[[Result], Result]  #: has the last word on each result
    stop: threading.Event
    watch: Callable[[str], Callable[[Result], None]]  #: makes what looks on, from what a pass does
    early: Sequence[Callable[[], Sink]] = ()  #: open the files that are written in the first of two passes
    restate: Callable[[Mapping[int, Tracks]], None] = _unheard  #: is told who is in each frame after all


def once(source: Source, stages: Stages, call: Call) -> Summary:
    """Write each frame when it has been tracked; the stages have had `call.choose`."""
    return run(source, stages, [*call.early, *call.sinks], stop=call.stop, show=call.watch(""))


def twice(source: Source, again: Callable[[], Source], stages: Stages, call: Call) -> Summary:
    """Track everything and keep the tracks, not the pictures; then read `again`, and write.

    When `stop` is set before everything is tracked nothing is written. Raises UserError where `again` cannot
    be opened.
    """
    told = Told(smoother("full"))
    kept = [*call.early, lambda: told]
    first = run(source, stages, kept, stop=call.stop, show=call.watch("first pass"))
    if call.stop.is_set() or not first.written:
        return replace(first, written=0)
    frames = told.frames()
    call.restate(frames)
    known = recall(frames, lambda: Results(smoother("live"), call.choose))
    with closing(again()) as source:
        second = run(source, [known], call.sinks, stop=call.stop, show=call.watch("second pass"))
    return replace(
        first,
        written=second.written,
        people=second.people,
        brief=second.brief,
        seconds=first.seconds + second.seconds,
        damage=first.damage or second.damage,
    )


class Told:
    """A Sink that keeps who was where, for a smoother that goes over all of it in the end."""

    def __init__(self, smoother: Smoother) -> None:
        self._smoother = smoother
        self._indices: list[int] = []
        self._finished: list[Tracks] = []

    def write(self, result: Result) -> None:
        self._indices.append(result.frame.index)
        self._finished += self._smoother.push(result.tracks, result.frame.time)

    def close(self) -> None:
        """Nothing: smoothing a long recording takes a while, and whoever stops the run has no use for it."""

    def frames(self) -> dict[int, Tracks]:
        """The tracks of each frame, by its index; once, after `close`."""
        self._finished += self._smoother.finish()
        return dict(zip(self._indices, map(settled_tracks, self._finished), strict=True))
