"""The joints' filter: filterpy is the oracle, one filter a joint and axis."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from filterpy.common import Q_continuous_white_noise
from filterpy.kalman import KalmanFilter

from engine.skeleton import KEYPOINTS
from trackers.kalman import (
    ALIKE,
    Motion,
    advance,
    begin,
    body_velocity,
    correct,
    measurement_noise,
    process_density,
    quicken,
    restart,
    surprise,
)
from trackers.sway import SWAY, followed, jolted

NOT_MOVING = np.zeros((1, 1, 2))


def oracle(position: float, noise: float, speed: float) -> KalmanFilter:
    joint = KalmanFilter(dim_x=2, dim_z=1)
    joint.x = np.array([[position], [0.0]])
    joint.P = np.diag([noise, speed**2])
    joint.H = np.array([[1.0, 0.0]])
    return joint


def test_every_joint_moves_as_filterpy_says_at_any_rate_with_missing_and_disbelieved_measurements():
    rng = np.random.default_rng(5)
    people, joints, speed = 2, 17, 70.0
    first = rng.uniform(0, 1000, (people, joints, 2))
    noise = rng.uniform(1, 30, (people, joints))
    motion = begin(first, noise, NOT_MOVING, np.full(people, speed))
    one_by_one = {i: oracle(first[i], noise[i[:2]], speed) for i in np.ndindex(first.shape)}
    disbelieved = 0
    for _ in range(80):
        dt = rng.choice([0.0, 1 / 120, 0.04, 0.2, rng.uniform(0, 1)])
        density = rng.uniform(100, 20_000, (people, joints))
        noise = np.where(rng.random((people, joints)) < 0.1, np.inf, rng.uniform(0.5, 400, (people, joints)))
        jump = np.where(rng.random((people, joints, 1)) < 0.1, 300.0, 1.0)
        measured = motion.position + jump * rng.normal(0, 5, motion.position.shape)

        motion = advance(motion, dt, density)
        off = surprise(motion, measured, noise)
        used = off < 25.0
        disbelieved += (~used).sum()
        motion = correct(motion, measured, noise, used)

        expected_off = np.zeros((people, joints))
        for (person, joint, axis), one in one_by_one.items():
            q = Q_continuous_white_noise(2, dt, density[person, joint])
            one.predict(F=np.array([[1.0, dt], [0.0, 1.0]]), Q=q)
            if np.isfinite(noise[person, joint]):
                gap = measured[person, joint, axis] - one.x[0, 0]
                expected_off[person, joint] += gap**2 / (one.P[0, 0] + noise[person, joint])
                if used[person, joint]:
                    one.update(measured[person, joint, axis], R=noise[person, joint])
        np.testing.assert_allclose(off, expected_off, rtol=1e-9, atol=1e-9)
    assert 20 < disbelieved < 1000
    for (person, joint, axis), one in one_by_one.items():
        state = [motion.position[person, joint, axis], motion.velocity[person, joint, axis]]
        np.testing.assert_allclose(state, one.x[:, 0], rtol=1e-9, atol=1e-9)
        place, both, fast = motion.variance[person, :, joint]
        np.testing.assert_allclose([[place, both], [both, fast]], one.P, rtol=1e-9, atol=1e-9)


def walk(times: np.ndarray) -> Motion:
    """Somebody's only joint, which goes at (60, -30) px / s, measured at `times` without error."""

    def place(t: float) -> np.ndarray:
        return np.array([[[100 + 60 * t, 50 - 30 * t]]])

    motion = begin(place(times[0]), np.ones((1, 1)), NOT_MOVING, np.array([100.0]))
    for before, now in pairwise(times):
        motion = advance(motion, now - before, np.full((1, 1), 100.0))
        motion = correct(motion, place(now), np.ones((1, 1)), np.ones((1, 1), bool))
    return motion


