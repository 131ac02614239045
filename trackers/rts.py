"""The Rauch-Tung-Striebel smoother: where joints were, told by what came before and after.

The tracker's filter (`kalman`, with its noises and its gates) runs over a track, and a second pass runs back
(Rauch, Tung, Striebel, "Maximum likelihood estimates of linear dynamic systems", AIAA J. 1965). Steps are
the time that passed, so a gap is only a longer step. filterpy's `rts_smoother` is the oracle in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackers.gates import LIMB_SPEED, appeared, believed
from trackers.kalman import Motion, advance, body_velocity, measurement_noise, process_density
from trackers.sway import jolted

Floats = NDArray[np.float64]
Rows = NDArray[np.int64] | slice

#: Frames of a piece of a track, and seconds by which pieces overlap. Beyond that, what was measured does not
#: matter: of a joint that scores .8 an 10^30th part is left, of one that scores .2 a thousandth.
PIECE, OVERLAP = 4000, 10.0

#: Seconds without a frame after which nothing is known of how joints moved: a new path begins.
PAUSE = 1.0

#: Frames that are worked on at a time, of all tracks together: about 100 MB.
FRAMES_AT_ONCE = 60_000


class Path(NamedTuple):
    """What was measured of somebody, or of T people side by side: then every column is (T, F, ...)."""

    time: Floats  #: (F,) seconds; where it falls, no time passes
    measured: Floats  #: (F, K, 2) pixels, finite
    scores: Floats  #: (F, K); a joint of score 0 was not measured
    spread: Floats  #: (F, K) of the heatmaps
    size: Floats  #: (F,) pixels, above 0

    def take(self, rows: slice) -> Path:
        return Path(*(column[rows] for column in self))


class Step(NamedTuple):
    """T people at one moment, on the way forward."""

    scores: Floats  #: (T, K)
    size: Floats  #: (T,)
    dt: Floats  #: (T, 1) seconds since the step before
    motion: Motion  #: after the measurement
    free: Motion  #: the same with the velocity of joints in doubt unknown, from where the next step starts
    foretold: Floats  #: (T, 3, K) variance before the measurement

    def take(self, rows: Rows) -> Step:
        motion, free = self.motion.take(rows), self.free.take(rows)
        return Step(self.scores[rows], self.size[rows], self.dt[rows], motion, free, self.foretold[rows])


class Place(NamedTuple):
    """Where T people were, and how they moved, told by all that was measured."""

    position: Floats  #: (T, K, 2) pixels
    velocity: Floats  #: (T, K, 2) pixels a second


def first(measured: Floats, scores: Floats, spread: Floats, size: Floats) -> Step:
    """T people of whom nothing came before: joints (T, K, 2), scores and spread (T, K), size (T,)."""
    motion = appeared(measured, _noise(scores, spread, size), size)
    return Step(scores, size, np.zeros((len(size), 1)), motion, motion, motion.variance)


def forward(before: Step, dt: Floats, measured: Floats, scores: Floats, spread: Floats, size: Floats) -> Step:
    """The same people `dt` (T, 1) >= 0 seconds later, measured as in `first`."""
    body = body_velocity(before.free, before.scores)
    foretold = advance(before.free, dt, process_density(before.free, body, before.size))
    noise = _noise(scores, spread, size)
    foretold = jolted(foretold, measured, noise, dt[:, 0], LIMB_SPEED * size)
    motion, free, _ = believed(foretold, measured, noise, size)
    return Step(scores, size, dt, motion, free, foretold.variance)


def backward(motion: Motion, dt: Floats, foretold: Floats, later: Place) -> Place:
    """Where people were at a step, who `dt` (T, 1) seconds `later` were where it says.

    `motion` is theirs after the measurement, `foretold` (T, 3, K) the variance before the next one.
    """
    place, both, speed = (motion.variance[:, i] for i in range(3))
    a, b, c = (foretold[:, i] for i in range(3))
    ahead, on = place + dt * both, both + dt * speed
    share = 1.0 / np.maximum(a * c - b * b, 1e-13 * a * c)  # below that, it is what rounding left
    # The gain: covariance of this step with the next, over the variance of the next as foretold.
    gain = [(ahead * c - both * b), (both * a - ahead * b), (on * c - speed * b), (speed * a - on * b)]
    near, fast, turn, pace = ((part * share)[..., None] for part in gain)
    off = later.position - (motion.position + dt[..., None] * motion.velocity)
    spurt = later.velocity - motion.velocity
    return Place(motion.position + near * off + fast * spurt, motion.velocity + turn * off + pace * spurt)


def smooth(paths: Sequence[Path]) -> list[Floats]:
    """Where the joints of everybody were: (F, K, 2) pixels for each path; K is the same in all.

    Long paths are worked on in pieces, and pieces side by side, the n-th step of each at once.
    """
    out = [np.empty(path.measured.shape) for path in paths]
    pieces = [(i, *rows) for i, path in enumerate(paths) for rows in _pieces(path.time)]
    pieces.sort(key=lambda piece: piece[1].start - piece[1].stop)
    while pieces:
        longest = pieces[0][1].stop - pieces[0][1].start
        now, pieces = pieces[: FRAMES_AT_ONCE // longest], pieces[FRAMES_AT_ONCE // longest :]
        places = _side_by_side([paths[i].take(rows) for i, rows, _ in now])
        for (i, rows, kept), place in zip(now, places, strict=True):
            out[i][kept] = place[kept.start - rows.start : kept.stop - rows.start]
    return out


def _pieces(time: Floats) -> list[tuple[slice, slice]]:
    """Rows to work on, with the overlaps, and those of them to keep."""
    pieces, count = [], len(time)
    for start in range(0, count, PIECE):
        stop = min(start + PIECE, count)
        begin_at = max(int(np.searchsorted(time, time[start] - OVERLAP)), start - PIECE, 0)
        end_at = min(int(np.searchsorted(time, time[stop - 1] + OVERLAP)), stop + PIECE, count)
        pieces.append((slice(min(begin_at, start), max(end_at, stop)), slice(start, stop)))
    return pieces


def _side_by_side(paths: Sequence[Path]) -> list[Floats]:
    """The same for paths of which the longest is the first: those that are over drop out of the steps."""
    lengths = np.array([len(path.time) for path in paths])
    block = _stacked(paths, lengths[0])
    steps = [first(*(column[:, 0] for column in block[1:]))]
    for i in range(1, lengths[0]):
        rows = slice(0, int((lengths > i).sum()))
        dt = np.maximum(block.time[rows, i] - block.time[rows, i - 1], 0.0)[:, None]
        now = (column[rows, i] for column in block[1:])
        steps.append(forward(steps[-1].take(rows), dt, *now))
    place = Place(steps[-1].motion.position, steps[-1].motion.velocity)
    block.measured[: len(place.position), lengths[0] - 1] = place.position
    for i in range(lengths[0] - 2, -1, -1):
        motion, after, known = steps[i].motion, steps.pop(), len(place.position)
        last = motion.position[known:], motion.velocity[known:]
        place = backward(motion.take(slice(0, known)), after.dt, after.foretold, place)
        place = Place(*(np.concatenate(both) for both in zip(place, last, strict=True)))
        block.measured[: len(place.position), i] = place.position
    return [block.measured[row, :length] for row, length in enumerate(lengths)]


def _stacked(paths: Sequence[Path], longest: int) -> Path:
    """Paths side by side, with nothing after the end of the shorter ones."""
    columns = []
    for parts in zip(*paths, strict=True):
        column = np.zeros((len(paths), longest, *parts[0].shape[1:]))
        for row, part in enumerate(parts):
            column[row, : len(part)] = part
        columns.append(column)
    return Path(*columns)


def _noise(scores: Floats, spread: Floats, size: Floats) -> Floats:
    """Variance (T, K) of joints, px^2; infinite for those that were not measured."""
    return np.where(scores > 0.0, measurement_noise(scores, spread, size), np.inf)
