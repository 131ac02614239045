"""Who was away for seconds is known again by looks; nobody is taken for somebody else."""

from __future__ import annotations

import numpy as np
import pytest
from dressed import BLACK, GREEN, RED, dressed, told
from walkers import Walker, alone, ids_of, in_one_frame, named, poses, times, watch

from trackers.tracker import Tracker
from trackers.types import STANDING

RATES = pytest.mark.parametrize("fps", [5, 30, 120])


def absent(begin: float, end: float) -> tuple[tuple[float, float], ...]:
    return ((-1.0, begin), (end, 99.0))


@RATES
@pytest.mark.parametrize("away", [1.5, 5.0, 10.0])
def test_who_leaves_and_comes_back_elsewhere_has_the_same_id(fps: int, away: float):
    story = [
        Walker((100, 400), (40, 0), in_view=absent(1.5, 1.5 + away)),
        Walker((600, 380), (-10, 0), 190),
    ]
    frames = told(watch(story, times(fps, 2.5 + away)), [RED, GREEN])
    assert [ids_of(frames, 0), ids_of(frames, 1)] == [[1], [2]]
    late = [frame for frame, t in zip(frames, times(fps, 2.5 + away), strict=True) if t > 1.5 + away + 0.4]
    assert all(0 in frame for frame in late)


def test_who_is_away_for_longer_than_is_remembered_is_somebody_new():
    story = [Walker((100, 400), (40, 0), in_view=absent(1.5, 5.5))]
    assert ids_of(told(watch(story, times(15, 7)), [RED], remember=3.0), 0) == [1, 2]
    assert ids_of(told(watch(story, times(15, 7)), [RED], remember=5.0), 0) == [1]


@RATES
def test_two_who_leave_and_come_back_on_the_other_side_of_each_other_keep_their_ids(fps: int):
    story = [
        Walker((100, 400), (60, 0), in_view=absent(1.5, 4.0)),
        Walker((500, 400), (-60, 0), in_view=absent(1.5, 4.0)),
    ]
    frames = told(watch(story, times(fps, 6)), [RED, GREEN])
    assert [ids_of(frames, 0), ids_of(frames, 1)] == [[1], [2]]


@pytest.mark.parametrize("seed", range(3))
def test_a_newcomer_in_other_clothes_steals_no_id_not_even_where_somebody_just_hid(seed: int):
    story = [
        Walker((100, 400), (60, 0), in_view=((0, 1.5),)),
        Walker((100, 400), (60, 0), in_view=((2.1, 9),)),
    ]
    frames = told(watch(story, times(25, 5), seed=seed), [RED, GREEN])
    assert [ids_of(frames, 0), ids_of(frames, 1)] == [[1], [2]]


def test_black_is_no_evidence_far_away_and_red_is():
    """Half of all people could come back in black: it takes more than that."""
    for clothes, same in ((BLACK, False), (RED, True)):
        story = [Walker((100, 400), in_view=((0, 1.5),)), Walker((900, 400), in_view=((2.6, 9),))]
        frames = told(watch(story, times(25, 5)), [clothes, clothes])
        assert (ids_of(frames, 1) == [1]) is same


def test_nobody_comes_back_faster_than_people_can_run_or_at_three_times_the_size():
    for start, height in (((3000, 400), 200.0), ((130, 700), 600.0)):
        story = [Walker((100, 400), in_view=((0, 1.0),)), Walker(start, (0, 0), height, in_view=((2.2, 9),))]
        frames = told(watch(story, times(25, 4)), [RED, RED])
        assert ids_of(frames, 1) == [2]


def test_a_newcomer_is_named_at_once_while_nobody_is_missing_and_soon_otherwise():
    here, stranger = Walker((100, 400)), Walker((700, 400), in_view=((2.0, 9),))
    for missing, wait in ((False, 0.0), (True, 0.45)):
        gone = Walker((600, 400), in_view=((0, 1.0 if missing else 99.0),))
        shots = watch([here, gone, stranger], times(25, 4))
        frames = told(shots, [GREEN, BLACK, BLACK])
        first = next(shot.time for shot, frame in zip(shots, frames, strict=True) if 2 in frame)
        assert 2.0 <= first <= 2.0 + wait + 0.041


