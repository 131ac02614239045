"""Clocks and networks that say odd things, and a tracker that is not disturbed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import NOBODY, Walker, alone, ids_of, in_one_frame, names, poses, times, watch

from engine.types import Boxes, Poses
from trackers.appearance import looks
from trackers.tracker import Tracker
from trackers.types import STANDING


def test_a_clock_that_stands_still_or_runs_back_keeps_the_ids():
    tracker, walker = Tracker(), Walker((100, 400), (140, 0))
    clock = [0.0, 0.04, 0.08, 0.08, 0.08, 0.12, 0.16, -5.0, -4.96, -4.92, 1000.0, 1000.04]
    told = []
    for i, time in enumerate(clock):
        tracks = tracker.update(alone(walker, 0.04 * i), time)
        told.append(tracks.ids.tolist())
        assert np.isfinite(tracks.keypoints).all()
        assert np.abs(tracks.keypoints[0] - tracks.measured[0]).max() < 15.0
    assert told == [[1]] * 10 + [[2]] * 2


@pytest.mark.parametrize("speed", [140, 300, 550])
@pytest.mark.parametrize("late", [0.03, 0.038, 0.0399999])
def test_frames_of_a_camera_that_come_in_bunches_lose_nobody(late: float, speed: float):
    """One in ten comes late, and the next right after it: in no time, it seems, they walked for 40 ms."""
    shots = watch([Walker((100, 400), (speed, 0))], times(25, 3))
    bunched = [shot._replace(time=shot.time + late * (i % 10 == 9)) for i, shot in enumerate(shots)]
    assert ids_of(names(bunched, Tracker()), 0) == [1]


def test_a_time_that_is_no_number_is_the_callers_mistake():
    with pytest.raises(ValueError, match="time"):
        Tracker().update(NOBODY, float("nan"))
    with pytest.raises(ValueError, match="forget_after"):
        Tracker(forget_after=-1.0)


def test_nobody_is_a_crowd_of_zero():
    tracker = Tracker()
    for t in (0.0, 0.04, 5.0):
        tracks = tracker.update(NOBODY, t)
        assert len(tracks) == 0
        assert tracks.keypoints.shape == (0, 17, 2)
    assert tracker.update(alone(Walker((100, 400)), 5.04), 5.04).ids.tolist() == [1]


def test_two_hundred_people_are_each_somebody():
    story = [Walker((60 * (i % 20), 120 * (i // 20)), (20, 0), 100, i / 200) for i in range(200)]
    told = names(watch(story, times(25, 0.4), hide=False), Tracker())
    assert [ids_of(told, i) for i in range(200)] == [[told[0][i]] for i in range(200)]


def test_other_skeletons_than_cocos_are_followed_too():
    tracker = Tracker()
    for t in times(25, 1):
        seen = alone(Walker((100, 400), (140, 0)), t)
        five = Poses(seen.boxes, seen.keypoints[:, :5].copy(), seen.scores[:, :5].copy())
        tracks = tracker.update(five, t)
        assert tracks.ids.tolist() == [1]
        assert tracks.keypoints.shape == (1, 5, 2)


def test_joints_that_are_no_numbers_are_foretold_and_score_nothing():
    tracker, walker, knee = Tracker(), Walker((100, 400), (140, 0)), 13
    for t in times(25, 1):
        seen = alone(walker, t)
        joints = seen.keypoints.copy()
        if 0.5 < t < 0.6:
            joints[0, knee] = np.nan
        tracks = tracker.update(Poses(seen.boxes, joints, seen.scores), t)
        assert tracks.scores[0, knee] == (0.0 if 0.5 < t < 0.6 else np.float32(0.85))
        assert np.abs(tracks.measured[0, knee] - walker.joints(t)[knee]).max() < 10.0


def test_boxes_that_hold_nobody_do_not_disturb_who_is_there():
    tracker, walker = Tracker(), Walker((100, 400), (140, 0))
    junk = np.array(
        [[5, 5, 5, 5], [9, 9, 2, 2], [0, 0, 50, 0.5], [np.nan] * 4, [0, 0, np.inf, 9], [-1e30, 0, 1e30, 9]]
    )
    for t in times(25, 1):
        nobody = poses(list(junk), list(np.full((6, 17, 2), np.inf)), np.full((6, 17), np.nan), np.ones(6))
        assert tracker.update(in_one_frame(nobody, alone(walker, t)), t).ids.tolist() == [1]


ODD = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, -1e30, 1e30, 3e38, -50.0, 1.0, 1e5])
PICTURE = np.random.default_rng(0).integers(0, 255, (90, 160, 3)).astype(np.uint8)
CAMERAS = (
    STANDING,
    np.eye(2, 3),
    np.array([[1.0, 0, -300], [0, 1, 40]]),
    np.array([[0.5, -0.5, 900], [0.5, 0.5, 0]]),
    np.array([[1e-3, 0, 0], [0, 1e-3, 0]]),
)
NUMBER = st.one_of(ODD, st.floats(-2000, 2000, width=32))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.lists(NUMBER, min_size=8, max_size=60), st.floats(-2, 3), st.sampled_from(CAMERAS)),
        max_size=6,
    ),
    st.booleans(),
    st.booleans(),
)
def test_nothing_that_a_network_or_a_clock_may_say_breaks_the_story(frames, with_walker: bool, seldom: bool):
    tracker, time, last = Tracker(), 0.0, 0
    for number, (values, step, camera) in enumerate(frames):
        time += step
        n = len(values) // 8
        rows = np.array(values[: 8 * n], np.float32).reshape(n, 8)
        joints, scores = np.resize(rows[:, :6], (n, 17, 2)), np.resize(rows[:, 3:], (n, 17))
        frame = Poses(Boxes(rows[:, :4].copy(), rows[:, 7].copy()), joints, scores)
        if with_walker:
            frame = in_one_frame(frame, alone(Walker((100, 400), (30, 0)), time))
        detected = not (seldom and number % 2)
        tracks = tracker.update(frame, time, looks=looks(PICTURE, frame), camera=camera, detected=detected)
        foretold = tracker.expected(time + 0.04)
        for told in (
            foretold.xyxy,
            foretold.scores,
            tracks.likeness,
            tracks.keypoints,
            tracks.measured,
            tracks.scores,
            tracks.boxes.xyxy,
            tracks.boxes.scores,
        ):
            assert np.isfinite(told).all()
        assert (np.diff(tracks.ids) > 0).all()
        assert (tracks.ids > 0).all()
        last = max(last, int(tracks.ids.max(initial=0)))
    assert last <= sum(len(values) // 8 + 1 for values, _, _ in frames)
