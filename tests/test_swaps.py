"""Left and right that changed places: found where a network exchanged them, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import seen, truths

from engine.skeleton import PAIRS
from trackers.rts import Path
from trackers.swaps import exchanged, put_back

PARTS = {"whole body": range(1, 17), "legs": range(13, 17), "arms": range(7, 11)}
APART = 0.12  #: sizes between left and right from which it matters which is which


@pytest.mark.parametrize("tremble", [0.0, 0.012, 0.025])
@pytest.mark.parametrize(("story", "fps"), [("turning", 25), ("turning", 12), ("crossing", 25)])
def test_who_walks_and_who_spins_round_is_left_alone(story: str, fps: float, tremble: float):
    for number, path in enumerate(truths(story, fps)):
        assert not exchanged(seen(path, number, tremble=tremble)).any()


@pytest.mark.parametrize(
    ("story", "part"),
    [("crossing", part) for part in PARTS] + [("turning", "whole body"), ("turning", "arms")],
)
def test_what_a_network_exchanged_is_put_back(story: str, part: str):
    """Legs that are exchanged while somebody spins cross all the time: nobody can tell from motion alone."""
    rng, wrong, missed, false = np.random.default_rng(0), 0, 0, 0
    for path in truths(story, 25):
        for seed in range(4):
            true = seen(path, seed)
            planted = np.zeros(true.scores.shape, bool)
            start = rng.integers(3, len(true.time) - 22)
            planted[start : start + rng.integers(1, 20), list(PARTS[part])] = True
            told = exchanged(mirrored(true, planted))
            matters = apart(true)
            wrong += (planted & matters).sum()
            missed += (planted & ~told & matters).sum()
            false += (told & ~planted & matters).sum()
    assert wrong > 50
    assert missed <= 0.03 * wrong
    assert false <= 0.03 * wrong


def mirrored(path: Path, where: np.ndarray) -> Path:
    """What a network says that takes left for right there, written another way than in the code."""
    partner = np.arange(17)
    for left, right in PAIRS:
        partner[[left, right]] = right, left
    measured = np.where(where[..., None], path.measured[:, partner], path.measured)
    return path._replace(measured=measured)


def apart(path: Path) -> np.ndarray:
    out = np.zeros(path.scores.shape, bool)
    for left, right in PAIRS:
        gap = np.linalg.norm(path.measured[:, left] - path.measured[:, right], axis=-1) / path.size
        out[:, [left, right]] = (gap > APART)[:, None]
    return out


def test_putting_back_undoes_an_exchange_to_the_bit():
    path = truths("crossing", 25)[0]
    where = np.zeros(path.scores.shape, bool)
    where[5:9, 13:17] = where[20, 1:] = True
    np.testing.assert_array_equal(put_back(mirrored(path, where), where).measured, path.measured)


def test_a_joint_that_jumps_and_stays_is_no_exchange():
    path = truths("crossing", 25)[0]
    joints = path.measured.copy()
    joints[20:30, 9] += (0.7 * path.size[0], 0.0)
    assert not exchanged(path._replace(measured=joints)).any()


@pytest.mark.parametrize(("frames", "joints"), [(1, 17), (2, 17), (40, 5)])
def test_short_tracks_and_other_skeletons_have_no_exchange(frames: int, joints: int):
    rng = np.random.default_rng(1)
    path = Path(
        np.arange(frames) / 25,
        rng.uniform(0, 200, (frames, joints, 2)),
        np.full((frames, joints), 0.8),
        np.ones((frames, joints)),
        np.full(frames, 90.0),
    )
    found = exchanged(path)
    assert found.shape == (frames, joints)
    assert not found.any()
    np.testing.assert_array_equal(put_back(path, found).measured, path.measured)
