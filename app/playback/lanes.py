"""The people of a session along its time, made ready to be drawn: one lane for each, so many pixels wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.store.session import Session
from engine.types import Array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAR_S, OVERLAP_S = 1.0, -0.1  #: who begins so long after somebody ended may be the same person
STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One person."""

    id: int
    name: str  #: "" where nobody gave one
    positions: Ints  #: (M,) of the frames they are in, in `Chart.times`
    sums: Floats  #: (M + 1,) of their confidence up to each

    def called(self) -> str:
        """The name, or the number."""
        return self.name or str(self.id)


@dataclass(frozen=True, slots=True)
class Handover:
    """Somebody ends, and at about that time somebody begins: perhaps the same person under another number."""

    time: float  #: seconds, when the one begins
    gone: int  #: id
    come: int  #: id


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """Everybody, in the order in which they come."""

    times: Floats  #: (F,) seconds of each stored frame
    rows: tuple[Row, ...]
    handovers: tuple[Handover, ...]

    def row(self, who: int) -> list[Row]:
        """The row of somebody, if there is one."""
        return [row for row in self.rows if row.id == who]

    def place(self, seconds: float) -> int:
        """Of the frame that is shown then; -1 before the first."""
        return int(np.searchsorted(self.times, seconds + 1e-6, side="right")) - 1

    def confidence(self, who: int, seconds: float) -> float:
        """Of somebody in the frame shown then, in [0, 1]; below 0 where they are not in it."""
        place = self.place(seconds)
        for row in self.row(who):
            at = int(np.searchsorted(row.positions, place))
            if at < len(row.positions) and row.positions[at] == place:
                return float(row.sums[at + 1] - row.sums[at])
        return -1.0


EMPTY = Chart(np.zeros(0), (), ())


def chart(session: Session) -> Chart:
    """Read everybody; may take a second for a session of hours."""
    times, rows = session.times(), []
    for person in session.people():
        lane = session.lane(person.id)
        sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(lane.confidence), dtype=np.float64)])
        rows.append(Row(person.id, person.name, lane.positions, sums))
    rows.sort(key=lambda row: (int(row.positions[0]), row.id))
    return Chart(times, tuple(rows), tuple(handovers(times, rows)))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The frames shown in each of W stretches of time.

    A frame lasts until the next, the last as long as the one before it; a stretch shorter than a frame shows
    the frame it lies in.
    """

    first: Ints  #: (W,) places in `Chart.times`
    last: Ints  #: (W,) the one after the last
    within: NDArray[np.bool_]  #: (W,) whether there is a frame at all


def columns(times: Floats, edges: Floats) -> Columns:
    """Between edges (W + 1,), seconds, growing."""
    if not len(times):
        none = np.zeros(len(edges) - 1, np.int64)
        return Columns(none, none, none.astype(np.bool_))
    first = np.maximum(np.searchsorted(times, edges[:-1] + 1e-6, side="right") - 1, 0)
    last = np.maximum(np.searchsorted(times, edges[1:] - 1e-6, side="left"), first + 1)
    step = times[-1] - times[-2] if len(times) > 1 else 0.04
    return Columns(first, last, (edges[1:] > times[0]) & (edges[:-1] < times[-1] + step))


def bins(row: Row, shown: Columns) -> tuple[NDArray[np.bool_], Array]:
    """Whether somebody is there (W,), and with which mean confidence (W,), in each stretch of time."""
    low, high = np.searchsorted(row.positions, shown.first), np.searchsorted(row.positions, shown.last)
    there = (high > low) & shown.within
    mean = (row.sums[high] - row.sums[low]) / np.maximum(high - low, 1)
    return there, np.where(there, mean, 0.0).astype(np.float32)


def handovers(times: Floats, rows: Sequence[Row]) -> list[Handover]:
    """Where somebody ends for good and another begins within NEAR_S, in order of time."""
    if not len(times):
        return []
    begun = sorted((float(times[row.positions[0]]), row.id) for row in rows if row.positions[0] > 0)
    ended = {row.id: float(times[row.positions[-1]]) for row in rows if row.positions[-1] < len(times) - 1}
    found: list[Handover] = []
    for start, come in begun:
        near = [(start - end, gone) for gone, end in ended.items() if OVERLAP_S <= start - end <= NEAR_S]
        if near := [each for each in near if each[1] != come]:
            gone = min(near)[1]
            found.append(Handover(start, gone, come))
            del ended[gone]
    return found


def tick_step(span_s: float, pixels: float, apart: float = 80.0) -> float:
    """Seconds between the marks of a ruler whose texts are to be `apart` pixels from one another."""
    wanted = span_s * apart / max(pixels, 1.0)
    return next((float(step) for step in STEPS_S if step >= wanted), float(STEPS_S[-1]))


def moment(seconds: float, step: float = 0.01) -> str:
    """1:05, 1:05.40 or 2:03:20.40: as exact as steps of so many seconds want it."""
    places = 0 if step >= 1 else 1 if step >= 0.1 else 2
    whole = round(abs(seconds), places)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(int(minutes), 60)
    text = f"{second:0{3 + places if places else 2}.{places}f}"
    head = f"{hours}:{minute:02}" if hours else f"{minute}"
    return f"{'-' if seconds < 0 and whole else ''}{head}:{text}"
