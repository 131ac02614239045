"""Who is back: people out of sight for seconds, known again by their looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.appearance import evidence
from trackers.matching import assign
from trackers.people import People

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

ENOUGH = 2.5  #: parts of the body that have to be seen of both before looks say anything
HURRY = 0.4  #: seconds within which it is to be told who somebody is; then they are somebody new

#: Logarithms of odds: that is what it takes to be somebody known rather than somebody new, and below it, by
#: as much, one waits for more evidence.
PROOF, DOUBT = 1.0, 1.0

#: How far people can be from where they were seen last: half their size, and so many sizes a second, at most
#: and as a rule; and the area in which somebody new can appear, in squares of their size.
REACH, TOP_SPEED, SPEED = 0.5, 8.0, 1.5
ROOM = 60.0

#: How much larger or smaller they can be, as a logarithm: 1.6 times at once, twice in a second of running.
GROWTH, GROWTH_SPEED = 0.47, 0.35


def recognised(strangers: People, lost: People) -> tuple[Indices, Indices, Mask]:
    """Which of the S strangers are which of the lost, by rows, and which (S,) it is too early to tell of.

    Both by looks and by where they are. A stranger whose looks say nothing is nobody known.
    """
    odds = _nearness(strangers, lost)
    rows, columns = np.nonzero(np.isfinite(odds))
    looks, rests_on = evidence(lost.looks.take(columns), strangers.looks.take(rows))
    odds[rows, columns] += looks - PROOF
    told = (rests_on >= ENOUGH) & (looks > 0.0)
    gains = np.zeros_like(odds)
    gains[rows, columns] = np.where(told, np.maximum(odds[rows, columns], 0.0), 0.0)
    who, whom = assign(gains)
    waits = np.zeros(len(strangers.ids), np.bool_)
    waits[rows[odds[rows, columns] > -DOUBT]] = True
    waits[who] = False
    return who, whom, waits & (strangers.age < HURRY)


def _nearness(strangers: People, lost: People) -> Floats:
    """Logarithm of the odds (S, L), by place alone, for somebody lost; -inf where it cannot be.

    People walk off from where they should be by SPEED as a rule, and appear anywhere else by chance.
    """
    gap = _centres(strangers.boxes)[:, None] - _centres(lost.boxes)
    sizes = np.hypot(gap[..., 0], gap[..., 1]) / lost.size
    spread = REACH + SPEED * lost.unseen
    odds = np.maximum(np.log(ROOM / (2 * np.pi * spread**2)), 0.0) - 0.5 * (sizes / spread) ** 2
    larger = np.abs(np.log(strangers.size[:, None] / lost.size))
    seen = np.minimum(lost.looks.weights, 1.0).sum(axis=1) >= ENOUGH
    shown = strangers.looks.weights.max(axis=1) > 0.0
    possible = (sizes <= REACH + TOP_SPEED * lost.unseen) & (larger <= GROWTH + GROWTH_SPEED * lost.unseen)
    return np.where(possible & seen & shown[:, None], odds, -np.inf)


def _centres(boxes: Floats) -> Floats:
    return 0.5 * (boxes[:, :2] + boxes[:, 2:])
