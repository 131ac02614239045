"""A camera and networks that are imagined, for `benchmarks.live`: they cost the time they are told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.job import Job
from app.settings import Settings
from app.watch.live import NOWHERE
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses

RATE = 25  #: frames a second


class Imagined(Job):
    """A Job whose networks see one person who walks, comes and goes, and take so long for a frame."""

    models = (Path("imagined"), Path("imagined"))
    wait_s = 0.0

    def __init__(self, settings: Settings, opened: Callable[[str], None]) -> None:
        super().__init__(settings)
        opened("CPU")

    def close(self) -> None:
        pass

    def _open_detector(self) -> Imagination:
        return Imagination(self.wait_s)

    def _open_pose(self) -> Imagination:  # type: ignore[override]
        self._keypoints = KEYPOINTS
        return Imagination(self.wait_s)


class Imagination:
    """Both networks. Time is told by the number of pictures seen."""

    keypoints = KEYPOINTS

    def __init__(self, wait_s: float) -> None:
        self._wait_s, self._seen = wait_s, 0

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Boxes]:
        return [self._boxes() for _ in images]

    def estimate(self, images: Sequence[object], boxes: Sequence[Boxes]) -> list[Poses]:
        time.sleep(self._wait_s * len(images))
        return [_poses(each) for each in boxes]

    def close(self) -> None:
        pass

    def _boxes(self) -> Boxes:
        time.sleep(self._wait_s)
        self._seen += 1
        there = int(self._seen // RATE % 25 < 20)
        left = 40 + 30 * np.sin(self._seen / RATE)
        return Boxes(
            np.array([[left, 20, left + 30, 100]] * there, np.float32).reshape(-1, 4),
            np.full(there, 0.9, np.float32),
        )


def _poses(boxes: Boxes) -> Poses:
    places = np.random.default_rng(0).random((17, 2))
    low, high = boxes.xyxy[:, None, :2], boxes.xyxy[:, None, 2:]
    return Poses(
        boxes, (low + places * (high - low)).astype(np.float32), np.full((len(boxes), 17), 0.9, np.float32)
    )


class Simulated:
    """A camera whose next picture comes as soon as there is time for it."""

    def __init__(self, frames: int, size: tuple[int, int]) -> None:
        width, height = size
        self.info = replace(
            NOWHERE, name="simulated", stem="simulated", width=width, height=height, live=True
        )
        self.info = replace(self.info, rate=Fraction(RATE))
        self.room = threading.Semaphore(2)  # in work at once: none is dropped
        self._frames = frames
        self._noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for index in range(self._frames):
            while not self.room.acquire(timeout=0.5):
                if stop.is_set():
                    return
            if stop.is_set():
                return
            yield Frame(index, index / RATE, self._noise.copy())

    def close(self) -> None:
        pass
