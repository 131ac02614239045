"""Limbs keep their length: what makes one far too long is not believed.

In a picture a limb is as long as it is, or shorter, never longer. How long that is, over the person's size,
the track itself tells. A joint that makes a limb much longer than that is somewhere else: on another person,
or in the background.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.rts import Path

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Inner and outer joints of COCO's limbs, left and right: they are equally long.
LIMBS = (
    ((5, 7), (6, 8)),
    ((7, 9), (8, 10)),
    ((11, 13), (12, 14)),
    ((13, 15), (14, 16)),
)
JOINTS = 17

USUAL = 90  #: per cent of the frames in which a limb is shorter than what it is taken to be
TOO_LONG = 1.6  #: times that, and a limb is not believed: boxes breathe by a third as arms and legs spread
AT_LEAST = 15  #: frames in which both joints are seen, to tell a length from
SEEN = 0.3  #: score from which a joint counts


def stretched(path: Path) -> Mask:
    """Joints (F, K) that make a limb of somebody far too long; none in skeletons other than COCO's."""
    bad = np.zeros(path.scores.shape, np.bool_)
    if path.scores.shape[1] != JOINTS:
        return bad
    for sides in LIMBS:
        lengths = np.stack([_lengths(path, *limb) for limb in sides])
        known = lengths[np.isfinite(lengths)]
        if len(known) < AT_LEAST:
            continue
        longest = TOO_LONG * np.percentile(known, USUAL)
        for (inner, outer), length in zip(sides, lengths, strict=True):
            long = np.isfinite(length) & (length > longest)
            bad[:, outer] |= long & ~bad[:, inner]
    return bad


def _lengths(path: Path, inner: int, outer: int) -> Floats:
    """Of a limb over the size (F,); no number where it was not seen."""
    length = np.linalg.norm(path.measured[:, outer] - path.measured[:, inner], axis=-1) / path.size
    return np.where(path.scores[:, [inner, outer]].min(axis=1) >= SEEN, length, np.nan)
