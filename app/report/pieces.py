"""A session read once, from its first frame to its last, and given on person by person in pieces.

Memory stays that of a few thousand frames of those in view, however long the session is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import grid
from app.store.session import Session, Stretch
from trackers.types import STANDING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FRAMES = 2048  #: of somebody that are worked on together, at least
CONTEXT = 40  #: frames to each side that are seen but not judged; a tenth of a second at 400 a second
GONE = 600  #: frames out of sight after which nobody is waited for

_EXACT = ("times", "measured", "smoothed", "scores", "boxes", "camera")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """M frames of one person, with K joints."""

    who: int
    own: slice  #: the rows to judge; the others are context, and belong to the piece before or after
    places: Ints  #: (M,) in `Session.times`
    times: Floats  #: (M,) s
    measured: Floats  #: (M, K, 2) px
    smoothed: Floats  #: (M, K, 2) px
    scores: Floats  #: (M, K)
    predicted: Bools  #: (M, K)
    boxes: Floats  #: (M, 4) px
    camera: Floats  #: (M, 2, 3) how it moved since the frame before


@dataclass(slots=True)
class _Waiting:
    """What came of somebody and is not given on yet."""

    parts: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    rows: int = 0
    before: int = 0  # rows at the beginning that are context
    last: int = 0  # place


def pieces(session: Session) -> Iterator[Piece]:
    """Everybody, after all repairs. Those of one person come in order, and each frame is judged once."""
    waiting: dict[int, _Waiting] = {}
    position = 0
    for stretch in session.stretches(bare=True):
        for who, part in _parts(stretch, position):
            held = waiting.setdefault(who, _Waiting())
            held.parts.append(part)
            held.rows += len(part["places"])
            held.last = int(part["places"][-1])
            if held.rows >= FRAMES + held.before:
                yield _taken(who, held, whole=False)
        position += len(stretch.frames)
        for who in [who for who, held in waiting.items() if held.last < position - GONE]:
            yield _taken(who, waiting.pop(who), whole=True)
    for who, held in waiting.items():
        yield _taken(who, held, whole=True)


def _parts(stretch: Stretch, position: int) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """What a stretch has of each person in it."""
    if not len(stretch.ids):
        return
    people, frames = stretch.people, np.repeat(np.arange(len(stretch.counts)), stretch.counts)
    moves = bool((stretch.cameras != STANDING).any())
    order = np.argsort(stretch.ids, kind="stable")
    ids, starts = np.unique(stretch.ids[order], return_index=True)
    for who, rows in zip(ids.tolist(), np.split(order, starts[1:]), strict=True):
        chosen = people.take(rows)
        yield (
            who,
            {
                "places": position + frames[rows],
                "times": stretch.times[frames[rows]],
                "measured": grid.from_pixel_steps(chosen.measured),
                "smoothed": grid.from_pixel_steps(chosen.keypoints),
                "scores": grid.from_score_steps(chosen.scores),
                "predicted": chosen.predicted,
                "boxes": grid.from_pixel_steps(chosen.boxes),
                "camera": stretch.cameras[frames[rows]]
                if moves
                else np.broadcast_to(STANDING, (len(rows), 2, 3)),
            },
        )


def _taken(who: int, held: _Waiting, *, whole: bool) -> Piece:
    """What waits, as a piece; unless it is the `whole` rest, its end stays as context of the next one."""
    columns = {name: np.concatenate([part[name] for part in held.parts]) for name in held.parts[0]}
    end = held.rows if whole else held.rows - CONTEXT
    exact = {name: np.asarray(column, np.float64) for name, column in columns.items() if name in _EXACT}
    piece = Piece(who, slice(held.before, end), columns["places"], predicted=columns["predicted"], **exact)
    tail = max(end - CONTEXT, 0)
    held.parts = [{name: column[tail:] for name, column in columns.items()}]
    held.rows, held.before = held.rows - tail, end - tail
    return piece
