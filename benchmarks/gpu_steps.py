"""What the pipeline of `benchmarks.gpu` consists of: pictures, and what is done with them."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.gpu_clock import Bench
from engine.detector import Detector, open_detector
from engine.errors import UserError
from engine.pose import PoseEstimator
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Image, Poses

CORES = len(os.sched_getaffinity(0))
PEOPLE = 5  #: in every picture, where no detector is given
AT_ONCE = 4  #: pictures whose people share a run of the network, as in `app.stages`
MADE_UP = 16  #: different pictures, where no clip is given

#: Where the joints of somebody who stands are, in parts of the box: what random weights draw is no person,
#: and to follow noise would cost the tracker what no film costs.
STANDING = np.random.default_rng(3).uniform([0.2, 0.05], [0.8, 0.95], (len(KEYPOINTS), 2))


@dataclass(slots=True)
class Item:
    """A picture on its way."""

    index: int
    image: Image
    found: Any = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a thread does with the pictures that wait for it."""

    name: str
    at_once: int
    work: Callable[[Sequence[Item]], list[Item]]
    close: Callable[[], None] = lambda: None  #: in the thread that did the work


def pictures(clip: Path | None, size: tuple[int, int]) -> tuple[Callable[[], Iterator[Image]], str]:
    """What opens an endless row of pictures, and what they are."""
    if clip is None:
        noise = np.random.default_rng(0).integers(0, 256, (MADE_UP, *size, 3), np.uint8)
        return lambda: itertools.cycle(list(noise)), f"pictures {size[1]}x{size[0]} that nobody decodes"
    if find_spec("av") is None:
        return lambda: _by_opencv(clip), f"{clip.name}, over and over, read by OpenCV"
    from app.sources import open_source

    def by_program() -> Iterator[Image]:
        while True:
            with closing(open_source(str(clip), stem="clip")) as source:
                for frame in source.frames(threading.Event()):
                    yield frame.image

    return by_program, f"{clip.name}, over and over"


def _by_opencv(clip: Path) -> Iterator[Image]:
    while True:
        capture, number = cv2.VideoCapture(str(clip)), 0
        try:
            while (read := capture.read())[0]:
                number += 1
                yield read[1]
        finally:
            capture.release()
        if not number:
            raise UserError(f"{clip}: OpenCV reads no picture of it")


def detect(bench: Bench, path: Path | None) -> Step:
    if path is None:
        return Step("boxes of five people, given", 1, lambda items: [_given(item) for item in items])
    opened: list[Detector] = []

    def work(items: Sequence[Item]) -> list[Item]:
        if not opened:  # by the thread that uses it
            opened.append(open_detector(path, "auto" if bench.cuda else "cpu", max(1, CORES // 2)))
        found = opened[0].detect([item.image for item in items])
        return [replace(item, found=boxes) for item, boxes in zip(items, found, strict=True)]

    def close() -> None:
        while opened:
            opened.pop().close()

    return Step(f"detect ({path.name})", 1, work, close)


def _given(item: Item) -> Item:
    """Five people side by side, who walk to and fro."""
    height, width = item.image.shape[:2]
    step = width / (PEOPLE + 1)
    middle = step * np.arange(1, PEOPLE + 1) + step / 3 * np.sin(item.index / 50)
    half = np.array([0.17, 0.4]) * height * 0.8
    centre = np.stack([middle, np.full(PEOPLE, height / 2)], axis=1)
    xyxy = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return replace(item, found=Boxes(xyxy, np.full(PEOPLE, 0.9, np.float32)))


def pose(estimator: PoseEstimator) -> Step:
    def work(items: Sequence[Item]) -> list[Item]:
        boxes = [item.found for item in items]
        estimator.estimate([item.image for item in items], boxes)
        return [replace(item, found=_standing(found)) for item, found in zip(items, boxes, strict=True)]

    return Step("pose", AT_ONCE, work)


def _standing(boxes: Boxes) -> Poses:
    low, size = boxes.xyxy[:, None, :2], (boxes.xyxy[:, 2:] - boxes.xyxy[:, :2])[:, None]
    keypoints = (low + size * STANDING).astype(np.float32)
    return Poses(boxes, keypoints, np.full(keypoints.shape[:2], 0.9, np.float32))


def track() -> Step:
    from trackers.tracker import Tracker

    tracker, rate = Tracker(), Fraction(25)

    def work(items: Sequence[Item]) -> list[Item]:
        return [replace(item, found=tracker.update(item.found, float(next(clock) / rate))) for item in items]

    clock = itertools.count()
    return Step("track", AT_ONCE, work)


def draw() -> Step:
    from app.painting.draw import draw as paint

    def work(items: Sequence[Item]) -> list[Item]:
        for item in items:
            if not isinstance(item.found, Poses):
                paint(item.image, item.found, 0.3)
        return list(items)

    return Step("draw", AT_ONCE, work)
