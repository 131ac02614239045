"""Ids given on real videos, beside the people that were counted by eye.

Tremble is the field's "Accel" of joints that score .3 or more, as a share of the size of the person.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from engine.detector import open_detector
from engine.pose import open_estimator
from trackers.appearance import looks
from trackers.camera import Camera
from trackers.tracker import Tracker
from trackers.types import Tracks

SEEN = 0.3  #: score from which a joint counts
FRAMES = 3  #: in which an id has to be tall enough, to be one of those counted


class Counted(NamedTuple):
    """People in a clip, counted by eye on pictures from every second to sixth of a second."""

    people: int  #: clearly in view
    perhaps: int  #: more whom a network may find or not
    tall: int  #: pixels: who is never so tall is not counted
    who: str


COUNTED = {
    "pedestrians_harshp": Counted(
        6, 5, 0,
        "Three pairs walk past a wall, behind a post and a bus; close to the camera five pass, out of focus.",
    ),
    "pose2sim_multi_cam01": Counted(
        3, 0, 0, "A man balances on a beam, a drawn woman stands before him, a woman watches by the wall."
    ),
    "sports2d_demo_a": Counted(
        2, 0, 0, "A man stands on a roof and jumps down over a walker; she comes out behind a tree."
    ),
    "dance_swdee": Counted(
        14, 2, 200,
        "Seven dancers, a man in white, three men who walk away, three women who come. Two more are"
        " about as tall as that, all the others on the square are smaller.",
    ),
}  # fmt: skip


def report(clips: Sequence[Path], detector_model: Path, pose_model: Path) -> None:
    for clip in clips:
        told = followed(clip, detector_model, pose_model)
        sys.stdout.write(clip_line(clip, told) + "\n")


def followed(clip: Path, detector_model: Path, pose_model: Path) -> list[Tracks]:
    """What the tracker says of each frame, fed as the program feeds it."""
    detector, estimator = open_detector(detector_model, "cpu"), open_estimator(pose_model, "cpu")
    video, tracker, camera, told = cv2.VideoCapture(str(clip)), Tracker(), Camera(), []
    while (read := video.read())[0]:
        image, at = np.asarray(read[1], np.uint8), video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        poses = estimator(image, detector.detect([image])[0])
        moved = camera.moved(image, poses.boxes)
        told.append(tracker.update(poses, at, looks=looks(image, poses), camera=moved))
    estimator.close()
    detector.close()
    return told


def clip_line(clip: Path, told: Sequence[Tracks]) -> str:
    lives = Counter(int(i) for tracks in told for i in tracks.ids)
    raw, smooth = (trembles(told, kind) for kind in ("measured", "keypoints"))
    counted = COUNTED.get(clip.stem)
    by_eye = f" ({given(told, counted)})" if counted else ""
    crowd, brief = sum(lives.values()) / max(len(told), 1), sum(frames <= 5 for frames in lives.values())
    return (
        f"{clip.name}: {len(told)} frames, {crowd:.1f} people a frame, ids {len(lives)}{by_eye}, {brief} of"
        f" them in at most 5 frames; tremble in thousandths of a person {1e3 * raw:.1f} -> {1e3 * smooth:.1f}"
    )


def given(told: Sequence[Tracks], counted: Counted) -> str:
    """Ids of people as tall as those counted, beside their number."""
    tall: Counter[int] = Counter()
    for tracks in told:
        height = tracks.boxes.xyxy[:, 3] - tracks.boxes.xyxy[:, 1]
        tall.update(tracks.ids[height >= counted.tall].tolist())
    ids = sum(frames >= FRAMES for frames in tall.values())
    least = f" at least {counted.tall} px tall" if counted.tall else ""
    most = f" to {counted.people + counted.perhaps}" if counted.perhaps else ""
    return f"in {FRAMES} frames or more{least} {ids}; by eye {counted.people}{most}"


def trembles(told: Sequence[Tracks], kind: str) -> float:
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
