"""People made of given joints, for the tests of what is drawn and written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from app.types import Result, Timings
from engine.types import Array, Boxes, Frame, Image
from trackers.types import Tracks

#: A standing body seen from the front, x and y in the box from 0 to 1; its right side is on the left.
STANDING = np.array(
    [
        (0.50, 0.08), (0.55, 0.06), (0.45, 0.06), (0.60, 0.08), (0.40, 0.08),
        (0.75, 0.20), (0.25, 0.20), (0.88, 0.35), (0.12, 0.35), (0.95, 0.50), (0.05, 0.50),
        (0.65, 0.52), (0.35, 0.52), (0.66, 0.75), (0.34, 0.75), (0.67, 0.96), (0.33, 0.96),
    ]
)  # fmt: skip


def standing(left: float, top: float, width: float, height: float) -> Array:
    """The joints (17, 2) of a body that fills this box."""
    return np.asarray(STANDING * (width, height) + (left, top), np.float32)


def tracks(
    ids: Sequence[int], keypoints: ArrayLike, scores: ArrayLike = 0.9, boxes: ArrayLike | None = None
) -> Tracks:
    """People with the given joints (N, K, 2); boxes are drawn around those unless given."""
    n = len(ids)
    points = np.array(keypoints, np.float32)
    points = points.reshape(n, *points.shape[-2:])
    if boxes is None:
        boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    sure = np.array(np.broadcast_to(np.asarray(scores, np.float32), points.shape[:2]))
    xyxy = np.array(boxes, np.float32).reshape(n, 4)
    return Tracks(
        ids=np.array(ids, np.int64),
        boxes=Boxes(xyxy, np.full(n, 0.75, np.float32)),
        measured=points.copy(),
        keypoints=points,
        scores=sure,
    )


def nobody() -> Tracks:
    return tracks([], np.zeros((0, 17, 2)))


def result(index: int, time: float, image: Image, people: Tracks | None = None) -> Result:
    return Result(Frame(index, time, image), people or nobody(), Timings(0.0, 0.0, 0.0, 0.0))
