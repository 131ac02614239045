"""Whether numbers stayed with their people, told by geometry alone: where bodies were, how fast, how tall.

Nothing here proves anything; `sure` says how well what was seen fits a mistake, against its fitting none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from app.report.findings import Suspicion
from app.report.joints import LONG_STEP_S, runs
from app.report.pieces import Bools, Floats, Ints, Piece
from engine.skeleton import KEYPOINTS

TRUNK = [n for n, name in enumerate(KEYPOINTS) if "shoulder" in name or "hip" in name]

#: A body's middle moves by no more than this, in body heights and heights a second: a sprint is 6.5.
LEEWAY, SPRINT = 0.3, 7.0
FIT_S = 0.5  #: seconds before and after, from which speeds are taken
CLOSE = 0.6  #: body heights between two people who may be taken for each other
LONGEST_S = 3.0  #: seconds that somebody is away, after which motion tells nothing
MEETING_S, FADES_S = 1.5, 1.0  #: so long two may be close; then what motion says fades so fast
TOO_LONG_S = 5.0  #: nor is anything else looked at after so long
PLACE, DRIFT, PACE, TALL = 0.15, 0.5, 0.6, 0.1  #: deviations: heights, heights/s, heights/s, log of height
MEETING, BREAK, SIZES = 4.0, 10.0, 3.5  #: most that motion in a meeting, a leap, and sizes may say, log odds
RARE = 3.0  #: log odds against an exchange before anything is seen
AT_LEAST = 0.5  #: `sure` from which on it is told


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One person's body over time."""

    who: int
    places: Ints  #: (M,)
    times: Floats  #: (M,) s
    middles: Floats  #: (M, 2) px, of the trunk
    heights: Floats  #: (M,) px
    edges: Bools  #: (M,) whether the box touches the edge of the picture


def middles(piece: Piece) -> Floats:
    """Middle (M, 2) px of shoulders and hips; of the box in other skeletons, or where they are nowhere."""
    box = (piece.boxes[:, :2] + piece.boxes[:, 2:]) / 2
    if piece.measured.shape[1] != len(KEYPOINTS):
        return np.asarray(np.nan_to_num(box))
    trunk = piece.measured[:, TRUNK].mean(axis=1)
    return np.asarray(np.nan_to_num(np.where(np.isfinite(trunk), trunk, box)))


def leaps(piece: Piece, there: Bools, height: Floats) -> Iterator[tuple[int, float]]:
    """Rows at which a body is where it cannot have got to, and the body heights a second it would take.

    The step of a body is the median of those of its joints, less that of the camera.
    """
    if len(piece.times) < 2:
        return
    moved = np.einsum("mij,mkj->mki", piece.camera[1:, :, :2], piece.measured[:-1])
    moved += piece.camera[1:, None, :, 2]
    both = there[1:] & there[:-1]
    dt, enough = np.diff(piece.times), both.sum(axis=1) >= 3
    steps = piece.measured[1:] - moved
    reach = LEEWAY + SPRINT * np.maximum(dt, 0.0)
    # Most rows need no median: no joint went that far.
    far = np.abs(np.where(both[..., None], steps, 0.0)).max(axis=(1, 2)) > reach * height[1:] / 2
    for row in np.flatnonzero(enough & far & (dt > 0)).tolist():
        step = np.median(steps[row][both[row]], axis=0)
        shift = float(np.hypot(*step)) / height[row + 1]
        if shift > reach[row]:
            yield row + 1, shift / float(dt[row])


def exchanges(walks: Sequence[Walk]) -> list[Suspicion]:
    """Two who meet, or leap, and go on as each other would have: place, speed and size change sides."""
    found = []
    for a, b in combinations(walks, 2):
        if a.times[0] < b.times[-1] and b.times[0] < a.times[-1]:
            found += _of_pair(a, b)
    return found


def handovers(walks: Sequence[Walk], start: int, end: int) -> list[Suspicion]:
    """Who ends where another begins, places of the session from `start` to `end`, each at most once."""
    ended = [walk for walk in walks if walk.places[-1] < end]
    begun = [walk for walk in walks if walk.places[0] > start]
    ends = np.array([walk.times[-1] for walk in ended])
    fits = []
    for come in begun:
        wait = come.times[0] - ends
        near = [ended[n] for n in np.flatnonzero((wait >= -0.3) & (wait <= LONGEST_S)).tolist()]
        fits += [(_follows(gone, come), gone, come) for gone in near if gone.who != come.who]
    taken: set[tuple[str, int]] = set()
    found = []
    for sure, gone, come in sorted(fits, key=lambda fit: -fit[0]):
        if sure >= AT_LEAST and not taken & {("gone", gone.who), ("come", come.who)}:
            taken |= {("gone", gone.who), ("come", come.who)}
            words = f"{come.who} begins where {gone.who} ends; they may be the same person"
            first, last = sorted((float(gone.times[-1]), float(come.times[0])))
            people = (gone.who, come.who)
            found.append(
                Suspicion("handover", first, last, int(come.places[0]), people, (), sure, False, 0.0, words)
            )
    return found


