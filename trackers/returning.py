"""Who is back: people out of sight for seconds, known again by their looks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackers.appearance import Looks, evidence
from trackers.matching import assign, centres
from trackers.people import People

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

ENOUGH = 2.5  #: parts of the body that have to be seen of both before looks say anything
HURRY = 0.4  #: seconds within which it is to be told who somebody is; then they are somebody new

#: Logarithms of odds: that is what it takes to be somebody known rather than somebody new, and below it, by
#: as much, one waits for more evidence.
PROOF, DOUBT = 1.0, 1.0

#: How far people can be from where they should be: half their size, and so many sizes a second at most; as a
#: rule if they walk on unseen, and if they stand about, as half of those who are hidden do. And the area in
#: which somebody new can appear, in squares of their size.
REACH, TOP_SPEED, SPEEDS = 0.5, 8.0, (1.5, 0.25)
ROOM = 60.0

#: How much larger or smaller they can be, as a logarithm: 1.6 times at once, twice in a second of running.
GROWTH, GROWTH_SPEED = 0.47, 0.35


class Return(NamedTuple):
    """What became of strangers."""

    here: People  #: those who are here; who is known again has the name and the looks of before
    missing: Indices  #: rows of the lost who are still lost
    waits: Mask  #: (P,) who of those here may be one of them, and is not to have a name yet


def recognised(here: People, lost: People) -> Return:
    """Know those of P people without a name again who are among the lost, by looks and by where they are."""
    strangers = np.flatnonzero(here.ids == 0)
    odds = _nearness(here.take(strangers), lost)
    rows, columns = np.nonzero(np.isfinite(odds))
    looks, rests_on = evidence(lost.looks, columns, here.looks, strangers[rows])
    odds[rows, columns] += looks - PROOF
    told = (rests_on >= ENOUGH) & (looks > 0.0)  # who looks like anybody is nobody known
    gains = np.zeros_like(odds)
    gains[rows[told], columns[told]] = np.maximum(odds[rows[told], columns[told]], 0.0)
    who, whom = assign(gains)
    doubtful = (odds > -DOUBT).any(axis=1) & (here.age[strangers] < HURRY)
    doubtful[who] = False
    waits = np.zeros(len(here.ids), np.bool_)
    waits[strangers[doubtful]] = True
    return Return(
        _named(here, strangers[who], lost.take(whom), 1.0 / (1.0 + np.exp(-gains[who, whom]))),
        np.setdiff1d(np.arange(len(lost.ids)), whom),
        waits,
    )


def _named(here: People, rows: Indices, before: People, likely: Floats) -> People:
    """People of whom those at `rows` are who they were `before`."""
    ids, likeness, looks = here.ids.copy(), here.likeness.copy(), Looks(*map(np.copy, here.looks))
    ids[rows], likeness[rows] = before.ids, likely
    both = before.looks.learned(here.looks.take(rows))
    looks.colours[rows], looks.weights[rows] = both
    return here._replace(ids=ids, likeness=likeness, looks=looks)


def _nearness(strangers: People, lost: People) -> Floats:
    """Logarithm of the odds (S, L), by place alone, for somebody lost; -inf where it cannot be.

    People stand about or walk on from where they should be, and appear anywhere else by chance.
    """
    gap = centres(strangers.boxes)[:, None] - centres(lost.boxes)
    sizes = np.hypot(gap[..., 0], gap[..., 1]) / lost.size
    odds = np.log(0.5 * sum(_likely(sizes, REACH + speed * lost.unseen) for speed in SPEEDS) + 1e-9)
    larger = np.abs(np.log(strangers.size[:, None] / lost.size))
    seen = np.minimum(lost.looks.weights, 1.0).sum(axis=1) >= ENOUGH
    shown = strangers.looks.weights.max(axis=1) > 0.0
    possible = (sizes <= REACH + TOP_SPEED * lost.unseen) & (larger <= GROWTH + GROWTH_SPEED * lost.unseen)
    return np.where(possible & seen & shown[:, None], odds, -np.inf)


def _likely(sizes: Floats, spread: Floats) -> Floats:
    """How much likelier a place `sizes` away is for somebody who is `spread` about than for anybody."""
    there = np.maximum(ROOM / (2 * np.pi * spread**2), 1.0)
    return np.asarray(there * np.exp(-0.5 * (sizes / spread) ** 2))
