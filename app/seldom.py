"""People looked for in some frames only, and in the others followed to where they are expected."""

from __future__ import annotations

import time

import numpy as np

from app.grid import settled
from app.pace import Pace
from app.types import NOTHING_BEFORE, Before, Timings
from engine.detector import Detector
from engine.pose import PoseEstimator
from engine.types import Boxes, Frame, Poses
from trackers.appearance import looks
from trackers.camera import Affine, Camera
from trackers.tracker import Tracker
from trackers.types import Tracks

IN_VIEW = 0.3  #: share of a box within the picture below which its person has left


class Seldom:
    """Detector, pose network and tracker at once, one frame after the other, in one thread."""

    def __init__(
        self,
        detector: Detector,
        estimator: PoseEstimator,
        tracker: Tracker,
        pace: Pace,
        before: Before = NOTHING_BEFORE,
    ) -> None:
        self._detector, self._estimator, self._before = detector, estimator, before
        self._tracker, self._camera, self._pace = tracker, Camera(), pace

    def follow(self, frame: Frame, captured: float) -> tuple[Tracks, Timings, Poses, bool]:
        """The people of the next frame, what they cost, their poses, and whether they were looked for."""
        began = time.perf_counter()
        expected = self._tracker.expected(frame.time)
        moved = self._camera.moved(frame.image, expected)
        expected = _in_view(expected, moved, *frame.image.shape[:2])
        track_s = time.perf_counter() - began
        poses, detected, detect_s, pose_s = self._poses(frame, expected)
        began = time.perf_counter()
        seen = looks(frame.image, poses)
        tracks = self._tracker.update(poses, frame.time, looks=seen, camera=moved, detected=detected)
        self._pace.followed(len(expected), len(tracks))
        track_s += time.perf_counter() - began
        return tracks, Timings(captured, detect_s, pose_s, track_s), poses, detected

    def _poses(self, frame: Frame, expected: Boxes) -> tuple[Poses, bool, float, float]:
        """The people of a frame, whether they were looked for, and seconds of both networks."""
        if frame.index < self._before.frames:
            return *self._seen_before(frame, expected), 0.0, 0.0
        early_s = 0.0
        if not self._pace.due(frame):
            began = time.perf_counter()
            poses = settled(self._estimator(frame.image, expected))
            early_s = time.perf_counter() - began
            if not self._pace.doubtful(poses, frame):
                return self._pace.there(poses), False, 0.0, early_s
        began = time.perf_counter()
        found = self._detector.detect([frame.image])[0]
        between = time.perf_counter()
        poses = settled(self._estimator(frame.image, found))
        pose_s = early_s + time.perf_counter() - between
        self._pace.looked(poses.boxes, expected)
        self._pace.found(poses)
        return poses, True, between - began, pose_s

    def _seen_before(self, frame: Frame, expected: Boxes) -> tuple[Poses, bool]:
        """The people of a frame as an earlier run saw them, whose pace goes on from here."""
        seen, due = next(self._before.seen), self._pace.due(frame)
        if seen.looked:
            if not due:
                self._pace.doubt(frame)
            self._pace.looked(seen.poses.boxes, expected)
            self._pace.found(seen.poses)
        return seen.poses, seen.looked


def _in_view(boxes: Boxes, moved: Affine, height: int, width: int) -> Boxes:
    """The boxes (N, 4) as the camera `moved` them, cut to the picture, of those who are still in it."""
    corners = boxes.xyxy.astype(np.float64).reshape(-1, 2, 2) @ moved[:, :2].T + moved[:, 2]
    whole = corners.reshape(-1, 4)
    edge = np.array([width, height] * 2) - 0.5
    inside = np.clip(whole, -0.5, edge)
    area = (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    sides = inside[:, 2:] - inside[:, :2]
    rows = np.flatnonzero((sides >= 1.0).all(axis=1) & (sides.prod(axis=1) >= IN_VIEW * area))
    return Boxes(inside[rows].astype(np.float32), boxes.scores[rows])
