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
BODY = tuple(pair for group in GROUPS for pair in group)
JOINTS = 17

#: Deviation of a joint from where it is expected, sizes, and what it grows by a second: a walking foot turns
#: from 2 sizes a second to none in a fifth of a second.
STILL, MOVING = 0.04, 0.8
CARRIED = 0.7  #: share of the velocity that goes on from frame to frame
FAR = 40.0  #: costs no more than that: a spike is a spike, not an exchange
ENTER, LEAVE = 16.0, 8.0  #: costs of an exchange and its end; two joints 3 deviations off pay for the first
EXCHANGED = 8.0  #: cost of a second in exchange, so that the shorter of two explanations is taken
TALLY = 4.0  #: cost by which exchanging everybody's joints may suit one group worse: else it is not everybody
SEEN = 0.2  #: score below which a joint does not count
LONG_STEP = 0.11  #: seconds after which nobody can tell a turn from an exchange
LONGEST = 3.0  #: seconds; what seems exchanged for longer is more likely a turn that was not seen


def exchanged(path: Path) -> Mask:
    """Joints (F, K) that hold the place of their partner; none in skeletons other than COCO's."""
    swapped = np.zeros(path.scores.shape, np.bool_)
    if path.scores.shape[1] != JOINTS or len(path.time) < 3:
        return swapped
    swapped[:, 1:] = _bodies(path)[:, None]
    path = put_back(path, swapped)
    for pairs in GROUPS:
        swapped[:, np.ravel(pairs)] ^= _exchanges(path, _costs(path, pairs))[:, None]
    return swapped


def put_back(path: Path, swapped: Mask) -> Path:
    """The path with the pairs exchanged where they are `swapped` (F, K)."""
    measured, scores, spread = path.measured.copy(), path.scores.copy(), path.spread.copy()
    for left, right in BODY if swapped.shape[1] == JOINTS else ():
        rows = np.flatnonzero(swapped[:, left])
        for column in (measured, scores, spread):
            column[rows, left], column[rows, right] = column[rows, right], column[rows, left]
    return path._replace(measured=measured, scores=scores, spread=spread)


def _bodies(path: Path) -> Mask:
    """Frames (F,) in which the whole body is exchanged: with every part of it, or it is only a part."""
    states = _exchanges(path, _costs(path, BODY))
    parts = [_costs(path, pairs) for pairs in GROUPS]
    for start, stop in _runs(states):
        alone = np.zeros_like(states)
        alone[start:stop] = True
        rows = slice(start, stop + 2)
        worse = [(_of(costs, alone) - costs[:, 0, 0, 0])[rows].sum() for costs in parts]
        if max(worse) > TALLY:
            states[start:stop] = False
    return states


def _exchanges(path: Path, costs: Floats) -> Mask:
    """Frames (F,) that are exchanged, by the `costs` (F, 2, 2, 2) of `_costs`."""
    costs = costs.copy()
    costs[1:, :, 0, 1] += ENTER
    costs[1:, :, 1, 0] += LEAVE
    costs[0, :, :, 1] += ENTER
    dt = np.diff(path.time, prepend=path.time[0]).clip(0.0, LONG_STEP)
    costs[:, :, :, 1] += EXCHANGED * dt[:, None, None]
    states = _cheapest(costs)
    for start, stop in _runs(states):
        if path.time[stop - 1] - path.time[start] > LONGEST:
            states[start:stop] = False
    return states


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
        costs[1:, before, then, now] = (np.minimum(off, FAR) * count).sum(axis=1)
    return costs


def _of(costs: Floats, states: Mask) -> Floats:
    """The cost (F,) of each frame in these states."""
    now = states.astype(np.int64)
    then = np.concatenate([now[:1], now[:-1]])
    before = np.concatenate([now[:1], then[:-1]])
    chosen: Floats = costs[np.arange(len(now)), before, then, now]
    return chosen


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


def _runs(states: Mask) -> list[list[int]]:
    """First frame of each exchange, and the first after it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], states, [False]]).astype(np.int8)))
    runs: list[list[int]] = edges.reshape(-1, 2).tolist()
    return runs
