"""The people of a session as numbers for a format to write: joints in pixels, and what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app import grid
from app.exports.choice import Choice
from app.exports.csv import THRESHOLD
from app.store.session import Session, Stretch

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Joints:
    """Those of the R people of a stretch, K each."""

    places: Floats  #: (R, K, 2) pixels, smoothed; NaN where it is not known
    scores: Floats  #: (R, K) as measured, 0 where the place is foretold; NaN where the place is not known
    known: Bools  #: (R, K) seen in this very frame, with at least the score that the run asked for
    foretold: Bools  #: (R, K)

    def told(self) -> Floats:
        """x, y and score (R, K, 3) of all that the CSV of the run tells of; NaN where it tells nothing."""
        return self._where(self.known | self.foretold)

    def seen(self) -> Floats:
        """The same of the known alone."""
        return self._where(self.known)

    def every(self) -> Floats:
        """The same of every joint, however low its score."""
        return np.concatenate([self.places, self.scores[..., None]], axis=2)

    def _where(self, wanted: Bools) -> Floats:
        return np.where(wanted[..., None], self.every(), np.nan)


def joints(session: Session, stretch: Stretch) -> Joints:
    """Of a stretch."""
    people = stretch.people
    somewhere = (people.keypoints != grid.NOWHERE).all(axis=2) & (people.scores != grid.NO_SCORE)
    threshold = float(session.about.settings.get("keypoint_threshold", THRESHOLD))
    foretold = people.predicted & somewhere
    scores = np.where(foretold, 0.0, people.scores / float(grid.SCORE))
    return Joints(
        np.where(somewhere[..., None], people.keypoints / float(grid.PIXEL), np.nan),
        np.where(somewhere, scores, np.nan),
        (grid.from_score_steps(people.scores) >= threshold) & somewhere & ~foretold,
        foretold,
    )


def boxes(stretch: Stretch) -> Floats:
    """Left, top, width, height and score (R, 5) of everybody."""
    table = np.empty((len(stretch.ids), 5))
    table[:, :4] = stretch.people.boxes / float(grid.PIXEL)
    table[:, 2:4] -= table[:, :2]
    table[:, 4] = stretch.people.box_scores / float(grid.SCORE)
    return table


def rows(stretch: Stretch, values: NDArray[Kind]) -> NDArray[Kind]:
    """For each of the R people that of the `values` (F,) which belongs to the frame."""
    return np.repeat(values, stretch.counts)


def formatted(pattern: str, *columns: NDArray[Any]) -> list[str]:
    """A text for each row of all columns (R, ...) side by side; "nan" stands for what is not known."""
    table = np.concatenate([each.reshape(len(each), prod(each.shape[1:])) for each in columns], axis=1)
    if not len(table):
        return []
    return ("\n".join([pattern] * len(table)) % tuple(table.ravel().tolist())).split("\n")


def spans(session: Session, choice: Choice) -> dict[int, tuple[int, int]]:
    """First and last place in `Session.times` of all who are chosen and there in range, by id."""
    first, last = choice.places(session)
    found = {}
    for person in session.people():
        if choice.people and person.id not in choice.people:
            continue
        places = session.lane(person.id).positions
        inside = places[np.searchsorted(places, first) : np.searchsorted(places, last)]
        if inside.size:
            found[person.id] = int(inside[0]), int(inside[-1])
    return found


def called(session: Session, ids: Collection[int] = ()) -> Mapping[int, str]:
    """A name for everybody, or for those `ids`, no two alike: the given one, or "person3"."""
    people = [person for person in session.people() if not ids or person.id in ids]
    labels = {person.id: person.name or f"person{person.id}" for person in people}
    times = Counter(labels.values())
    return {who: f"{name} ({who})" if times[name] > 1 else name for who, name in labels.items()}


def index_of(keypoints: Sequence[str], name: str) -> int:
    """Which of the joints has that name; -1: none."""
    return keypoints.index(name) if name in keypoints else -1
