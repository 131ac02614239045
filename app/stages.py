"""The work between a frame and a result: detect, pose, track. Lists of packets in, lists of packets out.

An empty list says that no more will come: whatever a stage still holds is to be given out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.grid import settled
from app.pace import Pace
from app.results import Results
from app.seldom import Seldom
from app.types import NO_POSES, NOTHING_BEFORE, Before, Result, Timings
from engine.detector import Detector
from engine.pose import PoseEstimator
from engine.types import Boxes, Frame, Poses
from trackers.appearance import looks
from trackers.camera import Camera
from trackers.tracker import Tracker
from trackers.types import STANDING, Tracks

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")

TOGETHER = "detect, pose, track"  #: name of the stage that does all three
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
Stages = Sequence[Stage[Any, Any]]  #: each takes what the one before gives; the last gives results


def detect(open_detector: Callable[[], Detector], before: Before = NOTHING_BEFORE) -> DetectStage:
    """Find the people of each frame; nobody in those that were looked at `before`."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[None]]], list[Packet[Boxes]]]]:
        with closing(open_detector()) as detector:

            def work(packets: Sequence[Packet[None]]) -> list[Packet[Boxes]]:
                began = time.perf_counter()
                new = [packet.frame.image for packet in packets if packet.frame.index >= before.frames]
                found = [NO_POSES.boxes] * (len(packets) - len(new))
                return _onward(packets, [*found, *(detector.detect(new) if new else ())], began)

            yield work

    return Stage("detect", 1, ready)


def pose(open_estimator: Callable[[], PoseEstimator], before: Before = NOTHING_BEFORE) -> PoseStage:
    """Find the joints of each person; the people of all waiting frames share batches.

    Joints are settled here, and those found `before` are taken as they were.
    """

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[Boxes]]], list[Packet[Poses]]]]:
        with closing(open_estimator()) as estimator:

            def work(packets: Sequence[Packet[Boxes]]) -> list[Packet[Poses]]:
                began = time.perf_counter()
                new = [packet for packet in packets if packet.frame.index >= before.frames]
                found = [next(before.seen).poses for _ in range(len(packets) - len(new))]
                if new:
                    images = [packet.frame.image for packet in new]
                    found += map(settled, estimator.estimate(images, [packet.found for packet in new]))
                return _onward(packets, found, began)

            yield work

    return Stage("pose", FRAMES_AT_ONCE, ready)


def track(
    make_tracker: Callable[[], Tracker], make_results: Callable[[], Results], *, film: bool
) -> TrackStage:
    """Tell who is who, and smooth. No `film`: the pictures need not follow on one another."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[Poses]]], list[Result]]]:
        tracker, results, camera = make_tracker(), make_results(), Camera()

        def follow(packet: Packet[Poses]) -> list[Result]:
            began = time.perf_counter()
            frame, poses = packet.frame, packet.found
            moved = camera.moved(frame.image, poses.boxes) if film else STANDING
            seen = looks(frame.image, poses) if film else None
            tracks = tracker.update(poses, frame.time, looks=seen, camera=moved)
            detect_s, pose_s = packet.spent
            timings = Timings(packet.captured, detect_s, pose_s, time.perf_counter() - began)
            return results.add(frame, tracks, timings, poses)

        def work(packets: Sequence[Packet[Poses]]) -> list[Result]:
            return [done for packet in packets for done in follow(packet)] if packets else results.rest()

        yield work

    return Stage("track", FRAMES_AT_ONCE, ready)


def together(
    open_detector: Callable[[], Detector],
    open_estimator: Callable[[], PoseEstimator],
    make_tracker: Callable[[], Tracker],
    make_results: Callable[[], Results],
    make_pace: Callable[[], Pace],
    before: Before = NOTHING_BEFORE,
) -> Stage[Packet[None], Result]:
    """Detect, pose and track in one, frame by frame: people are looked for only where it is time to.

    In between they are where the tracker expects them, so a frame has to wait for the one before.
    """

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[None]]], list[Result]]]:
        with closing(open_detector()) as detector, closing(open_estimator()) as estimator:
            seldom = Seldom(detector, estimator, make_tracker(), make_pace(), before)
            results = make_results()

            def work(packets: Sequence[Packet[None]]) -> list[Result]:
                if not packets:
                    return results.rest()
                return [
                    done
                    for packet in packets
                    for done in results.add(packet.frame, *seldom.follow(packet.frame, packet.captured))
                ]

            yield work

    return Stage(TOGETHER, 1, ready)


def recall(told: Mapping[int, Tracks], make_results: Callable[[], Results]) -> Stage[Packet[None], Result]:
    """What is already known of each frame, by its index; frames of which nothing is known are left out."""

    @contextmanager
    def ready() -> Iterator[Callable[[Sequence[Packet[None]]], list[Result]]]:
        results = make_results()

        def work(packets: Sequence[Packet[None]]) -> list[Result]:
            known = [packet for packet in packets if packet.frame.index in told]
            return [
                done
                for packet in known
                for done in results.add(
                    packet.frame, told[packet.frame.index], Timings(packet.captured, 0.0, 0.0, 0.0)
                )
            ]

        yield work

    return Stage("recall", 1, ready)


def _onward(packets: Sequence[Packet[In]], found: Sequence[Out], began: float) -> list[Packet[Out]]:
    """The same frames with what was found in them, and an equal share of the time since `began`."""
    share = (time.perf_counter() - began) / max(1, len(packets))
    return [
        Packet(packet.frame, what, packet.captured, (*packet.spent, share))
        for packet, what in zip(packets, found, strict=True)
    ]
