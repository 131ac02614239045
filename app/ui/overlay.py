"""Skeletons and boxes as vectors, at whatever size the picture is shown; the same look as `app.draw`.

They are painted on a layer of their own that replaces what is under a stroke (`CompositionMode_Source`), and
that is laid over the picture in one go. So a faint limb is as even as a solid one, its outline does not show
through, and it takes Qt a quarter of the time that blending every stroke takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.palette import DARK, LIGHT, Bgr, Colours, shades
from app.strokes import Floats, Layout, Strokes, layout, measure, widths
from app.ui.viewport import Viewport
from engine.types import Boxes
from trackers.types import Tracks

DIMMED = 0.3  #: opacity of everyone but the one person
_RING = 1.3  #: width of the ring of a foretold joint, logical pixels


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The people to paint, in logical pixels of the widget."""

    ids: NDArray[np.int64]  #: (N,)
    strokes: Strokes  #: moved to their places
    joined: Layout
    light: Floats  #: (N,) opacity of each, in (0, 1]
    colours: Colours


def figures(
    tracks: Tracks, rows: NDArray[Any], view: Viewport, threshold: float, locked: int, colours: Colours
) -> Figures:
    """The people in `rows` who are in view; everyone but `locked` is dimmed, unless it is 0."""
    rows = rows[_in_view(tracks.boxes.xyxy[rows].astype(np.float64), view)]
    ids = tracks.ids[rows]
    joined = layout(tracks.keypoints.shape[1])
    left, top, wide, high = view.rectangle
    corner = np.array([left, top])
    strokes = measure(
        _enlarged(tracks, rows, view), threshold, joined, max(1, round(wide)), max(1, round(high))
    )
    unit = math.sqrt(view.fitting**2 * view.aspect * view.width * view.height / (1280 * 720))
    stroke, outline = widths(strokes.size, unit)
    strokes = replace(
        strokes,
        points=strokes.points + corner,
        boxes=strokes.boxes + np.tile(corner, 2),
        stroke=stroke,
        outline=outline,
    )
    light = np.where((locked == 0) | (ids == locked), 1.0, DIMMED)
    return Figures(ids, strokes, joined, light, colours)


def paint_skeletons(layer: QPainter, people: Figures, line_width: float) -> None:
    """Everyone's limbs and joints on a `layer` that is clear to begin with."""
    layer.setRenderHint(QPainter.RenderHint.Antialiasing)
    layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    for n in np.argsort(people.strokes.size, kind="stable").tolist():  # the nearest are the largest
        _limbs(layer, people, n, line_width)
        _dots(layer, people, n, line_width)


def paint_boxes(layer: QPainter, people: Figures, line_width: float, only: int = 0) -> None:
    """A frame around everyone, or around one person `only`, in their colour."""
    layer.setRenderHint(QPainter.RenderHint.Antialiasing)
    layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    layer.setBrush(Qt.BrushStyle.NoBrush)
    for n, corners in enumerate(people.strokes.boxes.tolist()):
        if only not in (0, people.ids[n]):
            continue
        opacity = float(people.light[n])
        width = line_width * max(1.0, 0.5 * float(people.strokes.stroke[n]))
        frame = QRectF(QPointF(*corners[:2]), QPointF(*corners[2:]))
        for colour, wide in ((DARK, width + 1.5), (shades(int(people.ids[n]), people.colours).middle, width)):
            layer.setPen(QPen(ink(colour, opacity), wide))
            layer.drawRoundedRect(frame, 3.0, 3.0)


@lru_cache(maxsize=4096)
def ink(colour: Bgr, opacity: float = 1.0) -> QColor:
    """A colour as Qt has it."""
    blue, green, red = colour
    return QColor(red, green, blue, round(255 * opacity))


