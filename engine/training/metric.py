"""COCO's keypoint metric, and what the reference does to poses before they are measured.

The numbers are pycocotools' (cocodataset.org/#keypoints-eval). Scores and suppression are as in the official
HRNet repository (`COCODataset.evaluate`, `oks_nms`): a pose scores its box's score times the mean of its
joints' scores above 0.2, and of two poses of an OKS above 0.9 only the better one counts. That OKS is over
the area of the better one's box; there it is over what the network saw of both, which takes more for one.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from engine.skeleton import oks
from engine.types import Poses

NAMES = ("AP", "AP50", "AP75", "APM", "APL", "AR")
_SURE = 0.2  #: score of a joint from which on it counts for the score of the pose
_SAME = 0.9  #: OKS above which two poses are taken for one person's


@dataclass(frozen=True, slots=True)
class Metric:
    """Averages over COCO's ten OKS thresholds, or at one of them; -1 where nobody is of that size."""

    ap: float
    ap50: float
    ap75: float
    apm: float
    apl: float
    ar: float


def measure(labels: dict[str, Any], found: Sequence[tuple[int, Poses]]) -> Metric:
    """COCO's metric of the poses found in each picture, by its number, against labels as COCO writes them."""
    results = [row for image, poses in found for row in rows(image, poses)]
    return measured(labels, results)


def measured(labels: dict[str, Any], results: list[dict[str, Any]]) -> Metric:
    """The same from results as COCO writes them. Nobody found anywhere is an AP of 0."""
    if not results:
        return Metric(0, 0, 0, 0, 0, 0)
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it does
        truth = COCO()
        truth.dataset = labels
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return Metric(*map(float, evaluation.stats[: len(NAMES)]))


def rows(image: int, poses: Poses) -> list[dict[str, Any]]:
    """The poses of one picture as COCO writes results, rescored and without doubles."""
    scores = pose_scores(poses)
    kept = distinct(poses, scores)
    marks = np.concatenate([poses.keypoints, poses.scores[..., None]], axis=2)
    return [
        {
            "image_id": image,
            "category_id": 1,
            "keypoints": marks[row].ravel().tolist(),
            "score": float(scores[row]),
        }
        for row in kept
    ]


def pose_scores(poses: Poses) -> NDArray[np.float64]:
    """(N,) what each pose counts: the score of its box times the mean of its joints that are sure."""
    sure = poses.scores > _SURE
    mean = np.where(sure, poses.scores, 0).sum(axis=1) / np.maximum(sure.sum(axis=1), 1)
    out: NDArray[np.float64] = np.asarray(mean, np.float64) * poses.boxes.scores
    return out


def distinct(poses: Poses, scores: NDArray[np.float64]) -> list[int]:
    """Which poses are left, best first, when each removes those that are like it."""
    sides = poses.boxes.xyxy[:, 2:] - poses.boxes.xyxy[:, :2]
    everything = np.ones(poses.scores.shape, np.bool_)
    alike = oks(poses.keypoints, poses.keypoints, np.prod(sides, axis=1), everything)
    kept: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if not any(alike[row, better] > _SAME for better in kept):
            kept.append(int(row))
    return kept
