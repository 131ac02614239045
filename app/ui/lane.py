"""What the lanes of a plot show, and the numbers they show it from. No drawing here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.angles import ANGLES, COLUMNS, Course

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lane:
    """What stands in one lane."""

    key: str
    columns: tuple[int, ...]  #: in `values`: of left and right, or of the one there is
    step: float  #: edges of the lane are whole multiples of this
    signed: bool = False


def _lane(key: str, step: float = 30.0, *, signed: bool = False) -> Lane:
    sides = tuple(n for n, name in enumerate(ANGLES) if name.split("_")[-1] == key)
    return Lane(key, sides or (COLUMNS.index("speed_heights_s"),), step, signed)


LANES = (
    _lane("knee"), _lane("hip"), _lane("elbow"), _lane("shoulder"), _lane("thigh", signed=True),
    _lane("trunk", 15.0, signed=True), _lane("speed", 0.5),
)  # fmt: skip


def values(course: Course, rows: slice) -> Floats:
    """All numbers (M, 13) of those rows in the order of COLUMNS."""
    return np.concatenate([course.angles[rows], course.speeds[rows]], axis=1)


def by_columns(times: Floats, numbers: Floats, column_s: float) -> tuple[Floats, Floats]:
    """One moment for each column of pixels, the mean of those in it, where there are more.

    Columns belong to the time, so that nothing shimmers as the curves move on.
    """
    first = np.flatnonzero(np.diff(np.floor(times / column_s), prepend=np.nan) != 0)
    if len(first) >= 0.8 * len(times):
        return times, numbers
    known = np.isfinite(numbers)
    count = np.add.reduceat(known, first, dtype=np.float64)
    total = np.add.reduceat(np.where(known, numbers, 0.0), first)
    moments = np.add.reduceat(times, first) / np.diff(first, append=len(times))
    return moments, np.where(count > 0, total, np.nan) / np.maximum(count, 1.0)


def with_minus(text: str) -> str:
    """The text with the sign that is as wide as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def edges(lanes: tuple[Lane, ...], numbers: Floats) -> tuple[tuple[float, float], ...]:
    """Lower and upper edge of every lane: whole steps around what is seen."""
    low = np.fmin.reduce(numbers, axis=0, initial=np.nan).tolist()
    high = np.fmax.reduce(numbers, axis=0, initial=np.nan).tolist()
    found = []
    for lane in lanes:
        bottom = min((low[c] for c in lane.columns if math.isfinite(low[c])), default=0.0)
        top = max((high[c] for c in lane.columns if math.isfinite(high[c])), default=0.0)
        bottom = 0.0 if lane.key == "speed" else math.floor(bottom / lane.step) * lane.step
        found.append((bottom, max(math.ceil(top / lane.step) * lane.step, bottom + 2 * lane.step)))
    return tuple(found)
