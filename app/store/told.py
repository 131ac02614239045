"""What a session tells: people, where they are, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.store.opened import People
from engine.types import Array, Poses
from trackers.types import Tracks

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a session, after all repairs."""

    id: int
    name: str  #: "" where nobody gave one
    first_s: float
    last_s: float
    frames: int  #: in which they are
    mean_score: float  #: of their joints, in [0, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """Where somebody is in a session."""

    positions: Ints  #: (M,) in `Session.times()`
    confidence: Array  #: (M,) mean score of the joints


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """F frames of a block with R people in them, after all repairs, in order of ids."""

    frames: Ints  #: (F,) indices
    times: Floats  #: (F,) s
    counts: Ints  #: (F,) people in each
    ids: Ints  #: (R,)
    people: People
    cameras: Floats  #: (F, 2, 3)

    def tracks(self) -> Iterator[Tracks]:
        """Of each frame."""
        return self.people.tracks(self.ids, self.counts, self.cameras)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A frame as the networks saw it."""

    index: int
    time: float  #: s
    poses: Poses
    looked: bool  #: whether people were looked for, and not only followed


def cut(stretch: Stretch, first: int, last: int) -> Stretch:
    """Its frames from `first` to before `last`."""
    if (first, last) == (0, len(stretch.frames)):
        return stretch
    ends = np.concatenate([[0], np.cumsum(stretch.counts)])
    rows = np.arange(ends[first], ends[last])
    return Stretch(
        stretch.frames[first:last],
        stretch.times[first:last],
        stretch.counts[first:last],
        stretch.ids[rows],
        stretch.people.take(rows),
        stretch.cameras[first:last],
    )
