"""Left and right that changed places: found on whole tracks, and put back.

A network that takes a person's left for their right does so from one frame to the next, and both joints of a
pair jump to where the other was. Who turns round takes their joints across the picture evenly, so they never
jump. Which frames are exchanged is the cheapest explanation of the whole track, by dynamic programming
(Viterbi 1967): a joint that is not where it should be by how it moved costs, an exchange costs, and being
exchanged costs a little for as long as it lasts, so of two halves the shorter one is wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.rts import Path

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Pairs (left, right) of COCO's joints that are exchanged together.
GROUPS = (
    ((1, 2), (3, 4)),
    ((5, 6),),
    ((7, 8), (9, 10)),
    ((11, 12),),
    ((13, 14), (15, 16)),
)
JOINTS = 17

#: Deviation of a joint from where it is expected, sizes, and what it grows by a second: a walking foot turns
#: from 2 sizes a second to none in a fifth of a second.
STILL, MOVING = 0.04, 0.8
CARRIED = 0.7  #: share of the velocity that goes on from frame to frame
FAR = 40.0  #: costs no more than that: a spike is a spike, not an exchange
EXCHANGE = 24.0  #: cost of an exchange; two joints that jump by four deviations each pay for it
EXCHANGED = 0.02  #: cost of a frame that is exchanged
SEEN = 0.2  #: score below which a joint does not count
LONG_STEP = 0.11  #: seconds after which nobody can tell a turn from an exchange
LONGEST = 3.0  #: seconds; what seems exchanged for longer is more likely a turn that was not seen


def exchanged(path: Path) -> Mask:
    """Joints (F, K) that hold the place of their partner; none in skeletons other than COCO's."""
    swapped = np.zeros(path.scores.shape, np.bool_)
    if path.scores.shape[1] != JOINTS or len(path.time) < 3:
        return swapped
    for pairs in GROUPS:
        rows = _short(_cheapest(_costs(path, pairs)), path.time)
        swapped[:, np.ravel(pairs)] = rows[:, None]
    return swapped


def put_back(path: Path, swapped: Mask) -> Path:
    """The path with the pairs exchanged where they are `swapped` (F, K)."""
    measured, scores = path.measured.copy(), path.scores.copy()
    pairs = [pair for group in GROUPS for pair in group] if swapped.shape[1] == JOINTS else []
    for left, right in pairs:
        rows = np.flatnonzero(swapped[:, left])
        for column in (measured, scores):
            column[rows, left], column[rows, right] = column[rows, right], column[rows, left]
    return path._replace(measured=measured, scores=scores)


def _costs(path: Path, pairs: tuple[tuple[int, int], ...]) -> Floats:
    """Cost (F, 2, 2, 2) of frames being exchanged or not: the one two before, the one before, and this."""
    left, right = (list(side) for side in zip(*pairs, strict=True))
    places = np.stack([path.measured[:, left + right], path.measured[:, right + left]], axis=1)
    weight = np.minimum(path.scores[:, left], path.scores[:, right])
    weight = np.tile(np.where(weight >= SEEN, weight, 0.0), 2)
    dt = np.maximum(np.diff(path.time), 0.0)
    costs = np.zeros((len(path.time), 2, 2, 2))
    spread = (path.size[1:] * (STILL + MOVING * dt))[:, None] ** 2
    count = np.minimum(weight[1:], weight[:-1])
    count[dt > LONG_STEP] = 0.0
    pace = np.divide(CARRIED * dt[1:], dt[:-1], out=np.zeros(len(dt) - 1), where=dt[:-1] > 1e-3)
    pace[(dt[:-1] > LONG_STEP) | (pace > 3.0)] = 0.0
    for before, then, now in np.ndindex(2, 2, 2):
        step = places[1:, now] - places[:-1, then]
        step[1:] -= pace[:, None, None] * (places[1:-1, then] - places[:-2, before])
        off = (step**2).sum(axis=-1) / spread
        costs[1:, before, then, now] = (np.minimum(off, FAR) * count).sum(axis=1) + EXCHANGE * (now != then)
    costs[:, :, :, 1] += EXCHANGED
    return costs


def _cheapest(costs: Floats) -> Mask:
    """Which frames (F,) are exchanged: the way through `costs` (F, 2, 2, 2) with the least sum."""
    best = costs[0, 0]
    came = np.zeros((len(costs), 2, 2), np.int8)
    for frame in range(1, len(costs)):
        ways = best[:, :, None] + costs[frame]
        came[frame] = ways.argmin(axis=0)
        best = ways.min(axis=0)
    then, now = np.unravel_index(best.argmin(), (2, 2))
    states = np.zeros(len(costs), np.bool_)
    for frame in range(len(costs) - 1, -1, -1):
        states[frame] = now
        then, now = came[frame, then, now], then
    return states


def _short(states: Mask, time: Floats) -> Mask:
    """The states without what lasts too long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], states, [False]]).astype(np.int8)))
    kept = states.copy()
    for start, stop in edges.reshape(-1, 2).tolist():
        if time[stop - 1] - time[start] > LONGEST:
            kept[start:stop] = False
    return kept
