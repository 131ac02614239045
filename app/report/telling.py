"""Single suspicions: how sure they are, how bad, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.report.findings import Suspicion
from app.report.pieces import Ints, Piece


def badness(each: Suspicion) -> float:
    """By what the worst come first."""
    gravity = {"exchange": 4.0, "jump": 3.0, "handover": 2.5, "swap": 2.0, "spike": 1.0}[each.kind]
    return gravity * each.sure * (0.3 if each.mended else 1.0)


def swap_sure(piece: Piece, start: int, stop: int, parts: Ints, partner: Ints) -> float:
    """How much shorter the way of the joints is into an exchange and out of it; 0.5 at least."""
    ends = [row for row in (start, stop) if 0 < row < len(piece.times)]
    shorter = []
    for row in ends:
        before, own = piece.measured[row - 1], piece.measured[row]
        straight = float(np.nansum(np.linalg.norm(own[parts] - before[parts], axis=1)))
        crossed = float(np.nansum(np.linalg.norm(own[partner[parts]] - before[parts], axis=1)))
        shorter.append(1.0 - crossed / max(straight, 1e-6))
    return float(np.clip(np.mean(shorter) if shorter else 0.0, 0.5, 0.99))


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
