"""A long run with people coming and going: real threads, tracker, files and recording; networks that know."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.outputs.mp4 import Mp4
from app.outputs.table import Csv
from app.pipeline import Summary, run
from app.results import Results
from app.stages import detect, pose, track
from app.store.about import Recipe
from app.store.writer import Writer
from app.types import Result, Sink, SourceInfo
from app.watch.recorder import Recorder, Recording
from app.watch.take import Plan
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses
from trackers.smoothing import smoother
from trackers.tracker import Tracker

WIDTH, HEIGHT, TICK = 96, 64, Fraction(1, 25)
EVERY, STAYS = 100, 160  #: frames between two who come, and for which each of them stays
PAGE = 4096
MOST_GROWN = 300  #: bytes of memory a frame


@dataclass(frozen=True, slots=True)
class Reading:
    """What the process holds, after so many frames."""

    frames: int
    memory_mb: float
    handles: int
    threads: int
    session: int  #: bytes, with what is not in its place yet
    rows: int  #: people in frames, so far


def there(index: int) -> range:
    """The numbers of those who are in a frame."""
    return range(max(0, (index - STAYS) // EVERY + 1), index // EVERY + 1)


def people(index: int) -> np.ndarray:
    """Joints (N, 17, 2) of who is there in a frame: each walks through the picture in a lane of their own."""
    body = np.stack([np.linspace(-4, 4, 17), np.linspace(-12, 12, 17)], axis=1)
    places = np.array([(WIDTH * (index - n * EVERY) / STAYS, 14 + 18 * (n % 3)) for n in there(index)])
    tremble = np.random.default_rng(index).normal(0, 0.15, (len(places), 17, 2))
    return (places.reshape(-1, 1, 2) + body + tremble).astype(np.float32)


class Walks:
    """A source of so many frames; each picture has its number in its first pixel, and people in colours."""

    def __init__(self, frames: int) -> None:
        self.info = SourceInfo(
            "walks",
            "walks",
            WIDTH,
            HEIGHT,
            Fraction(1, 25),
            Fraction(25),
            frames,
            False,
            False,
            Fraction(1),
            "",
        )
        self._frames = frames

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for index in range(self._frames):
            if stop.is_set():
                return
            image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            for n, joints in zip(there(index), people(index), strict=True):
                x, y = joints.mean(axis=0).astype(int)
                clothes = np.random.default_rng(n).integers(0, 255, 3)
                image[max(0, y - 12) : y + 12, max(0, x - 4) : max(0, x + 4)] = clothes
            image[0, 0] = index & 255, index >> 8 & 255, index >> 16
            yield Frame(index, index / 25, image)

    def close(self) -> None:
        pass


def seen(image: np.ndarray) -> Poses:
    """What networks would make of the picture."""
    low, middle, high = (int(part) for part in image[0, 0])
    joints = people(low | middle << 8 | high << 16)
    edges = (
        np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1) if len(joints) else np.zeros((0, 4))
    )
    boxes = Boxes(edges.astype(np.float32), np.full(len(joints), 0.9, np.float32))
    return Poses(boxes, joints, np.full(joints.shape[:2], 0.8, np.float32))


class Knowing:
    """Detector and pose network in one."""

    keypoints = KEYPOINTS

    def detect(self, images: Sequence[np.ndarray]) -> list[Boxes]:
        return [seen(image).boxes for image in images]

    def estimate(self, images: Sequence[np.ndarray], _boxes: Sequence[Boxes]) -> list[Poses]:
        return [seen(image) for image in images]

    def close(self) -> None:
        pass


def walk(
    folder: Path, frames: int, every: int, show: Callable[[Reading], None]
) -> tuple[Summary, Recording, list[Reading]]:
    """Let everybody walk, with all files and a recording on; readings after `every` so many frames."""
    recorder, readings, rows = Recorder(lambda: None), list[Reading](), [0]
    session = folder / "walks.kinetrail"

    def files(info: SourceInfo, to: Path, notice: Callable[[str], None]) -> list[Callable[[], Sink]]:
        recipe = Recipe("walks", "", "", KEYPOINTS, {})
        return [
            lambda: Mp4(to / "walks.mp4", info, 0.3, notice=notice, threads=1),
            lambda: Csv(to / "walks.csv", KEYPOINTS, 0.3),
            lambda: Writer(session, info, recipe),
        ]

    def done(result: Result) -> None:
        rows[0] += len(result.tracks)
        if (result.frame.index + 1) % every == 0:
            gc.collect()
            readings.append(reading(result.frame.index + 1, session, rows[0]))
            show(readings[-1])

    source = Walks(frames)
    recorder.ready(Plan(source.info, files, 1, lambda _: None, lambda: None))
    recorder.start(folder, "walks")
    film = track(Tracker, lambda: Results(smoother("lag:0.3s"), lambda result: result), film=True)
    stages = [detect(Knowing), pose(Knowing), film]
    try:
        done_all = run(
            source, stages, [lambda: recorder], stop=threading.Event(), show=done, tap=recorder.capture
        )
    finally:
        recorder.close()
    return done_all, recorder.state(), readings


def reading(frames: int, session: Path, rows: int) -> Reading:
    """Of this process, now."""
    own = Path("/proc/self")
    size = sum(
        path.stat().st_size for path in (session, session.with_name(f"{session.name}-wal")) if path.exists()
    )
    return Reading(
        frames,
        int((own / "statm").read_text().split()[1]) * PAGE / 2**20,
        len(list((own / "fd").iterdir())),
        len(list((own / "task").iterdir())),
        size,
        rows,
    )


def trouble(readings: Sequence[Reading]) -> str:
    """What grows that should not, between a fifth of the way and the end; "" where nothing does.

    Both MP4s keep some 70 bytes a frame of their index in memory until they are completed.
    """
    early, late = readings[len(readings) // 5], readings[-2]
    frames = late.frames - early.frames
    grown = (late.memory_mb - early.memory_mb) * 2**20 / frames
    if grown > MOST_GROWN:
        return f"memory grew by {grown:.0f} bytes a frame"
    if late.handles > early.handles or late.threads > early.threads:
        return f"handles went from {early.handles} to {late.handles}, threads to {late.threads}"
    middle = readings[len(readings) // 2]
    first = (middle.session - early.session) / (middle.rows - early.rows)
    second = (late.session - middle.session) / (late.rows - middle.rows)
    if not 0.9 < first / second < 1.1:
        return f"a row of the session took {first:.0f} bytes, and then {second:.0f}"
    return ""