def _limbs(layer: QPainter, people: Figures, n: int, line_width: float) -> None:
    """The limbs of person `n`, those alike in one go: first all their outlines, then themselves."""
    strokes, joined = people.strokes, people.joined
    sides = _sides(int(people.ids[n]), people.colours)
    core, rim = line_width * float(people.strokes.stroke[n]), line_width * float(people.strokes.outline[n])
    opacity = _levels(strokes.bone_opacity[n] * people.light[n])
    starts, ends = strokes.points[n, joined.start].tolist(), strokes.points[n, joined.end].tolist()
    alike: dict[tuple[int, bool, float], list[QLineF]] = {}  # the left comes last, as in the layout
    for bone in np.flatnonzero(strokes.bones[n]).tolist():
        kind = joined.bone_side[bone], bool(joined.face_bone[bone]), opacity[bone]
        alike.setdefault(kind, []).append(QLineF(*starts[bone], *ends[bone]))
    for (side, face, faint), lines in alike.items():
        outline, colour = sides[side]
        width = core * (0.6 if face else 1.0)
        for shade, wide in ((outline, width + rim * (1.2 if face else 2.0)), (colour, width)):
            layer.setPen(QPen(ink(shade, faint), wide, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            layer.drawLines(lines)


def _dots(layer: QPainter, people: Figures, n: int, line_width: float) -> None:
    """Joints over the ends of the limbs; those foretold are rings."""
    strokes, joined = people.strokes, people.joined
    sides = _sides(int(people.ids[n]), people.colours)
    core, rim = line_width * float(people.strokes.stroke[n]), line_width * float(people.strokes.outline[n])
    opacity = _levels(strokes.opacity[n] * people.light[n])
    points, hollow = strokes.points[n].tolist(), strokes.hollow[n].tolist()
    layer.setPen(Qt.PenStyle.NoPen)
    for joint in np.flatnonzero(strokes.dots[n]).tolist():
        outline, colour = sides[joined.joint_side[joint]]
        face = bool(joined.face_joint[joint])
        inner = core * (0.5 if face else 0.8)
        outer = inner + rim * (0.0 if face else 0.6)
        centre = QPointF(*points[joint])
        if hollow[joint]:
            layer.setBrush(Qt.BrushStyle.NoBrush)
            layer.setPen(QPen(ink(colour, opacity[joint]), _RING))
            layer.drawEllipse(centre, outer, outer)
            layer.setPen(Qt.PenStyle.NoPen)
            continue
        if outer > inner:
            layer.setBrush(ink(outline, opacity[joint]))
            layer.drawEllipse(centre, outer, outer)
        layer.setBrush(ink(colour, opacity[joint]))
        layer.drawEllipse(centre, inner, inner)


def _levels(opacity: Floats) -> list[float]:
    """In steps that hardly anybody sees, so that many limbs are alike."""
    rounded: list[float] = (np.rint(opacity * 10) / 10).tolist()
    return rounded


def _sides(track_id: int, colours: Colours) -> list[tuple[Bgr, Bgr]]:
    """Outline and colour of the middle of the body, of the left and of the right: by side 0, 1, -1."""
    shade = shades(track_id, colours)
    return [(DARK, shade.middle), (DARK, shade.left), (LIGHT, shade.right)]


def _enlarged(tracks: Tracks, rows: NDArray[Any], view: Viewport) -> Tracks:
    """The people in those rows, in a picture as large as it is shown."""
    corners = view.zoomed_points(tracks.boxes.xyxy[rows].reshape(-1, 2, 2)).astype(np.float32)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    points = view.zoomed_points(tracks.keypoints[rows]).astype(np.float32)
    found = Boxes(boxes, tracks.boxes.scores[rows])
    return Tracks(tracks.ids[rows], found, points, points, tracks.scores[rows], tracks.predicted[rows])


def _in_view(boxes: Floats, view: Viewport) -> NDArray[np.bool_]:
    """Whose box, and some more for what sticks out of it, is within the widget."""
    corners = view.place(boxes.reshape(-1, 2, 2))
    low, high = corners.min(axis=1), corners.max(axis=1)
    margin = 0.3 * (high - low)
    return np.asarray(((high + margin >= 0.0) & (low - margin <= (view.across, view.down))).all(axis=1))
