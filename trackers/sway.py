"""What a body does as a whole, told sooner than each of its joints could tell.

Joints err each on its own, so where all of them are off in one way the body jumped, stopped, started or
turned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.kalman import ALIKE, Motion

Floats = NDArray[np.float64]

#: Squared deviations by which all joints together are off, by their median, from which a body jumped, stopped
#: or started: 17 joints that err on their own are that far off once in 250 frames.
JOLT = 1.0

#: Density of the acceleration of a body as a whole, size^2 / s^3; somebody who starts to walk, 2 sizes / s^2
#: for half a second, has about 1.
SWAY = 0.6


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
    more quickly. Were all joints equal, a body would be a filter of its own beside those of the joints within
    it. That filter is taken as settled: its gains are those of an alpha-beta filter (Kalata, "The Tracking
    Index: A Generalized Parameter for alpha-beta and alpha-beta-gamma Target Trackers", IEEE Transactions on
    Aerospace and Electronic Systems, 1984). `size` (T,) pixels.
    """
    if not motion.hidden.size:
        return motion
    medians = _medians(motion, measured, noise)
    motion = _jolted(motion, medians, dt, speed)
    off, usual = medians[:2].T[:, None], medians[3]
    place, both = motion.variance[:, :2].sum(axis=2).T * (1.0 / motion.hidden.shape[1])
    known = 1.0 / (place + usual)  # 0 where most joints were not measured, and so are all gains
    index = np.sqrt((SWAY * ALIKE) * size * size * dt**3 / usual)
    rest = 1.0 + 0.25 * (index - np.sqrt(index * (8.0 + index)))
    near, fast = 1.0 - rest * rest, 2.0 * (1.0 - rest) ** 2
    pull = place * known
    step = np.maximum(near - pull, 0.0) / (1.0 - pull)
    spurt = np.maximum(fast / np.maximum(dt, 1e-9) - both * known * (1.0 - step), 0.0)
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
    low, high = (joints - 1) // 2, joints // 2
    each.partition((low, high))  # sooner than np.median
    medians: Floats = 0.5 * (each[..., low] + each[..., high]).T
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
