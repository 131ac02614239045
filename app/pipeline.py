"""Source -> stages -> files, each in its own thread: detect, pose and track, or all three as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from app.channel import Channel
from app.stages import In, Out, Packet, Stage, Stages
from app.types import Result, Sink, Source
from app.workers import Workers
from engine.errors import UserError
from engine.types import Frame

WAITING = 8  #: items between two stages: enough to even out a busy frame
WAITING_BYTES = 128 << 20  #: of pictures between two stages, which limits it for very large ones
BRIEF_S = 0.5  #: from the first to the last time somebody is seen; who is there for less may be nobody


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of one source."""

    read: int  #: frames the source delivered
    written: int  #: frames that reached the files
    dropped: int  #: frames of a live source that nobody had time for
    people: int  #: different ids seen
    brief: int  #: those of them who were seen for less than BRIEF_S
    seconds: float  #: wall time from start to the last file closed
    damage: str  #: what was wrong with the source, "" when nothing was; the rest holds all the same


def unseen(_: object) -> None:
    """What nobody looks at."""


def run(
    source: Source,
    stages: Stages,
    sinks: Sequence[Callable[[], Sink]],
    *,
    stop: threading.Event,
    show: Callable[[Result], None] = unseen,
    tap: Callable[[Frame], None] = unseen,
    missed: Callable[[int], None] = unseen,
) -> Summary:
    """Push every frame of the source through the stages, the last of which gives results, into the sinks.

    A live source drops its oldest waiting frame when the work falls behind, and frames are dropped nowhere
    else; a file waits. The `sinks` are opened at the first result, so a run that finds nothing to write
    leaves no file. `show` is called for each result, by the last stage, and must not block; nor must those
    called by the thread that captures: `tap` with each frame before any is dropped, and then `missed` with
    the number of frames dropped so far. When `stop` is set, what has not been worked on is left, and the
    files are completed. A UserError of the source is reported in the summary, after everything it delivered
    has been written; any other error ends the run at once and is raised here, with the files complete up to
    that point.
    """
    info = source.info
    room = max(1, min(WAITING, WAITING_BYTES // max(1, info.width * info.height * 3)))
    captured: Channel[Packet[None]] = Channel(1, drop_oldest=True) if info.live else Channel(room)
    between: list[Channel[Any]] = [Channel(1 if info.live else room) for _ in stages[1:]]
    finished: Channel[Result] = Channel(room)
    ways = [captured, *between, finished]
    stays: dict[int, tuple[float, float]] = {}  # when each id was seen first and last
    read, written, damage = 0, 0, ""

    def capture() -> None:
        nonlocal read, damage
        with closing(captured):
            try:
                for frame in source.frames(stop):
                    if stop.is_set():
                        return
                    arrived = time.perf_counter()
                    tap(frame)
                    captured.put(Packet(frame, None, arrived))
                    missed(captured.dropped)
                    read += 1
            except UserError as error:
                damage = str(error)

    def write() -> None:
        nonlocal written
        with ExitStack() as files:
            opened: list[Sink] = []
            while results := finished.take(1):
                if written == 0:
                    opened += [files.enter_context(closing(open_sink())) for open_sink in sinks]
                for sink in opened:
                    sink.write(results[0])
                written += 1
                now = results[0].frame.time
                for who in results[0].tracks.ids.tolist():
                    stays[who] = stays.get(who, (now, now))[0], now

    began = time.perf_counter()
    with Workers(*ways) as workers:
        workers.spawn(capture, "capture")
        for stage, inbox, outbox in zip(stages, ways[:-1], ways[1:], strict=True):
            shown = show if outbox is finished else unseen
            workers.spawn(_pump(stage, inbox, outbox, stop, shown), stage.name)
        workers.spawn(write, "write")
    brief = sum(last - first < BRIEF_S for first, last in stays.values())
    seconds = time.perf_counter() - began
    return Summary(read, written, captured.dropped, len(stays), brief, seconds, damage)


def _pump(
    stage: Stage[In, Out],
    inbox: Channel[In],
    outbox: Channel[Out],
    stop: threading.Event,
    show: Callable[[Out], None],
) -> Callable[[], None]:
    """A thread's work: open the stage, then pass on what it makes of whatever is waiting."""

    def work() -> None:
        try:
            with closing(outbox), stage.open() as step:
                packets = inbox.take(stage.frames_at_once)
                while packets and not stop.is_set():
                    _hand_on(step(packets), outbox, show)
                    packets = inbox.take(stage.frames_at_once)
                _hand_on(step(()), outbox, show)
        finally:
            inbox.cancel()  # nobody takes from here any more: whoever still puts may go home

    return work


def _hand_on(done: Sequence[Out], outbox: Channel[Out], show: Callable[[Out], None]) -> None:
    for each in done:
        show(each)
        outbox.put(each)
