"""One body in two boxes: who of a frame is seen twice, and who has a body of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.matching import Bodies, shared_bodies

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Pose similarity from which two boxes hold one body, and from which nobody is born beside somebody known. On
#: four street clips, pairs above .8 were one person with two boxes; those from .5 to .8 mostly.
SAME_BODY, SHARED_BODY = 0.7, 0.5


def doubles(bodies: Bodies) -> tuple[Floats, Mask]:
    """How much of one body people share (N, N), and who (N,) has that of somebody better seen."""
    shared = shared_bodies(bodies)
    same = shared >= SAME_BODY
    return shared, np.any(np.tril(same), axis=1) if same.any() else np.zeros(len(shared), np.bool_)


def unknown(shared: Floats, spare: Mask, known: Indices) -> Indices:
    """Rows of the people of a frame who are new: not `spare`, not `known`, and with a body of their own.

    Their own: not half of somebody who is known, or better seen.
    """
    new = ~spare
    new[known] = False
    if new.any():
        rival = np.tri(len(shared), k=-1, dtype=np.bool_)
        rival[:, known] = True
        new &= ~((shared >= SHARED_BODY) & rival).any(axis=1)
    return new.nonzero()[0]
