"""Who is like whom, against formulas written out joint by joint and assignments tried one by one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from walkers import Walker

from engine.skeleton import OKS_SIGMAS
from trackers.matching import (
    Bodies,
    assign,
    box_overlap,
    box_sizes,
    joint_sigmas,
    likeness,
    pose_similarity,
    shared_bodies,
)


def bodies(*walkers: Walker, score: float = 0.8, variance: float = 0.0) -> Bodies:
    boxes = np.array([walker.box(0) for walker in walkers]).reshape(-1, 4)
    joints = np.array([walker.joints(0) for walker in walkers]).reshape(-1, 17, 2)
    n = len(walkers)
    return Bodies(boxes, box_sizes(boxes), joints, np.full((n, 17), score), np.full((n, 17), variance))


def random_bodies(n: int, seed: int, joints: int = 17) -> Bodies:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (n, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 80, (n, 2))], axis=1)
    return Bodies(
        boxes,
        box_sizes(boxes),
        rng.uniform(0, 100, (n, joints, 2)),
        rng.random((n, joints)),
        rng.uniform(0, 30, (n, joints)),
    )


def test_boxes_overlap_by_the_pixels_they_share():
    rng = np.random.default_rng(2)
    corners = rng.integers(0, 30, (2, 40, 2))
    a, b = (np.concatenate([corner, corner + rng.integers(1, 25, (40, 2))], axis=1) for corner in corners)
    painted = np.zeros((2, 40, 60, 60), bool)
    for k, boxes in enumerate((a, b)):
        for i, (left, top, right, bottom) in enumerate(boxes):
            painted[k, i, top:bottom, left:right] = True
    shared = (painted[0] & painted[1]).sum((1, 2)) / (painted[0] | painted[1]).sum((1, 2))
    assert (shared == 0).any()
    assert (shared > 0.3).any()

    def rows(boxes: np.ndarray) -> Bodies:
        boxes, none = boxes.astype(float), np.zeros((40, 0))
        return Bodies(boxes, box_sizes(boxes), none[..., None], none, none)

    np.testing.assert_allclose(box_overlap(rows(a), rows(b)), shared, rtol=1e-12)


@pytest.mark.parametrize("joints", [17, 5])
def test_poses_are_as_similar_as_cocos_formula_says_joint_by_joint(joints: int):
    a, b = random_bodies(30, 1, joints), random_bodies(30, 2, joints)
    sigma = OKS_SIGMAS if joints == 17 else np.full(5, OKS_SIGMAS.mean())
    expected = []
    for i in range(30):
        sides = [box[2:] - box[:2] for box in (a.boxes[i], b.boxes[i])]
        area = min(side[0] * side[1] for side in sides)
        total = weights = 0.0
        for k in range(joints):
            spread = area * (2 * float(sigma[k])) ** 2 + a.variance[i, k] + b.variance[i, k]
            distance = np.hypot(*(a.joints[i, k] - b.joints[i, k]))
            total += a.scores[i, k] * b.scores[i, k] * np.exp(-(distance**2) / (2 * spread))
            weights += a.scores[i, k] * b.scores[i, k]
        expected.append(total / weights)
    np.testing.assert_allclose(pose_similarity(a, b), expected, rtol=1e-6)


def test_joints_have_cocos_sigmas_and_other_skeletons_their_mean():
    np.testing.assert_array_equal(joint_sigmas(17), OKS_SIGMAS)
    np.testing.assert_allclose(joint_sigmas(26), np.full(26, OKS_SIGMAS.astype(float).mean()))


def test_joints_that_are_hidden_in_one_frame_do_not_part_people():
    seen = bodies(Walker((100, 300)))
    hidden = seen._replace(joints=seen.joints.copy(), scores=seen.scores.copy())
    hidden.joints[0, 11:] += 300.0
    assert pose_similarity(seen, hidden)[0] < 0.7
    hidden.scores[0, 11:] = 0.0
    assert pose_similarity(seen, hidden)[0] == pytest.approx(1.0, abs=1e-6)


def test_where_no_joint_was_seen_all_of_them_count():
    unseen = bodies(Walker((100, 300)), score=0.0)
    assert pose_similarity(unseen, unseen)[0] == pytest.approx(1.0)
    assert pose_similarity(unseen, bodies(Walker((900, 300)), score=0.0))[0] == pytest.approx(0.0, abs=1e-9)


def test_an_unsure_prediction_may_err_further():
    here, there = Walker((100, 300)), Walker((130, 300))
    sure = pose_similarity(bodies(here), bodies(there))[0]
    unsure = pose_similarity(bodies(here, variance=30.0**2), bodies(there))[0]
    assert sure < 0.5 < 0.6 < unsure < 1.0


def test_a_giant_is_like_nobody_who_stands_before_it():
    giant, small = bodies(Walker((100, 900), height=900)), bodies(Walker((100, 500), height=90))
    assert likeness(giant, small, np.array([1e4]))[0, 0] < 0.15


def test_likeness_is_the_same_at_every_picture_size():
    a, b = random_bodies(6, 3), random_bodies(9, 4)
    reach = np.full(6, 40.0)

    def larger(people: Bodies, k: float) -> Bodies:
        return Bodies(
            k * people.boxes, k * people.size, k * people.joints, people.scores, k * k * people.variance
        )

    small = likeness(a, b, reach)
    np.testing.assert_allclose(likeness(larger(a, 6), larger(b, 6), 6 * reach), small, rtol=1e-9)
    assert small.shape == (6, 9)


def test_who_is_out_of_reach_is_not_alike():
    known, seen = (
        bodies(Walker((100, 300))),
        bodies(Walker((100, 300)), Walker((110, 300)), Walker((120, 300))),
    )
    alike = likeness(known, seen, np.array([15.0]))
    assert alike[0, 0] == pytest.approx(1.0)
    assert 0.3 < alike[0, 1] < 1.0
    assert alike[0, 2] == 0.0


def test_the_assignment_is_the_best_of_all():
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows, columns = rng.integers(1, 6, 2)
        gains = rng.random((rows, columns))
        gains[gains < rng.uniform(0.2, 0.7, rows)[:, None]] = 0.0
        padded = np.zeros((6, 6))
        padded[:rows, :columns] = gains
        best = max(sum(padded[i, j] for i, j in enumerate(order)) for order in permutations(range(6)))
        t, n = assign(gains)
        assert sum(gains[t, n]) == pytest.approx(best)
        assert (gains[t, n] > 0.0).all()
        assert len(set(t)) == len(set(n)) == len(t)


def test_pairs_that_gain_nothing_are_not_made():
    t, n = assign(np.array([[0.9, 0.0], [0.0, 0.0]]))
    assert (t.tolist(), n.tolist()) == ([0], [0])


def test_two_boxes_on_one_body_share_it_and_neighbours_do_not():
    one = Walker((100, 300))
    people = bodies(one, Walker((101, 300)), Walker((190, 300)), Walker((600, 300)))
    shared = shared_bodies(people)
    assert shared[0, 1] > 0.95
    assert shared[0, 2] < 0.2
    assert shared[0, 3] == shared[1, 3] == 0.0
    np.testing.assert_array_equal(shared, shared.T)
    np.testing.assert_array_equal(np.diag(shared), np.zeros(4))


def test_nobody_is_a_crowd_of_zero():
    none, some = bodies(), bodies(Walker((100, 300)), Walker((300, 300)))
    assert likeness(none, some, np.zeros(0)).shape == (0, 2)
    assert likeness(some, none, np.ones(2)).shape == (2, 0)
    assert shared_bodies(none).shape == (0, 0)
    for alike in (np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((0, 0))):
        t, n = assign(alike)
        assert t.dtype == n.dtype == np.int64
        assert len(t) == len(n) == 0
