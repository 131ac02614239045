"""Ways to take the tremble out of joints, behind one interface: `smoother(name)`.

A tracker tells of each frame at once, smoothed by what came before it. Whoever can wait sees further: a
smoother takes what the tracker says frame by frame and gives the same frames on with other `keypoints`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

import numpy as np

from trackers.lagged import Lagged
from trackers.one_euro import OneEuro
from trackers.one_euro import lag as one_euro_lag
from trackers.starts import live_lag
from trackers.steady import Steady
from trackers.types import Tracks
from trackers.whole import Whole

#: Seconds that a fixed lag may be. More gains nothing: a joint that scores .3 is as well known after 1 s.
LONGEST_LAG = 2.0


class Smoother(Protocol):
    """Takes what a tracker says frame by frame, and gives the same frames on, sooner or later.

    Only `keypoints` are changed; what was measured never is.
    """

    delay: float  #: seconds by which frames come later; math.inf: all at the end

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:
        """Take the frame of `time` seconds; the frames that are finished now, oldest first."""

    def finish(self) -> list[Tracks]:
        """The frames that are left, oldest first. The smoother is new after that."""


class Live:
    """The tracker's own filter."""

    delay = 0.0

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:  # noqa: ARG002
        return [tracks]

    def finish(self) -> list[Tracks]:
        return []


class Off:
    """Joints as they were measured."""

    delay = 0.0

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:  # noqa: ARG002
        nothing = np.zeros_like(tracks.predicted)  # what is measured is not foretold
        return [replace(tracks, keypoints=tracks.measured, predicted=nothing)]

    def finish(self) -> list[Tracks]:
        return []


def smoother(name: str) -> Smoother:
    """A new smoother: `live`, `off`, `one-euro`, `lag:0.3s` (any number of seconds) or `full`.

    ValueError, in one line, for any other name.
    """
    if name == "live":
        return Live()
    if name == "off":
        return Off()
    if name == "one-euro":
        return Steady(OneEuro())
    if name == "full":
        return Steady(Whole())
    kind, _, seconds = name.partition(":")
    if kind == "lag" and 0.0 < _seconds(seconds) <= LONGEST_LAG:
        return Steady(Lagged(_seconds(seconds)))
    raise ValueError(
        f"smoothing {name!r}: there is live, off, one-euro, full, and lag:SECONDS up to {LONGEST_LAG:g},"
        " such as lag:0.3s"
    )


def lag(name: str, dt: float) -> float:
    """Seconds by which joints shown are late while somebody starts to walk, in frames of `dt` seconds.

    Or by how much all is late, where smoothing waits for what comes. ValueError as of `smoother`.
    """
    measured = {"live": live_lag, "one-euro": one_euro_lag}
    return measured[name](dt) if name in measured else smoother(name).delay


def _seconds(text: str) -> float:
    """Of "0.3s" or "0.3"; no number where it is neither."""
    try:
        return float(text.removesuffix("s"))
    except ValueError:
        return math.nan
