"""Stories of people who walk, cross, hide and return, and of who is born, told by a tracker."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import Shot, Walker, alone, dozen, follow, ids_of, in_one_frame, names, poses, times, watch

from engine.types import Boxes, Poses
from trackers.tracker import Tracker

RATES = pytest.mark.parametrize("fps", [5, 15, 30, 120])


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
    story = dozen(np.random.default_rng(3 + seed))
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


@pytest.mark.parametrize("certainty", [0.4, 0.9])
def test_boxes_with_no_skeleton_in_them_are_nobody_unless_they_last(certainty: float):
    """A coat on a hook for two frames, and somebody in the dark."""
    tracker, walker = Tracker(), Walker((100, 400))
    told = {}
    for t in times(25, 1.2):
        coat = alone(Walker((500, 400)), t, score=0.25, certainty=certainty)
        somebody = alone(Walker((800, 400)), t, score=0.25, certainty=certainty)
        here = [alone(walker, t)] + [coat] * int(0.39 < t < 0.47) + [somebody] * int(t > 0.59)
        told[round(t, 2)] = tracker.update(in_one_frame(*here), t).ids.tolist()
    assert all(ids == [1] for t, ids in told.items() if t < 0.85)
    assert all(ids == [1, 2] for t, ids in told.items() if t > 0.95)


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
