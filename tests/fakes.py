"""Stand-ins for what a pipeline runs: sources, stages and sinks whose behaviour a test decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np

from app.stages import Packet, Stage
from app.types import Result, SourceInfo, Timings
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks


def info(*, live: bool = False, size: tuple[int, int] = (8, 4), frames: int = 0) -> SourceInfo:
    """A source of `size` (width, height) at 25 frames a second."""
    return SourceInfo(
        "made up", "made-up", *size, Fraction(1, 25), Fraction(25), frames, live, False, Fraction(1), ""
    )


class Pictures:
    """`number` black frames, one each `period` seconds; then `end` raises what it likes."""

    def __init__(
        self, number: int, *, live: bool = False, period: float = 0.0, end: Callable[[], None] = lambda: None
    ) -> None:
        self.info = info(live=live)
        self._number, self._period, self._end = number, period, end
        self._began = time.monotonic()

    def frames(self, stop: threading.Event) -> Iterator[Frame]:  # noqa: ARG002 (the pipeline looks at it)
        for index in range(self._number):
            time.sleep(self._period)
            moment = time.monotonic() - self._began if self.info.live else index / 25
            yield Frame(index, moment, np.zeros((4, 8, 3), np.uint8))
        self._end()

    def close(self) -> None:
        pass


def poses(*people: np.ndarray, score: float = 0.9) -> Poses:
    """Skeletons (K, 2), each in the box around it, all joints with the same score."""
    keypoints = np.array(people, np.float32) if people else np.zeros((0, 17, 2), np.float32)
    n, k, _ = keypoints.shape
    xyxy = np.concatenate([keypoints.min(axis=1), keypoints.max(axis=1)], axis=1)
    boxes = Boxes(xyxy, np.full(n, score, np.float32))
    return Poses(boxes, keypoints, np.full((n, k), score, np.float32))


def tracks(*people: np.ndarray, first_id: int = 1) -> Tracks:
    """The same as tracks with ids from `first_id`."""
    found = poses(*people)
    ids = np.arange(first_id, first_id + len(found), dtype=np.int64)
    return Tracks(ids, found.boxes, found.keypoints, found.keypoints.copy(), found.scores)


def result(frame: Frame, people: Tracks | None = None) -> Result:
    """A result with nobody in it, or with `people`."""
    return Result(frame, people if people is not None else tracks(), Timings(0.0, 0.0, 0.0, 0.0))


def stage(name: str, found: object, on_frame: Callable[[Frame], None] = lambda _: None) -> Stage:
    """A stage that finds `found` in every frame, after `on_frame` had its say."""

    @contextmanager
    def ready():
        def work(packets):
            out = []
            for packet in packets:
                on_frame(packet.frame)
                done = (
                    result(packet.frame) if name == "track" else Packet(packet.frame, found, packet.captured)
                )
                out.append(done)
            return out

        yield work

    return Stage(name, 4, ready)


class Kept:
    """A sink that remembers the indices of its frames."""

    def __init__(self, *, delay: float = 0.0, on_write: Callable[[Result], None] = lambda _: None) -> None:
        self.frames: list[int] = []
        self.closed = 0
        self._delay, self._on_write = delay, on_write

    def write(self, found: Result) -> None:
        time.sleep(self._delay)
        self._on_write(found)
        self.frames.append(found.frame.index)

    def close(self) -> None:
        self.closed += 1
