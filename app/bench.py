"""What each stage costs on this machine, and how well the threads share its cores."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from app.job import Job
from app.painting.draw import draw
from app.pipeline import run
from app.progress import Console
from app.settings import Settings
from app.sources import open_source, unheard
from app.stages import Packet
from app.types import Result, Sink, Source
from engine.errors import UserError
from engine.types import Frame

CHUNK = 32  #: frames held in memory while the stages take turns
LIVE_S = 15.0  #: at most so long is the clip replayed as if it were a camera


@dataclass(frozen=True, slots=True)
class Report:
    """Milliseconds are per frame; `alone` means nothing else was running."""

    machine: str
    source: str
    frames: int
    people: float  #: in view, mean over the frames
    alone_cpu_ms: dict[str, float]  #: CPU time of each stage, all its threads together
    alone_wall_ms: dict[str, float]
    fps: float  #: of the whole job: read, analyse, write MP4 and CSV
    efficiency: float  #: (CPU seconds the stages take alone / cores) / wall seconds of the whole job
    peak_memory_mb: float  #: of the whole job
    live_fps: float  #: drawn frames when the clip is replayed at its own pace
    live_dropped: int
    latency_p50_ms: float  #: capture to drawn, at that pace
    latency_p95_ms: float
    lag_ms: float  #: by which joints are later than their pictures, because of the smoothing; -1: not known
    damage: str  #: what was wrong with the source, "" when nothing was; the rest speaks of what could be read

    def as_json(self) -> str:
        return json.dumps(dataclasses.asdict(self)) + "\n"

    def as_text(self) -> str:
        rows = [f"{'stage':<10}{'CPU ms':>9}{'wall ms':>9}   a frame, alone"]
        rows += [
            f"{name:<10}{cpu:>9.2f}{self.alone_wall_ms[name]:>9.2f}"
            for name, cpu in self.alone_cpu_ms.items()
        ]
        return "\n".join(
            [
                f"{self.machine}",
                f"{self.source}: {self.frames} frames, {self.people:.1f} people in view",
                "",
                *rows,
                "",
                f"whole job      {self.fps:.1f} fps, efficiency {self.efficiency:.2f}, "
                f"peak memory {self.peak_memory_mb:.0f} MB",
                f"as a camera    {self.live_fps:.1f} fps, {self.live_dropped} dropped, capture to drawn "
                f"p50 {self.latency_p50_ms:.0f} ms, p95 {self.latency_p95_ms:.0f} ms"
                + (f", joints {self.lag_ms:.0f} ms late" if self.lag_ms >= 0 else ""),
                "",
            ]
        )


class _Part:
    """The first frames of a recorded source; as a camera would deliver them when `paced`."""

    def __init__(self, source: Source, frames: int, *, paced: bool) -> None:
        self.info = dataclasses.replace(source.info, live=paced)
        self._source, self._frames, self._paced = source, frames, paced

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        began = first = 0.0
        for frame in islice(self._source.frames(stop), self._frames):
            if frame.index == 0:
                began, first = time.monotonic(), frame.time
            moment = frame.time - first
            if self._paced:
                if moment > LIVE_S:
                    return
                stop.wait(max(0.0, began + moment - time.monotonic()))
            yield frame

    def close(self) -> None:
        self._source.close()


class _Drawn:
    """Draws each result, as a window would, and notes how old its picture is by then."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self.latencies_ms: list[float] = []

    def write(self, result: Result) -> None:
        draw(result.frame.image, result.tracks, self._threshold)
        self.latencies_ms.append(1e3 * (time.perf_counter() - result.timings.captured))

    def close(self) -> None:
        pass