def _follows(gone: Walk, come: Walk) -> float:
    """How well the one goes on as the other, in [0, 1]."""
    wait = float(come.times[0] - gone.times[-1])
    height = (gone.heights[-1] + come.heights[0]) / 2
    since = gone.times >= gone.times[-1] - FIT_S
    speed = _slope(gone.times[since], gone.middles[since]) if since.sum() > 2 else np.zeros(2)
    place = gone.middles[-1] + speed * min(wait, FIT_S)
    off = float(np.hypot(*(come.middles[0] - place))) / height
    size = abs(math.log(gone.heights[-1] / come.heights[0]))
    reach = 0.3 + 0.6 * max(wait, 0.0)
    sure = math.exp(-0.5 * (off / reach) ** 2 - 0.5 * (size / 0.25) ** 2 - max(wait, 0.0) / 4)
    return 0.6 * sure if gone.edges[-1] and come.edges[0] else sure


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two people in the frames that have both."""

    times: Floats  #: (N,)
    apart: Floats  #: (N, 2) from one to the other, in body heights
    sizes: Floats  #: (N,) log of their heights' ratio
    places: Ints


def _of_pair(a: Walk, b: Walk) -> list[Suspicion]:
    _, i, j = np.intersect1d(a.places, b.places, assume_unique=True, return_indices=True)
    if len(i) < 6:
        return []
    height = (a.heights[i] + b.heights[j]) / 2
    apart = (a.middles[i] - b.middles[j]) / height[:, None]
    pair = _Pair(a.times[i], apart, np.log(a.heights[i] / b.heights[j]), a.places[i])
    found = []
    for first, last in _meetings(pair):
        sure, leapt = _exchanged(pair, first, last)
        if sure >= AT_LEAST:
            how = "leap to each other's place" if leapt else "meet and go on as each other"
            words = f"{a.who} and {b.who} {how}; from here on they may have exchanged numbers"
            start, end = float(pair.times[first]), float(pair.times[last])
            place, people = int(pair.places[last]), (a.who, b.who)
            found.append(Suspicion("exchange", start, end, place, people, (), sure, False, 0.0, words))
    return found


def _meetings(pair: _Pair) -> list[tuple[int, int]]:
    """Rows before and after which the two are told apart: around meetings, leaps, and when one was away."""
    near = np.hypot(pair.apart[:, 0], pair.apart[:, 1]) < CLOSE
    step, dt = np.diff(pair.apart, axis=0), np.diff(pair.times)
    flips = np.hypot(step[:, 0], step[:, 1]) > 2 * (LEEWAY + SPRINT * dt)
    parted = (dt > LONG_STEP_S) & (dt <= LONGEST_S)
    unclear = np.zeros(len(near) + 1, np.bool_)  # whether from the row before to this one anything may be
    unclear[1:-1] = flips | parted | near[1:] | near[:-1]
    out: list[tuple[int, int]] = []
    for start, stop in runs(unclear):
        first, last = start - 1, stop - 1
        if out and pair.times[first] - pair.times[out[-1][1]] < 0.2:
            first = out.pop()[0]
        out.append((first, last))
    return [each for each in out if pair.times[each[1]] - pair.times[each[0]] <= TOO_LONG_S]


def _exchanged(pair: _Pair, first: int, last: int) -> tuple[float, bool]:
    """How likely they changed places between two rows, and whether they leapt there."""
    before = slice(int(np.searchsorted(pair.times, pair.times[first] - FIT_S)), first + 1)
    after = slice(last, int(np.searchsorted(pair.times, pair.times[last] + FIT_S, "right")))
    if before.stop - before.start < 3 or after.stop - after.start < 3:
        return 0.0, False
    wait = float(pair.times[last] - pair.times[first])
    speed, later = (_slope(pair.times[rows], pair.apart[rows]) for rows in (before, after))
    expected = pair.apart[first] + speed * wait
    tall, now = (float(np.median(pair.sizes[rows])) for rows in (before, after))

    def odd(sign: float) -> tuple[float, float]:
        place = ((pair.apart[last] - sign * expected) ** 2).sum() / (PLACE + DRIFT * wait) ** 2
        pace = ((later - sign * speed) ** 2).sum() / PACE**2
        return float(place + pace) / 2, (now - sign * tall) ** 2 / TALL**2 / 2

    (straight, same), (crossed, other) = odd(1.0), odd(-1.0)
    leapt = bool(np.hypot(*(pair.apart[last] - pair.apart[first])) > 2 * (LEEWAY + SPRINT * wait))
    most = BREAK if leapt else MEETING * math.exp(min((MEETING_S - wait) / FADES_S, 0.0))
    odds = np.clip(straight - crossed, -most, most) + np.clip(same - other, -SIZES, SIZES) - RARE
    return 1.0 / (1.0 + math.exp(-float(odds))), leapt


def _slope(times: Floats, places: Floats) -> Floats:
    """Least squares: units a second (2,) of places (N, 2)."""
    after = times - times.mean()
    spread = float((after**2).sum())
    return np.asarray(after @ (places - places.mean(axis=0)) / spread if spread > 1e-9 else np.zeros(2))


def without_echoes(jumps: Sequence[Suspicion], others: Sequence[Suspicion]) -> list[Suspicion]:
    """The jumps that no exchange explains, those of one person within half a second as one."""
    told: dict[int, list[float]] = {}
    for each in others:
        for who in each.people:
            told.setdefault(who, []).append(each.end_s)
    kept: list[Suspicion] = []
    last: dict[int, float] = {}
    for jump in sorted(jumps, key=lambda each: each.start_s):
        (who,) = jump.people
        near = any(abs(jump.end_s - time) < 0.5 for time in told.get(who, []))
        if not near and jump.start_s - last.get(who, -math.inf) >= 0.5:
            kept.append(jump)
        last[who] = jump.end_s
    return kept