def test_without_pictures_nobody_waits_for_a_name():
    gone = Walker((300, 400), in_view=((0, 1.0),))
    tracker = Tracker()
    for t in times(25, 1):
        tracker.update(alone(gone, t), t)
    assert tracker.update(alone(Walker((600, 400)), 1.1), 1.1).ids.tolist() == [2]


def test_looks_decide_who_is_who_where_two_cross_unseen():
    """Both stand still behind something for 0.7 s, and each comes out where the other was expected."""
    story = [
        Walker((100, 400), (130, 0), in_view=absent(1.0, 1.7)),
        Walker((360, 400), (-130, 0), in_view=absent(1.0, 1.7)),
        Walker((360 - 2 * 1.35 * 130, 400), (130, 0), in_view=((5, 6),)),
    ]
    turned = [
        Walker((100, 400), (130, 0), in_view=((0, 1.0),)),
        Walker((360, 400), (-130, 0), in_view=((0, 1.0),)),
        Walker((100, 400), (130, 0), in_view=((1.7, 9),)),
        Walker((360, 400), (-130, 0), in_view=((1.7, 9),)),
    ]
    frames = told(watch(story[:2], times(25, 3)), [RED, GREEN])
    assert [ids_of(frames, 0), ids_of(frames, 1)] == [[1], [2]]
    frames = told(watch(turned, times(25, 3)), [RED, GREEN, GREEN, RED])
    assert [ids_of(frames, 2), ids_of(frames, 3)] == [[2], [1]]


def test_how_sure_it_is_falls_with_strange_sights_and_is_told():
    walker, tracker = Walker((100, 400), (60, 0)), Tracker()
    sure = [tracker.update(alone(walker, t), t, looks=dressed([0], [RED])).likeness[0] for t in times(25, 1)]
    assert sure[0] == 1.0
    assert min(sure) > 0.8
    changed = tracker.update(alone(walker, 1.0), 1.0, looks=dressed([0], [GREEN]))
    assert changed.ids.tolist() == [1]
    assert changed.likeness[0] < 0.75


def test_the_camera_turns_and_who_is_hidden_is_expected_where_the_picture_now_shows_them():
    one, other = Walker((300, 400)), Walker((700, 400), height=180)
    tracker = Tracker()
    shift = np.array([[1.0, 0.0, -20.0], [0.0, 1.0, 3.0]])
    seen = []
    for n, t in enumerate(times(25, 2)):
        moved = [
            alone(Walker((w.start[0] - 20 * n, w.start[1] + 3 * n), w.speed, w.height), t)
            for w in (one, other)
        ]
        hidden = 0.8 < t < 1.5
        tracks = tracker.update(
            moved[0] if hidden else in_one_frame(*moved), t, camera=shift if n else STANDING
        )
        seen.append(tracks.ids.tolist())
    assert seen[-1] == [1, 2]
    assert {i for frame in seen for i in frame} == {1, 2}


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("fps", [25, 60])
@pytest.mark.parametrize("seed", range(3))
def test_a_box_over_two_bodies_is_one_of_them_and_both_keep_their_ids(fps: int, seed: int, mixed: bool):
    """For 0.6 s in the middle of a crossing: the joints in it are one person's, or of both by turns."""
    story = [Walker((100, 400), (90, 0)), Walker((330, 395), (-60, 0), 190, 0.3)]
    tracker, told = Tracker(), []
    for shot in watch(story, times(fps, 4), hide=False, seed=seed):
        seen = shot.poses
        if 1.0 < shot.time < 1.6:
            one, other = np.argsort(shot.who)
            edges, joints = seen.boxes.xyxy, seen.keypoints[one].copy()
            if mixed:
                joints[1::2] = seen.keypoints[other][1::2]
            box = np.concatenate([edges[:, :2].min(0), edges[:, 2:].max(0)])
            tracks = tracker.update(poses([box], [joints], seen.scores[:1], np.array([0.8])), shot.time)
            assert set(tracks.ids.tolist()) <= {1, 2}
        else:
            told.append(named(shot, tracker.update(seen, shot.time)))
    assert [ids_of(told, 0), ids_of(told, 1)] == [[1], [2]]
