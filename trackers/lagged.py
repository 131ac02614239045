"""Smoothing with a fixed lag: what comes next is waited for, but not for long."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackers.kalman import Motion
from trackers.matching import person_sizes
from trackers.people import PATIENCE
from trackers.rts import PAUSE, Place, Step, backward, first, forward
from trackers.types import Tracks

Floats = NDArray[np.float64]


class _Frame(NamedTuple):
    tracks: Tracks
    time: float
    step: Step  #: of its people, row by row
    fresh: list[bool]  #: who of them was not known before


class _Seen(NamedTuple):
    """Somebody in a frame."""

    frame: _Frame
    row: int


class _Known(NamedTuple):
    """Where somebody was in a later frame, and what was foretold for it."""

    position: Floats
    velocity: Floats
    dt: Floats
    foretold: Floats


class Lagged:
    """Frames come `delay` seconds later, smoothed by all that was seen until then.

    Left, right and limbs are as measured: what was exchanged shows only afterwards.
    """

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self._frames: deque[_Frame] = deque()
        self._last: dict[int, _Seen] = {}
        self._time = -np.inf

    def push(self, tracks: Tracks, time: float) -> list[Tracks]:
        known = [self._last.get(person) for person in tracks.ids.tolist()]
        since = max(self._time - PATIENCE, time - PAUSE)
        before = [seen if seen and seen.frame.time >= since else None for seen in known]
        frame = _Frame(tracks, time, _step(tracks, time, before), [seen is None for seen in before])
        self._frames.append(frame)
        self._last = {i: seen for i, seen in self._last.items() if seen.frame.time >= since}
        self._last |= {person: _Seen(frame, row) for row, person in enumerate(tracks.ids.tolist())}
        self._time = time
        return self._due(time)

    def finish(self) -> list[Tracks]:
        due = self._due(np.inf)
        self._last, self._time = {}, -np.inf
        return due

    def _due(self, now: float) -> list[Tracks]:
        """The frames that have waited for long enough; a clock that runs backwards keeps nothing waiting."""
        due = []
        while self._frames and not 0.0 <= now - self._frames[0].time < self.delay:
            due.append(_told(self._frames))
            self._frames.popleft()
        return due


def _step(tracks: Tracks, time: float, before: Sequence[_Seen | None]) -> Step:
    """The people of a frame, of whom some were seen `before`."""
    told = tracks.measured, tracks.scores, tracks.spread
    seen_as = (*(column.astype(np.float64) for column in told), person_sizes(tracks.boxes.xyxy))
    fresh = first(*seen_as)
    seen = [each for each in before if each]
    if not seen:
        return fresh
    rows = np.array([row for row, each in enumerate(before) if each])
    dt = np.array([[max(time - each.frame.time, 0.0)] for each in seen])
    old = forward(_gathered(seen), dt, *(column[rows] for column in seen_as))
    order = np.concatenate([rows, np.setdiff1d(np.arange(len(before)), rows)])
    return _joined(old, fresh.take(order[len(rows) :])).take(np.argsort(order))


def _gathered(seen: Sequence[_Seen]) -> Step:
    """Everybody as they were when they were last seen, each in a frame of their own."""
    frame = seen[0].frame
    if all(each.frame is frame for each in seen):
        return frame.step.take(np.array([each.row for each in seen]))
    steps = [each.frame.step.take(slice(each.row, each.row + 1)) for each in seen]
    return _joined(*steps)


def _joined(*steps: Step) -> Step:
    """The people of all steps, one after the other."""
    motion, free = (
        Motion(*map(np.concatenate, zip(*each, strict=True)))
        for each in ([step.motion for step in steps], [step.free for step in steps])
    )
    scores, size, dt = (np.concatenate(column) for column in zip(*(step[:3] for step in steps), strict=True))
    return Step(scores, size, dt, motion, free, np.concatenate([step.foretold for step in steps]))


def _told(frames: Sequence[_Frame]) -> Tracks:
    """The first of the frames as all of them tell it."""
    known: dict[int, _Known] = {}
    for frame in reversed(frames):
        motion, people = frame.step.motion, frame.tracks.ids.tolist()
        position, velocity = motion.position.copy(), motion.velocity.copy()
        rows = np.array([row for row, person in enumerate(people) if person in known], np.int64)
        if rows.size:
            ahead = [known[people[row]] for row in rows]
            *later, dt, foretold = (np.stack(column) for column in zip(*ahead, strict=True))
            position[rows], velocity[rows] = backward(motion.take(rows), dt, foretold, Place(*later))
        step = frame.step.dt, frame.step.foretold
        known |= {p: _Known(*row) for p, *row in zip(people, position, velocity, *step, strict=True)}
        for person in (person for person, fresh in zip(people, frame.fresh, strict=True) if fresh):
            del known[person]
    return replace(frames[0].tracks, keypoints=position.astype(np.float32))
