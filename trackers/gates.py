"""What of a measurement is believed: one answer for the tracker and for those who smooth its tracks later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.kalman import Motion, begin, correct, quicken, surprise

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Squared Mahalanobis distances of a measured joint, see `surprise`. By chance one in 90 is beyond the first:
#: the joint may have started to move, so from then on its velocity is known no better than to LIMB_SPEED. By
#: chance none is beyond the second, five deviations: the joint is not used. Together they follow what a limb
#: can do and nothing else: an elbow that jumps for a frame vanishes, a punch is late by one frame, and a
#: joint that stays elsewhere is believed once it could have got there, two sizes away after 0.15 s.
DOUBTED, DISBELIEVED = 9.0, 25.0

#: Sizes a second. Five deviations of the first are about 16 m / s, a fast kick; bodies as a whole change
#: their velocity by no more. The second is of people seen once: they may stand, or sprint.
LIMB_SPEED, START_SPEED = 3.0, 5.0


def appeared(measured: Floats, noise: Floats, size: Floats) -> Motion:
    """Joints (T, K, 2) seen for the first time, with variance `noise` (T, K), px^2, of people of `size` (T,).

    Where one was not measured, it is known to the size of the person.
    """
    known = np.minimum(noise, (size * size)[:, None])
    return begin(measured, known, np.zeros((len(size), 1, 2)), START_SPEED * size)


def believed(motion: Motion, measured: Floats, noise: Floats, size: Floats) -> tuple[Motion, Motion, Mask]:
    """Joints where they should be now, corrected by what is believed of the measurement, as in `appeared`.

    Also the same with the velocity of joints in doubt unknown, from where the next step is to start, and
    which joints (T, K) are believed; those that were not measured, of infinite noise, are.
    """
    off = surprise(motion, measured, noise)
    used = off <= DISBELIEVED
    motion = correct(motion, measured, noise, used)
    return motion, quicken(motion, off > DOUBTED, LIMB_SPEED * size), used
