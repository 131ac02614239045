"""The last half minute: who is looked at, what is remembered, and working it out bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from app.angles import course, measured
from app.watch.lookback import KEPT_S, Lookback
from engine.types import Boxes
from trackers.types import Tracks

RNG = np.random.default_rng(0)
SHAPE = RNG.uniform(0, 400, (17, 2))


def tracks(*ids: int, at: float = 0.0) -> Tracks:
    """People who tremble and go to the right, one beside the other."""
    n = len(ids)
    joints = SHAPE + RNG.normal(0, 2, (n, 17, 2)) + np.array(ids).reshape(n, 1, 1) * 50
    joints[..., 0] += 40 * at
    joints = joints.astype(np.float32)
    scores = RNG.uniform(0.2, 1, (n, 17)).astype(np.float32)
    boxes = Boxes(np.zeros((n, 4), np.float32), np.ones(n, np.float32))
    return Tracks(np.array(ids, np.int64), boxes, joints, joints.copy(), scores)


def test_bit_by_bit_gives_the_numbers_of_the_whole_at_once() -> None:
    lookback, made = Lookback(0.3), []
    for n in range(900):
        made.append((n / 30, tracks(1, 2, at=n / 30)))
        lookback.add(*made[-1], locked=2)
        if n % 7 == 0:
            lookback.course()
    times = np.array([time for time, _ in made])
    joints = np.array([t.keypoints[1] for _, t in made])
    whole = course(times, joints, np.array([measured(t, 0.3)[1] for _, t in made]))
    found = lookback.course()
    np.testing.assert_array_equal(found.times, whole.times)
    np.testing.assert_allclose(found.angles, whole.angles, atol=1e-9)
    settled = slice(0, -90)  # the last seconds may change as more comes
    np.testing.assert_allclose(found.speeds[settled], whole.speeds[settled], rtol=1e-6)


def test_half_a_minute_is_kept_and_no_more_however_long_it_runs() -> None:
    lookback = Lookback()
    for n in range(4000):
        lookback.add(n / 40, tracks(1), locked=1)
        if n % 50 == 0:
            lookback.course()
    found = lookback.course()
    assert found.times[-1] - found.times[0] == pytest.approx(KEPT_S)
    assert len(lookback._results) == len(found) == KEPT_S * 40 + 1


def test_the_last_seconds_of_somebody_else_are_there_at_once() -> None:
    lookback = Lookback()
    for n in range(300):
        lookback.add(n / 30, tracks(*((1, 2) if n > 100 else (1,))), locked=1)
    lookback.add(10.1, tracks(1, 2), locked=2)
    seen = np.isfinite(lookback.course().speeds[:, 0])
    assert lookback.who == 2
    assert not seen[:100].any()
    assert seen[110:-20].mean() > 0.5


def test_whoever_was_lost_leaves_a_gap() -> None:
    lookback = Lookback(0.0)
    for n in range(60):
        lookback.add(n / 30, tracks(*((1, 2) if not 20 <= n < 30 else (2,))), locked=1)
    assert np.flatnonzero(np.isnan(lookback.course().angles[:, 0])).tolist() == list(range(20, 30))


def test_a_source_that_was_silent_leaves_a_gap() -> None:
    lookback = Lookback(0.0)
    for n in range(20):
        lookback.add(n / 10 + (5.0 if n >= 10 else 0.0), tracks(1), locked=1)
    found = lookback.course()
    assert len(found) == 21
    assert np.flatnonzero(np.isnan(found.angles[:, 0])).tolist() == [10]


def test_whoever_is_alone_is_looked_at_until_others_have_come_to_stay() -> None:
    lookback = Lookback()
    lookback.add(0.0, tracks(1, 2), locked=0)
    assert lookback.who == 0
    lookback.add(0.1, tracks(2), locked=0)
    assert lookback.who == 2
    lookback.add(0.2, tracks(), locked=0)  # out of sight for a moment
    assert lookback.who == 2
    for n in range(3, 12):
        lookback.add(n / 10, tracks(2, 5), locked=0)
        assert lookback.who == 2
    lookback.add(1.4, tracks(2, 5), locked=0)
    assert lookback.who == 0


def test_letting_go_among_several_people_is_looking_at_nobody() -> None:
    lookback = Lookback()
    lookback.add(0.0, tracks(1, 2), locked=2)
    assert lookback.who == 2
    lookback.add(0.1, tracks(1, 2), locked=0)
    assert lookback.who == 0
    assert len(lookback.course()) == 0


def test_a_time_before_the_last_begins_anew_and_other_skeletons_have_no_angles() -> None:
    lookback = Lookback()
    lookback.add(5.0, tracks(1), locked=1)
    lookback.add(1.0, tracks(1), locked=1)
    assert lookback.course().times.tolist() == [1.0]
    boxes = Boxes(np.zeros((1, 4), np.float32), np.ones(1, np.float32))
    hand = np.zeros((1, 21, 2), np.float32)
    lookback.add(2.0, Tracks(np.array([1]), boxes, hand, hand.copy(), np.ones((1, 21), np.float32)), locked=1)
    assert np.isnan(lookback.course().angles[-1]).all()


def test_another_threshold_counts_for_what_was_before_too() -> None:
    lookback = Lookback(0.0)
    for n in range(10):
        lookback.add(n / 10, tracks(1), locked=1)
    assert np.isfinite(lookback.course().angles).all()
    lookback.set_threshold(1.1)
    assert np.isnan(lookback.course().angles).all()
