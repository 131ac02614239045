"""The whole way from pictures to tracks, each step alone and then all of them in their threads."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from app.channel import Channel
from app.workers import Workers
from benchmarks.gpu_clock import Bench, Row
from benchmarks.gpu_steps import AT_ONCE, Item, Step, detect, draw, pictures, pose, track
from benchmarks.gpu_ways import Subject, open_ours
from engine.pose import PoseEstimator
from engine.types import Image

SIZE, QUICK_SIZE = (720, 1280), (90, 160)  #: of made-up pictures
ROOM = 8  #: items between two threads, as in `app.pipeline`
ALONE = 200  #: pictures on which each step is timed alone
MOST_S = 150.0  #: for all steps at once


def pipeline(
    bench: Bench, subject: Subject, clip: Path | None, detector: Path | None, frames: int
) -> Iterator[Row]:
    """Frames per second of each step alone, and of all together over `frames` pictures."""
    estimator = PoseEstimator(open_ours(bench, subject, graphs=True), subject.model)
    steps, notes = [detect(bench, detector), pose(estimator)], []
    for make in (track, draw):
        try:
            steps.append(make())
        except ImportError as error:
            notes.append(f"{make.__name__} left out: {error}")
    source, about = pictures(clip, QUICK_SIZE if bench.quick else SIZE)
    section = f"pipeline: {about}, our session of {subject.title} with random weights"
    with closing(estimator):
        for name, seconds in _alone(source(), steps, min(ALONE, frames)).items():
            yield Row(section, f"{name}, alone", {"fps": 1 / seconds, "ms a frame": 1e3 * seconds})
        done, seconds, busy = _together(
            source(), steps, frames, min(bench.deadline, time.monotonic() + MOST_S)
        )
    yield Row(
        section, f"all at once, {done} frames", {"fps": done / seconds, "ms a frame": 1e3 * seconds / done}
    )
    for name, spent in busy.items():
        yield Row(section, f"  {name}", {"busy": f"{spent / seconds:.0%}"})
    for note in notes:
        yield Row(section, note, {})


def _alone(source: Iterator[Image], steps: Sequence[Step], frames: int) -> dict[str, float]:
    """Seconds a frame of each step with nothing beside it; the first frames, which warm up, do not count."""
    warm = min(frames // 4, 20)
    spent = dict.fromkeys(["read", *(step.name for step in steps)], 0.0)
    counted = 0
    for start in range(0, frames, AT_ONCE):
        began = time.perf_counter()
        items = [Item(start + i, image) for i, image in enumerate(itertools.islice(source, AT_ONCE))]
        times = [time.perf_counter() - began]
        for step in steps:
            began = time.perf_counter()
            items = [
                out
                for at in range(0, len(items), step.at_once)
                for out in step.work(items[at : at + step.at_once])
            ]
            times.append(time.perf_counter() - began)
        if start >= warm:
            counted += len(items)
            for name, seconds in zip(spent, times, strict=True):
                spent[name] += seconds
    for step in steps:
        step.close()
    return {name: seconds / max(1, counted) for name, seconds in spent.items()}


def _together(
    source: Iterator[Image], steps: Sequence[Step], frames: int, deadline: float
) -> tuple[int, float, dict[str, float]]:
    """Frames done, seconds, and how long each thread was at work, a thread for each step."""
    channels: list[Channel[Item]] = [Channel(ROOM) for _ in range(len(steps) + 1)]
    busy = dict.fromkeys(["read", *(step.name for step in steps)], 0.0)
    done = 0

    def read() -> None:
        with closing(channels[0]):
            for index in range(frames):
                if time.monotonic() > deadline:
                    return
                began = time.perf_counter()
                item = Item(index, next(source))
                busy["read"] += time.perf_counter() - began
                channels[0].put(item)

    def pump(step: Step, inbox: Channel[Item], outbox: Channel[Item]) -> None:
        with closing(outbox), closing(step):
            while items := inbox.take(step.at_once):
                began = time.perf_counter()
                items = step.work(items)
                busy[step.name] += time.perf_counter() - began
                for item in items:
                    outbox.put(item)

    def count() -> None:
        nonlocal done
        while items := channels[-1].take(ROOM):
            done += len(items)

    began = time.perf_counter()
    with Workers(*channels) as workers:
        workers.spawn(read, "read")
        for step, inbox, outbox in zip(steps, channels, channels[1:], strict=False):
            workers.spawn(lambda step=step, inbox=inbox, outbox=outbox: pump(step, inbox, outbox), step.name)
        workers.spawn(count, "count")
    return done, time.perf_counter() - began, busy
