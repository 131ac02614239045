"""What can be put right in a session, and what is said against what makes no sense."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from app.plain import printable
from app.store import edits
from app.store.edits import Edit
from engine.errors import UserError

if TYPE_CHECKING:
    from app.store.session import Session

JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))  #: within letters of Persian and Hindi, and within emoji
LONGEST_NAME = 200  #: letters


def swap(session: Session, a: int, b: int, at_s: float) -> Edit:
    """From `at_s` on, that frame included, a is b, and b is a."""
    if a == b:
        raise UserError(f"{a} cannot be exchanged with itself; choose two people")
    _know(session, a, b)
    return Edit(edits.SWAP, a, b, _moment(at_s))


def merge(session: Session, gone: int, into: int) -> Edit:
    """All of `gone` becomes `into`."""
    if gone == into:
        raise UserError(f"{gone} cannot become part of itself; choose two people")
    _know(session, gone, into)
    both = np.intersect1d(session.lane(gone).positions, session.lane(into).positions)
    if both.size:
        raise UserError(
            f"{gone} and {into} are both in the picture at {session.times()[both[0]]:.2f} s, so they are two"
            " people; split or delete one of them there first"
        )
    return Edit(edits.MERGE, gone, into)


def split(session: Session, who: int, at_s: float, new: int) -> Edit:
    """From `at_s` on, that frame included, `who` is `new`."""
    _know(session, who)
    at_s = _moment(at_s)
    times = session.times()[session.lane(who).positions]
    if not (times[0] < at_s <= times[-1]):
        raise UserError(
            f"{who} is there from {times[0]:.2f} s to {times[-1]:.2f} s and cannot be split at {at_s:.2f} s"
        )
    return Edit(edits.SPLIT, who, new, at_s)


def delete(session: Session, who: int) -> Edit:
    """Nobody of that id is told of any more."""
    _know(session, who)
    return Edit(edits.DELETE, who)


def rename(session: Session, who: int, name: str) -> Edit:
    """Give somebody a name, or none with ""."""
    _know(session, who)
    name = name.strip()
    if not name.translate(JOINERS).isprintable() or len(name) > LONGEST_NAME:
        raise UserError(f"a name is one line of at most {LONGEST_NAME} letters, not {name[:40]!r}")
    return Edit(edits.RENAME, who, name=name)


def _know(session: Session, *people: int) -> None:
    """UserError where one of the people is not there."""
    for who in people:
        if who < 1 or not session.lane(who).positions.size:
            raise UserError(f"{printable(session.path.name)}: there is nobody with the number {who}")


def _moment(at_s: float) -> float:
    if not math.isfinite(at_s):
        raise UserError(f"a repair begins at a time in seconds, not at {at_s}")
    return float(at_s)
