"""Cameras and networks that are imagined, for `benchmarks.live` and `.looker`: each costs what it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.job import Job
from app.settings import Settings
from app.types import NOWHERE
from engine.session import GPU_BATCH, Session
from engine.skeleton import KEYPOINTS
from engine.types import Array, Boxes, Frame, Image, Poses

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"
RATE = 25  #: frames a second
PICTURES = 25  #: of the demo clip, shown forwards and backwards


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


class Film:
    """A camera that shows the demo clip; each picture comes when the detector begins with the one before."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self.info = replace(
            NOWHERE, name="camera", stem="camera", width=width, height=height, live=True, rate=Fraction(60)
        )
        self.wanted = threading.Semaphore(1)
        clip = cv2.VideoCapture(str(DEMO))
        film = [np.asarray(cv2.resize(clip.read()[1], size), np.uint8) for _ in range(PICTURES)]
        self._film = [*film, *film[-2:0:-1]]

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        began, index = time.perf_counter(), 0
        while not stop.is_set():
            if self.wanted.acquire(timeout=0.2):
                image = self._film[index % len(self._film)].copy()
                yield Frame(index, time.perf_counter() - began, image)
                index += 1

    def close(self) -> None:
        pass


class Waiting:
    """A network that knows by heart what it was asked before, and waits as long as a GPU would take."""

    on_cpu = False

    def __init__(self, network: Session, wait_s: float) -> None:
        """`wait_s`: for one picture, or all the people in it."""
        self.signature, self.max_batch = network.signature, network.max_batch
        self.best_batch = min(GPU_BATCH, network.max_batch)
        self._network, self._wait_s = network, wait_s
        self._known: dict[bytes, tuple[Array, ...]] = {}

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        answers = [self._answer(batch[n : n + 1]) for n in range(len(batch))]
        time.sleep(self._wait_s)
        return tuple(np.concatenate(each) for each in zip(*answers, strict=True))

    def close(self) -> None:
        self._network.close()

    def _answer(self, row: Array | Image) -> tuple[Array, ...]:
        some = row[..., ::7, ::5].tobytes()  # enough to know it again
        if some not in self._known:
            self._known[some] = self._network.run(row)
        return self._known[some]


class Asking:
    """A network that tells before each run that it begins."""

    def __init__(self, network: Session, begins: Callable[[], object]) -> None:
        self.signature = network.signature
        self.max_batch, self.best_batch = network.max_batch, network.best_batch
        self.on_cpu = bool(getattr(network, "on_cpu", False))
        self.close = network.close
        self._network, self._begins = network, begins

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        self._begins()
        return self._network.run(batch)
