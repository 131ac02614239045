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
WIDEST = 3.0  #: spread beyond which a joint is believed no less: by then its score says the rest

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

#: As how many joints that err independently a body as a whole is measured.
ALIKE = 6.0

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
        if isinstance(rows, slice):
            return Motion(*(column[rows] for column in self))
        return Motion(*(column.take(rows, axis=0) for column in self))  # in a third of the time of [rows]


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
    deviation *= np.minimum(np.maximum(scores, LEAST_PEAK), 1.0) ** -PEAK
    deviation *= np.minimum(spread, WIDEST) ** SPREAD
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
    place, both, speed = motion.variance.transpose(1, 0, 2)
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


def correct(motion: Motion, measured: Floats, noise: Floats, used: Mask) -> Motion:
    """Blend in joints (T, K, 2) measured with variance `noise` (T, K), px^2; those not `used` stay."""
    place, both, speed = motion.variance.transpose(1, 0, 2)
    weight = used / (place + noise)
    pull, push = place * weight, both * weight  # the Kalman gain of position and of velocity
    gap = measured - motion.position
    variance = np.empty(motion.variance.shape)
    np.subtract(place, pull * place, out=variance[:, 0])
    np.subtract(both, pull * both, out=variance[:, 1])
    np.subtract(speed, push * both, out=variance[:, 2])
    return motion._replace(
        position=motion.position + pull[..., None] * gap,
        velocity=motion.velocity + push[..., None] * gap,
        variance=variance,
    )


def settle(motion: Motion, clear: Mask, dt: Floats) -> Motion:
    """What is shown of joints corrected `dt` (T,) seconds after the time before; `clear` (T, K) are seen."""
    gap = motion.shown - motion.position
    joints = gap.shape[1]
    place = np.maximum(motion.variance[:, 0], 1e-12)
    if joints:
        body = np.full((1, joints), 1.0 / joints) @ gap  # the mean, in a fifth of the time
        body *= 1.0 - _leashed(body, place.sum(axis=1, keepdims=True) / (joints * ALIKE))
        gap -= body
    gap *= _unsettled(dt)[:, None, None]
    gap *= _leashed(gap, place)
    return motion._replace(shown=motion.position + gap, hidden=motion.hidden * ~clear)


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
