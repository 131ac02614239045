"""How alike someone known and someone in the new frame are, and who is whom.

Likeness is one scale from 0 to 1 for boxes (intersection over union), for skeletons (object keypoint
similarity) and for both. It is taken row by row of two lists of people: only pairs that can be the same
person are worth looking at, and in a crowd those are few.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.skeleton import OKS_SIGMAS
from engine.types import Array

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_COCO_SIGMAS: Floats = OKS_SIGMAS.astype(np.float64)


class Bodies(NamedTuple):
    """N people as matching sees them."""

    boxes: Floats  #: (N, 4) left, top, right, bottom, with an area
    size: Floats  #: (N,) square root of that area, pixels
    joints: Floats  #: (N, K, 2) x, y in pixels
    scores: Floats  #: (N, K) how much each joint counts, at least 0
    variance: Floats  #: (N, K) of the joints, px^2; 0 for what was measured

    def take(self, rows: Indices) -> Bodies:
        """The people at `rows`, who may repeat."""
        return Bodies(*(column.take(rows, axis=0) for column in self))


def box_sizes(boxes: Floats) -> Floats:
    """Square root of the area, pixels: (N, 4) -> (N,). The length that OKS measures people by."""
    size: Floats = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    return size


def person_sizes(boxes: Array) -> Floats:
    """The same of boxes as they are told; who is smaller than a pixel counts as one: (N, 4) -> (N,)."""
    return np.maximum(box_sizes(boxes.astype(np.float64)), 1.0)


def box_overlap(a: Bodies, b: Bodies) -> Floats:
    """Intersection over union of the boxes, row by row: P and P people -> (P,)."""
    inner = np.minimum(a.boxes[:, 2:], b.boxes[:, 2:]) - np.maximum(a.boxes[:, :2], b.boxes[:, :2])
    np.maximum(inner, 0.0, out=inner)
    both = inner[:, 0] * inner[:, 1]
    overlap: Floats = both / (a.size * a.size + b.size * b.size - both)
    return overlap


def pose_similarity(a: Bodies, b: Bodies) -> Floats:
    """Object keypoint similarity of the skeletons, row by row: P and P people -> (P,).

    COCO's formula (cocodataset.org/#keypoints-eval): a joint that is d off counts exp(-d^2 / (2 s^2)) with
    s = 2 sigma sqrt(area). Here the area is that of the smaller box, so that nobody is like a giant; each
    joint counts by its scores in both skeletons, so that hidden joints neither join nor part people; and s^2
    grows by the variance of the joints, so that a prediction may err as far as it knows itself to.
    """
    size = np.minimum(a.size, b.size)
    spread = (size * size)[:, None] * _tolerance(a.joints.shape[1])
    spread += a.variance
    spread += b.variance
    gap = a.joints - b.joints
    gap *= gap
    alike = np.exp((gap[..., 0] + gap[..., 1]) / (-2.0 * spread))
    weight = a.scores * b.scores + 1e-9  # were every score 0, all would count the same
    mean: Floats = np.vecdot(alike, weight) / weight.sum(axis=1)
    return mean


def joint_sigmas(joints: int) -> Floats:
    """OKS sigma of each joint (K,): COCO's own for its 17, their mean for any other skeleton."""
    return _COCO_SIGMAS if joints == len(_COCO_SIGMAS) else np.full(joints, _COCO_SIGMAS.mean())


@lru_cache(maxsize=4)
def _tolerance(joints: int) -> Floats:
    """Square of how far joints (K,) may be off, in sizes."""
    out: Floats = (2.0 * joint_sigmas(joints)) ** 2
    out.setflags(write=False)
    return out


def likeness(known: Bodies, seen: Bodies, reach: Floats) -> Floats:
    """Mean of box overlap and pose similarity, T and N people -> (T, N); 0 where centres are out of `reach`.

    `reach` (T,), pixels: how far from where they are expected people can be. Boxes alone mistake those who
    cross for one another, skeletons alone fail on people too small or too hidden for the network.
    """
    x, y = centres(known.boxes).T[:, :, None] - centres(seen.boxes).T[:, None]
    t, n = (x * x + y * y <= (reach * reach)[:, None]).nonzero()
    old, new = known.take(t), seen.take(n)
    alike = np.zeros((len(known.size), len(seen.size)))
    alike[t, n] = 0.5 * (box_overlap(old, new) + pose_similarity(old, new))
    return alike


def assign(gains: Floats) -> tuple[Indices, Indices]:
    """Rows and columns of the pairs with the greatest sum of gains: (T, N) -> (M,), (M,).

    The assignment problem (Kuhn 1955), solved by scipy. Pairs that gain nothing are not made, so that two
    poor matches are never bought with one good match.
    """
    rows, columns = linear_sum_assignment(gains, maximize=True)
    real = gains[rows, columns] > 0.0
    return rows[real].astype(np.int64), columns[real].astype(np.int64)


def shared_bodies(seen: Bodies) -> Floats:
    """Pose similarity of the people of one frame, N -> (N, N); 0 on the diagonal and where boxes are apart.

    Two boxes on one body hold one skeleton: near 1. Whoever is half hidden often gets joints of the one in
    front: in between.
    """
    left, top, right, bottom = seen.boxes.T
    meet = (left[:, None] < right) & (top[:, None] < bottom)
    a, b = (meet & meet.T).nonzero()
    once = a < b
    a, b = a[once], b[once]
    shared = np.zeros((len(seen.size), len(seen.size)))
    if a.size:
        shared[a, b] = shared[b, a] = pose_similarity(seen.take(a), seen.take(b))
    return shared


def centres(boxes: Floats) -> Floats:
    """Of boxes (N, 4): x, y (N, 2)."""
    return 0.5 * (boxes[:, :2] + boxes[:, 2:])
