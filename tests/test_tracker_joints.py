"""What a tracker makes of joints that tremble, jump, start, stop and hide."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import NOBODY, Shot, Walker, alone, follow, poses, times, watch

from engine.types import Poses
from trackers.smoothing import lag, smoother
from trackers.tracker import Tracker


def trembling(walker: Walker, when: np.ndarray, *, share: float = 0.01, seed: int = 3) -> list[Shot]:
    return watch([walker], when, tremble=share, seed=seed)


def acceleration(joints: np.ndarray) -> float:
    """Mean length of the second difference over frames: (F, K, 2) -> pixels."""
    return float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())


def test_what_was_measured_is_told_as_it_was():
    shots = watch([Walker((100, 400), (100, 0)), Walker((500, 400), height=170)], times(25, 1))
    for shot, tracks in zip(shots, follow(shots), strict=True):
        order = np.argsort(shot.poses.boxes.xyxy[:, 0])
        np.testing.assert_array_equal(tracks.measured, shot.poses.keypoints[order])
        np.testing.assert_array_equal(tracks.scores, shot.poses.scores[order])
        np.testing.assert_array_equal(tracks.boxes.scores, shot.poses.boxes.scores[order])
        assert (tracks.keypoints != tracks.measured).any() or shot.time == 0.0


def test_without_smoothing_joints_are_as_measured():
    for tracks in follow(watch([Walker((100, 400), (100, 0))], times(25, 1)), smooth=False):
        np.testing.assert_array_equal(tracks.keypoints, tracks.measured)


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_who_stands_still_trembles_far_less(fps: int):
    tracks = follow(trembling(Walker((300, 400)), times(fps, 4)))[fps // 2 :]
    raw, smooth = (
        np.array([getattr(each, name)[0] for each in tracks]) for name in ("measured", "keypoints")
    )
    assert acceleration(smooth) < acceleration(raw) / 6.0
    truth = Walker((300, 400)).joints(0)
    assert np.sqrt(((smooth - truth) ** 2).mean()) < 0.65 * np.sqrt(((raw - truth) ** 2).mean())


@pytest.mark.parametrize("fps", [25, 30, 60, 120])
def test_a_sudden_start_is_followed_within_a_frame_and_a_half(fps: int):
    """2 m / s^2 for 0.7 s and then on at 1.4 m / s; a person of 1.75 m is 200 pixels high."""
    when, standing, metre = times(fps, 2.5), Walker((300, 400)), 200 / 1.75
    going = np.clip(when - 1.0, 0.0, None)
    path = metre * np.where(going < 0.7, going**2, 0.49 + 1.4 * (going - 0.7))
    rng, followed = np.random.default_rng(1), []
    for _ in range(6):
        tracker = Tracker()
        for t, x in zip(when, path, strict=True):
            joints = np.add(standing.joints(0), (x, 0)) + rng.normal(0, 1.2, (17, 2))
            seen = poses(
                [np.add(standing.box(0), (x, 0, x, 0))], [joints], np.full((1, 17), 0.8), np.array([0.8])
            )
            followed.append(tracker.update(seen, t).keypoints[0, :, 0] - standing.joints(0)[:, 0])
    mean = np.reshape(followed, (6, len(when), 17)).mean((0, 2))
    starting = (when > 1.0) & (when < 1.7)
    lags = np.arange(0, 0.2, 0.001)
    errors = [((np.interp(when[starting] - lag, when, path) - mean[starting]) ** 2).sum() for lag in lags]
    assert lags[np.argmin(errors)] < 1.5 / fps
    assert np.abs(mean - path).max() < 0.06 * metre


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_joint_that_jumps_for_one_frame_vanishes(fps: int):
    walker, when = Walker((100, 400), (100, 0)), times(fps, 2)
    elbow, spiked = 7, len(when) // 2
    shots = trembling(walker, when, share=0.005)
    clean = follow(shots)
    wild = shots[spiked].poses.keypoints.copy()
    wild[0, elbow] += (60.0, 36.0)
    bad = Poses(shots[spiked].poses.boxes, wild, shots[spiked].poses.scores)
    shots[spiked] = Shot(shots[spiked].time, bad, shots[spiked].who)
    for i, (a, b) in enumerate(zip(clean, follow(shots), strict=True)):
        off = np.abs(a.keypoints - b.keypoints)
        assert off.max() < (7.0 if i == spiked else 3.5)
        assert np.delete(off, elbow, axis=1).max() < 0.5


@pytest.mark.parametrize("fps", [25, 60, 120])
@pytest.mark.parametrize("jump", [60.0, 220.0])
def test_a_joint_that_stays_elsewhere_is_believed_after_a_moment(fps: int, jump: float):
    when, wrist = times(fps, 2), 9
    shots = trembling(Walker((300, 400)), when, share=0.005)
    there = shots[-1].poses.keypoints[0, wrist, 0] + jump
    for i, shot in enumerate(shots):
        if shot.time >= 1.0:
            moved = shot.poses.keypoints.copy()
            moved[0, wrist, 0] += jump
            shots[i] = Shot(shot.time, Poses(shot.poses.boxes, moved, shot.poses.scores), shot.who)
    wrists = {
        shot.time: tracks.keypoints[0, wrist, 0] for shot, tracks in zip(shots, follow(shots), strict=True)
    }
    assert all(abs(x - there) < 6.0 for t, x in wrists.items() if t > 1.0 + 0.15 + 1.5 / fps)


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_a_punch_is_late_by_a_frame_and_not_lost(fps: int):
    """A wrist goes 70 cm in 0.2 s, with a speed of up to 6.5 m / s."""
    when, standing, wrist = times(fps, 2), Walker((300, 400)), 9
    u = np.clip((when - 1.0) / 0.2, 0.0, 1.0)
    reach = 80.0 * (10 * u**3 - 15 * u**4 + 6 * u**5)
    tracker, off = Tracker(), []
    for t, x in zip(when, reach, strict=True):
        joints = standing.joints(0)
        joints[wrist, 0] += x
        tracks = tracker.update(poses([standing.box(0)], [joints], np.full((1, 17), 0.8), np.array([0.8])), t)
        off.append(abs(tracks.keypoints[0, wrist, 0] - joints[wrist, 0]))
    fastest = 80.0 * 1.875 / 0.2 / fps
    assert max(off) < 1.1 * fastest
    assert max(np.array(off)[when > 1.3]) < 8.0


def test_a_joint_with_a_low_score_hardly_moves_the_person():
    walker, rng = Walker((300, 400)), np.random.default_rng(2)
    tracker, ankle, told = Tracker(), 15, []
    for t in times(25, 2):
        joints, scores = walker.joints(t), np.full((1, 17), 0.85)
        if t > 0.5:
            joints[ankle] += rng.normal(0, 40, 2)
            scores[0, ankle] = 0.1
        told.append(tracker.update(poses([walker.box(t)], [joints], scores, np.array([0.8])), t).keypoints[0])
    off = np.abs(np.array(told) - walker.joints(0))
    assert off[:, ankle].max() < 20.0
    assert np.delete(off, ankle, axis=1).max() < 0.01


def test_who_raised_an_arm_while_hidden_is_at_once_as_they_are_now():
    walker, tracker, wrist = Walker((300, 400)), Tracker(), 9
    for t in times(25, 2):
        tracker.update(alone(walker, t), t)
    tracker.update(NOBODY, 2.2)
    for t in 2.24 + times(25, 0.4):
        seen = alone(walker, t)
        raised = seen.keypoints.copy()
        raised[0, wrist, 1] -= 90.0
        tracks = tracker.update(Poses(seen.boxes, raised, seen.scores), t)
        assert tracks.ids.tolist() == [1]
        assert np.abs(tracks.keypoints - raised).max() < 3.0


@pytest.mark.parametrize("frames_go_on", [True, False])
def test_limbs_that_nobody_saw_are_carried_by_the_body_and_do_not_fly_off(frames_go_on: bool):
    walker, tracker, legs = Walker((100, 400), (180, 0)), Tracker(), slice(13, 17)
    for t in times(25, 2):
        tracker.update(alone(walker, t), t)
    for t in 2.0 + times(25, 0.6) if frames_go_on else []:
        tracker.update(NOBODY, t)
    seen = alone(walker, 2.6)
    joints = seen.keypoints.copy()
    joints[0, legs] = np.nan
    tracks = tracker.update(Poses(seen.boxes, joints, seen.scores), 2.6)
    assert tracks.ids.tolist() == [1]
    then = walker.joints(1.96)[legs] + (0.64 * 180, 0)
    assert np.abs(tracks.keypoints[0, legs] - then).max() < 25.0


def test_joints_hidden_for_a_moment_are_marked_go_with_the_body_and_do_not_freeze():
    walker, tracker, legs = Walker((100, 400), (180, 0)), Tracker(), slice(13, 17)
    marked, off = {}, {}
    for t in times(25, 3):
        seen = alone(walker, t)
        joints, scores = seen.keypoints.copy(), seen.scores.copy()
        if 1.0 <= t < 1.9:
            joints[0, legs], scores[0, legs] = walker.joints(t)[legs] - (60.0, 20.0), 0.05
        tracks = tracker.update(Poses(seen.boxes, joints, scores), t)
        assert not np.delete(tracks.predicted, np.r_[legs], axis=1).any()
        marked[t] = tracks.predicted[0, legs]
        carried = walker.joints(0.96)[legs] + ((t - 0.96) * 180, 0)
        off[t] = np.abs(tracks.keypoints[0, legs] - carried).max()
    assert not any(marks.any() for t, marks in marked.items() if t < 1.0 or t > 1.45 + 1 / 25)
    assert all(marks.all() for t, marks in marked.items() if 1.0 <= t < 1.44)
    assert max(far for t, far in off.items() if 1.0 <= t < 1.44) < 35.0  # the body went 80 pixels


def test_a_joint_that_is_not_believed_is_marked():
    walker, tracker, elbow = Walker((300, 400)), Tracker(), 7
    for t in times(25, 2):
        seen = alone(walker, t)
        joints = seen.keypoints.copy()
        joints[0, elbow] += (90.0, 0.0) if abs(t - 1.0) < 1e-6 else (0.0, 0.0)
        tracks = tracker.update(Poses(seen.boxes, joints, seen.scores), t)
        assert tracks.predicted.sum() == tracks.predicted[0, elbow] == (abs(t - 1.0) < 1e-6)


@pytest.mark.parametrize("how", ["live", "one-euro"])
@pytest.mark.parametrize("fps", [25, 30, 60, 120])
def test_the_lag_that_is_told_is_that_of_somebody_who_starts_to_walk(fps: int, how: str):
    """The same start as above, without noise, as the tracker follows it."""
    when, standing = times(fps, 2.7), Walker((300, 400))
    size = np.sqrt(np.prod(standing.box(0)[2:] - standing.box(0)[:2]))
    path = size * 0.9 * np.clip(when - 2.0, 0.0, None) ** 2
    tracker, filter_, followed = Tracker(), smoother(how), []
    for t, x in zip(when, path, strict=True):
        seen = poses(
            [np.add(standing.box(0), (x, 0, x, 0))],
            [np.add(standing.joints(0), (x, 0))],
            np.full((1, 17), 0.8),
            np.array([0.8]),
        )
        (shown,) = filter_.push(tracker.update(seen, t), t)
        followed.append(shown.keypoints[0, 5, 0] - standing.joints(0)[5, 0])
    lags = np.arange(0, 0.2, 0.001)
    errors = [((np.interp(when - late, when, path) - followed) ** 2).sum() for late in lags]
    assert abs(lags[np.argmin(errors)] - lag(how, 1 / fps)) < 0.006
    assert how != "live" or lag(how, 1 / fps) < 1.5 / fps


def test_a_joint_whose_heatmap_spreads_moves_less_and_how_far_it_spreads_is_told():
    walker, rng, wrist = Walker((300, 400)), np.random.default_rng(5), 9
    trackers, told = (Tracker(), Tracker()), ([], [])
    for t in times(25, 3):
        seen = alone(walker, t)
        joints = seen.keypoints + rng.normal(0, 2, seen.keypoints.shape).astype(np.float32)
        for wide, tracker, out in zip((1.0, 3.0), trackers, told, strict=True):
            spread = np.ones((1, 17), np.float32)
            spread[0, wrist] = wide
            tracks = tracker.update(Poses(seen.boxes, joints, seen.scores, spread), t)
            np.testing.assert_array_equal(tracks.spread, spread)
            out.append(tracks.keypoints[0])
    usual, spreading = (acceleration(np.array(out)[:, [wrist]]) for out in told)
    assert spreading < 0.9 * usual


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0, -1.0])
def test_a_spread_that_is_no_number_above_0_is_as_usual(wrong: float):
    seen = alone(Walker((300, 400)), 0.0)
    spread = np.ones((1, 17), np.float32)
    spread[0, 3] = wrong
    tracker = Tracker()
    for t in (0.0, 0.04):
        tracks = tracker.update(Poses(seen.boxes, seen.keypoints, seen.scores, spread), t)
        assert np.isfinite(tracks.keypoints).all()
        np.testing.assert_array_equal(tracks.spread, 1.0)
