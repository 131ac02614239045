"""OKS against COCO's formula, worked out joint by joint."""

from __future__ import annotations

import math

import numpy as np

from engine.skeleton import OKS_SIGMAS, oks


def test_each_skeleton_is_compared_with_each_true_one_by_the_formula_of_coco() -> None:
    rng = np.random.default_rng(1)
    found, truth = rng.uniform(0, 60, (4, 17, 2)), rng.uniform(0, 60, (3, 17, 2))
    areas, labelled = rng.uniform(500, 9000, 3), rng.uniform(size=(3, 17)) < 0.7
    got = oks(found.astype(np.float32), truth.astype(np.float32), areas.astype(np.float32), labelled)
    for n, m in np.ndindex(4, 3):
        alike = []
        for k in np.flatnonzero(labelled[m]):
            distance = math.dist(found[n, k], truth[m, k])
            alike.append(math.exp(-(distance**2) / (2 * areas[m] * (2 * float(OKS_SIGMAS[k])) ** 2)))
        np.testing.assert_allclose(got[n, m], sum(alike) / len(alike), atol=1e-5)


def test_the_same_skeleton_is_alike_and_one_far_away_is_not() -> None:
    someone = np.random.default_rng(2).uniform(0, 100, (1, 17, 2)).astype(np.float32)
    both = np.concatenate([someone, someone + 1000])
    similarity = oks(both, someone, np.array([5000], np.float32), np.ones((1, 17), bool))
    np.testing.assert_allclose(similarity, [[1], [0]], atol=1e-6)


def test_joints_without_a_label_do_not_count() -> None:
    someone = np.random.default_rng(3).uniform(0, 100, (1, 17, 2)).astype(np.float32)
    truth, labelled = someone.copy(), np.ones((1, 17), bool)
    truth[0, 3:], labelled[0, 3:] = np.nan, False
    assert oks(someone, truth, np.array([5000], np.float32), labelled) == 1
    assert oks(someone, truth, np.array([5000], np.float32), np.zeros((1, 17), bool)) == 0


def test_nobody_is_a_crowd_of_zero() -> None:
    nobody = np.zeros((0, 17, 2), np.float32)
    none = np.zeros(0, np.float32)
    assert oks(nobody, nobody, none, np.zeros((0, 17), bool)).shape == (0, 0)
    assert oks(np.zeros((2, 17, 2), np.float32), nobody, none, np.zeros((0, 17), bool)).shape == (2, 0)
