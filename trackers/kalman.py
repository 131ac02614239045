"""A constant-velocity Kalman filter for every joint of everyone, all at once.

Each joint has a position and a velocity on each axis; x and y share one covariance, because both are
measured equally well. Between frames the velocity is disturbed by continuous white noise (Bar-Shalom, Li,
Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, section 6.2.2), which makes
two steps of dt / 2 the same as one of dt: the filter behaves alike at 5 and at 120 frames a second, and a
dropped frame is only a longer step. Prediction and correction are the textbook equations written out for
two states and one measurement. filterpy builds the noise model here and is the oracle in the tests.

People come in all sizes in the picture, so every length is a share of the person's size: the square root of
the area of the box, in pixels, about 1.1 m of a standing adult.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from filterpy.common import Q_continuous_white_noise
from numpy.typing import NDArray

from trackers.matching import joint_sigmas

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Deviation of a measured joint over the person's size, for a heatmap peak of 1; it grows with 1 / peak^PEAK,
#: up to a whole person. On the demo clip, against its truth, SimplePose's joints tremble by .012 at peaks
#: of .8 and .037 at .5, and are off by twice that, slowly changing: this is between the two.
MEASURED, PEAK, LEAST_PEAK = 0.024, 1.7, 0.125

#: By which powers it grows with the spread of the heatmap, and with how inexactly people point out such a
#: joint (COCO's sigmas over their mean): eyes are placed by a network three times as exactly as hips.
SPREAD, CARE = 0.5, 0.6

#: Density of the white acceleration, size^2 / s^3, of a joint at rest in its body: people who stand, or
#: walk as a whole, change their velocity by about .2 sizes a second within a second.
CALM = 0.07

#: A joint that moves within its body turns back after 1 / SWING seconds or so: density of the acceleration
#: over the square of the velocity relative to the body, 1 / s. So legs swing freely, and ears do not
#: tremble.
SWING = 12.0

#: Seconds in which the shown place of a joint closes most of its gap to the filtered one. The Kalman gain
#: lets a part of every error through at once, and that part is what trembles; a second stage that moves with
#: the filter's own velocity halves it, without being late where somebody moves evenly. It keeps within LEASH
#: deviations of what the filter knows, so that neither a joint nor a body that jumps is dragged behind.
SETTLING, LEASH = 0.04, 0.7

#: Squared deviations by which all joints together are off, by their median, from which a body jumped, stopped
#: or started: 17 joints that err on their own are that far off once in 250 frames.
JOLT = 1.0

#: Density of the acceleration of a body as a whole, size^2 / s^3, and as how many joints that err
#: independently it is measured.
SWAY, ALIKE = 0.6, 6.0

#: Seconds that somebody takes to start walking.
START = 0.7

#: Seconds in which a joint that is not seen stops swinging and is carried by its body.
SWINGS_ON = 0.15

#: What one second of white acceleration of density 1 adds to the covariance of position and velocity.
UNIT_NOISE: Floats = Q_continuous_white_noise(2, 1.0)


class Motion(NamedTuple):
    """Where the K joints of T people are and how they move."""

    position: Floats  #: (T, K, 2) pixels
    velocity: Floats  #: (T, K, 2) pixels a second
    variance: Floats  #: (T, 3, K) of position, of position with velocity, of velocity; the same for x and y
    shown: Floats  #: (T, K, 2) pixels; the position without what is left of the tremble
    hidden: Floats  #: (T, K) seconds since the joint was last seen clearly

    def take(self, rows: Indices | slice) -> Motion:
        return Motion(*(column[rows] for column in self))


def begin(measured: Floats, noise: Floats, velocity: Floats, speed: Floats) -> Motion:
    """Joints (T, K, 2) seen for the first time, with variance `noise` (T, K), px^2.

    They are taken to move with `velocity` (T, 1, 2), give or take `speed` (T,), pixels a second.
    """
    variance = np.zeros((len(noise), 3, noise.shape[1]))
    variance[:, 0] = noise
    variance[:, 2] = (speed * speed)[:, None]
    still = np.zeros_like(measured)
    return Motion(measured, still + velocity, variance, measured, np.zeros_like(noise))


def measurement_noise(scores: Floats, spread: Floats, size: Floats) -> Floats:
    """Variance (T, K), px^2, of joints with heatmap peaks `scores` (T, K) that `spread` (T, K) > 0.

    The people are of `size` (T,) pixels.
    """
    deviation: Floats = MEASURED * size[:, None] * _inexact(scores.shape[1])
    deviation *= scores.clip(LEAST_PEAK, 1.0) ** -PEAK
    deviation *= spread**SPREAD
    deviation *= deviation
    return deviation


@lru_cache(maxsize=4)
def _inexact(joints: int) -> Floats:
    """How much each joint errs (K,), beside the others of the skeleton."""
    sigmas = joint_sigmas(joints)
    out: Floats = (sigmas * len(sigmas) / sigmas.sum()) ** CARE
    out.setflags(write=False)
    return out


def body_velocity(motion: Motion, scores: Floats) -> Floats:
    """Velocity of each person as a whole (T, 1, 2), px / s: the joints' mean, by their scores (T, K)."""
    weight = scores + 1e-9
    mean: Floats = (weight / weight.sum(axis=1, keepdims=True))[:, None] @ motion.velocity
    return mean


