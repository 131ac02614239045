"""One person out of everyone: results with nobody else in them, and an account of when they were in sight."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from app.types import Result
from app.wishes import Target
from trackers.lock import Lock
from trackers.types import Tracks

NEAR_S = 0.5  #: so close to the time of a point whoever is near it is told of
MOST_IDS, MOST_LOSSES = 8, 3  #: told of one by one


class Following:
    """Leaves one person in each result, and nobody else. One for each source, whose results come in order."""

    def __init__(self, target: Target) -> None:
        self._target, self._lock = target, Lock(target)
        self._ids: set[int] = set()  # of everyone
        self._nearest = (math.inf, 0, 0.0)  # pixels, id, seconds
        self._losses: list[tuple[float, float]] = []  # from, to
        self._lost, self._last = False, 0.0
        self.found = False  #: whether that person was ever in sight

    def choose(self, result: Result) -> Result:
        """The result with that person alone, or with nobody; `lost` where they were in sight before."""
        rows = self.look(result.tracks, result.frame.time)
        return replace(result, tracks=result.tracks.take(np.array(rows, np.int64)), lost=self._lost)

    def look(self, tracks: Tracks, time: float) -> list[int]:
        """The row of that person, or none, in the next frame; it is remembered."""
        self._remember(tracks, time)
        row = self._lock.watch(tracks, time).row
        self.found |= row is not None
        lost = row is None and self.found
        if lost and not self._lost:
            self._losses.append((time, time))
        elif self._lost:
            self._losses[-1] = self._losses[-1][0], time
        self._lost, self._last = lost, time
        return [] if row is None else [row]

    def account(self) -> str:
        """For how long the person was lost, in a few words for the closing line."""
        if not self._losses:
            return "never lost"
        stretches = [f"{start:.2f} s for {end - start:.2f} s" for start, end in self._losses[:MOST_LOSSES]]
        told = "lost at " + ", ".join(stretches)
        if len(self._losses) > 1:
            whole = sum(end - start for start, end in self._losses)
            told += f": {len(self._losses)} times, {whole:.2f} s in all"
        return told + (", not found again" if self._lost else "")

    def missing(self) -> str:
        """Why nobody was followed, and who was there instead."""
        if isinstance(self._target, int):
            if not self._ids:
                return f"nobody is number {self._target}: nobody was seen at all"
            known = sorted(self._ids)
            some = ", ".join(map(str, known[:MOST_IDS])) + (", ..." if len(known) > MOST_IDS else "")
            return f"nobody is number {self._target}; seen were {some}"
        x, y, seconds = self._target
        place = f"nobody is at {x:g},{y:g} at {seconds:g} s"
        if seconds > self._last:
            return f"{place}: the source ends at {self._last:.2f} s"
        distance, who, moment = self._nearest
        if not who:
            return f"{place}, nor anywhere else around that time"
        return f"{place}; the nearest is number {who}, {distance:.0f} pixels away at {moment:.2f} s"

    def _remember(self, tracks: Tracks, time: float) -> None:
        """Who there is, and who is nearest to the point around its time."""
        self._ids.update(tracks.ids.tolist())
        if isinstance(self._target, int) or not len(tracks) or abs(time - self._target[2]) > NEAR_S:
            return
        point = np.array(self._target[:2])
        low, high = tracks.boxes.xyxy[:, :2], tracks.boxes.xyxy[:, 2:]
        away = np.hypot(*np.maximum(np.maximum(low - point, point - high), 0.0).T)
        row = int(away.argmin())
        self._nearest = min(self._nearest, (float(away[row]), int(tracks.ids[row]), time))
