"""COCO's 17 keypoints: names, bones, left and right, and how exactly people agree on each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import Array

KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)  #: left and right are the person's own

BONES = (
    (0, 1), (0, 2), (1, 3), (2, 4),
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12),
    (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip

PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))  #: (left, right)

#: Standard deviation of human annotation over the square root of the object's area, times two in the OKS
#: formula (COCO keypoint evaluation, cocodataset.org/#keypoints-eval; pycocotools' kpt_oks_sigmas).
OKS_SIGMAS: Array = np.array(
    [0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087,
     0.089, 0.089], np.float32)  # fmt: skip
OKS_SIGMAS.setflags(write=False)


def oks(keypoints: Array, truth: Array, areas: Array, labelled: NDArray[np.bool_]) -> Array:
    """Object keypoint similarity of each skeleton (N, K, 2) to each true one (M, K, 2): (N, M) in [0, 1].

    The mean over the `labelled` (M, K) joints of exp(-d^2 / (2 area (2 sigma)^2)), as in COCO's evaluation
    (cocodataset.org/#keypoints-eval); `areas` (M,) in square pixels. 0 where nothing is labelled.
    """
    apart = keypoints[:, None].astype(np.float64) - truth
    spread = 2 * np.maximum(areas, 1e-9)[:, None] * (2 * OKS_SIGMAS.astype(np.float64)) ** 2
    alike = np.where(labelled, np.exp(-(apart**2).sum(axis=-1) / spread), 0)
    mean: Array = (alike.sum(axis=-1) / np.maximum(labelled.sum(axis=-1), 1)).astype(np.float32)
    return mean
