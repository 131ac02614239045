"""Limbs that are far too long are not believed; those of real bodies always are."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import seen, truths

from engine.skeleton import oks
from trackers.limbs import stretched
from trackers.rts import Path, smooth
from trackers.whole import repaired


@pytest.mark.parametrize("story", ["crossing", "turning"])
def test_clean_tracks_are_believed_and_come_no_farther_from_the_truth(story: str):
    for number, true in enumerate(truths(story, 20)):
        assert not stretched(true).any()
        for path in (true, seen(true, number)):
            plain, whole = smooth([path, repaired(path)])
            assert likeness(whole, true) >= likeness(plain, true) - 1e-9
        assert likeness(whole, true) >= likeness(path.measured, true) - 0.002
        assert likeness(smooth([repaired(true)])[0], true) > 0.99


def likeness(joints: np.ndarray, true: Path) -> float:
    """Mean OKS of joints (F, 17, 2) with the truth."""
    labelled = np.ones((len(joints), 17), bool)
    every = oks(
        joints.astype(np.float32),
        true.measured.astype(np.float32),
        (true.size**2).astype(np.float32),
        labelled,
    )
    return float(np.diagonal(every).mean())


def test_a_wrist_on_somebody_else_for_a_while_is_not_believed_and_comes_back():
    true = truths("crossing", 20)[0]
    path = seen(true, 0)
    wild = path.measured.copy()
    wild[12:18, 9] += (1.5 * path.size[0], 0.0)
    path = path._replace(measured=wild)
    told = stretched(path)
    assert told[12:18, 9].all()
    assert told.sum() == 6
    plain, whole = smooth([path, repaired(path)])
    off, plainly_off = (np.abs(joints - true.measured)[12:18, 9].max() for joints in (whole, plain))
    assert off < 0.15 * path.size[0]
    assert off <= plainly_off


def test_skeletons_without_known_limbs_and_tracks_too_short_to_tell_are_believed():
    other = Path(np.arange(30) / 30, np.zeros((30, 4, 2)), np.ones((30, 4)), np.ones((30, 4)), np.ones(30))
    assert not stretched(other).any()
    brief = truths("crossing", 20)[0].take(slice(0, 3))
    brief.measured[1, 9] += 500.0
    assert not stretched(brief).any()
