"""Single suspicions: how sure they are, how bad, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from app.report.findings import LIKELY, Suspicion
from app.report.joints import runs
from app.report.pieces import Bools, Floats, Ints, Piece
from trackers.swaps import BODY

APART = 0.05  #: body heights between left and right, mostly, from which on it matters which is which


def badness(each: Suspicion) -> float:
    """By what the worst come first."""
    gravity = {"exchange": 4.0, "jump": 3.0, "handover": 2.5, "swap": 2.0, "spike": 1.0}[each.kind]
    return gravity * each.sure * (0.3 if each.mended else 1.0)


def sides(piece: Piece, swapped: Bools, height: Floats, names: Sequence[str]) -> Iterator[Suspicion]:
    """Left and right where they are `swapped` (M, K) and it makes a difference; `height` (M,) of the body."""
    partner = np.arange(swapped.shape[1])
    for left, right in BODY if swapped.any() else ():
        partner[[left, right]] = right, left
    for start, stop in runs(np.asarray(swapped.any(axis=1))):
        first, last = max(start, piece.own.start), min(stop, piece.own.stop)
        if first >= last:
            continue
        parts = np.flatnonzero(swapped[start:stop].any(axis=0))
        rows, each = slice(first, last), tuple(parts.tolist())
        told, own = piece.smoothed[rows][:, parts], piece.measured[rows][:, parts]
        other = piece.measured[rows][:, partner[parts]]
        apart = np.linalg.norm(own - other, axis=2)
        if not np.nanmedian(apart) >= APART * float(height[rows].mean()):
            continue
        mended = bool(np.nansum(np.abs(told - own)) > np.nansum(np.abs(told - other)))
        sure = _sure(piece, start, stop, parts, partner)
        word = "exchanged" if sure >= LIKELY else "maybe exchanged"
        state = "put right by smoothing" if mended else "still so when smoothed"
        words = f"left and right of {piece.who} {word} ({called(each, names)}); {state}"
        yield suspicion("swap", piece, first, last - 1, each, sure, mended=mended, speed=0.0, words=words)


def suspicion(
    kind: str,
    piece: Piece,
    first: int,
    last: int,
    parts: tuple[int, ...],
    sure: float,
    *,
    mended: bool,
    speed: float,
    words: str,
) -> Suspicion:
    """Of the rows from `first` to `last`; the picture that shows it is in the middle, of a jump the last."""
    show = last if kind == "jump" else (first + last) // 2
    start, end, place = float(piece.times[first]), float(piece.times[last]), int(piece.places[show])
    return Suspicion(kind, start, end, place, (piece.who,), parts, sure, mended, speed, words)


def joined(before: Suspicion, after: Suspicion) -> Suspicion:
    """One exchange that two pieces have told of."""
    sure, mended = max(before.sure, after.sure), before.mended and after.mended
    return replace(before, end_s=after.end_s, sure=sure, mended=mended)


def called(parts: Sequence[int], names: Sequence[str]) -> str:
    """The joints by name, or a word for most of a body."""
    told = [names[part].replace("_", " ") for part in parts]
    if len(told) >= 10:
        return "whole body"
    return ", ".join(told[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else "")


def _sure(piece: Piece, start: int, stop: int, parts: Ints, partner: Ints) -> float:
    """How much shorter the way of the joints is into an exchange and out of it; 0.5 at least."""
    ends = [row for row in (start, stop) if 0 < row < len(piece.times)]
    shorter = []
    for row in ends:
        before, own = piece.measured[row - 1], piece.measured[row]
        straight = float(np.nansum(np.linalg.norm(own[parts] - before[parts], axis=1)))
        crossed = float(np.nansum(np.linalg.norm(own[partner[parts]] - before[parts], axis=1)))
        shorter.append(1.0 - crossed / max(straight, 1e-6))
    return float(np.clip(np.mean(shorter) if shorter else 0.0, 0.5, 0.99))
