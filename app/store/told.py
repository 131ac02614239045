"""What a session tells: people, where they are, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.store.edits import NOBODY
from app.store.opened import Index, People
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


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """When the F frames of a session are, and who the R people in them are, before any repair."""

    firsts: Ints  #: position of the first frame of each block
    frames: Ints  #: (F,) indices
    times: Floats  #: (F,) s
    ids: Ints  #: (R,) as the tracker told
    confidences: Array  #: (R,) mean score of the joints
    places: Ints  #: (R,) in `times`
    rows: Ints  #: (F + 1,) at which people of each place begin, and end


def outline(blocks: Mapping[int, Index]) -> Outline:
    """Of all blocks, by the position of their first frame. ValueError where they do not fit together."""
    found = list(blocks.values())
    ends = np.cumsum([0, *(len(each.frames) for each in found)]).tolist()
    if list(blocks) != ends[:-1]:
        raise ValueError("frames are missing in the middle")
    ids = np.concatenate([_NO_INTS, *(each.ids for each in found)])
    if ids.min(initial=1) < 1:
        raise ValueError("an id below 1")
    counts = np.concatenate([_NO_INTS, *(each.counts for each in found)])
    return Outline(
        np.array(list(blocks), np.int64),
        np.concatenate([_NO_INTS, *(each.frames for each in found)]),
        np.concatenate([np.zeros(0), *(each.times for each in found)]),
        ids,
        np.concatenate([np.zeros(0, np.float32), *(each.confidences for each in found)]),
        np.repeat(np.arange(len(counts)), counts),
        np.concatenate([[0], np.cumsum(counts)]),
    )


def people(outline: Outline, ids: Ints, called: Mapping[int, str]) -> list[Person]:
    """Everybody in order of ids, who are `ids` (R,) after all repairs, and have these names."""
    there = np.flatnonzero(ids != NOBODY)
    known, which, frames = np.unique(ids[there], return_inverse=True, return_counts=True)
    first, last = np.full(len(known), len(ids)), np.zeros(len(known), np.int64)
    np.minimum.at(first, which, there)
    last[which] = there  # the last one written stays
    sums = np.bincount(which, np.nan_to_num(outline.confidences[there]), len(known))
    times, means = outline.times[outline.places], sums / np.maximum(frames, 1)
    columns = known.tolist(), first.tolist(), last.tolist(), frames.tolist(), means.tolist()
    return [
        Person(who, called.get(who, ""), float(times[a]), float(times[b]), count, mean)
        for who, a, b, count, mean in zip(*columns, strict=True)
    ]


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


_NO_INTS = np.zeros(0, np.int64)
