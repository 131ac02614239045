"""The measures of the tracking benchmark: what is perfect scores 1, what is wrong scores less."""

from __future__ import annotations

import numpy as np
import pytest
from scene_truth import Truth

pytest.importorskip("trackeval", reason="TrackEval is not here; it comes with the extras bench and dev")

from benchmarks.tracking_scores import Followed, Told, ids_of, joints_of, measured, overlap, summed

FRAMES = 40
WHEN = np.arange(FRAMES) / 25


def two_stand(seen: float = 1.0) -> list[Truth]:
    boxes = np.array([(0, 0, 50, 100), (200, 0, 250, 100)], np.float32)
    truth = Truth(
        np.array([7, 9]), np.zeros((2, 17, 2), np.float32), np.full((2, 17), 2), boxes,
        np.array([1.0, seen], np.float32),
    )  # fmt: skip
    return [truth] * FRAMES


def told(truths: list[Truth], names: dict[int, int]) -> list[Told]:
    """Everyone told of, under other names; who is not in `names` is missed."""
    rows = [[i for i, who in enumerate(t.ids) if who in names] for t in truths]
    return [
        Told(np.array([names[int(t.ids[i])] for i in row], np.int64), t.boxes[row].astype(float))
        for t, row in zip(truths, rows, strict=True)
    ]


def test_perfect_tracking_scores_one_whatever_the_names():
    truths = two_stand()
    scores = ids_of(measured(truths, told(truths, {7: 1000, 9: 3})))
    assert scores[:3] == pytest.approx((1, 1, 1))
    assert scores.switches == 0


def test_two_who_change_names_half_way_halve_idf1_and_are_two_switches():
    truths = two_stand()
    changed = told(truths, {7: 1, 9: 2})[:20] + told(truths, {7: 2, 9: 1})[20:]
    scores = ids_of(measured(truths, changed))
    assert scores.idf1 == pytest.approx(0.5)
    assert scores.mota == pytest.approx(1 - 2 / 80)
    assert scores.switches == 2
    assert scores.hota < 0.75


def test_who_is_missed_costs_recall_and_who_is_hidden_does_not():
    missing = {7: 1}
    assert ids_of(measured(two_stand(), told(two_stand(), missing))).mota == pytest.approx(0.5)
    assert ids_of(measured(two_stand(0.2), told(two_stand(), missing))).mota == pytest.approx(1)


def test_nobody_told_of_scores_nothing():
    nobody = [Told(np.zeros(0, np.int64), np.zeros((0, 4)))] * FRAMES
    assert ids_of(measured(two_stand(), nobody))[:3] == (0, 0, 0)


def test_a_total_weighs_stories_by_their_people():
    truths = two_stand()
    good, bad = measured(truths, told(truths, {7: 1, 9: 2})), measured(truths[:20], told(truths[:20], {7: 1}))
    total = ids_of(summed({"good": good, "bad": bad}))
    assert total.mota == pytest.approx(100 / 120)
    assert total.idf1 == pytest.approx(2 * 100 / (120 + 100))


def test_boxes_that_share_a_third_of_their_union_overlap_by_a_third():
    boxes = np.array([(0.0, 0, 10, 10), (5, 0, 15, 10), (20, 20, 30, 30)])
    np.testing.assert_allclose(overlap(boxes[:1], boxes), [[1, 1 / 3, 0]])


def somebody(truth: np.ndarray, joints: np.ndarray, times: np.ndarray = WHEN) -> Followed:
    n = len(times)
    return Followed(
        times, np.arange(n), np.broadcast_to(truth[:, None], (n, 17, 2)), np.full((n, 17), 2),
        np.full(n, 100.0**2), np.broadcast_to(joints[:, None], (n, 17, 2)),
    )  # fmt: skip


def path(times: np.ndarray) -> np.ndarray:
    return np.column_stack([200 * times, 40 * np.sin(6 * times)])


def test_joints_that_are_right_are_right():
    scores = joints_of([somebody(path(WHEN), path(WHEN))])
    assert scores == pytest.approx((1, 0, 0), abs=1e-9)


@pytest.mark.parametrize("late", [0.01, 0.04])
def test_joints_that_come_late_lag_by_so_much(late: float):
    assert joints_of([somebody(path(WHEN), path(WHEN - late))]).lag == pytest.approx(late, rel=0.05)


@pytest.mark.parametrize("dropped", [False, True])
def test_a_joint_that_zigzags_by_one_has_a_second_difference_of_four(dropped: bool):
    """Of a person of 100 pixels, 40 thousandths; and whoever accelerates as the truth does has none."""
    zigzag = np.column_stack([(-1.0) ** np.arange(FRAMES), np.zeros(FRAMES)])
    times = WHEN + np.cumsum(np.arange(FRAMES) % 2) / 25 if dropped else WHEN
    scores = joints_of([somebody(path(times), path(times) + zigzag, times)])
    # Unequal steps h, 2h: 2 h^2 (-2 / 2h - 2 / h) / 3h = -2, in units of h.
    assert scores.accel == pytest.approx(20 if dropped else 40)


def test_only_joints_seen_in_frames_on_end_are_compared():
    jump = path(WHEN) + np.where(np.arange(FRAMES) >= 20, 30, 0)[:, None]
    person = somebody(path(WHEN), jump)
    gap = person._replace(frames=person.frames + (np.arange(FRAMES) >= 20) * 3)
    assert joints_of([person]).accel > 10
    assert joints_of([gap]).accel == pytest.approx(0, abs=1e-9)
