"""A table of joint angles in degrees and of speed (app/angles.py), a row for each person and frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.angles import COLUMNS, course
from app.exports.joints import Bools, Floats, formatted, joints, rows
from app.exports.writing import quoted, stretches, whole
from app.outputs.table import seconds
from engine.errors import UserError
from engine.skeleton import KEYPOINTS

if TYPE_CHECKING:
    from app.exports import Work
    from app.store.session import Session, Stretch

GROUP = 16  #: stretches that are looked at together, with those before and after
MARGIN_S = 10.0  #: speed and height of the body follow from what is so near

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """R people, frame by frame."""

    frames: Ints  #: (R,)
    times: Floats  #: (R,) s
    ids: Ints  #: (R,)
    places: Floats  #: (R, 17, 2) pixels
    known: Bools  #: (R, 17)

    def take(self, which: Bools) -> _People:
        return _People(*(getattr(self, name)[which] for name in self.__slots__))


def write(work: Work) -> list[Path]:
    """The CSV. UserError where it cannot be written, or where the joints are not COCO's."""
    if work.session.about.keypoints != KEYPOINTS:
        raise UserError("angles are those of COCO's 17 joints, and this session has others; choose csv")
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[str]:
    names = {person.id: quoted(person.name) for person in work.session.people()}
    yield ",".join(("frame", "time_s", "track_id", "name", *COLUMNS)) + "\n"
    pattern = ",%.3f" * len(COLUMNS)
    for before, now, after in _neighbours(_groups(work)):
        texts = formatted(pattern, _values(before, now, after))
        lines = zip(now.frames.tolist(), now.times.tolist(), now.ids.tolist(), texts, strict=True)
        yield "".join(
            f"{frame},{seconds(time)},{who},{names[who]}{text.replace('nan', '')}\n"
            for frame, time, who, text in lines
        )


def _values(before: _People, now: _People, after: _People) -> Floats:
    """The COLUMNS (R, 13) of those who are there now."""
    values = np.full((len(now.ids), len(COLUMNS)), np.nan)
    if not len(now.ids):
        return values
    start, end = now.times[0] - MARGIN_S, now.times[-1] + MARGIN_S
    near = _joined([before.take(before.times >= start), now, after.take(after.times <= end)])
    for who in np.unique(now.ids):
        theirs = near.take(near.ids == who)
        found = course(theirs.times, theirs.places, theirs.known)
        inside = (theirs.frames >= now.frames[0]) & (theirs.frames <= now.frames[-1])
        values[now.ids == who] = np.concatenate([found.angles, found.speeds], axis=1)[inside]
    return values


def _groups(work: Work) -> Iterator[_People]:
    some: list[_People] = []
    for stretch in stretches(work):
        some.append(_people(work.session, stretch))
        if len(some) == GROUP:
            yield _joined(some)
            some = []
    if some:
        yield _joined(some)


def _people(session: Session, stretch: Stretch) -> _People:
    there = joints(session, stretch)
    return _People(
        rows(stretch, stretch.frames), rows(stretch, stretch.times), stretch.ids, there.places, there.known
    )


def _joined(some: list[_People]) -> _People:
    return _People(*(np.concatenate([getattr(each, name) for each in some]) for name in _People.__slots__))


def _neighbours(groups: Iterator[_People]) -> Iterator[tuple[_People, _People, _People]]:
    """Each with the one before and the one after, nobody at both ends."""
    before, now = _NOBODY, next(groups, _NOBODY)
    for after in groups:
        yield before, now, after
        before, now = now, after
    yield before, now, _NOBODY


_NOBODY = _People(
    np.zeros(0, np.int64),
    np.zeros(0),
    np.zeros(0, np.int64),
    np.zeros((0, len(KEYPOINTS), 2)),
    np.zeros((0, len(KEYPOINTS)), np.bool_),
)
