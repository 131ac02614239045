"""What the joints of one person did: jitter, spikes, left and right. docs/report.md has every formula."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.report.pieces import Bools, Floats, Ints, Piece
from engine.skeleton import KEYPOINTS
from trackers.matching import person_sizes
from trackers.rts import Path
from trackers.swaps import BODY, LONGEST, SEEN, exchanged, put_back

REFERENCE_S = 1 / 30  #: Accel is told for frames that far apart
LONG_STEP_S = 0.25  #: nobody knows what a joint did in between
AWAY = 0.1  #: body heights that a joint is off its way, from which on it is a spike
FORBIDDEN = 12.0  #: body heights a second: 20 m/s, a foot in a sprint; nobody goes there and back in a frame
IGNORED = 0.5  #: share of a spike that the smoothed joint leaves out, to say that smoothing rejected it
HINT = (
    8.0  #: squared deviations that a pair of joints is nearer to each other's place, to look for an exchange
)
AROUND_S = LONGEST + 1.0  #: seconds around such a hint


def known(piece: Piece, threshold: float) -> Bools:
    """Joints (M, K) that are seen."""
    return np.asarray((piece.scores >= threshold) & np.isfinite(piece.measured).all(axis=2))


def heights(times: Floats, boxes: Floats) -> Floats:
    """Pixels (M,) of a body height: the longer side of the box, of each second the upper fifth."""
    sides = np.nan_to_num((boxes[:, 2:] - boxes[:, :2]).max(axis=1), nan=1.0).clip(1.0)
    seconds = np.floor(times)
    order = np.lexsort((sides, seconds))
    which, start, count = np.unique(seconds[order], return_index=True, return_counts=True)
    upper = sides[order[start + (0.8 * (count - 1)).round().astype(np.intp)]]
    return np.asarray(np.interp(times, which + 0.5, upper), np.float64)


def accelerations(times: Floats, joints: Floats, there: Bools) -> Floats:
    """Norm of the second difference (M, K), px/s^2, of joints (M, K, 2); NaN where not all three are `there`.

    Neighbours are those nearest to REFERENCE_S before and after, so that neither a high nor an uneven frame
    rate makes the same tremble look worse.
    """
    rows = np.arange(len(times))
    before = np.minimum(_nearest(times, times - REFERENCE_S), rows - 1)
    after = np.maximum(_nearest(times, times + REFERENCE_S), rows + 1)
    out = np.full(there.shape, np.nan)
    use = np.flatnonzero((before >= 0) & (after < len(times)))
    a, b = before[use], after[use]
    first, second = times[use] - times[a], times[b] - times[use]
    near = (first > 0) & (second > 0) & (np.maximum(first, second) <= LONG_STEP_S)
    use, a, b, first, second = use[near], a[near], b[near], first[near], second[near]
    d1, d2 = first[:, None, None], second[:, None, None]
    bend = 2 * ((joints[b] - joints[use]) / d2 - (joints[use] - joints[a]) / d1) / (d1 + d2)
    out[use] = np.where(there[a] & there[use] & there[b], np.hypot(bend[..., 0], bend[..., 1]), np.nan)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """S joints at single moments that were somewhere else."""

    rows: Ints  #: (S,) of the piece
    joints: Ints  #: (S,)
    speeds: Floats  #: (S,) body heights a second
    mended: Bools  #: (S,) the smoothed joint left it out


def spikes(piece: Piece, there: Bools, height: Floats) -> Spikes:
    """Joints off the median of five frames (three, beside others not seen) that smoothing or physics rejects.

    The median (Hampel 1974) follows whoever moves on, however fast, and leaves out what comes and goes within
    two frames.
    """
    rows, joints = _bent(piece, there, height)
    off, middle = _away(piece, there, rows, joints)
    far = off >= AWAY * height[rows]
    rows, joints, off, middle = rows[far], joints[far], off[far], middle[far]
    step = np.minimum(
        piece.times[rows] - piece.times[rows - 1], piece.times[rows + 1] - piece.times[rows]
    ).clip(1e-3)
    speed = off / height[rows] / step
    told = piece.smoothed[rows, joints]
    apart = np.linalg.norm(told - piece.measured[rows, joints], axis=1)
    mended = (apart >= IGNORED * off) & (np.linalg.norm(told - middle, axis=1) <= off)
    found = mended | (speed >= FORBIDDEN)
    return Spikes(rows[found], joints[found], speed[found], mended[found])


def swaps(piece: Piece, threshold: float) -> Bools:
    """Joints (M, K) that hold the place of their partner: see trackers/swaps.py.

    Looked for only around moments at which a pair of joints came nearer to each other's place than to its
    own, because an exchange cannot begin without.
    """
    found = np.zeros(piece.scores.shape, np.bool_)
    if piece.scores.shape[1] != len(KEYPOINTS):
        return found
    scores = np.where(known(piece, max(threshold, SEEN)), piece.scores, 0.0)
    path = Path(
        piece.times,
        np.nan_to_num(piece.measured),
        scores,
        np.ones_like(scores),
        person_sizes(np.nan_to_num(piece.boxes)),
    )
    for start, stop in _windows(piece.times, _hints(path)):
        found[start:stop] = exchanged(path.take(slice(start, stop)))
    return found


def unswapped(piece: Piece, where: Bools) -> Piece:
    """The piece with measured joints and scores where they belong."""
    if not where.any():
        return piece
    ones = np.ones(len(piece.times))
    path = put_back(Path(piece.times, piece.measured, piece.scores, piece.scores, ones), where)
    return replace(piece, measured=path.measured, scores=path.scores)


def runs(states: Bools) -> list[tuple[int, int]]:
    """First row of each stretch that is true, and the first after it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], states, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _nearest(times: Floats, wanted: Floats) -> Ints:
    """Row of the time nearest to each that is wanted."""
    after = np.searchsorted(times, wanted).clip(1, max(len(times) - 1, 1))
    earlier = wanted - times[after - 1] < times[np.minimum(after, len(times) - 1)] - wanted
    return np.asarray(after - earlier, np.int64)


