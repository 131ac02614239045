"""A lock holds on to one person, fades while they are away, and is never taken over by somebody else."""

from __future__ import annotations

import numpy as np
import pytest
from dressed import GREEN, RED, dressed
from walkers import NOBODY, Walker, alone, times, watch

from engine.types import Boxes
from trackers.lock import Held, Lock
from trackers.tracker import Tracker
from trackers.types import Tracks

NOBODY_HELD = Held(None, 0.0, "waiting")


def people(*each: tuple[int, tuple[float, float, float, float]], likeness: float = 1.0) -> Tracks:
    """Tracks of ids and boxes."""
    n = len(each)
    boxes = np.array([box for _, box in each], np.float32).reshape(n, 4)
    joints = np.zeros((n, 17, 2), np.float32)
    return Tracks(
        np.array([i for i, _ in each], np.int64),
        Boxes(boxes, np.full(n, 0.8, np.float32)),
        joints,
        joints.copy(),
        np.zeros((n, 17), np.float32),
        likeness=np.full(n, likeness, np.float32),
    )


LEFT, RIGHT, SMALL = (0.0, 0.0, 100.0, 200.0), (300.0, 0.0, 400.0, 200.0), (330.0, 50.0, 360.0, 120.0)


def test_an_id_is_waited_for_held_lost_and_found_again():
    lock = Lock(2)
    assert lock.watch(people((1, LEFT)), 0.0) == NOBODY_HELD
    assert lock.watch(people((1, LEFT), (2, RIGHT)), 0.1) == Held(1, 1.0, "held")
    away = [lock.watch(people((1, LEFT), (3, RIGHT)), t) for t in (0.2, 2.1, 4.1)]
    assert [each.row for each in away] == [None] * 3
    assert {each.state for each in away} == {"lost"}
    np.testing.assert_allclose([each.confidence for each in away], [0.5**0.05, 0.5, 0.25], rtol=1e-6)
    assert lock.watch(people((2, LEFT)), 4.2).row == 0


def test_a_point_picks_the_smallest_box_around_it_and_else_the_nearest_from_its_time_on():
    assert Lock((340, 80, 0.0)).watch(people((1, LEFT), (2, RIGHT), (3, SMALL)), 0.0).row == 2
    assert Lock((390, 80, 0.0)).watch(people((1, LEFT), (2, RIGHT), (3, SMALL)), 0.0).row == 1
    assert Lock((150, 80, 0.0)).watch(people((1, LEFT), (2, RIGHT)), 0.0).row == 0
    lock = Lock((50, 80, 1.0))
    assert lock.watch(people((1, LEFT)), 0.9) == NOBODY_HELD
    assert lock.watch(people((4, LEFT)), 1.0).row == 0
    assert lock.id == 4


def test_where_nobody_is_near_the_point_it_goes_on_waiting():
    lock = Lock((900, 80, 0.0))
    assert lock.watch(people((1, LEFT)), 0.0) == NOBODY_HELD
    assert lock.watch(people(), 0.1) == NOBODY_HELD
    assert lock.watch(people((1, LEFT), (2, (850.0, 0.0, 950.0, 200.0))), 0.2).row == 1


def test_whoever_comes_to_the_point_much_later_is_not_the_one_meant():
    lock = Lock((340, 80, 1.0))
    assert lock.watch(people((1, LEFT)), 1.0) == NOBODY_HELD
    assert lock.watch(people((2, RIGHT)), 2.1) == NOBODY_HELD
    assert lock.id == 0


def test_who_has_been_away_for_hours_is_lost_and_not_waited_for():
    lock = Lock(1)
    lock.watch(people((1, LEFT)), 0.0)
    assert lock.watch(people(), 1e5) == Held(None, 0.0, "lost")
    assert lock.watch(people((1, LEFT)), 1e5 + 1).state == "held"


def test_how_sure_it_is_follows_how_alike_they_are():
    lock = Lock(1)
    assert lock.watch(people((1, LEFT), likeness=0.9), 0.0).confidence == pytest.approx(0.9)
    falls = [lock.watch(people((1, LEFT), likeness=0.3), t).confidence for t in (0.1, 0.4, 5.0)]
    assert 0.9 > falls[0] > falls[1] > falls[2] == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("target", [0, -1, (np.nan, 0.0, 0.0), (0.0, 0.0, np.inf)])
def test_what_cannot_be_chosen_is_a_mistake(target: object):
    with pytest.raises(ValueError, match=r"counted from 1|expected x, y and seconds"):
        Lock(target)


def test_it_survives_a_crossing_and_six_seconds_away_among_others():
    story = [
        Walker((100, 400), (140, 0), 200, in_view=((0, 4), (10, 99))),
        Walker((900, 385), (-130, 0), 190, 0.3),
        Walker((600, 390), (10, 0), 195, 0.6, in_view=((4.5, 99),)),
    ]
    tracker, lock, held = Tracker(), Lock((100, 300, 0.0)), []
    for n, shot in enumerate(watch(story, times(25, 12))):
        looks = dressed(shot.who, [RED, GREEN, GREEN], n)
        tracks = tracker.update(shot.poses, shot.time, looks=looks)
        now = lock.watch(tracks, shot.time)
        if now.row is not None:
            mine = tracks.boxes.xyxy[now.row]
            assert shot.who[[(box == mine).all() for box in shot.poses.boxes.xyxy]].tolist() == [0]
        held.append((shot.time, now.state))
    assert {state for t, state in held if 4.1 < t < 9.9} == {"lost"}
    assert {state for t, state in held if t > 10.5} == {"held"}


def test_time_that_stands_still_changes_nothing():
    lock, tracker, walker = Lock(1), Tracker(), Walker((100, 400))
    first = lock.watch(tracker.update(alone(walker, 0.0), 0.0), 0.0)
    assert lock.watch(tracker.update(alone(walker, 0.0), 0.0), 0.0) == first
    gone = lock.watch(tracker.update(NOBODY, 0.0), 0.0)
    assert (gone.confidence, gone.state) == (first.confidence, "lost")