def process_density(motion: Motion, body: Floats, size: Floats) -> Floats:
    """Density (T, K), px^2 / s^3, of the acceleration of joints in bodies that move with `body` (T, 1, 2).

    `body` in pixels a second; the people are of `size` (T,), pixels.
    """
    swing = motion.velocity - body
    swing *= swing
    density: Floats = SWING * (swing[..., 0] + swing[..., 1])
    density += (CALM * size * size)[:, None]
    return density


def slacken(motion: Motion, body: Floats, dt: float) -> Motion:
    """Joints that are hidden stop swinging within bodies that move with `body` (T, 1, 2), px / s.

    How they swing is not foretold for longer than a moment: legs and arms turn back.
    """
    kept = np.where(motion.hidden > 0.0, math.exp(-dt / SWINGS_ON), 1.0)[..., None]
    return motion._replace(velocity=body + kept * (motion.velocity - body))


def advance(motion: Motion, dt: float | Floats, density: Floats) -> Motion:
    """The joints `dt` >= 0 seconds later; `density` (T, K) of the white acceleration, px^2 / s^3.

    Where people are of different moments, `dt` is (T, 1).
    """
    place, both, speed = (motion.variance[:, i] for i in range(3))
    ahead = both + dt * speed
    variance = np.empty_like(motion.variance)
    variance[:, 0] = place + dt * (both + ahead) + UNIT_NOISE[0, 0] * dt**3 * density
    variance[:, 1] = ahead + UNIT_NOISE[0, 1] * dt**2 * density
    variance[:, 2] = speed + UNIT_NOISE[1, 1] * dt * density
    way = np.asarray(dt)[..., None] * motion.velocity
    return Motion(motion.position + way, motion.velocity, variance, motion.shown + way, motion.hidden + dt)


def surprise(motion: Motion, measured: Floats, noise: Floats) -> Floats:
    """Squared Mahalanobis distance (T, K) of joints (T, K, 2) measured with variance `noise` (T, K), px^2.

    Where the model holds it is chi-square distributed with 2 degrees of freedom.
    """
    gap = measured - motion.position
    gap *= gap
    distance: Floats = (gap[..., 0] + gap[..., 1]) / (motion.variance[:, 0] + noise)
    return distance


