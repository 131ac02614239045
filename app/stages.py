"""The work between a frame and a result: detect, pose, track. Lists of packets in, lists of packets out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.types import Result, Timings
from engine.detector import Detector
from engine.pose import PoseEstimator
from engine.types import Boxes, Frame, Poses
from trackers.tracker import Tracker

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")

FRAMES_AT_ONCE = 4  #: frames whose people may share batches; more gains nothing and delays a stop


@dataclass(frozen=True, slots=True, eq=False)
class Packet(Generic[T]):
    """A frame on its way, and what the last stage found in it."""

    frame: Frame
    found: T
    captured: float  #: time.perf_counter() when the source delivered the frame
    spent: tuple[float, ...] = ()  #: seconds of work in each stage so far


@dataclass(frozen=True, slots=True)
class Stage(Generic[In, Out]):
    """A step of the work. `open` is entered, its function called, and left in one thread."""

    name: str
    frames_at_once: int  #: how many waiting packets one call takes at most
    open: Callable[[], AbstractContextManager[Callable[[Sequence[In]], Sequence[Out]]]]


DetectStage = Stage[Packet[None], Packet[Boxes]]
PoseStage = Stage[Packet[Boxes], Packet[Poses]]
TrackStage = Stage[Packet[Poses], Result]


def detect(open_detector: Callable[[], Detector]) -> DetectStage:
    """Find the people of each frame."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[None]]], list[Packet[Boxes]]]]:
        with closing(open_detector()) as detector:

            def work(packets: Sequence[Packet[None]]) -> list[Packet[Boxes]]:
                began = time.perf_counter()
                found = detector.detect([packet.frame.image for packet in packets])
                return _onward(packets, found, began)

            yield work

    return Stage("detect", 1, ready)


def pose(open_estimator: Callable[[], PoseEstimator]) -> PoseStage:
    """Find the joints of each person; the people of all waiting frames share batches."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[Boxes]]], list[Packet[Poses]]]]:
        with closing(open_estimator()) as estimator:

            def work(packets: Sequence[Packet[Boxes]]) -> list[Packet[Poses]]:
                began = time.perf_counter()
                images = [packet.frame.image for packet in packets]
                found = estimator.estimate(images, [packet.found for packet in packets])
                return _onward(packets, found, began)

            yield work

    return Stage("pose", FRAMES_AT_ONCE, ready)


def track(make_tracker: Callable[[], Tracker]) -> TrackStage:
    """Tell who is who, and smooth."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[Poses]]], list[Result]]]:
        tracker = make_tracker()

        def follow(packet: Packet[Poses]) -> Result:
            began = time.perf_counter()
            tracks = tracker.update(packet.found, packet.frame.time)
            detect_s, pose_s = packet.spent
            timings = Timings(packet.captured, detect_s, pose_s, time.perf_counter() - began)
            return Result(packet.frame, tracks, timings)

        yield lambda packets: [follow(packet) for packet in packets]

    return Stage("track", FRAMES_AT_ONCE, ready)


def _onward(packets: Sequence[Packet[In]], found: Sequence[Out], began: float) -> list[Packet[Out]]:
    """The same frames with what was found in them, and an equal share of the time since `began`."""
    share = (time.perf_counter() - began) / len(packets)
    return [
        Packet(packet.frame, what, packet.captured, (*packet.spent, share))
        for packet, what in zip(packets, found, strict=True)
    ]
