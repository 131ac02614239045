"""Stories of people who walk, cross, hide and return, told by a tracker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import (
    Shot,
    Walker,
    alone,
    ids_of,
    in_one_frame,
    names,
    poses,
    times,
    watch,
)

from engine.types import Boxes, Poses
from trackers.tracker import Tracker
from trackers.types import Tracks

RATES = pytest.mark.parametrize("fps", [5, 15, 30, 120])
NOBODY = poses([], [], np.zeros((0, 17)), np.zeros(0))


def follow(shots: list[Shot], **settings_: float) -> list[Tracks]:
    tracker = Tracker(**settings_)
    return [tracker.update(shot.poses, shot.time) for shot in shots]


def trembling(walker: Walker, when: np.ndarray, *, share: float = 0.01, seed: int = 3) -> list[Shot]:
    return watch([walker], when, tremble=share, seed=seed)


def acceleration(joints: np.ndarray) -> float:
    """Mean length of the second difference over frames: (F, K, 2) -> pixels."""
    return float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())


# ------------------------------------------------------------------ who is who


@RATES
@pytest.mark.parametrize("height", [170, 199])
def test_two_cross_and_keep_their_ids(fps: int, height: float):
    story = [Walker((100, 400), (140, 0)), Walker((900, 385), (-130, 0), height, 0.3)]
    told = names(watch(story, times(fps, 6)), Tracker())
    assert ids_of(told, 0) == [1]
    assert ids_of(told, 1) == [2]


@RATES
@pytest.mark.parametrize("hidden_s", [0.3, 0.5, 0.75])
def test_who_is_hidden_for_a_moment_returns_as_the_same_and_is_not_told_of_meanwhile(
    fps: int, hidden_s: float
):
    story = [Walker((100, 400), (140, 0), in_view=((0, 2), (2 + hidden_s, 9)))]
    shots = watch(story, times(fps, 4))
    told = names(shots, Tracker())
    assert ids_of(told, 0) == [1]
    assert [len(frame) for frame in told] == [len(shot.who) for shot in shots]


@pytest.mark.parametrize("fps", [15, 30, 60])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_third_of_the_frames_drop_and_nobody_is_lost(fps: int, seed: int):
    story = [
        Walker((100, 400), (140, 0)),
        Walker((900, 385), (-130, 0), 170),
        Walker((500, 300), (20, 0), 120),
    ]
    told = names(watch(story, times(fps, 6, dropped=0.3, seed=seed), seed=seed), Tracker())
    assert [ids_of(told, i) for i in range(3)] == [[told[0][i]] for i in range(3)]


def test_the_frame_rate_may_change_at_any_frame():
    rng = np.random.default_rng(6)
    when = np.cumsum(rng.choice([1 / 120, 1 / 60, 1 / 30, 1 / 10, 0.3], 150))
    story = [Walker((0, 400), (60, 0)), Walker((900, 385), (-50, 0), 170, 0.3)]
    told = names(watch(story, when), Tracker())
    assert ids_of(told, 0) == [1]
    assert ids_of(told, 1) == [2]


@RATES
def test_everyone_leaves_and_comes_back_too_late_as_somebody_new(fps: int):
    views = ((0.0, 1.0), (2.6, 4.0))
    story = [Walker((100, 400), (40, 0), in_view=views), Walker((600, 400), (-40, 0), 150, in_view=views)]
    shots = watch(story, times(fps, 4))
    told = names(shots, Tracker())
    assert [ids_of(told, 0), ids_of(told, 1)] == [[1, 3], [2, 4]]
    told = names(shots, Tracker(forget_after=2.0))
    assert [ids_of(told, 0), ids_of(told, 1)] == [[1], [2]]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_crowd_of_twelve_who_hide_one_another_keep_their_ids(seed: int):
    rng = np.random.default_rng(3 + seed)
    story = [
        Walker(
            (rng.uniform(0, 1200), rng.uniform(340, 560)),
            (way * rng.uniform(80, 160), 0),
            height,
            rng.random(),
        )
        for height, way in zip(np.linspace(140, 220, 12), [1, -1] * 6, strict=True)
    ]
    told = names(watch(story, times(25, 6), seed=seed), Tracker(forget_after=2.0))
    changes = [i for i in range(12) if len(ids_of(told, i)) != 1]
    assert not changes
    assert len({i for frame in told for i in frame.values()}) == 12


@pytest.mark.parametrize("fps", [5, 10, 30])
@pytest.mark.parametrize("seed", [1, 2])
def test_twins_who_walk_side_by_side_are_not_mixed_up_when_one_is_missed(fps: int, seed: int):
    story = [Walker((100, 400), (140, 0)), Walker((165, 400), (140, 0), 200.1, 0.1)]
    told = names(watch(story, times(fps, 5), missed=0.1, seed=seed), Tracker())
    assert ids_of(told, 0) == [1]
    assert ids_of(told, 1) == [2]


@pytest.mark.parametrize("fps", [5, 10, 30, 120])
def test_a_runner_is_followed_from_the_first_frames(fps: int):
    told = names(watch([Walker((0, 400), (550, 0))], times(fps, 2)), Tracker())
    assert ids_of(told, 0) == [1]


def test_a_newcomer_elsewhere_does_not_get_the_id_of_who_just_left():
    story = [
        Walker((100, 400), (100, 0), in_view=((0, 2),)),
        Walker((620, 400), (100, 0), in_view=((2.4, 4),)),
        Walker((305, 660), (100, 0), 420, in_view=((2.4, 4),)),
    ]
    told = names(watch(story, times(25, 4)), Tracker())
    assert ids_of(told, 0) == [1]
    assert sorted(ids_of(told, 1) + ids_of(told, 2)) == [2, 3]


def test_who_appears_half_a_metre_beside_where_a_hidden_one_should_be_is_somebody_else():
    story = [
        Walker((100, 400), (100, 0), in_view=((0, 2),)),
        Walker((160, 400), (100, 0), in_view=((2.5, 4),)),
    ]
    told = names(watch(story, times(25, 3)), Tracker())
    assert [ids_of(told, 0), ids_of(told, 1)] == [[1], [2]]


def test_who_steps_in_front_of_somebody_and_hides_them_is_somebody_else():
    story = [
        Walker((100, 400), (100, 0), in_view=((0, 2),)),
        Walker((130, 450), (100, 0), 300, 0.2, in_view=((2, 4),)),
    ]
    told = names(watch(story, times(25, 3)), Tracker())
    assert [ids_of(told, 0), ids_of(told, 1)] == [[1], [2]]


def test_a_second_box_on_who_is_in_front_is_not_the_one_hidden_behind():
    front, behind = Walker((420, 400), (-20, 0), 220), Walker((150, 380), (130, 0), 170, 0.3)
    tracker = Tracker()
    for shot in watch([front, behind], times(25, 3.5)):
        if shot.time > 0.5 and len(shot.who) == 1:
            twice = poses(
                list(shot.poses.boxes.xyxy + np.array([-12, 8, -12, 8], np.float32)),
                list(shot.poses.keypoints + 1.0),
                np.full((1, 17), 0.8),
                np.array([0.6]),
            )
            tracks = tracker.update(in_one_frame(shot.poses, twice), shot.time)
            np.testing.assert_array_equal(tracks.boxes.xyxy, shot.poses.boxes.xyxy)
        else:
            tracker.update(shot.poses, shot.time)
    assert tracker.update(watch([front, behind], [3.52])[0].poses, 3.52).ids.tolist() == [1, 2]


@pytest.mark.parametrize("apart", [25, 30])
def test_two_who_stand_close_together_are_two(apart: float):
    story = [Walker((400, 400), in_view=((0.2, 9),)), Walker((400 + apart, 397), height=194)]
    told = names(watch(story, times(25, 1), hide=False), Tracker())
    assert [ids_of(told, 0), ids_of(told, 1)] == [[2], [1]]
    assert all(len(frame) == 2 for frame in told[6:])


def test_ids_are_given_from_left_to_right_and_each_tracker_counts_on_its_own():
    row = [Walker((x, 400)) for x in (700, 100, 400)]
    for _ in range(2):
        shot = watch(row, [0.0])[0]
        tracks = Tracker().update(shot.poses, 0.0)
        assert tracks.ids.tolist() == [1, 2, 3]
        assert (np.diff(tracks.boxes.xyxy[:, 0]) > 0).all()


def test_the_order_of_people_in_a_frame_does_not_matter():
    story = [Walker((100 + 80 * i, 400), (120 * (-1) ** i, 0), 150 + 10 * i, 0.1 * i) for i in range(6)]
    shots = watch(story, times(25, 3), hide=False)
    sorted_shots = []
    for shot in shots:
        order = np.argsort(shot.who)
        boxes = Boxes(shot.poses.boxes.xyxy[order], shot.poses.boxes.scores[order])
        ordered = Poses(boxes, shot.poses.keypoints[order], shot.poses.scores[order])
        sorted_shots.append(Shot(shot.time, ordered, shot.who[order]))
    assert any((shot.who != np.arange(6)).any() for shot in shots)
    for a, b in zip(follow(shots), follow(sorted_shots), strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_the_same_story_at_360p_and_at_4k_gives_the_same_ids_and_the_same_joints_larger():
    story = [
        Walker((20, 130), (45, 0), 65),
        Walker((300, 125), (-40, 0), 55, 0.3),
        Walker((160, 110), height=50),
    ]
    small, large = (watch(story, times(25, 5), missed=0.1, scale=scale) for scale in (1.0, 6.0))
    for a, b in zip(follow(small), follow(large), strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_allclose(b.keypoints, 6 * a.keypoints, rtol=1e-5, atol=1e-2)


# ------------------------------------------------------------------ births


def test_a_single_picture_has_everyone_in_it_the_unsure_too():
    people = in_one_frame(
        alone(Walker((100, 400)), 0.0, certainty=0.9), alone(Walker((400, 400)), 0.0, certainty=0.35)
    )
    assert Tracker().update(people, 0.0).ids.tolist() == [1, 2]


def test_an_unsure_box_of_one_frame_is_nobody_and_takes_no_id():
    tracker, walker = Tracker(), Walker((100, 400), (100, 0))
    ghost = alone(Walker((700, 300)), 0.0, certainty=0.5)
    told = []
    for i, t in enumerate(times(25, 2)):
        frame = alone(walker, t) if i % 12 != 5 else in_one_frame(alone(walker, t), ghost)
        told += tracker.update(frame, t).ids.tolist()
    assert set(told) == {1}
    late = tracker.update(in_one_frame(alone(walker, 2.0), alone(Walker((400, 300)), 2.0)), 2.0)
    assert late.ids.tolist() == [1, 2]


def test_an_unsure_newcomer_is_told_of_from_the_second_frame_on():
    tracker, first, second = Tracker(), Walker((100, 400)), Walker((500, 400), (50, 0))
    tracker.update(alone(first, 0.0), 0.0)
    told = [
        tracker.update(in_one_frame(alone(first, t), alone(second, t, certainty=0.4)), t).ids.tolist()
        for t in (0.04, 0.08, 0.12)
    ]
    assert told == [[1], [1, 2], [1, 2]]


def test_two_boxes_on_one_body_are_one_person():
    tracker, walker = Tracker(), Walker((100, 400), (120, 0))
    for t in times(25, 2):
        whole = alone(walker, t, certainty=0.8)
        half = whole.boxes.xyxy.copy()
        half[:, 3] -= 80.0
        scores = np.where(np.arange(17) < 11, 0.8, 0.1)[None]
        double = poses(list(half), list(whole.keypoints + 2.0), scores, np.array([0.7]))
        tracks = tracker.update(in_one_frame(double, whole), t)
        assert tracks.ids.tolist() == [1]
        np.testing.assert_array_equal(tracks.boxes.xyxy, whole.boxes.xyxy)


# ------------------------------------------------------------------ joints


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
    assert acceleration(smooth) < acceleration(raw) / 3.5
    truth = Walker((300, 400)).joints(0)
    assert np.sqrt(((smooth - truth) ** 2).mean()) < 0.65 * np.sqrt(((raw - truth) ** 2).mean())


@pytest.mark.parametrize("fps", [25, 30])
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
        assert off.max() < (7.0 if i == spiked else 2.5)
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
    assert max(off) < fastest
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


# ------------------------------------------------------------------ clocks and bad input


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
NUMBER = st.one_of(ODD, st.floats(-2000, 2000, width=32))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.lists(NUMBER, min_size=8, max_size=60), st.floats(-2, 3)), max_size=6),
    st.booleans(),
)
def test_nothing_that_a_network_or_a_clock_may_say_breaks_the_story(frames, with_walker: bool):
    tracker, time, last = Tracker(), 0.0, 0
    for values, step in frames:
        time += step
        n = len(values) // 8
        rows = np.array(values[: 8 * n], np.float32).reshape(n, 8)
        joints, scores = np.resize(rows[:, :6], (n, 17, 2)), np.resize(rows[:, 3:], (n, 17))
        frame = Poses(Boxes(rows[:, :4].copy(), rows[:, 7].copy()), joints, scores)
        if with_walker:
            frame = in_one_frame(frame, alone(Walker((100, 400), (30, 0)), time))
        tracks = tracker.update(frame, time)
        for told in (
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
    assert last <= sum(len(values) // 8 + 1 for values, _ in frames)
