"""Where everyone's wrists and ankles were in the last second, fading."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.palette import shades
from app.ui.overlay import Figures, ink
from app.ui.viewport import Floats, Viewport
from engine.skeleton import KEYPOINTS
from trackers.types import Tracks

LONG_S = 1.0  #: seconds that a trail lasts
GAP_S = 0.3  #: a joint not seen for longer leaves a gap
BANDS = 6  #: steps in which a trail fades
_ENDS = (9, 10, 15, 16)  # left and right wrist, left and right ankle


class Trails:
    """Remembers a second of what was shown."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Tracks, Floats]] = deque()

    def add(self, time: float, tracks: Tracks, threshold: float) -> None:
        """The people at `time` seconds; a jump back or far ahead starts afresh."""
        if self._seen and not 0.0 <= time - self._seen[-1][0] <= LONG_S:
            self._seen.clear()
        if self._seen and time == self._seen[-1][0]:
            self._seen.pop()
        if tracks.keypoints.shape[1] != len(KEYPOINTS):
            return
        sure = (tracks.scores[:, _ENDS] >= threshold) & ~tracks.predicted[:, _ENDS]
        ends = np.where(sure[..., None], tracks.keypoints[:, _ENDS], np.nan).astype(np.float64)
        self._seen.append((time, tracks, ends))
        while time - self._seen[0][0] > LONG_S:
            self._seen.popleft()

    def paint(self, layer: QPainter, people: Figures, view: Viewport, line_width: float) -> None:
        """The trails of those who are painted, on the layer under their skeletons."""
        layer.setRenderHint(QPainter.RenderHint.Antialiasing)
        layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        layer.setBrush(Qt.BrushStyle.NoBrush)
        for n, track_id in enumerate(people.ids.tolist()):
            times, ends = self._of(track_id)
            if len(times) < 2:
                continue
            shade = shades(track_id)
            width = line_width * float(people.stroke[n])
            for end, points in enumerate(view.place(ends).transpose(1, 0, 2)):
                colour = shade.right if end % 2 else shade.left
                for band, piece in _pieces(times, points):
                    fresh = (band + 1) / BANDS
                    seen = ink(colour, float(people.light[n]) * 0.8 * fresh)
                    layer.setPen(_pen(seen, max(0.75, width * (0.25 + 0.5 * fresh))))
                    layer.drawPolyline(piece)

    def _of(self, track_id: int) -> tuple[Floats, Floats]:
        """Times (T,) and points (T, 4, 2) of one person, pixels of the picture, NaN where not seen."""
        times, ends = [], []
        for time, tracks, points in self._seen:
            for row in np.flatnonzero(tracks.ids == track_id).tolist():
                times.append(time)
                ends.append(points[row])
        return np.array(times), np.array(ends).reshape(-1, len(_ENDS), 2)


def _pieces(times: Floats, points: Floats) -> list[tuple[int, list[QPointF]]]:
    """Lines without a gap, each of one age: 0 the oldest."""
    fine = np.isfinite(points).all(axis=1)
    times, places = times[fine], points[fine].tolist()
    if len(times) < 2:
        return []
    bands = np.clip(BANDS - 1 - ((times[-1] - times) / LONG_S * BANDS).astype(int), 0, BANDS - 1).tolist()
    pieces: list[tuple[int, list[QPointF]]] = []
    last = -1
    for n, (before, after) in enumerate(pairwise(times.tolist())):
        if after - before > GAP_S:
            last = -1
            continue
        if last != bands[n + 1]:
            last = bands[n + 1]
            pieces.append((last, [QPointF(*places[n])]))
        pieces[-1][1].append(QPointF(*places[n + 1]))
    return pieces


def _pen(colour: QColor, width: float) -> QPen:
    line, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(colour, width, line, cap, join)