def jolted(motion: Motion, measured: Floats, noise: Floats, dt: Floats, speed: Floats) -> Motion:
    """The same joints (T, K, 2), those of people who jumped, stopped or started with their velocity unknown.

    What one joint may be off by, all of them together may not: their median tells of a change of the body's
    velocity a frame or two before each joint could. It is then known no better than to what was missed by in
    the `dt` (T,) seconds since the last frame, nor to more than `speed` (T,), pixels a second: frames that
    come in a bunch are no leap.
    """
    if not motion.hidden.size:
        return motion
    return _jolted(motion, _medians(motion, measured, noise), dt, speed)


def followed(
    motion: Motion, measured: Floats, noise: Floats, dt: Floats, speed: Floats, size: Floats
) -> Motion:
    """The same as `jolted`, and what all joints (T, K, 2) are off by together is followed closely.

    Joints err each on its own, so a body is measured better than any of them, and its velocity may change
    more quickly: bodies turn, start and stop as wholes. Were all joints equal, a body would be a filter of its
    own beside those of the joints within it. That filter is taken as settled: its gains are those of an
    alpha-beta filter (Kalata, "The Tracking Index", IEEE Trans. AES 1984). `size` (T,) pixels.
    """
    if not motion.hidden.size:
        return motion
    medians = _medians(motion, measured, noise)
    motion = _jolted(motion, medians, dt, speed)
    x, y, _, usual = medians
    place, both = (motion.variance[:, i].mean(axis=1) for i in range(2))
    known = (dt > 0.0) & np.isfinite(usual)
    usual, dt = np.where(known, usual, 1.0), np.where(known, dt, 1.0)
    pull, push = place / (place + usual), both / (place + usual)
    index = np.sqrt(SWAY * size * size * dt**3 / (usual / ALIKE))
    rest = 0.25 * (4.0 + index - np.sqrt(8.0 * index + index * index))
    near, fast = 1.0 - rest * rest, 2.0 * (1.0 + rest * rest) - 4.0 * rest
    step = np.where(known, np.maximum(near - pull, 0.0) / (1.0 - pull), 0.0)
    spurt = np.where(known, np.maximum(fast / dt - push * (1.0 - step), 0.0), 0.0)
    off = np.stack([x, y], axis=1)[:, None]
    return motion._replace(
        position=motion.position + step[:, None, None] * off,
        velocity=motion.velocity + spurt[:, None, None] * off,
    )


