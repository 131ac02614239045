"""Who is at a point of the picture, and the shape of a pointer there."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from PySide6.QtCore import Qt

from app.painting.strokes import Floats, layout
from trackers.types import Tracks

BEYOND = 0.15  #: somebody may be missed by so much of the longer side of their box


def person_at(tracks: Tracks, hidden: Collection[int], threshold: float, x: float, y: float) -> int:
    """The id of whose body is nearest to the point (pixels), of all whose box holds it, nearly; 0: nobody.

    Where two overlap, the box says little and the limb under the pointer says it all.
    """
    if not len(tracks):
        return 0
    boxes = tracks.boxes.xyxy.astype(np.float64)
    size = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1), 1.0)
    outside = np.hypot(*np.maximum(np.maximum(boxes[:, :2] - (x, y), (x, y) - boxes[:, 2:]), 0.0).T)
    near = (outside <= BEYOND * size) & ~np.isin(tracks.ids, list(hidden))
    if not near.any():
        return 0
    away = np.where(near, outside + _from_limbs(tracks, threshold, x, y), np.inf)
    return int(tracks.ids[int(away.argmin())])


def pointer(*, pulled: bool, somebody: bool, larger: bool) -> Qt.CursorShape:
    """What can be done: go on pulling, choose `somebody`, or pull a picture `larger` than its place."""
    if pulled:
        return Qt.CursorShape.ClosedHandCursor
    if somebody:
        return Qt.CursorShape.PointingHandCursor
    return Qt.CursorShape.OpenHandCursor if larger else Qt.CursorShape.ArrowCursor


def _from_limbs(tracks: Tracks, threshold: float, x: float, y: float) -> Floats:
    """Pixels (N,) from the point to the nearest limb or joint; to the middle of the box without any."""
    joined = layout(tracks.keypoints.shape[1])
    points = tracks.keypoints.astype(np.float64)
    seen = ((tracks.scores >= threshold) | tracks.predicted) & np.isfinite(points).all(axis=2)
    points = np.where(seen[..., None], points, 0.0) - (x, y)
    joints = np.where(seen, np.hypot(points[..., 0], points[..., 1]), np.inf).min(axis=1)
    start, along = points[:, joined.start], points[:, joined.end] - points[:, joined.start]
    share = -(start * along).sum(axis=2) / np.maximum((along**2).sum(axis=2), 1e-9)
    nearest = start + np.clip(share, 0.0, 1.0)[..., None] * along
    both = seen[:, joined.start] & seen[:, joined.end]
    limbs = np.where(both, np.hypot(nearest[..., 0], nearest[..., 1]), np.inf)
    away = np.minimum(joints, limbs.min(axis=1, initial=np.inf))
    middle = (tracks.boxes.xyxy[:, :2] + tracks.boxes.xyxy[:, 2:]) / 2.0 - (x, y)
    return np.asarray(np.where(np.isfinite(away), away, np.hypot(middle[:, 0], middle[:, 1])))
