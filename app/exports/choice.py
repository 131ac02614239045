"""Which people of a session are told of, and from when to when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from app.store.session import Session, Stretch
from engine.errors import UserError
from trackers.types import Tracks


@dataclass(frozen=True, slots=True)
class Choice:
    """Everybody and always, unless told otherwise."""

    people: frozenset[int] = frozenset()  #: ids; none: everybody
    start_s: float = -math.inf
    end_s: float = math.inf  #: with the frame at that time

    def check(self, session: Session) -> None:
        """UserError where there is no such person or no such time."""
        if not self.start_s <= self.end_s:
            raise UserError(f"a range ends after it begins, not from {self.start_s:g} s to {self.end_s:g} s")
        known = [person.id for person in session.people()]
        if missing := sorted(self.people - set(known)):
            some = ", ".join(map(str, known[:8])) + (", ..." if len(known) > 8 else "")
            raise UserError(f"there is nobody with the number {missing[0]}; there are {some or 'none'}")
        first, last = self.places(session)
        if first == last:
            raise UserError(f"there is no frame from {self.start_s:g} s to {self.end_s:g} s")

    def nobody(self) -> str:
        """That nobody is, in words."""
        who = " or ".join(map(str, sorted(self.people)))
        when = f" from {self.start_s:g} s to {self.end_s:g} s" if self.end_s - self.start_s < math.inf else ""
        when = when or (f" from {self.start_s:g} s on" if self.start_s > -math.inf else "")
        when = when or (f" up to {self.end_s:g} s" if self.end_s < math.inf else "")
        return f"there is no number {who}{when}" if who else f"nobody is in it{when}"

    def places(self, session: Session) -> tuple[int, int]:
        """From which to before which place in `Session.times` it goes."""
        times = session.times()
        first, last = (
            np.searchsorted(times, self.start_s, "left"),
            np.searchsorted(times, self.end_s, "right"),
        )
        return int(first), int(last)

    def stretches(self, session: Session) -> Iterator[Stretch]:
        """The frames in range, with those who are chosen, many at once and without spreads."""
        for stretch in session.stretches(*self.places(session), bare=True):
            yield self._chosen(stretch) if self.people else stretch

    def only(self, tracks: Tracks) -> Tracks:
        """Those who are chosen."""
        if not self.people:
            return tracks
        return tracks.take(np.flatnonzero(np.isin(tracks.ids, list(self.people))))

    def _chosen(self, stretch: Stretch) -> Stretch:
        rows = np.flatnonzero(np.isin(stretch.ids, list(self.people)))
        which = np.repeat(np.arange(len(stretch.counts)), stretch.counts)[rows]
        counts = np.bincount(which, minlength=len(stretch.counts))
        return replace(stretch, counts=counts, ids=stretch.ids[rows], people=stretch.people.take(rows))
