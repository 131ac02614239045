"""What the stages, the sources and the outputs hand to each other."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np

from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks

#: Nobody, as if nothing was measured.
NO_POSES = Poses(
    Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)),
    np.zeros((0, 0, 2), np.float32),
    np.zeros((0, 0), np.float32),
)
NO_TRACKS = Tracks(
    np.zeros(0, np.int64), NO_POSES.boxes, NO_POSES.keypoints, NO_POSES.keypoints, NO_POSES.scores
)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known about a source before its first frame."""

    name: str  #: for people to read: file name or address, never with a password
    stem: str  #: file name of its outputs, without ending
    width: int  #: of the upright picture, pixels
    height: int
    time_base: Fraction  #: seconds; each Frame.time of a file is a whole multiple
    rate: Fraction  #: nominal frames per second
    frames: int  #: expected number, 0 when it cannot be known
    live: bool  #: a camera or stream: what is not taken in time is lost
    stills: bool  #: pictures that need not follow on one another
    pixel_aspect: Fraction  #: width over height of one pixel of the upright picture, mostly 1
    audio: str  #: file whose sound belongs to the picture, "" when there is none


#: A source that is not open yet.
NOWHERE = SourceInfo("", "", 0, 0, Fraction(1, 90000), Fraction(25), 0, False, False, Fraction(1), "")


class Source(Protocol):
    """Where pictures come from. Opened by whoever made it; `close` is called once."""

    info: SourceInfo

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Every frame in order of time, index from 0, times strictly increasing.

        Waits at most 2 s without looking at `stop`. Raises UserError where the source is damaged, after
        everything that could be read.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Timings:
    """When a frame arrived, and the work that went into it."""

    captured: float  #: time.perf_counter() when the source delivered the frame, seconds
    detect: float  #: seconds of work, as are the next two
    pose: float
    track: float
    done: float = 0.0  #: time.perf_counter() when the result was there, 0 where nobody looked

    @property
    def latency(self) -> float:
        """Seconds from capture to result, waiting included; NaN where nobody looked."""
        return self.done - self.captured if self.done else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was measured in a frame, before anybody was left out."""

    poses: Poses = NO_POSES  #: as the network gave them, in whole steps (app/grid.py)
    tracks: Tracks = NO_TRACKS  #: those of them who have an id
    looked: bool = True  #: whether people were looked for, and not only followed


NOT_SAID = Seen()


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """What an earlier run on the same source saw in its first frames, so that no network need look again."""

    frames: int = 0  #: how many
    #: of each of them, in order; only poses and `looked` count
    seen: Iterator[Seen] = field(default_factory=lambda: iter(()))


NOTHING_BEFORE = Before()


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A frame and the people in that very frame; drawn and written as one."""

    frame: Frame
    tracks: Tracks  #: those to show and to tell of
    timings: Timings
    lost: bool = False  #: whoever is followed alone was in sight before, and is not now
    seen: Seen = NOT_SAID  #: everybody there; unless it is said, those in `tracks` and nobody else

    def __post_init__(self) -> None:
        if self.seen is NOT_SAID:
            told = self.tracks
            poses = Poses(told.boxes, told.measured, told.scores, told.spread)
            object.__setattr__(self, "seen", Seen(poses, told))


class Sink(Protocol):
    """A file that results go to, in order."""

    def write(self, result: Result) -> None: ...

    def close(self) -> None:
        """Complete the file, whether everything went well or not. What was written stays readable."""
        ...
