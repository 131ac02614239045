"""The people in view: where their strokes are on the screen, how wide they are, and how solid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.painting.palette import Colours
from app.painting.strokes import Floats, Layout, Strokes, layout, placed
from app.ui.viewport import Viewport
from engine.types import Image
from trackers.types import Tracks

DIMMED = 0.3  #: opacity of everyone but the one person
SHADE = 150  #: opacity of the black that is over the picture then, of 255

Field = tuple[int, int, int, int]  #: left, top, right, bottom of a part of the widget, device pixels


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The people to paint, in logical pixels of the widget."""

    ids: NDArray[np.int64]  #: (N,)
    strokes: Strokes  #: moved to their places
    joined: Layout
    light: Floats  #: (N,) opacity of each, in (0, 1]
    colours: Colours
    under: Floats  #: (N, K, 3) what is under each joint: blue, green, red


def figures(
    tracks: Tracks,
    rows: NDArray[Any],
    view: Viewport,
    threshold: float,
    locked: int,
    colours: Colours,
    ground: Image,
) -> Figures:
    """The people in `rows` who are in view; everyone but `locked` is dimmed, unless it is 0.

    `ground` is what they are painted on: the picture (H, W, 3), or a single pixel that stands for all.
    """
    if view.zoom > 1.0:
        rows = rows[_in_view(tracks.boxes.xyxy[rows].astype(np.float64), view)]
    ids = tracks.ids[rows]
    joined = layout(tracks.keypoints.shape[1])
    left, top, wide, high = view.rectangle
    unit = math.sqrt(view.fitting**2 * view.aspect * view.width * view.height / (1280 * 720))
    size = max(1, round(wide)), max(1, round(high))
    joints, boxes = _enlarged(tracks, rows, view)
    strokes = placed(
        joints, boxes, tracks.scores[rows], tracks.predicted[rows], threshold, joined, size, unit
    )
    under = _under(ground, np.where(strokes.seen[..., None], tracks.keypoints[rows], 0.0))
    points, boxes = strokes.points + np.array([left, top]), strokes.boxes + np.array([left, top, left, top])
    light = np.where((locked == 0) | (ids == locked), 1.0, DIMMED)
    under[light < 1.0] *= 1.0 - SHADE / 255
    return Figures(ids, replace(strokes, points=points, boxes=boxes), joined, light, colours, under)


def device_fields(low: Floats, high: Floats, view: Viewport) -> list[Field]:
    """Whole device pixels between the corners (N, 2), in logical pixels, as far as they are visible."""
    corners = np.concatenate([np.floor(low * view.ratio), np.ceil(high * view.ratio)], axis=1)
    left, top, right, bottom = view.visible
    first = math.floor(left * view.ratio), math.floor(top * view.ratio)
    last = math.ceil(right * view.ratio), math.ceil(bottom * view.ratio)
    inside = np.minimum(np.maximum(corners, first * 2), last * 2).astype(np.int64)
    return [(left, top, right, bottom) for left, top, right, bottom in inside.tolist()]


def _enlarged(tracks: Tracks, rows: NDArray[Any], view: Viewport) -> tuple[Floats, Floats]:
    """Joints (N, K, 2) and boxes (N, 4) of those rows, in a picture as large as it is shown."""
    corners = tracks.boxes.xyxy[rows].reshape(-1, 2, 2)
    moved = view.zoomed_points(np.concatenate([corners, tracks.keypoints[rows]], axis=1))
    if view.mirror:
        moved[:, :2, 0] = moved[:, 1::-1, 0]
    return moved[:, 2:], moved[:, :2].reshape(-1, 4)


def _under(ground: Image, points: Floats) -> Floats:
    """The pixels (N, K, 3) of the ground at those points (N, K, 2)."""
    height, width = ground.shape[:2]
    x, y = np.rint(points).astype(np.intp).transpose(2, 0, 1)
    inside = np.minimum(np.maximum(y, 0), height - 1), np.minimum(np.maximum(x, 0), width - 1)
    pixels: Floats = ground[inside].astype(np.float64)
    return pixels


def _in_view(boxes: Floats, view: Viewport) -> NDArray[np.bool_]:
    """Whose box, and some more for what sticks out of it, is within the widget."""
    corners = view.place(boxes.reshape(-1, 2, 2))
    low, high = corners.min(axis=1), corners.max(axis=1)
    margin = 0.3 * (high - low)
    return np.asarray(((high + margin >= 0.0) & (low - margin <= (view.across, view.down))).all(axis=1))
