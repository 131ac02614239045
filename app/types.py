"""What the stages, the sources and the outputs hand to each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from engine.types import Frame
from trackers.types import Tracks


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


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A frame and the people in that very frame; drawn and written as one."""

    frame: Frame
    tracks: Tracks
    timings: Timings
    lost: bool = False  #: whoever is followed alone was in sight before, and is not now


class Sink(Protocol):
    """A file that results go to, in order."""

    def write(self, result: Result) -> None: ...

    def close(self) -> None:
        """Complete the file, whether everything went well or not. What was written stays readable."""
        ...
