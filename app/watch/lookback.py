"""The last half minute of everyone, and the angles of whoever is looked at."""

from __future__ import annotations

from collections import deque
from itertools import islice

import numpy as np

from app.angles import ANGLES, SPEEDS, Course, angles, measured, speeds
from engine.skeleton import KEYPOINTS
from trackers.types import Tracks

KEPT_S = 30.0  #: how far one can look back
PAUSE_S = 1.0  #: from so long without a result on, there is no line from before to after
REVISED_S = 2.0  #: so much of the newest speeds changes as more comes
SPEED_S = 0.2  #: speeds are worked out at most so often
OTHERS_S = 1.0  #: others may flicker up for so long before somebody who was alone is not alone any more


class Lookback:
    """Remembers results of the last KEPT_S seconds, without copying them, and who is looked at now.

    Angles and speeds of that one person are worked out once per result, when they are asked for.
    """

    def __init__(self, threshold: float = 0.3) -> None:
        """Joints with a score below `threshold` do not count."""
        self._threshold = threshold
        self.clear()

    def clear(self) -> None:
        """Forget everything: another source begins."""
        self._results: deque[tuple[float, Tracks]] = deque()
        self._new = 0  # results at the end of the deque that are not in the rows
        self._crowded_since = np.inf
        self._locked = False
        self.who = 0  #: id of the person looked at; 0: nobody, because there are several or none
        self._rows = _Rows()

    @property
    def now(self) -> float:
        """Seconds of the newest result, 0.0 before the first."""
        return self._results[-1][0] if self._results else 0.0

    def set_threshold(self, threshold: float) -> None:
        if threshold != self._threshold:
            self._threshold = threshold
            self._anew()

    def add(self, time: float, tracks: Tracks, locked: int) -> None:
        """Remember everyone at `time` seconds. A time before the last one begins anew.

        Looked at is the `locked` person; with 0, whoever is alone in view, until there have been others for
        OTHERS_S.
        """
        if self._results and time <= self.now:
            self.clear()
        self._results.append((time, tracks))
        self._new += 1
        while time - self._results[0][0] > KEPT_S:
            self._results.popleft()
        who = self._chosen(time, tracks, locked)
        if who != self.who:
            self.who = who
            self._anew()

    def course(self) -> Course:
        """Of the person looked at, a row for each result, NaN where not seen; a view, until the next one.

        The newest speeds come SPEED_S later: they cost the most.
        """
        if not self.who:
            return Course(np.zeros(0), np.zeros((0, len(ANGLES))), np.zeros((0, len(SPEEDS))))
        for time, tracks in islice(
            self._results, len(self._results) - min(self._new, len(self._results)), None
        ):
            self._rows.append(time, tracks, self.who, self._threshold)
        self._new = 0
        return self._rows.course()

    def _anew(self) -> None:
        self._rows, self._new = _Rows(), len(self._results)

    def _chosen(self, time: float, tracks: Tracks, locked: int) -> int:
        was_locked, self._locked = self._locked, bool(locked)
        if locked:
            return locked
        if len(tracks) == 1:
            self._crowded_since = np.inf
            return int(tracks.ids[0])
        if was_locked:
            return 0
        if len(tracks) > 1:
            self._crowded_since = min(self._crowded_since, time)
        return 0 if time - self._crowded_since >= OTHERS_S else self.who


#: One moment of one person, as `Course` has it, and what it was worked out from.
_ROW = np.dtype(
    [
        ("time", "f8"),
        ("joints", "f8", (len(KEYPOINTS), 2)),
        ("known", "?", (len(KEYPOINTS),)),
        ("angles", "f8", (len(ANGLES),)),
        ("speeds", "f8", (len(SPEEDS),)),
    ]
)


class _Rows:
    """Moments of the last KEPT_S seconds, with room behind them, so that a view of them needs no copy."""

    def __init__(self) -> None:
        self._rows = np.zeros(1024, _ROW)
        self._first = self._end = 0  # what is kept
        self._done = self._paced = 0  # up to where angles and speeds are worked out

    def append(self, time: float, tracks: Tracks, who: int, threshold: float) -> None:
        before = self._rows["time"][self._end - 1] if self._end > self._first else time
        if time - before > PAUSE_S:
            self._put((time + before) / 2)
        row = np.flatnonzero(tracks.ids == who)
        if row.size and tracks.keypoints.shape[1] == len(KEYPOINTS):
            self._rows["joints"][self._end] = tracks.keypoints[row[0]]
            self._rows["known"][self._end] = measured(tracks, threshold)[row[0]]
        self._put(time)

    def course(self) -> Course:
        """Everything, worked out up to the last row."""
        if self._done < self._end:
            new = self._rows[self._done : self._end]
            new["angles"], new["speeds"] = angles(new["joints"], new["known"]), np.nan
            self._done = self._end
            if self._rows["time"][self._end - 1] - self._rows["time"][self._paced] >= SPEED_S:
                self._revise()
        rows = self._rows[self._first : self._end]
        return Course(rows["time"], rows["angles"], rows["speeds"])

    def _revise(self) -> None:
        """Speeds of the new rows, and of those before that they change."""
        rows = self._rows[self._first : self._end]
        times = rows["time"]
        oldest = int(np.searchsorted(times, times[self._paced - self._first] - REVISED_S))
        basis = int(np.searchsorted(times, np.floor(times[oldest] - 1.5)))  # seconds are taken whole
        part = rows[basis:]
        rows["speeds"][oldest:] = speeds(part["time"], part["joints"], part["known"])[oldest - basis :]
        self._paced = self._end

    def _put(self, time: float) -> None:
        """The row is complete; the next one knows nothing yet."""
        self._rows["time"][self._end] = time
        self._end += 1
        while time - self._rows["time"][self._first] > KEPT_S:
            self._first += 1
        self._done, self._paced = max(self._done, self._first), max(self._paced, self._first)
        if self._end == len(self._rows):
            kept = self._rows[self._first : self._end]
            self._rows = np.concatenate([kept, np.zeros(len(kept) + 1024, _ROW)])
            self._done, self._paced = self._done - self._first, self._paced - self._first
            self._first, self._end = 0, len(kept)
