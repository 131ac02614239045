"""Repairs of who is who: a log that only grows, and what all of it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.plain import printable

Ints = NDArray[np.int64]

SWAP, MERGE, SPLIT, DELETE, RENAME, UNDO, REDO = "swap", "merge", "split", "delete", "rename", "undo", "redo"
KINDS = frozenset({SWAP, MERGE, SPLIT, DELETE, RENAME, UNDO, REDO})
NOBODY = 0  #: the id of whoever was deleted


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of the log."""

    kind: str
    a: int = 0  #: whom it is about
    b: int = 0  #: the other of a swap, who `a` becomes in a merge, or the new id of a split
    at_s: float = 0.0  #: from when on, of a swap and a split
    name: str = ""

    def words(self) -> str:
        """What it did, for people."""
        if self.kind == SWAP:
            return f"exchange of {self.a} and {self.b} from {self.at_s:.2f} s on"
        if self.kind == MERGE:
            return f"{self.a} as part of {self.b}"
        if self.kind == SPLIT:
            return f"split of {self.a} at {self.at_s:.2f} s into {self.a} and {self.b}"
        if self.kind == DELETE:
            return f"removal of {self.a}"
        return f"name '{printable(self.name)}' for {self.a}" if self.name else f"no name for {self.a}"


def read(rows: Iterable[Sequence[Any]]) -> list[Edit]:
    """A log, of the columns number, kind, a, b, at_s, name. ValueError where it makes no sense."""
    log, before = list[Edit](), -1
    for number, kind, a, b, at_s, name in rows:
        if number <= before:  # at once: a damaged tree may go round in circles for ever
            raise ValueError("repairs out of order")
        if kind not in KINDS:
            raise ValueError(f"a repair called {kind!r}")
        log.append(Edit(kind, int(a), int(b), float(at_s), str(name)))
        before = number
    return log


def standing(log: Iterable[Edit]) -> tuple[list[Edit], list[Edit]]:
    """The repairs of the log that hold, oldest first, and those that can be redone, the next one last."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for edit in log:
        if edit.kind == UNDO:
            if done:
                undone.append(done.pop())
        elif edit.kind == REDO:
            if undone:
                done.append(undone.pop())
        else:
            done.append(edit)
            undone.clear()
    return done, undone


def repaired(ids: Ints, frames: Ints, times: NDArray[np.float64], edits: Sequence[Edit]) -> Ints:
    """The ids (R,) of people after the repairs, NOBODY where they are gone.

    `frames` (R,) are positions, `times` (R,) their seconds. Two people in one frame never become one.
    """
    out = ids.copy()
    for edit in edits:
        if edit.kind == RENAME:
            continue
        own = out == edit.a
        if edit.kind == SWAP:
            late = times >= edit.at_s
            other = (out == edit.b) & late
            out[own & late] = edit.b
            out[other] = edit.a
        elif edit.kind == SPLIT:
            out[own & (times >= edit.at_s)] = edit.b
        elif edit.kind == DELETE:
            out[own] = NOBODY
        else:
            out[own & ~np.isin(frames, frames[out == edit.b])] = edit.b
    return out


def names(edits: Iterable[Edit]) -> dict[int, str]:
    """What people are called after the repairs, by id. Who becomes part of a nameless one brings the name."""
    known: dict[int, str] = {}
    for edit in edits:
        if edit.kind == RENAME:
            known[edit.a] = edit.name
        elif edit.kind == MERGE and not known.get(edit.b):
            known[edit.b] = known.get(edit.a, "")
    return {who: name for who, name in known.items() if name}
