"""Everybody whom the networks saw in the pictures of a session, whoever was taken out of it since."""

from __future__ import annotations

from app.store.blocks import FRAMES
from app.store.session import Session
from engine.types import Poses


class Found:
    """Reads as many pictures at once as are stored together, and keeps those of the last time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._first, self._poses = 0, list[Poses]()

    def at(self, place: int) -> Poses:
        """In the picture at that place of `Session.times`."""
        if not self._first <= place < self._first + len(self._poses):
            self._first = place - place % FRAMES
            some = self._session.measured(self._first, self._first + FRAMES)
            self._poses = [each.poses for each in some]
        return self._poses[place - self._first]
