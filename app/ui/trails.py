"""Trails on the screen; where they lead, `app.painting.trails` knows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from app.painting.palette import Bgr, shades
from app.painting.trails import Trails, pieces, width
from app.ui.figures import Figures, device_fields
from app.ui.inks import ink
from app.ui.layer import Layer
from app.ui.viewport import Viewport


def paint_trails(
    painter: QPainter, layer: Layer, trails: Trails, people: Figures, view: Viewport, line_width: float
) -> None:
    """The trails of those who are painted, to go under their skeletons."""
    painter.save()
    painter.scale(1.0 / view.ratio, 1.0 / view.ratio)  # the layer counts in device pixels
    for n, track_id in enumerate(people.ids.tolist()):
        times, ends = trails.of(track_id)
        if len(times) < 2:
            continue
        shade = shades(track_id, people.colours)
        stroke = line_width * float(people.strokes.stroke[n])
        places = view.place(ends)
        seen = np.isfinite(places)
        low = np.where(seen, places, np.inf).min(axis=(0, 1), keepdims=True)[0] - stroke - 2.0
        high = np.where(seen, places, -np.inf).max(axis=(0, 1), keepdims=True)[0] + stroke + 2.0
        with layer.over(painter, device_fields(low, high, view)[0], view.ratio) as sheet:
            for end, points in enumerate(places.transpose(1, 0, 2)):
                colour = shade.right if end % 2 else shade.left
                for piece in pieces(times, points):
                    opacity = float(people.light[n]) * 0.8 * piece[0]
                    sheet.setPen(_pen(colour, opacity, round(16 * width(piece, stroke))))
                    sheet.drawPolyline([QPointF(*point) for point in piece[1].tolist()])
    painter.restore()


@lru_cache(maxsize=4096)
def _pen(colour: Bgr, opacity: float, sixteenths: int) -> QPen:
    line, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(ink(colour, opacity), sixteenths / 16, line, cap, join)
