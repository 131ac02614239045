"""The whole way from pictures to tracks, each step alone and then all of them in their threads."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from app.channel import Channel
from app.workers import Workers
from benchmarks.gpu_clock import Bench, Row
from benchmarks.gpu_networks import Subject
from engine.detector import open_detector
from engine.errors import UserError
from engine.pose import PoseEstimator
from engine.session import Session, Signature
from engine.skeleton import KEYPOINTS
from engine.training.graph import Decode, Deployed, Normalise
from engine.types import Array, Boxes, Image, Poses

PEOPLE = 5  #: in every picture, where no detector is given
SIZE, QUICK_SIZE = (720, 1280), (90, 160)  #: of made-up pictures
ROOM = 8  #: items between two threads, as in `app.pipeline`
AT_ONCE = 4  #: pictures whose people share a run of the network, as in `app.stages`
ALONE = 200  #: pictures on which each step is timed alone
MADE_UP = 16  #: different pictures, where no clip is given
MOST_S = 150.0  #: for all steps at once

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


class GraphSession(Session):
    """uint8 crops in, joints out, all of it on the GPU, as `engine.training.export` puts it in a file."""

    max_batch = 64

    def __init__(self, subject: Subject, device: torch.device) -> None:
        model, (height, width) = subject.model, subject.size
        network = Deployed(
            subject.network(),
            Normalise(model),
            Decode(model, (height // 4, width // 4)),
            half=device.type == "cuda",
        )
        self._network: nn.Module = network.to(device).eval().to(memory_format=torch.channels_last)
        self._device = device
        joints = len(KEYPOINTS)
        self.signature = Signature(((0, height, width, 3),), ((0, joints, 2), (0, joints)), {})

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        with torch.inference_mode():
            said = self._network(torch.from_numpy(np.ascontiguousarray(batch)).to(self._device))
        return tuple(each.cpu().numpy() for each in said)

    def close(self) -> None:
        del self._network


def pipeline(
    bench: Bench, subject: Subject, clip: Path | None, detector: Path | None, frames: int
) -> Iterator[Row]:
    """Frames per second of each step alone, and of all together over `frames` pictures."""
    estimator = PoseEstimator(GraphSession(subject, bench.device), subject.model, batch=64)
    steps, notes = [_detect(bench, detector), _pose(estimator)], []
    for make in (_track, _draw):
        try:
            steps.append(make())
        except ImportError as error:
            notes.append(f"{make.__name__.strip('_')} left out: {error}")
    source, about = _pictures(clip, QUICK_SIZE if bench.quick else SIZE)
    section = f"pipeline: {about}, {subject.title} fp16 with random weights"
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


def _alone(pictures: Iterator[Image], steps: Sequence[Step], frames: int) -> dict[str, float]:
    """Seconds a frame of each step with nothing beside it; the first frames, which warm up, do not count."""
    warm = min(frames // 4, 20)
    spent = dict.fromkeys(["read", *(step.name for step in steps)], 0.0)
    counted = 0
    for start in range(0, frames, AT_ONCE):
        began = time.perf_counter()
        items = [Item(start + i, image) for i, image in enumerate(itertools.islice(pictures, AT_ONCE))]
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
    return {name: seconds / max(1, counted) for name, seconds in spent.items()}


def _together(
    pictures: Iterator[Image], steps: Sequence[Step], frames: int, deadline: float
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
                item = Item(index, next(pictures))
                busy["read"] += time.perf_counter() - began
                channels[0].put(item)

    def pump(step: Step, inbox: Channel[Item], outbox: Channel[Item]) -> None:
        with closing(outbox):
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


def _pictures(clip: Path | None, size: tuple[int, int]) -> tuple[Callable[[], Iterator[Image]], str]:
    """What opens an endless row of pictures, and what they are."""
    if clip is None:
        noise = np.random.default_rng(0).integers(0, 256, (MADE_UP, *size, 3), np.uint8)
        return lambda: itertools.cycle(list(noise)), f"pictures {size[1]}x{size[0]} that nobody decodes"
    try:
        from app.sources import open_source
    except ImportError:
        return lambda: _by_opencv(clip), f"{clip.name}, over and over, read by OpenCV"

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


def _detect(bench: Bench, path: Path | None) -> Step:
    if path is None:
        return Step("boxes of five people, given", 1, lambda items: [_given(item) for item in items])
    detector = open_detector(path, "auto" if bench.cuda else "cpu", 4)

    def work(items: Sequence[Item]) -> list[Item]:
        found = detector.detect([item.image for item in items])
        return [replace(item, found=boxes) for item, boxes in zip(items, found, strict=True)]

    return Step(f"detect ({path.name})", 1, work)


def _given(item: Item) -> Item:
    """Five people side by side, who walk to and fro."""
    height, width = item.image.shape[:2]
    step = width / (PEOPLE + 1)
    middle = step * np.arange(1, PEOPLE + 1) + step / 3 * np.sin(item.index / 50)
    half = np.array([0.17, 0.4]) * height * 0.8
    centre = np.stack([middle, np.full(PEOPLE, height / 2)], axis=1)
    xyxy = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return replace(item, found=Boxes(xyxy, np.full(PEOPLE, 0.9, np.float32)))


def _pose(estimator: PoseEstimator) -> Step:
    def work(items: Sequence[Item]) -> list[Item]:
        boxes = [item.found for item in items]
        estimator.estimate([item.image for item in items], boxes)
        return [replace(item, found=_standing(found)) for item, found in zip(items, boxes, strict=True)]

    return Step("pose", AT_ONCE, work)


def _standing(boxes: Boxes) -> Poses:
    low, size = boxes.xyxy[:, None, :2], (boxes.xyxy[:, 2:] - boxes.xyxy[:, :2])[:, None]
    keypoints = (low + size * STANDING).astype(np.float32)
    return Poses(boxes, keypoints, np.full(keypoints.shape[:2], 0.9, np.float32))


def _track() -> Step:
    from trackers.tracker import Tracker

    tracker, rate = Tracker(), Fraction(25)

    def work(items: Sequence[Item]) -> list[Item]:
        return [replace(item, found=tracker.update(item.found, float(next(clock) / rate))) for item in items]

    clock = itertools.count()
    return Step("track", AT_ONCE, work)


def _draw() -> Step:
    from app.draw import draw

    def work(items: Sequence[Item]) -> list[Item]:
        for item in items:
            if not isinstance(item.found, Poses):
                draw(item.image, item.found, 0.3)
        return list(items)

    return Step("draw", AT_ONCE, work)
