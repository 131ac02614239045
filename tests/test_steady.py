"""A camera that shakes does not shake what is smoothed, and what comes back is where the frame shows it."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import Walker, alone, times

from engine.types import Boxes, Poses
from trackers.camera import Affine
from trackers.smoothing import smoother
from trackers.tracker import Tracker
from trackers.types import STANDING, Tracks

WALKER = Walker((100, 400), (120, 0))


def turned(degrees: float, zoom: float, shift: tuple[float, float]) -> Affine:
    angle = np.radians(degrees)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, shift])


def views(shaking: bool) -> list[Affine]:
    """From the ground to the pixels of each frame."""
    rng, ground = np.random.default_rng(0), STANDING
    out = []
    for _ in times(25, 3):
        if shaking:
            ground = turned(rng.normal(0, 0.5), np.exp(rng.normal(0, 0.01)), tuple(rng.normal(0, 12.0, 2)))
        out.append(ground)
    return out


def moved(points: np.ndarray, by: Affine) -> np.ndarray:
    return points @ by[:, :2].T + by[:, 2]


def between(before: Affine, after: Affine) -> Affine:
    if before is after:
        return STANDING
    turn = after[:, :2] @ np.linalg.inv(before[:, :2])
    return np.column_stack([turn, after[:, 2] - turn @ before[:, 2]])


def followed(way: str, shaking: bool) -> tuple[list[Tracks], list[Tracks], list[Affine]]:
    """What the tracker said, what the smoother made of it, and the views."""
    tracker, smooth, every = Tracker(), smoother(way), views(shaking)
    rng, told, done, last = np.random.default_rng(1), [], [], every[0]
    for t, view in zip(times(25, 3), every, strict=True):
        seen = alone(WALKER, t)
        joints = moved(seen.keypoints + rng.normal(0, 2.0, (1, 17, 2)), view).astype(np.float32)
        box = np.concatenate([joints[0].min(0) - 10, joints[0].max(0) + 10])[None]
        tracks = tracker.update(
            Poses(Boxes(box, seen.boxes.scores), joints, seen.scores), t, camera=between(last, view)
        )
        told.append(tracks)
        done += smooth.push(tracks, t)
        last = view
    return told, done + smooth.finish(), every


@pytest.mark.parametrize("way", ["one-euro", "lag:0.3s", "full"])
def test_joints_are_as_smooth_as_with_a_camera_that_stands(way: str):
    errors = []
    for shaking in (False, True):
        _, done, every = followed(way, shaking)
        assert all(each.ids.tolist() == [1] for each in done)
        truth = [moved(WALKER.joints(t), view) for t, view in zip(times(25, 3), every, strict=True)]
        off = np.array([each.keypoints[0] for each in done]) - truth
        errors.append((np.abs(off).mean(), np.linalg.norm(np.diff(off, 2, axis=0), axis=-1).mean()))
    (still, calm), (shaken, trembling) = errors
    assert shaken < 1.1 * still + 0.05
    assert trembling < 1.1 * calm + 0.1


@pytest.mark.parametrize("way", ["lag:0.3s", "full"])
def test_everything_else_comes_back_as_it_went_in(way: str):
    told, done, _ = followed(way, True)
    assert len(told) == len(done)
    for before, after in zip(told, done, strict=True):
        for part in ("ids", "measured", "scores", "likeness", "camera"):
            np.testing.assert_array_equal(getattr(before, part), getattr(after, part))
        np.testing.assert_array_equal(before.boxes.xyxy, after.boxes.xyxy)


@pytest.mark.parametrize("way", ["lag:0.3s", "full"])
def test_a_camera_that_goes_along_for_long_lets_no_joint_jump(way: str):
    """It comes 5 % nearer with each frame, e^10 times by the time when an elbow is elsewhere for a frame."""
    smooth, walker, elbow, jump, rng = smoother(way), Walker((300, 400)), 7, 210, np.random.default_rng(0)
    nearer, done = np.column_stack([1.05 * np.eye(2), (-15.0, -15.0)]), []
    for n, t in enumerate(times(25, 10)):
        seen = alone(walker, t)
        joints = (seen.keypoints + rng.normal(0, 1.0, (1, 17, 2))).astype(np.float32)
        joints[0, elbow] += 120.0 * (n == jump)
        camera = nearer if n else STANDING
        done += smooth.push(Tracks(np.array([1]), seen.boxes, joints, joints, seen.scores, camera=camera), t)
    done += smooth.finish()
    assert len(done) == 250
    off = [np.abs(each.keypoints[0, elbow] - walker.joints(0)[elbow]).max() for each in done]
    assert off[jump] < 6.0


@pytest.mark.parametrize("way", ["one-euro", "lag:0.3s", "full"])
def test_a_smoother_is_new_after_it_has_finished(way: str):
    smooth, tracker = smoother(way), Tracker()
    for _ in range(2):
        done = []
        for n, t in enumerate(times(25, 0.4)):
            pan = np.array([[1.0, 0, -5.0], [0, 1, 0]]) if n else STANDING
            done += smooth.push(tracker.update(alone(WALKER, t), t, camera=pan), t)
        done += smooth.finish()
        assert len(done) == len(times(25, 0.4))
    assert smooth.finish() == []


def test_whoever_comes_after_the_end_has_nothing_of_who_had_the_id_before():
    there, here = alone(Walker((900, 400)), 0.0), alone(Walker((100, 400)), 0.0)
    smooth = smoother("lag:0.3s")
    for t in times(25, 0.4):
        smooth.push(Tracker().update(there, t), t)
    smooth.finish()
    done = smooth.push(Tracker().update(here, 0.4), 0.4) + smooth.finish()
    np.testing.assert_array_equal(done[0].keypoints, here.keypoints)
