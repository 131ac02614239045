"""Everybody whom the networks saw in the pictures of a session, whoever was taken out of it since."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.painting.faces import HOLD_S
from app.store.blocks import FRAMES
from app.store.session import Session
from app.types import NO_POSES
from engine.types import Array, Boxes, Poses


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

    def around(self, place: int, time: float) -> Poses:
        """In a picture that nobody had time to look at, before that `place` of `Session.times`.

        Where everybody is in the pictures before and after it, unless they are too long ago, and where those
        who are in both may be by now: the faces of all of them are to be hidden in this one too.
        """
        times = self._session.times()
        near = [each for each in (place - 1, place) if 0 <= each < len(times)]
        near = [each for each in near if abs(float(times[each]) - time) <= HOLD_S]
        seen = [self.at(each) for each in near]
        if len(near) == 2:
            share = (time - float(times[near[0]])) / float(times[near[1]] - times[near[0]])
            seen.append(self._on_way(near[0], near[1], share))
        return _together(seen)

    def _on_way(self, before: int, after: int, share: float) -> Poses:
        """Whoever is in both pictures, that share of the way from the one to the other."""
        one, other = self._session.tracks(before), self._session.tracks(after)
        _, here, there = np.intersect1d(one.ids, other.ids, return_indices=True)

        def mixed(a: Array, b: Array) -> Array:
            return np.asarray((1.0 - share) * a[here] + share * b[there], np.float32)

        boxes = Boxes(mixed(one.boxes.xyxy, other.boxes.xyxy), one.boxes.scores[here])
        return Poses(boxes, mixed(one.keypoints, other.keypoints), mixed(one.scores, other.scores))


def _together(seen: Sequence[Poses]) -> Poses:
    if not seen:
        return NO_POSES
    boxes = Boxes(
        np.concatenate([each.boxes.xyxy for each in seen]),
        np.concatenate([each.boxes.scores for each in seen]),
    )
    joints, scores = ([getattr(each, name) for each in seen] for name in ("keypoints", "scores"))
    return Poses(boxes, np.concatenate(joints), np.concatenate(scores))
