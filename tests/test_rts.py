"""Joints smoothed both ways: filterpy is the oracle, one smoother a joint and axis."""

from __future__ import annotations

import numpy as np
from filterpy.common import Q_continuous_white_noise
from filterpy.kalman import KalmanFilter

from trackers import rts
from trackers.gates import DISBELIEVED, DOUBTED, LIMB_SPEED
from trackers.kalman import advance, body_velocity, process_density
from trackers.rts import Path, Step, first, forward, smooth
from trackers.sway import JOLT

SIZE = 100.0


def wandering(frames: int, seed: int, joints: int = 5) -> Path:
    """Joints that wander, hide, and jump, at uneven times with a pause."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.choice([1 / 120, 1 / 25, 1 / 25, 0.0, 0.12], frames))
    time[frames // 2 :] += 0.8
    places = 300 + np.cumsum(rng.normal(0, 2, (frames, joints, 2)), axis=0)
    places += np.where(rng.random((frames, joints, 1)) < 0.04, 70.0, rng.normal(0, 1.5, places.shape))
    scores = np.where(rng.random((frames, joints)) < 0.1, 0.0, rng.uniform(0.2, 0.95, (frames, joints)))
    return Path(time, places, scores, rng.uniform(0.5, 4.0, scores.shape), np.full(frames, SIZE))


def steps_of(path: Path) -> list[Step]:
    steps = [first(*path.take(slice(0, 1))[1:])]
    for i in range(1, len(path.time)):
        dt = np.array([[path.time[i] - path.time[i - 1]]])
        steps.append(forward(steps[-1], dt, *path.take(slice(i, i + 1))[1:]))
    return steps


def oracle(path: Path) -> np.ndarray:
    """The same model told to filterpy, frame by frame, with its own smoother; only gates are taken over."""
    steps, out = steps_of(path), np.empty(path.measured.shape)
    for joint, axis in np.ndindex(path.measured.shape[1:]):
        states, covariances, moves, noises = [], [], [], []
        start = steps[0].motion
        one = KalmanFilter(dim_x=2, dim_z=1)
        one.H = np.array([[1.0, 0.0]])
        one.x = np.array([[start.position[0, joint, axis]], [0.0]])
        one.P = np.diag(start.variance[0, [0, 2], joint])
        freed = 0.0
        for i in range(len(steps)):
            if i:
                before, dt = steps[i - 1].free, path.time[i] - path.time[i - 1]
                body = body_velocity(before, steps[i - 1].scores)
                q = Q_continuous_white_noise(2, dt, process_density(before, body, np.array([SIZE]))[0, joint])
                move = np.array([[1.0, dt], [0.0, 1.0]])
                q = q + move @ np.diag([0.0, freed]) @ move.T + jolt(path, steps[i - 1], i, dt)
                one.predict(F=move, Q=q)
                noise = (0.024 * SIZE / max(path.scores[i, joint], 0.125) ** 1.7) ** 2 * min(
                    path.spread[i, joint], 3.0
                )
                gap = path.measured[i, joint] - predicted(steps[i - 1], dt)[joint]
                off = (gap**2).sum() / (one.P[0, 0] + noise) if path.scores[i, joint] else 0.0
                if path.scores[i, joint] and off <= DISBELIEVED:
                    one.update(path.measured[i, joint, axis], R=noise)
                wanted = (LIMB_SPEED * SIZE) ** 2
                freed = max(wanted - one.P[1, 1], 0.0) if off > DOUBTED else 0.0
                moves.append(move)
                noises.append(q)
            states.append(one.x.copy())
            covariances.append(one.P.copy())
        smoothed = one.rts_smoother(
            np.array(states), np.array(covariances), [np.eye(2), *moves], [np.zeros((2, 2)), *noises]
        )
        out[:, joint, axis] = smoothed[0][:, 0, 0]
    return out


def jolt(path: Path, before: Step, i: int, dt: float) -> np.ndarray:
    """What the filter adds to the covariance (2, 2) of everybody's joints because the whole body jumped."""
    body = body_velocity(before.free, before.scores)
    place = advance(before.free, dt, process_density(before.free, body, np.array([SIZE]))).variance[0, 0]
    noise = (0.024 * SIZE / path.scores[i].clip(0.125) ** 1.7) ** 2 * path.spread[i].clip(max=3.0)
    spread = np.median(np.where(path.scores[i] > 0, place + noise, np.inf))
    square = (np.median(path.measured[i] - predicted(before, dt), axis=0) ** 2).sum()
    if dt == 0.0 or square <= JOLT * spread:
        return np.zeros((2, 2))
    fastest = min(np.sqrt(square) / dt, LIMB_SPEED * SIZE)
    return fastest**2 * np.outer([dt, 1.0], [dt, 1.0])


def predicted(before: Step, dt: float) -> np.ndarray:
    return before.free.position[0] + dt * before.free.velocity[0]


def test_every_joint_was_where_filterpy_says_through_gaps_hiding_and_jumps():
    paths = [wandering(frames, seed) for frames, seed in ((90, 0), (1, 1), (40, 2), (140, 3))]
    for path, smoothed in zip(paths, smooth(paths), strict=True):
        np.testing.assert_allclose(smoothed, oracle(path), rtol=0, atol=1e-6)


def test_a_long_track_in_pieces_is_the_same(monkeypatch):
    rng = np.random.default_rng(4)
    time = np.arange(1500) / 30
    swing = 300 + 30 * np.sin(2 * np.pi * 0.8 * time)[:, None, None] + rng.normal(0, 2, (1500, 3, 2))
    path = Path(time, swing, np.full((1500, 3), 0.7), np.ones((1500, 3)), np.full(1500, SIZE))
    whole = smooth([path])[0]
    monkeypatch.setattr(rts, "PIECE", 400)
    monkeypatch.setattr(rts, "FRAMES_AT_ONCE", 1700)
    np.testing.assert_allclose(smooth([path])[0], whole, rtol=0, atol=1e-6)


def test_a_hidden_joint_goes_smoothly_from_where_it_was_to_where_it_is():
    time = np.arange(60) / 30
    true = np.stack([100 + 60 * time + 20 * time**2, 200 - 30 * time], axis=-1)[:, None]
    measured, scores = true.copy(), np.full((60, 1), 0.8)
    measured[25:35], scores[25:35] = 0.0, 0.0
    smoothed = smooth([Path(time, measured, scores, np.ones((60, 1)), np.full(60, SIZE))])[0]
    assert np.abs(smoothed - true).max() < 1.0


def test_nobody_is_a_crowd_of_zero():
    assert smooth([]) == []
