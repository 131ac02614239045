"""What a report says, as plain values; nothing here computes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.store.about import About

#: Kinds of suspicion, as people read them.
KINDS = {
    "exchange": "two people may have exchanged their numbers",
    "handover": "one person may have got a second number",
    "jump": "a number may have gone to somebody else",
    "swap": "left and right exchanged",
    "spike": "a joint jumped for a moment",
}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that may be wrong at one moment."""

    kind: str  #: one of KINDS
    start_s: float
    end_s: float
    place: int  #: in `Session.times`, of the frame that shows it best
    people: tuple[int, ...]  #: ids
    joints: tuple[int, ...]  #: numbers of the joints, none where it is about whole people
    sure: float  #: in [0, 1]
    mended: bool  #: smoothing put it right: only the measured joints have it
    speed: float  #: body heights a second that it would have taken, 0 where that says nothing
    words: str  #: for people, one sentence


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which somebody, or one of their joints, was not seen."""

    start_s: float  #: last seen
    end_s: float  #: seen again
    inside: bool  #: of people: away from the edges of the picture at both ends, so hidden and not gone


@dataclass(frozen=True, slots=True, eq=False)
class JointFinding:
    """One joint of one person."""

    coverage: float  #: share of the frames of the person in which it is seen
    foretold: float  #: share in which it is not seen, and its place foretold
    score: float  #: mean over all frames of the person
    gaps: int  #: stretches of at least 0.2 s in which it is not seen
    gap_s: float  #: seconds in them
    longest: tuple[Gap, ...]  #: the longest of them, longest first
    spikes: int
    raw_px: float  #: Accel of the measured joint, px/frame^2 at 30 frames a second; NaN where never known
    raw: float  #: the same in thousandths of a body height
    smoothed_px: float  #: and of the smoothed joint, at the same moments
    smoothed: float


@dataclass(frozen=True, slots=True, eq=False)
class PersonFinding:
    """One person, after all repairs."""

    id: int
    name: str  #: "" where nobody gave one
    first_s: float
    last_s: float
    frames: int
    presence: float  #: share of the session's frames
    score: float  #: mean of all joints
    coverage: float  #: mean of all joints
    height_px: float  #: median
    gaps: tuple[Gap, ...]  #: longest first, at most MOST_GAPS of them
    gap_count: int
    spikes: int  #: frames with at least one
    swaps: int
    raw: float  #: mean of the joints, thousandths of a body height/frame^2
    smoothed: float
    joints: tuple[JointFinding, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch of time not to trust, or to look at twice."""

    start_s: float
    end_s: float
    grave: bool  #: not to trust; else to look at twice
    reasons: tuple[str, ...]  #: for people
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long after capture results were there, in a live session. All NaN where nothing is known."""

    known: float = 0.0  #: share of the frames of which it is known
    median_s: float = math.nan
    p95_s: float = math.nan
    worst_s: float = math.nan
    worst_at_s: float = math.nan  #: time of that frame
    #: stretches of equal length, without those of which nothing is known: start, median and worst, s
    course: tuple[tuple[float, float, float], ...] = ()


NOT_KNOWN = Latency()


@dataclass(frozen=True, slots=True)
class Flow:
    """How evenly frames came, and how late results."""

    frames: int
    start_s: float
    end_s: float
    step_s: float  #: median interval
    interval_p95_s: float
    longest_s: float  #: longest interval
    dropped: int  #: frames of a live source that nobody had time for
    pauses: tuple[Gap, ...]  #: the longest, longest first, at most MOST_GAPS
    latency: Latency = NOT_KNOWN

    @property
    def rate(self) -> float:
        """Frames a second, 0 where there are none."""
        return 1.0 / self.step_s if self.step_s > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All of it."""

    about: About
    flow: Flow
    people: tuple[PersonFinding, ...]  #: longest in sight first
    suspicions: tuple[Suspicion, ...]  #: worst first, at most MOST_TOLD
    counts: dict[str, int]  #: of all suspicions, by kind
    doubts: tuple[Doubt, ...]  #: in order of time; grave ones and others do not overlap
    lanes: dict[int, NDArray[np.int64]]  #: places of each person


MOST_GAPS, MOST_TOLD = 50, 1000

#: `sure` from which on a suspicion is worth a second look, is likely, and is very likely.
WORTH, LIKELY, VERY_LIKELY = 0.55, 0.7, 0.85
