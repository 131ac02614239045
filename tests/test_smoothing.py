"""All ways to smooth: what comes out is what went in, later and steadier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import Walker, follow, times, watch

from engine.types import Boxes
from trackers.smoothing import smoother
from trackers.types import Tracks

NAMES = ("off", "live", "one-euro", "lag:0.1s", "lag:0.3", "full")


def smoothed(name: str, told: list[Tracks], when: list[float]) -> list[Tracks]:
    way = smoother(name)
    return [out for tracks, t in zip(told, when, strict=True) for out in way.push(tracks, t)] + way.finish()


def acceleration(joints: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())


@pytest.mark.parametrize(
    "name", ["", "fast", "lag", "lag:", "lag:0s", "lag:-1s", "lag:nan", "lag:90s", "Live"]
)
def test_a_name_that_is_none_is_told_with_those_there_are(name: str):
    with pytest.raises(ValueError, match=r"^smoothing .*live, off, one-euro, full.*lag:0\.3s$"):
        smoother(name)


def test_the_delay_is_known_and_kept():
    assert [smoother(name).delay for name in NAMES] == [0.0, 0.0, 0.0, 0.1, 0.3, math.inf]
    shots = watch([Walker((300, 400))], times(30, 1))
    way, waiting = smoother("lag:0.3s"), []
    for shot, tracks in zip(shots, follow(shots), strict=True):
        waiting.append(shot.time)
        del waiting[: len(way.push(tracks, shot.time))]
        assert all(shot.time - t < 0.3 for t in waiting)
        assert len(waiting) >= min(9, round(30 * shot.time))
    assert len(way.finish()) == len(waiting)


#: How many times steadier than as measured, and the error over that of the measurement, at most.
GOALS = {
    "live": (5.0, 4.8, 0.92),
    "one-euro": (3.0, 2.0, 2.0),
    "lag:0.1s": (10.0, 9.0, 0.6),
    "lag:0.3": (20.0, 12.0, 0.55),
    "full": (30.0, 15.0, 0.55),
}


@pytest.mark.parametrize("name", list(GOALS))
def test_joints_tremble_less_and_are_nearer_to_the_truth(name: str):
    walkers = Walker((300, 400)), Walker((100, 400), (140, 0))
    steadier = GOALS[name][:2]
    for walker, least in zip(walkers, steadier, strict=True):
        shots = watch([walker], times(30, 4))
        told = smoothed(name, follow(shots), [shot.time for shot in shots])[15:-15]
        truth = np.array([walker.joints(shot.time) for shot in shots])[15:-15]
        raw, now = (np.array([getattr(t, kind)[0] for t in told]) for kind in ("measured", "keypoints"))
        assert acceleration(now - truth) < acceleration(raw - truth) / least
        assert np.sqrt(((now - truth) ** 2).mean()) < GOALS[name][2] * np.sqrt(((raw - truth) ** 2).mean())


def test_a_full_lag_is_the_full_pass():
    shots = watch([Walker((100, 400), (140, 0)), Walker((500, 400))], times(30, 1.5), missed=0.1)
    told, when = follow(shots), [shot.time for shot in shots]
    for a, b in zip(smoothed("lag:2s", told, when), smoothed("full", told, when), strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-3)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[list[Tracks], list[float]]:
    """Any frames that a tracker may tell of: people come, go and change, and time stands still."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    told, t, when = [], 0.0, []
    for _ in range(draw(st.integers(0, 12))):
        ids = np.array(sorted(draw(st.sets(st.integers(1, 5), max_size=4))), np.int64)
        corner = rng.uniform(-500, 2000, (len(ids), 2))
        boxes = np.hstack([corner, corner + rng.uniform(1, 900, (len(ids), 2))]).astype(np.float32)
        joints = rng.uniform(-1000, 3000, (len(ids), 17, 2)).astype(np.float32)
        scores = rng.choice([0.0, 0.1, 0.5, 1.0], (len(ids), 17)).astype(np.float32)
        found = Boxes(boxes, np.ones(len(ids), np.float32))
        told.append(Tracks(ids, found, joints, joints + 1, scores))
        t += draw(st.sampled_from([0.0, 1e-9, 1 / 120, 0.04, 0.5, 100.0, -3.0]))
        when.append(t)
    return told, when


@pytest.mark.parametrize("name", NAMES)
@given(some=tracks())
@settings(max_examples=40, deadline=None)
def test_whatever_comes_goes_out_in_order_finite_and_as_it_was_measured(name: str, some):
    told, when = some
    out = smoothed(name, told, when)
    assert len(out) == len(told)
    for before, after in zip(told, out, strict=True):
        assert after.ids is before.ids
        assert after.measured is before.measured
        assert after.scores is before.scores
        assert after.boxes is before.boxes
        assert after.keypoints.dtype == np.float32
        assert np.isfinite(after.keypoints).all()


def test_somebody_else_with_an_id_later_has_nothing_of_who_had_it_before():
    shots = watch([Walker((100, 400))], times(30, 0.5)), watch([Walker((900, 400))], 5 + times(30, 0.5))
    apart = [follow(each) for each in shots]
    both = [tracks for told in apart for tracks in told]
    when = [shot.time for each in shots for shot in each]
    for name in ("one-euro", "lag:0.3s", "full"):
        joined = smoothed(name, both, when)
        alone = [
            out
            for told, each in zip(apart, shots, strict=True)
            for out in smoothed(name, told, [shot.time for shot in each])
        ]
        for a, b in zip(joined, alone, strict=True):
            np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-3)
