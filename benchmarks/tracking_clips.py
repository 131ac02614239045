"""Ids given on real videos, beside the people that were counted by eye.

Tremble is the field's "Accel" of joints that score .3 or more, as a share of the size of the person.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.detector import open_detector
from engine.pose import open_estimator
from trackers.appearance import looks
from trackers.camera import Camera
from trackers.tracker import Tracker
from trackers.types import Tracks

SEEN = 0.3  #: score from which a joint counts


def report(clips: Sequence[Path], detector_model: Path, pose_model: Path) -> None:
    for clip in clips:
        sys.stdout.write(clip_line(clip, detector_model, pose_model) + "\n")


def clip_line(clip: Path, detector_model: Path, pose_model: Path) -> str:
    detector, estimator = open_detector(detector_model, "cpu"), open_estimator(pose_model, "cpu")
    video, tracker, camera, told = cv2.VideoCapture(str(clip)), Tracker(), Camera(), []
    while (read := video.read())[0]:
        image, at = np.asarray(read[1], np.uint8), video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        poses = estimator(image, detector.detect([image])[0])
        told.append(
            tracker.update(poses, at, looks=looks(image, poses), camera=camera.moved(image, poses.boxes))
        )
    estimator.close()
    detector.close()
    lives = Counter(int(i) for tracks in told for i in tracks.ids)
    raw, smooth = (trembles(told, kind) for kind in ("measured", "keypoints"))
    return (
        f"{clip.name}: {len(told)} frames, {sum(lives.values()) / max(len(told), 1):.1f} people a frame, ids "
        f"{len(lives)}, of them in at most 5 frames {sum(n <= 5 for n in lives.values())}; tremble in "
        f"thousandths of the person {1e3 * raw:.1f} -> {1e3 * smooth:.1f}"
    )


def trembles(told: list[Tracks], kind: str) -> float:
    """Median over all joints seen in three frames on end, as a share of the size of the person."""
    shares = []
    for three in zip(told, told[1:], told[2:], strict=False):
        common = set.intersection(*(set(tracks.ids.tolist()) for tracks in three))
        rows = [np.flatnonzero(np.isin(tracks.ids, list(common))) for tracks in three]
        a, b, c = (getattr(tracks, kind)[row].astype(float) for tracks, row in zip(three, rows, strict=True))
        seen = np.min([tracks.scores[row] for tracks, row in zip(three, rows, strict=True)], axis=0) >= SEEN
        sides = three[1].boxes.xyxy[rows[1], 2:] - three[1].boxes.xyxy[rows[1], :2]
        share = np.linalg.norm(a - 2 * b + c, axis=-1) / np.sqrt(sides.prod(axis=1))[:, None]
        shares.append(share[seen])
    return float(np.median(np.concatenate(shares))) if shares else 0.0
