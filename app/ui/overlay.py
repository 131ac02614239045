"""Skeletons and boxes as vectors, at whatever size the picture is shown; the look of `app.painting.draw`.

They are painted on a layer of their own that replaces what is under a stroke (`CompositionMode_Source`), and
that is laid over the picture in one go. So a faint limb is as even as a solid one, its outline does not show
through, and it takes Qt a quarter of the time that blending every stroke takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QRegion

from app.painting.palette import DARK, LIGHT, Bgr, Colours, shades
from app.painting.strokes import Floats, Layout, Strokes, layout, measure, widths
from app.ui.viewport import Viewport
from engine.types import Boxes
from trackers.types import Tracks

DIMMED = 0.3  #: opacity of everyone but the one person
_RING = 1.3  #: width of the ring of a foretold joint, logical pixels
# Looked up in Qt's enumerations, each takes as long as a line.
_SOLID, _FLAT, _NO_PEN = Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenStyle.NoPen

Point = list[float]  #: x, y
Sides = list[
    tuple[Bgr, Bgr]
]  #: outline and colour of the middle of the body, the left, the right: by side 0, 1, -1
Limb = tuple[bool, int, bool, float, Point, Point]  #: drawn, side, of the face, opacity, from, to
Dot = tuple[bool, bool, int, bool, float, Point]  #: drawn, foretold, side, of the face, opacity, where


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


def reach(people: Figures, line_width: float) -> QRegion:
    """Where skeletons and boxes may be, in whole logical pixels."""
    strokes = people.strokes
    seen = strokes.seen[..., None]
    margin = (line_width * (strokes.stroke + strokes.outline) + 4.0)[:, None]
    low = np.minimum(np.where(seen, strokes.points, np.inf).min(axis=1), strokes.boxes[:, :2]) - margin
    high = np.maximum(np.where(seen, strokes.points, -np.inf).max(axis=1), strokes.boxes[:, 2:]) + margin
    first, last = np.floor(low).astype(int), np.ceil(high).astype(int)
    region = QRegion()
    for x, y, far_x, far_y in np.concatenate([first, last], axis=1).tolist():
        region += QRect(x, y, far_x - x, far_y - y)
    return region


def paint_skeletons(layer: QPainter, people: Figures, line_width: float) -> None:
    """Everyone's limbs and joints on a `layer` that is clear to begin with."""
    layer.setRenderHint(QPainter.RenderHint.Antialiasing)
    layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    strokes, joined, light = people.strokes, people.joined, people.light[:, None]
    # All of them as lists at once, since asking numpy for one value takes longer than painting it.
    cores, rims = (line_width * strokes.stroke).tolist(), (line_width * strokes.outline).tolist()
    ends = strokes.points[:, joined.start].tolist(), strokes.points[:, joined.end].tolist()
    bones, bones_faint = strokes.bones.tolist(), _levels(strokes.bone_opacity * light)
    dots, hollow, faint = strokes.dots.tolist(), strokes.hollow.tolist(), _levels(strokes.opacity * light)
    points, ids = strokes.points.tolist(), people.ids.tolist()
    face_bone, face_joint = joined.face_bone.tolist(), joined.face_joint.tolist()
    for n in np.argsort(strokes.size, kind="stable").tolist():  # the nearest are the largest
        sides = _sides(ids[n], people.colours)
        limbs = zip(
            bones[n], joined.bone_side, face_bone, bones_faint[n], ends[0][n], ends[1][n], strict=True
        )
        _limbs(layer, limbs, sides, cores[n], rims[n])
        marks = zip(dots[n], hollow[n], joined.joint_side, face_joint, faint[n], points[n], strict=True)
        _dots(layer, marks, sides, cores[n], rims[n])


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


def _limbs(layer: QPainter, limbs: Iterable[Limb], sides: Sides, core: float, rim: float) -> None:
    """The limbs of one person, those alike in one go: first all their outlines, then themselves."""
    alike: dict[tuple[int, bool, float], list[QLineF]] = {}  # the left comes last, as in the layout
    for drawn, side, face, faint, start, end in limbs:
        if drawn:
            alike.setdefault((side, face, faint), []).append(QLineF(*start, *end))
    for (side, face, faint), lines in alike.items():
        outline, colour = sides[side]
        width = core * (0.6 if face else 1.0)
        layer.setPen(QPen(ink(outline, faint), width + rim * (1.2 if face else 2.0), _SOLID, _FLAT))
        layer.drawLines(lines)
        layer.setPen(QPen(ink(colour, faint), width, _SOLID, _FLAT))
        layer.drawLines(lines)


def _dots(layer: QPainter, dots: Iterable[Dot], sides: Sides, core: float, rim: float) -> None:
    """Joints over the ends of the limbs; those foretold are rings."""
    layer.setPen(_NO_PEN)
    for drawn, hollow, side, face, faint, point in dots:
        if not drawn:
            continue
        outline, colour = sides[side]
        inner = core * (0.5 if face else 0.8)
        outer = inner if face else inner + rim * 0.6
        centre = QPointF(*point)
        if hollow:
            layer.setBrush(Qt.BrushStyle.NoBrush)
            layer.setPen(QPen(ink(colour, faint), _RING))
            layer.drawEllipse(centre, outer, outer)
            layer.setPen(_NO_PEN)
            continue
        if outer > inner:
            layer.setBrush(ink(outline, faint))
            layer.drawEllipse(centre, outer, outer)
        layer.setBrush(ink(colour, faint))
        layer.drawEllipse(centre, inner, inner)


def _levels(opacity: Floats) -> list[list[float]]:
    """In steps that hardly anybody sees, so that many limbs are alike."""
    rounded: list[list[float]] = (np.rint(opacity * 10) / 10).tolist()
    return rounded


def _sides(track_id: int, colours: Colours) -> Sides:
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
