"""Trails on the screen; where they lead, `app.painting.trails` knows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.painting.palette import shades
from app.painting.trails import Trails, pieces, width
from app.ui.overlay import Figures, ink
from app.ui.viewport import Viewport


def paint_trails(layer: QPainter, trails: Trails, people: Figures, view: Viewport, line_width: float) -> None:
    """The trails of those who are painted, on the layer under their skeletons."""
    layer.setRenderHint(QPainter.RenderHint.Antialiasing)
    layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    layer.setBrush(Qt.BrushStyle.NoBrush)
    for n, track_id in enumerate(people.ids.tolist()):
        times, ends = trails.of(track_id)
        if len(times) < 2:
            continue
        shade = shades(track_id, people.colours)
        stroke = line_width * float(people.strokes.stroke[n])
        for end, points in enumerate(view.place(ends).transpose(1, 0, 2)):
            colour = shade.right if end % 2 else shade.left
            for piece in pieces(times, points):
                seen = ink(colour, float(people.light[n]) * 0.8 * piece[0])
                layer.setPen(_pen(seen, width(piece, stroke)))
                layer.drawPolyline([QPointF(*point) for point in piece[1].tolist()])


def _pen(colour: QColor, wide: float) -> QPen:
    line, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(colour, wide, line, cap, join)
