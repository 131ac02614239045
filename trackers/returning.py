"""Who is back: people out of sight for seconds, known again by their looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.appearance import resemblance
from trackers.matching import assign
from trackers.people import People

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

ENOUGH = 2.5  #: parts of the body that have to be seen of both before looks say anything
KNOWN, UNLIKE = 0.62, 0.4  #: resemblance from which two are one person, and below which they are two
HURRY = 0.4  #: seconds within which it is to be told who somebody is; then they are somebody new

#: How far people can be from where they were seen last: half their size, and so many sizes a second; and how
#: much larger or smaller they can be, as a logarithm: 1.6 times at once, twice in a second of running.
REACH, TOP_SPEED = 0.5, 8.0
GROWTH, GROWTH_SPEED = 0.47, 0.35


def recognised(strangers: People, lost: People) -> tuple[Indices, Indices, Mask]:
    """Which of the S strangers are which of the lost, by rows, and which (S,) it is too early to tell of."""
    rows, columns = np.nonzero(_possible(strangers, lost))
    alike, rests_on = resemblance(strangers.looks.take(rows), lost.looks.take(columns))
    told = rests_on >= ENOUGH
    gains = np.zeros((len(strangers.ids), len(lost.ids)))
    gains[rows, columns] = np.where(told & (alike >= KNOWN), alike, 0.0)
    who, whom = assign(gains)
    waits = np.zeros(len(strangers.ids), np.bool_)
    waits[rows[~told | ((alike >= UNLIKE) & (alike < KNOWN))]] = True
    waits[who] = False
    return who, whom, waits & (strangers.age < HURRY)


def _possible(strangers: People, lost: People) -> Mask:
    """Whether somebody lost could be there by now, and of that size (S, L); of both, enough can be seen."""
    gap = _centres(strangers.boxes)[:, None] - _centres(lost.boxes)
    near = np.hypot(gap[..., 0], gap[..., 1]) <= (REACH + TOP_SPEED * lost.unseen) * lost.size
    larger = np.abs(np.log(strangers.size[:, None] / lost.size))
    seen = np.minimum(lost.looks.weights, 1.0).sum(axis=1) >= ENOUGH
    shown = strangers.looks.weights.max(axis=1) > 0.0
    return np.asarray(near & (larger <= GROWTH + GROWTH_SPEED * lost.unseen) & seen & shown[:, None])


def _centres(boxes: Floats) -> Floats:
    return 0.5 * (boxes[:, :2] + boxes[:, 2:])