def test_a_steady_walk_is_known_after_a_second_through_dropped_frames():
    motion = walk(np.array([0, 0.033, 0.066, 0.2, 0.233, 0.5, 0.533, 0.8, 1.0]))
    np.testing.assert_allclose(motion.velocity[0, 0], [60, -30], atol=0.5)
    ahead = advance(motion, 0.5, np.full((1, 1), 100.0))
    np.testing.assert_allclose(ahead.position[0, 0], [190, 5], atol=0.5)


@pytest.mark.parametrize("parts", [2, 5, 40])
def test_many_short_steps_are_one_long_step(parts: int):
    motion, density = walk(np.arange(5) / 25), np.full((1, 1), 3000.0)
    once, often = advance(motion, 0.4, density), motion
    for _ in range(parts):
        often = advance(often, 0.4 / parts, density)
    for a, b in zip(once, often, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_joint_that_was_not_measured_goes_on_as_it_was():
    motion = walk(np.arange(5) / 25)
    unseen = correct(motion, np.array([[[9e5, -9e5]]]), np.full((1, 1), np.inf), np.ones((1, 1), bool))
    unused = correct(motion, np.array([[[9e5, -9e5]]]), np.ones((1, 1)), np.zeros((1, 1), bool))
    for a, b, c in zip(motion, unseen, unused, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_the_noise_of_a_joint_grows_with_the_person_and_with_doubt_up_to_a_whole_person():
    scores = np.array([[1.0, 0.5, 0.25, 0.1, 0.0], [1.2, 0.9, 0.8, 0.7, 0.6]])
    usual = np.ones_like(scores)
    deviation = np.sqrt(measurement_noise(scores, usual, np.array([100.0, 100.0])))
    np.testing.assert_allclose(deviation[0], [2.4, 7.80, 25.34, 82.3, 82.3], rtol=1e-3)
    assert (np.diff(deviation[1]) > 0).all()
    twice = np.sqrt(measurement_noise(scores, usual, np.array([200.0, 300.0])))
    np.testing.assert_allclose(twice / deviation, np.outer([2, 3], np.ones(5)))


def test_a_joint_whose_heatmap_spreads_is_believed_less_and_eyes_more_than_hips():
    scores, size = np.full((1, 17), 0.8), np.array([100.0])
    usual = np.sqrt(measurement_noise(scores, np.ones((1, 17)), size))
    wide = np.sqrt(measurement_noise(scores, np.full((1, 17), 2.25), size))
    np.testing.assert_allclose(wide, 1.5 * usual)
    eye, hip = usual[0, KEYPOINTS.index("left_eye")], usual[0, KEYPOINTS.index("left_hip")]
    assert 2.0 < hip / eye < 3.5


def test_swinging_within_the_body_disturbs_a_joint_and_moving_with_the_body_does_not():
    still = np.zeros((1, 17, 2))
    carried = Motion(still, np.add(still, (300.0, 0.0)), np.ones((1, 3, 17)), still, still[..., 0])
    scores, size = np.ones((1, 17)), np.array([100.0])
    body = body_velocity(carried, scores)
    np.testing.assert_allclose(body, [[[300.0, 0.0]]], rtol=1e-9)
    calm = process_density(carried, body, size)
    np.testing.assert_allclose(calm, process_density(carried._replace(velocity=still), 0 * body, size))

    swinging = carried._replace(velocity=carried.velocity.copy())
    swinging.velocity[0, 9] += (150.0, 0.0)
    swinging.velocity[0, 10] -= (150.0, 0.0)
    np.testing.assert_allclose(body_velocity(swinging, scores), body, rtol=1e-9)
    disturbed = process_density(swinging, body, size)
    assert (disturbed[0, 9:11] > 100 * calm[0, 9:11]).all()
    np.testing.assert_array_equal(np.delete(disturbed, [9, 10]), np.delete(calm, [9, 10]))


def test_the_body_moves_as_the_joints_that_are_seen():
    velocity = np.zeros((1, 4, 2))
    velocity[0, :2], velocity[0, 2:] = (10.0, 0.0), (-500.0, 70.0)
    motion = Motion(0 * velocity, velocity, np.ones((1, 3, 4)), 0 * velocity, np.zeros((1, 4)))
    seen = body_velocity(motion, np.array([[0.9, 0.7, 0.0, 0.0]]))
    np.testing.assert_allclose(seen, [[[10.0, 0.0]]], atol=1e-5)
    nobody_seen = body_velocity(motion, np.zeros((1, 4)))
    np.testing.assert_allclose(nobody_seen, [[[-245.0, 35.0]]])


def test_a_joint_in_doubt_is_free_to_move_and_the_others_are_not():
    motion = walk(np.arange(20) / 25)
    pair = Motion(
        *(np.concatenate([each, each], axis=-1 if each is motion.variance else 1) for each in motion)
    )
    free = quicken(pair, np.array([[True, False]]), np.array([400.0]))
    assert free.variance[0, 2, 0] == 400.0**2
    np.testing.assert_array_equal(free.variance[0, :, 1], pair.variance[0, :, 1])
    np.testing.assert_array_equal(free.variance[0, :2], pair.variance[0, :2])
    known_worse = quicken(free, np.array([[True, True]]), np.array([1.0]))
    assert known_worse.variance[0, 2, 0] == 400.0**2

    fresh = begin(np.full((1, 2, 2), 7.0), np.full((1, 2), 3.0), np.array([[[1.0, 2.0]]]), np.array([5.0]))
    mixed = restart(pair, np.array([[False, True]]), fresh)
    for a, before, new in zip(mixed, pair, fresh, strict=True):
        joint_axis = 2 if a is mixed.variance else 1
        np.testing.assert_array_equal(a.take(0, joint_axis), before.take(0, joint_axis))
        np.testing.assert_array_equal(a.take(1, joint_axis), new.take(1, joint_axis))
    np.testing.assert_array_equal(mixed.variance[0, :, 1], [3.0, 0.0, 25.0])


def test_nobody_is_a_crowd_of_zero():
    none, noise = np.zeros((0, 17, 2)), np.zeros((0, 17))
    motion = begin(none, noise, np.zeros((0, 1, 2)), np.zeros(0))
    body = body_velocity(motion, noise)
    motion = advance(motion, 0.04, process_density(motion, body, np.zeros(0)))
    motion = correct(motion, none, noise, surprise(motion, none, noise) < 25)
    assert motion.position.shape == (0, 17, 2)
    assert motion.variance.shape == (0, 3, 17)


@pytest.mark.parametrize("fps", [25, 60])
def test_a_body_that_jumps_is_followed_sooner_than_each_joint_could_be(fps: int):
    """Somebody stands, then goes off at once at 2 sizes a second; the joints err by 1 % of the size."""
    size, rng = 100.0, np.random.default_rng(2)
    start = rng.uniform(0, 200, (1, 17, 2))
    late = {}
    for joltable in (False, True):
        noise = measurement_noise(np.full((1, 17), 0.9), np.ones((1, 17)), np.array([size]))
        motion, off, rng = (
            begin(start, noise, np.zeros((1, 1, 2)), np.array([size])),
            [],
            np.random.default_rng(3),
        )
        for n in range(1, 3 * fps):
            t = n / fps
            truth = start + np.array([max(t - 2.0, 0.0) * 2 * size, 0.0])
            seen = truth + rng.normal(0, 1.0, start.shape)
            body = body_velocity(motion, np.ones((1, 17)))
            motion = advance(motion, 1 / fps, process_density(motion, body, np.array([size])))
            if joltable:
                how = np.array([1 / fps]), np.array([3 * size]), np.array([size])
                motion = followed(motion, seen, noise, *how)
            motion = correct(motion, seen, noise, np.ones((1, 17), np.bool_))
            off.append(np.abs((motion.position - truth)[..., 0]).mean())
        late[joltable] = max(off[2 * fps :])
        assert np.mean(off[fps : 2 * fps - 1]) < 0.6  # who stands trembles as little as before
    assert late[True] < 0.5 * late[False]
    assert late[True] < 0.02 * size


def test_one_joint_that_jumps_is_no_jolt_and_neither_is_a_clock_that_stands_still():
    noise = measurement_noise(np.full((1, 17), 0.9), np.ones((1, 17)), np.array([100.0]))
    motion = begin(np.zeros((1, 17, 2)), noise, np.zeros((1, 1, 2)), np.array([100.0]))
    seen = np.zeros((1, 17, 2))
    seen[0, 9] = 80.0

    def variance(measured: np.ndarray, dt: float, noise: np.ndarray = noise) -> np.ndarray:
        return jolted(motion, measured, noise, np.array([dt]), np.array([1e4])).variance

    np.testing.assert_array_equal(variance(seen, 0.04), motion.variance)
    np.testing.assert_array_equal(variance(seen + 50.0, 0.0), motion.variance)
    assert (variance(seen + 50.0, 0.04) > motion.variance).all()
    unmeasured = np.full((1, 17), np.inf)
    assert np.isfinite(variance(seen + 50.0, 0.04, unmeasured)).all()


def test_a_jolt_is_no_faster_than_people_are_however_soon_the_next_frame_comes():
    noise, speed = np.ones((1, 17)), 300.0
    motion = begin(np.zeros((1, 17, 2)), noise, np.zeros((1, 1, 2)), np.array([0.0]))
    for dt in (1e-12, 1e-3, 0.04):
        seen = np.full((1, 17, 2), 20.0)
        after = jolted(motion, seen, noise, np.array([dt]), np.array([speed])).variance[0, :, 0]
        fastest = min(np.hypot(20, 20) / dt, speed)
        np.testing.assert_allclose(
            after - (1, 0, 0), fastest**2 * np.array([dt**2, dt, 1]), rtol=1e-6, atol=1e-9
        )


@pytest.mark.parametrize("fps", [15, 60, 240])
def test_a_body_whose_joints_are_alike_is_a_settled_filter_of_its_own(fps: int):
    """filterpy's steady state, for as much noise as six joints leave, against the gains from one gap."""
    size, dt = 100.0, 1 / fps
    noise = measurement_noise(np.full((1, 4), 0.8), np.ones((1, 4)), np.array([size]))
    noise[:] = noise.mean()
    body = KalmanFilter(dim_x=2, dim_z=1)
    body.H, body.F = np.array([[1.0, 0.0]]), np.array([[1.0, dt], [0.0, 1.0]])
    ramp = np.array([[0.5 * dt * dt], [dt]])
    body.Q, body.R = SWAY * size * size / dt * ramp @ ramp.T, noise[0, 0] / ALIKE
    for _ in range(100 * fps):
        body.predict()
        body.update(0.0)
    known = begin(np.zeros((1, 4, 2)), 0 * noise, np.zeros((1, 1, 2)), np.zeros(1))  # joints that cannot move
    seen = np.tile([0.3, -0.1], (1, 4, 1))
    moved = followed(known, seen, noise, np.array([dt]), np.array([np.inf]), np.array([size]))
    np.testing.assert_allclose(moved.position[0, 0], body.K[0, 0] * seen[0, 0], rtol=1e-6)
    np.testing.assert_allclose(moved.velocity[0, 0], body.K[1, 0] * seen[0, 0], rtol=1e-6)


def test_one_joint_does_not_move_the_body_and_neither_does_a_clock_that_stands_still():
    noise = measurement_noise(np.full((1, 17), 0.9), np.ones((1, 17)), np.array([100.0]))
    motion = begin(np.zeros((1, 17, 2)), noise, np.zeros((1, 1, 2)), np.ones(1))
    seen, speed, size = np.zeros((1, 17, 2)), np.array([300.0]), np.array([100.0])
    seen[0, 9] = 80.0
    still = followed(motion, seen, noise, np.array([0.04]), speed, size)
    np.testing.assert_array_equal(still.position, motion.position)
    stopped = followed(motion, seen + 1.0, noise, np.zeros(1), speed, size)
    np.testing.assert_array_equal(stopped.position, motion.position)
    unmeasured = followed(motion, seen + 1.0, np.full((1, 17), np.inf), np.array([0.04]), speed, size)
    np.testing.assert_array_equal(unmeasured.position, motion.position)
