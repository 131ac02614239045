"""Which seconds not to trust, and which to look at twice, from everything that was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.report.findings import LIKELY, WORTH, Doubt, Flow, Gap, Suspicion
from app.report.identity import Walk
from app.report.joints import runs
from app.report.pieces import Bools, Floats

AROUND_S = {"exchange": 0.5, "handover": 0.3, "jump": 0.3, "swap": 0.1, "spike": 0.1}  #: before and after
HIDDEN_S, AWAY_S = 0.5, 5.0  #: out of sight inside the picture for so long: it is seen how it went on
TOGETHER_S = 0.3  #: what is closer together is one stretch
FEW = 0.5  #: share of the joints usual for a person, below which a second is doubtful
ENOUGH_S = 3.0  #: seconds in sight from which on somebody has something usual
ROUGH = 3  #: frames of a second in which joints of somebody jump
PART = 0.25  #: share of those in view of whom something has to be said
EVERYBODY = 0  #: stands for all of them
MANY = 0.05  #: share of the joints of a second that jump


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason."""

    start_s: float
    end_s: float
    grave: bool
    words: str
    people: tuple[int, ...]


def signs_of(suspicions: Iterable[Suspicion]) -> list[Sign]:
    """What smoothing put right is none; nor are spikes, which `signs_of_spikes` counts."""
    return [
        Sign(
            each.start_s - AROUND_S[each.kind],
            each.end_s + AROUND_S[each.kind],
            each.sure >= LIKELY,
            each.words,
            each.people,
        )
        for each in suspicions
        if not each.mended and each.kind != "spike" and each.sure >= WORTH
    ]


def signs_of_spikes(who: int, joints: int, rows: Sequence[tuple[Floats, Floats, Bools]]) -> list[Sign]:
    """Spikes that smoothing kept; and seconds in which it left out so many that it may have gone astray."""
    if not rows:
        return []
    times, counts, mended = (np.concatenate([row[n] for row in rows]) for n in range(3))
    found = [
        Sign(time - 0.1, time + 0.1, True, f"joints of {who} jump, and smoothing kept it", (who,))
        for time in times[~mended].tolist()
    ]
    seconds, which, frames = np.unique(np.floor(times), return_inverse=True, return_counts=True)
    some = np.bincount(which, counts)
    for second, count, number in zip(seconds.tolist(), some.tolist(), frames.tolist(), strict=True):
        if number >= ROUGH and count >= MANY * joints * 25:
            words = f"{count:.0f} joints of {who} jumped and were left out"
            found.append(Sign(second, second + 1.0, False, words, (who,)))
    return found


def signs_of_seeing(walk: Walk, seen: Bools) -> list[Sign]:
    """Seconds in which far fewer joints of somebody are seen than usual."""
    if walk.times[-1] - walk.times[0] < ENOUGH_S:
        return []
    passed = np.floor(walk.times - walk.times[0])
    seconds, which, frames = np.unique(passed, return_inverse=True, return_counts=True)
    share = np.bincount(which, seen.mean(axis=1)) / frames
    usual = float(np.median(share))
    found = []
    for second in seconds[share < FEW * usual].tolist():
        start = float(walk.times[0]) + second
        words = f"little of {walk.who} is seen"
        found.append(Sign(start, min(start + 1.0, float(walk.times[-1])), False, words, (walk.who,)))
    return found


def signs_of_gaps(walk: Walk, gaps: Iterable[Gap], step_s: float) -> list[Sign]:
    """Who was hidden between being in sight, in frames `step_s` apart; not who left the picture."""
    found = []
    for gap in gaps:
        length = gap.end_s - gap.start_s
        if gap.inside and HIDDEN_S <= length <= AWAY_S:
            before = (walk.times > gap.start_s - 1.0) & (walk.times <= gap.start_s)
            after = (walk.times >= gap.end_s) & (walk.times < gap.end_s + 1.0)
            if min(before.sum(), after.sum()) * step_s >= FEW:
                words = f"{walk.who} is out of sight"
                found.append(Sign(gap.start_s, gap.end_s, False, words, (walk.who,)))
    return found


def signs_of_flow(flow: Flow) -> list[Sign]:
    """Times without a frame."""
    return [Sign(gap.start_s, gap.end_s, True, "there are no frames", ()) for gap in flow.pauses]


def doubts(signs: Sequence[Sign], times: Floats, crowd: Floats) -> tuple[Doubt, ...]:
    """Stretches in order of time, of frames at `times` (F,) with so many people in view, `crowd` (F,).

    A moment is grave where signs say so of a good part of those in view, or of all: one of twenty is found
    in the lane of that person, and does not condemn the picture.
    """
    if not len(times):
        return ()
    inside = [sign for sign in signs if sign.end_s > times[0] and sign.start_s < times[-1]]
    edges, grave = _level([sign for sign in inside if sign.grave], times, crowd, times[[0, -1]])
    first = _stretches(edges, grave)
    edges, light = _level(inside, times, crowd, np.ravel(first))
    rest = [part for stretch in _stretches(edges, light) for part in _without(stretch, first)]
    stretches = [(a, b, True) for a, b in first] + [(a, b, False) for a, b in rest]
    return tuple(_described(inside, *stretch) for stretch in sorted(stretches))


def _level(signs: Sequence[Sign], times: Floats, crowd: Floats, more: Floats) -> tuple[Floats, Bools]:
    """Edges (E,) and whether enough is said between each two (E - 1,)."""
    own: dict[int, list[tuple[float, float]]] = {}
    for sign in signs:
        for who in sign.people or (EVERYBODY,):
            own.setdefault(who, []).append((max(sign.start_s, times[0]), min(sign.end_s, times[-1])))
    spans = [(who, a, b) for who, some in own.items() for a, b in _united(some) if b > a]
    edges = np.unique(np.concatenate([[a for _, a, _ in spans], [b for _, _, b in spans], more]))
    said = np.zeros(len(edges))
    for weight in (True, False):
        chosen = [(a, b) for who, a, b in spans if (who == EVERYBODY) == weight]
        starts, ends = np.reshape(chosen, (-1, 2)).T
        step = 1e9 if weight else 1.0
        np.add.at(said, np.searchsorted(edges, starts), step)
        np.add.at(said, np.searchsorted(edges, ends), -step)
    middles = (edges[1:] + edges[:-1]) / 2
    there = np.maximum(crowd[(np.searchsorted(times, middles) - 1).clip(0)], 1.0)
    return edges, said.cumsum()[:-1] >= PART * there


def _stretches(edges: Floats, states: Bools) -> list[tuple[float, float]]:
    return _united([(float(edges[a]), float(edges[b])) for a, b in runs(states)])


def _described(signs: Sequence[Sign], start: float, end: float, grave: bool) -> Doubt:
    here = [s for s in signs if s.start_s < end and s.end_s > start and (s.grave or not grave)]
    here.sort(key=lambda sign: (not sign.grave, sign.start_s))
    reasons = tuple(dict.fromkeys(sign.words for sign in here))
    return Doubt(start, end, grave, reasons, tuple(sorted({who for sign in here for who in sign.people})))


def _united(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if out and start - out[-1][1] < TOGETHER_S:
            out[-1] = out[-1][0], max(out[-1][1], end)
        else:
            out.append((start, end))
    return out


def _without(
    stretch: tuple[float, float], others: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """What is left of a stretch; crumbs are dropped."""
    start, end = stretch
    left = []
    for a, b in others:
        if b <= start or a >= end:
            continue
        left.append((start, a))
        start = b
    left.append((start, end))
    return [(a, b) for a, b in left if b - a > 0.05]
