"""How often people are looked for. There is no clock in here: a film is always looked at in the same way."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.wishes import AUTO
from engine.types import Array, Boxes, Frame, Image, Poses

LONGEST_S = 0.5  #: between two looks in `auto`: so late somebody new is seen
SHORTEST_S = 0.05  #: the first gap, once expectations hold
GROWTH = 1.5  #: of the gap when everyone is where they were expected, and nobody else
OVERLAP = 0.5  #: least intersection over union of a box and what was expected
CERTAIN = 0.6  #: boxes that score less may flicker up on nobody, and tell nothing
PALER = 0.7  #: joints that fall below this share of what the least certain person had are doubtful
GONE = 0.5  #: and below this they are nobody's
ASTRAY_S = 0.1  #: so soon whoever was lost is looked for
CUT = 25.0  #: mean change of the picture, in grey levels, after which nothing is as expected


class Pace:
    """Decides frame by frame. `due` first; then, as it turns out, `looked`, `doubtful`, `followed`."""

    def __init__(self, every: int, *, live: bool) -> None:
        """`every` so many frames, or AUTO; `live`: frames that are missing say that there is no time."""
        self._every, self._live = every, live
        self._gap = 0.0  # seconds, from one look to the next
        self._seen = -np.inf  # when people were last looked for
        self._since = every  # frames since then
        self._index = -1
        self._behind = self._astray = False
        self._palest = 0.0  # mean joint score of the least certain person, when somebody was last found
        self._thumbnail = np.zeros((0, 0), np.float32)

    def due(self, frame: Frame) -> bool:
        """Whether to look for people in this frame, the next one."""
        self._behind = self._live and self._index >= 0 and frame.index > self._index + 1
        self._index = frame.index
        if self._every != AUTO:
            due = self._since >= self._every
        else:
            if self._behind:
                self._gap = min(LONGEST_S, max(SHORTEST_S, GROWTH * self._gap))
            gap = min(self._gap, ASTRAY_S) if self._astray else self._gap
            due = frame.time - self._seen >= gap - 1e-6
            due |= self._changed(frame.image) | (frame.time < self._seen)
        self._since = 1 if due else self._since + 1
        if due:
            self._seen, self._astray = frame.time, False
        return due

    def looked(self, found: Boxes, expected: Boxes) -> None:
        """How well people are where they were expected says when to look again."""
        shared = overlaps(found.xyxy, expected.xyxy)
        new = (found.scores >= CERTAIN) & (shared.max(axis=1, initial=0.0) < OVERLAP)
        gone = shared.max(axis=0, initial=0.0) < OVERLAP
        if not new.any() and not gone.any():
            self._gap = min(LONGEST_S, max(SHORTEST_S, GROWTH * self._gap))
        elif not self._behind:
            self._gap = self._gap / 2 if self._gap > SHORTEST_S else 0.0

    def found(self, poses: Poses) -> None:
        """How certain joints are where people were looked for; while nobody is there, as of the last."""
        if poses.scores.size:
            self._palest = float(poses.scores.mean(axis=1).min())

    def doubtful(self, poses: Poses, frame: Frame) -> bool:
        """Whether to look for people after all, because of what is where they were expected."""
        if self._every != AUTO or self._behind or not poses.scores.size:
            return False
        doubtful = bool((poses.scores.mean(axis=1) < PALER * self._palest).any())
        if doubtful:
            self.doubt(frame)
        return doubtful

    def doubt(self, frame: Frame) -> None:
        """People are looked for in this frame, because of what was where they were expected."""
        self._seen, self._since, self._gap = frame.time, 1, self._gap / 2

    def there(self, poses: Poses) -> Poses:
        """Those who are where they were expected; on the others' place there is nothing like them."""
        if not poses.scores.size:
            return poses
        rows = np.flatnonzero(poses.scores.mean(axis=1) >= GONE * self._palest)
        boxes = Boxes(poses.boxes.xyxy[rows], poses.boxes.scores[rows])
        return Poses(boxes, poses.keypoints[rows], poses.scores[rows], poses.spread[rows])

    def followed(self, expected: int, told: int) -> None:
        """Whoever is told of no more is looked for soon."""
        self._astray |= told < expected and not self._behind

    def _changed(self, image: Image) -> bool:
        """Whether this is another scene than in the frame before."""
        height, width = image.shape[:2]
        step = max(1, min(height, width) // 64)
        small = cv2.resize(image[::step, ::step], (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._thumbnail = self._thumbnail, small
        return before.shape == small.shape and float(np.abs(small - before).mean()) > CUT


def overlaps(a: Array, b: Array) -> NDArray[np.float64]:
    """Intersection over union of boxes (N, 4) and (M, 4): (N, M)."""
    low, high = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=2, dtype=np.float64)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1, dtype=np.float64) for boxes in (a, b)]
    shared: NDArray[np.float64] = both / np.maximum(sizes[0][:, None] + sizes[1] - both, 1e-9)
    return shared