def _bent(piece: Piece, there: Bools, height: Floats) -> tuple[Ints, Ints]:
    """Rows and joints between two that are seen, and not halfway between them: the only ones to look at."""
    step = np.diff(piece.times)
    steady = np.zeros(len(piece.times), np.bool_)
    steady[1:-1] = (step[1:] <= LONG_STEP_S) & (step[:-1] <= LONG_STEP_S) & (step[1:] > 0) & (step[:-1] > 0)
    if not steady.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    all_there = np.zeros_like(there)
    all_there[1:-1] = there[1:-1] & there[:-2] & there[2:] & steady[1:-1, None]
    off = np.zeros(there.shape)
    bend = piece.measured[1:-1] - (piece.measured[:-2] + piece.measured[2:]) / 2
    off[1:-1] = np.hypot(bend[..., 0], bend[..., 1])
    rows, joints = np.nonzero(all_there & (off >= 0.4 * AWAY * height[:, None]))
    return rows, joints


def _away(piece: Piece, there: Bools, rows: Ints, joints: Ints) -> tuple[Floats, Floats]:
    """How far (S,) px these are off the median of their neighbours, and that median (S, 2)."""
    around = rows[:, None] + np.arange(-2, 3)
    inside = around.clip(0, len(piece.times) - 1)
    seen = there[inside, joints[:, None]] & (around == inside)
    seen &= np.abs(piece.times[inside] - piece.times[rows][:, None]) <= 2 * LONG_STEP_S
    five = piece.measured[inside, joints[:, None]]
    wide = np.median(five, axis=1)
    narrow = np.median(five[:, 1:4], axis=1)
    middle = np.where(seen.all(axis=1)[:, None], wide, narrow)
    return np.linalg.norm(five[:, 2] - middle, axis=1), middle


def _hints(path: Path) -> Bools:
    """Rows (M,) in which a pair of joints is nearer to each other's last place than to its own, by far."""
    left, right = (list(side) for side in zip(*BODY, strict=True))
    hints = np.zeros(len(path.time), np.bool_)
    if len(path.time) < 3:
        return hints
    l0, l1 = path.measured[:-1, left], path.measured[1:, left]
    r0, r1 = path.measured[:-1, right], path.measured[1:, right]
    straight = ((l1 - l0) ** 2).sum(axis=2) + ((r1 - r0) ** 2).sum(axis=2)
    crossed = ((l1 - r0) ** 2).sum(axis=2) + ((r1 - l0) ** 2).sum(axis=2)
    dt = np.diff(path.time).clip(0.0)
    spread = (path.size[1:] * (0.04 + 0.8 * dt)) ** 2
    seen = np.minimum(path.scores[:, left], path.scores[:, right]) >= SEEN
    gain = np.where(seen[1:] & seen[:-1], straight - crossed, 0.0) / spread[:, None]
    hints[1:] = (gain > 0).any(axis=1) & (gain.clip(0).sum(axis=1) >= HINT)
    return hints


def _windows(times: Floats, hints: Bools) -> list[tuple[int, int]]:
    """Rows from and to which it is worth looking."""
    at = np.flatnonzero(hints)
    if not len(at):
        return []
    wanted: NDArray[np.int64] = np.zeros(len(times) + 1, np.int64)
    np.add.at(wanted, np.searchsorted(times, times[at] - AROUND_S), 1)
    np.add.at(wanted, np.searchsorted(times, times[at] + AROUND_S, "right"), -1)
    return runs(wanted[:-1].cumsum() > 0)
