"""COCO's 17 keypoints: names, bones, left and right, and how exactly people agree on each of them."""

from __future__ import annotations

import numpy as np

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
