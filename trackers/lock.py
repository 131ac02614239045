"""One chosen person, held on to through crossings and hiding, and never mistaken for somebody else."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from trackers.types import Tracks

State = Literal["waiting", "held", "lost"]

#: Seconds after which, out of sight, half as much can be said of somebody; and over which the confidence in
#: somebody in sight follows what is seen of them.
FADES, FOLLOWS = 2.0, 0.3

PATIENCE = 1.0  #: seconds for which somebody may be late at the point where they are to be


class Held(NamedTuple):
    """What a lock says of one frame."""

    row: int | None  #: where the person stands in the tracks of the frame; None: not in it
    confidence: float  #: in [0, 1]; out of sight it fades
    state: State  #: "waiting" until the person is seen for the first time; "lost" while out of sight


class Lock:
    """Holds on to an id, or to whoever is nearest to a point at some time.

    The tracker tells who is who; a lock never guesses. While its person is out of sight it says so, however
    many others are near, and it holds on again when the tracker knows the person again.
    """

    def __init__(self, target: int | tuple[float, float, float]) -> None:
        """`target`: an id, or x, y in pixels and seconds: at that time, or a second after it, whose box
        holds the point, the smallest if there are several; else, whose box is nearest to it, up to its own
        size away.

        ValueError where it is no such thing.
        """
        if isinstance(target, int):
            if target < 1:
                raise ValueError(f"ids are counted from 1, got {target}")
        elif not np.isfinite(target).all():
            raise ValueError(f"expected x, y and seconds, got {target}")
        self._target = target
        self.id = (
            target if isinstance(target, int) else 0
        )  #: of the one held; 0 while nobody was at the point
        self._confidence, self._time, self._met = 0.0, 0.0, False

    def watch(self, tracks: Tracks, time: float) -> Held:
        """Where the person is in the frame taken at `time` seconds."""
        if not self.id and not isinstance(self._target, int):
            x, y, when = self._target
            self.id = _at(tracks, (x, y)) if when <= time <= when + PATIENCE else 0
        if not self.id:
            return Held(None, 0.0, "waiting")
        passed, self._time = max(time - self._time, 0.0), time
        rows = np.flatnonzero(tracks.ids == self.id)
        if not rows.size:
            self._confidence *= 0.5 ** (passed / FADES)
            return Held(None, self._confidence, "lost" if self._met else "waiting")
        row = int(rows[0])
        seen = float(np.clip(tracks.likeness[row], 0.0, 1.0))
        share = 1.0 - float(np.exp(-passed / FOLLOWS)) if self._met else 1.0
        self._met = True
        self._confidence += share * (seen - self._confidence)
        return Held(row, self._confidence, "held")


def _at(tracks: Tracks, point: tuple[float, float]) -> int:
    """Whose box holds the point, or is the nearest within its size; 0: nobody's."""
    if not len(tracks):
        return 0
    boxes = tracks.boxes.xyxy.astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    size = np.sqrt(sides.prod(axis=1).clip(1e-9))
    outside = np.maximum(np.maximum(boxes[:, :2] - point, np.array(point) - boxes[:, 2:]), 0.0)
    off = np.hypot(outside[:, 0], outside[:, 1])
    best = int(np.lexsort((size, off))[0])
    return int(tracks.ids[best]) if off[best] <= size[best] else 0