def bench(argument: str, settings: Settings, frames: int, stop: threading.Event) -> Report:
    """Measure `frames` frames of a recorded source three ways: as a job, stage by stage, as a camera."""
    if settings.smooth == "full":
        raise UserError("a benchmark is of one way through a video; --smooth full takes two, so try another")
    console = Console(sys.stderr, quiet=settings.quiet)
    job = Job(settings, console.say)

    def part(*, paced: bool) -> _Part:
        source = open_source(argument, stem="bench")
        if source.info.live:
            source.close()
            raise UserError(f"{source.info.name}: a benchmark needs a recorded video, not a live source")
        return _Part(source, frames, paced=paced)

    with tempfile.TemporaryDirectory() as folder, closing(part(paced=False)) as source:
        job.use_engines(console, stop)
        sinks = job.sinks(source.info, Path(folder), unheard)
        done = run(source, job.stages(source.info), sinks, stop=stop)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not done.written and not stop.is_set():
        raise UserError(done.damage or f"{argument}: no frame was measured")
    with tempfile.TemporaryDirectory() as folder, closing(part(paced=False)) as source:
        cpu, wall, people = _alone(job, source, Path(folder), settings.keypoint_threshold, stop)
    drawn = _Drawn(settings.keypoint_threshold)
    with closing(part(paced=True)) as source:
        lag = job.lag_ms(source.info)
        live = run(source, job.stages(source.info), [lambda: drawn], stop=stop)
    p50, p95 = np.percentile(drawn.latencies_ms or [0.0], [50, 95])
    cores = len(os.sched_getaffinity(0))
    per_frame = 1e3 / max(1, done.written)
    busy = sum(cost for name, cost in cpu.items() if name != "draw")  # drawing is part of writing
    return Report(
        machine=f"{platform.machine()}, {cores} cores, Python {platform.python_version()}",
        source=source.info.name,
        frames=done.written,
        people=people,
        alone_cpu_ms={name: cost * per_frame for name, cost in cpu.items()},
        alone_wall_ms={name: cost * per_frame for name, cost in wall.items()},
        fps=done.written / done.seconds,
        efficiency=busy / cores / done.seconds,
        peak_memory_mb=memory,
        live_fps=live.written / live.seconds,
        live_dropped=live.dropped,
        latency_p50_ms=float(p50),
        latency_p95_ms=float(p95),
        lag_ms=lag,
        damage=done.damage,
    )


def _whole(frames: Iterator[Frame]) -> Iterator[Frame]:
    """What can be read of a source; how it is damaged was told before."""
    with suppress(UserError):
        yield from frames


def _alone(
    job: Job, source: Source, folder: Path, threshold: float, stop: threading.Event
) -> tuple[dict[str, float], dict[str, float], float]:
    """CPU and wall seconds of each stage with nothing beside it, and the mean number of people."""
    stages = job.stages(source.info)
    names = ("read", *(stage.name for stage in stages), "draw", "write")
    cpu, wall = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    people: list[int] = []

    class Timed:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            self.cpu, self.wall = time.process_time(), time.perf_counter()

        def __exit__(self, *_: object) -> None:
            cpu[self.name] += time.process_time() - self.cpu
            wall[self.name] += time.perf_counter() - self.wall

    with ExitStack() as opened:
        steps = [(stage, opened.enter_context(stage.open())) for stage in stages]
        frames = _whole(source.frames(stop))
        sinks: Sequence[Sink] = ()
        while not stop.is_set():
            with Timed("read"):
                captured = [Packet(frame, None, 0.0) for frame in islice(frames, CHUNK)]
            if not captured:
                break
            passed: list[Any] = captured
            for stage, step in steps:
                with Timed(stage.name):
                    passed = [
                        done
                        for at in range(0, len(passed), stage.frames_at_once)
                        for done in step(passed[at : at + stage.frames_at_once])
                    ]
            results: list[Result] = passed
            people += [len(result.tracks) for result in results]
            with Timed("draw"):
                for result in results:
                    draw(result.frame.image, result.tracks, threshold)
            with Timed("write"):
                sinks = sinks or [
                    opened.enter_context(closing(open_sink()))
                    for open_sink in job.sinks(source.info, folder, unheard)
                ]
                for result in results:
                    for sink in sinks:
                        sink.write(result)
        with Timed("write"):
            opened.close()
    return cpu, wall, float(np.mean(people or [0]))
