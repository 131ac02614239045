"""The 1-Euro filter, which many know: a low-pass whose cut-off rises with speed.

Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012. Speed is measured in sizes of the person a second, so that one setting fits all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackers.matching import person_sizes
from trackers.starts import lateness, start
from trackers.types import Tracks

Floats = NDArray[np.float64]

STEADY_HZ = 1.0  #: cut-off at rest, hertz
RISE = 2.0  #: hertz by which the cut-off rises for each size a second
SPEED_HZ = 1.0  #: cut-off of the speed itself, the authors' own
FORGET_AFTER = 1.0  #: seconds out of sight after which somebody begins anew


class _Joints(NamedTuple):
    time: float
    place: Floats  #: (K, 2) pixels
    speed: Floats  #: (K, 2) pixels a second


class OneEuro:
    """One state for each id and joint, by what was measured, however little it scores."""

    delay = 0.0

    def __init__(self) -> None:
        self._known: dict[int, _Joints] = {}

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:
        """The frame at once, filtered. Where the clock stands still or runs backwards, joints begin anew."""
        sizes = person_sizes(tracks.boxes.xyxy)
        places = np.array(tracks.keypoints)
        for row, person in enumerate(tracks.ids.tolist()):
            seen = tracks.measured[row].astype(np.float64)
            now = _next(self._known.get(person), time, seen, float(sizes[row]))
            self._known[person] = now
            places[row] = now.place
        self._known = {i: was for i, was in self._known.items() if 0.0 <= time - was.time <= FORGET_AFTER}
        return [replace(tracks, keypoints=places)]

    def finish(self) -> list[Tracks]:
        self._known = {}
        return []


def _next(was: _Joints | None, time: float, seen: Floats, size: float) -> _Joints:
    if was is None or not 0.0 < time - was.time <= FORGET_AFTER:
        return _Joints(time, seen, np.zeros_like(seen))
    dt = time - was.time
    speed = was.speed + _share(SPEED_HZ, dt) * ((seen - was.place) / dt - was.speed)
    cut_off = STEADY_HZ + RISE * np.linalg.norm(speed, axis=-1, keepdims=True) / size
    return _Joints(time, was.place + _share(cut_off, dt) * (seen - was.place), speed)


def _share(hertz: float | Floats, dt: float) -> Floats:
    """Of what is new, in `dt` seconds: alpha of the paper's equation 4."""
    turn = 2.0 * math.pi * dt * np.asarray(hertz)
    share: Floats = turn / (1.0 + turn)
    return share


def lag(dt: float) -> float:
    """Seconds by which joints are late, in frames of `dt` seconds, while somebody starts to walk."""
    speed, places = start(dt)
    joint = _Joints(0.0, np.zeros((1, 2)), np.zeros((1, 2)))
    shown = []
    for place in places:
        joint = _next(joint, joint.time + dt, np.array([[place, 0.0]]), 1.0)
        shown.append(joint.place[0, 0])
    return lateness(speed, places, np.array(shown))