def _medians(motion: Motion, measured: Floats, noise: Floats) -> Floats:
    """Of what joints are off by in x and y, of the variance of that, and of their noise: (4, T)."""
    people, joints = motion.hidden.shape
    each = np.empty((people, 4, joints))
    each[:, :2] = (measured - motion.position).transpose(0, 2, 1)
    each[:, 2] = motion.variance[:, 0] + noise
    each[:, 3] = noise
    half = [(joints - 1) // 2, joints // 2]
    medians: Floats = 0.5 * np.partition(each, half)[..., half].sum(axis=2).T  # sooner than np.median
    return medians


def _jolted(motion: Motion, medians: Floats, dt: Floats, speed: Floats) -> Motion:
    x, y, spread, _ = medians
    off = np.sqrt(x * x + y * y)
    jolt = (off * off > JOLT * spread) & (dt > 0.0) & np.isfinite(spread)
    if not jolt.any():
        return motion
    change = np.where(jolt, np.minimum(off / np.maximum(dt, 1e-9), speed), 0.0)
    moved = change * dt
    variance = motion.variance.copy()
    variance[:, 0] += (moved * moved)[:, None]
    variance[:, 1] += (moved * change)[:, None]
    variance[:, 2] += (change * change)[:, None]
    return motion._replace(variance=variance)


def correct(motion: Motion, measured: Floats, noise: Floats, used: Mask) -> Motion:
    """Blend in joints (T, K, 2) measured with variance `noise` (T, K), px^2; those not `used` stay."""
    place, both, speed = (motion.variance[:, i] for i in range(3))
    weight = used / (place + noise)
    pull, push = place * weight, both * weight  # the Kalman gain of position and of velocity
    gap = measured - motion.position
    variance = np.empty_like(motion.variance)
    variance[:, 0] = place - pull * place
    variance[:, 1] = both - pull * both
    variance[:, 2] = speed - push * both
    return motion._replace(
        position=motion.position + pull[..., None] * gap,
        velocity=motion.velocity + push[..., None] * gap,
        variance=variance,
    )


def settle(motion: Motion, clear: Mask, dt: Floats) -> Motion:
    """What is shown of joints corrected `dt` (T,) seconds after the time before; `clear` (T, K) are seen."""
    gap = motion.shown - motion.position
    place = motion.variance[:, 0].clip(1e-12)
    if gap.shape[1]:
        share = 1.0 / gap.shape[1]
        body = gap.sum(axis=1, keepdims=True) * share
        body *= 1.0 - _leashed(body, place.sum(axis=1, keepdims=True) * (share / ALIKE))
        gap -= body
    gap *= _unsettled(dt)[:, None, None]
    gap *= _leashed(gap, place)
    return motion._replace(shown=motion.position + gap, hidden=np.where(clear, 0.0, motion.hidden))


def _leashed(gap: Floats, variance: Floats) -> Floats:
    """What share (T, K, 1) of a gap (T, K, 2) is within LEASH deviations."""
    squared = (gap[..., 0] ** 2 + gap[..., 1] ** 2) / (LEASH * LEASH * variance)
    share: Floats = 1.0 / np.sqrt(np.maximum(squared, 1.0))
    return share[..., None]


def _unsettled(dt: Floats) -> Floats:
    """Share (T,) of a gap that is left after `dt` (T,) seconds; none where the clock stands still."""
    left: Floats = np.where(dt > 0.0, np.exp(dt / -SETTLING), 0.0)
    return left


def quicken(motion: Motion, where: Mask, speed: Floats) -> Motion:
    """The velocity of the joints `where` (T, K) known no better than to `speed` (T,), pixels a second."""
    variance = motion.variance.copy()
    np.maximum(variance[:, 2], (speed * speed)[:, None], out=variance[:, 2], where=where)
    return motion._replace(variance=variance)


def restart(motion: Motion, where: Mask, fresh: Motion) -> Motion:
    """The joints `where` (T, K) as in `fresh`, the others as they are."""
    joint = where[..., None]
    return Motion(
        np.where(joint, fresh.position, motion.position),
        np.where(joint, fresh.velocity, motion.velocity),
        np.where(where[:, None], fresh.variance, motion.variance),
        np.where(joint, fresh.shown, motion.shown),
        np.where(where, fresh.hidden, motion.hidden),
    )


def lag(dt: float, score: float = 0.8) -> float:
    """Seconds by which the joints shown are late, in frames of `dt` seconds, while somebody starts to walk.

    They are seen with `score` and follow a body that goes from standing to a walk in START seconds, evenly
    faster: the shift in time that fits best. Who moves evenly is shown without delay, and a joint that swings
    within its body is followed more closely than the body as a whole.
    """
    when = np.arange(-5.0, START, dt)
    speed = when.clip(min=0.0)
    noise = measurement_noise(np.full((1, 1), score), np.ones((1, 1)), np.ones(1))
    motion = begin(np.zeros((1, 1, 2)), noise, np.zeros((1, 1, 2)), np.ones(1))
    behind = []
    for place in 0.5 * speed * speed:
        motion = advance(motion, dt, np.full((1, 1), CALM))
        seen = np.full((1, 1, 2), place), noise
        motion = followed(motion, *seen, np.full(1, dt), np.full(1, np.inf), np.ones(1))
        motion = correct(motion, np.full((1, 1, 2), place), noise, noise > 0.0)
        motion = settle(motion, noise > 0.0, np.full(1, dt))
        behind.append(place - motion.shown[0, 0, 0])
    return float(speed @ behind / (speed @ speed))
