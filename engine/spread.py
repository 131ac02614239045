"""How far a heatmap spreads beyond its peak: what tells a network that is sure from one that wavers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.types import Array

Cells = NDArray[np.intp]

#: Where a heatmap is looked at beside its peak, deviations of the targets away in so many directions: an
#: ideal peak has nothing there, an unsure one a foot or a second peak. And what is usual there, as a share of
#: the peak: SimplePose's joints that score over .5 have .002 to .004, those of the network that comes along
#: .006 to .012. NOTHING is added first, so that next to nothing and nothing are alike.
RINGS, DIRECTIONS = (3.5, 5.0, 7.0), 8
USUAL, NOTHING = 0.004, 0.003
WIDEST = 16.0  #: spread beyond which all are alike


def spread_of(flat: Array, best: Cells, first: Cells, peaks: Array, around: Cells) -> NDArray[np.float16]:
    """How much stands around the highest cells `best` of maps (M, H * W), over what is usual: (M,).

    `first` are the maps' first cells among all, `around` the way to the cells looked at. Beyond an edge that
    is cells at the other one: there is nothing there as a rule. Exact in half precision.
    """
    cells = around + best
    cells %= flat.shape[1]
    cells += first
    with np.errstate(all="ignore"):  # peaks of 0, and what is no number, are not seen
        spread = flat.reshape(-1).take(cells).sum(axis=0)
        spread /= peaks
        np.maximum(spread, 0, out=spread)
        spread += np.float32(len(around) * NOTHING)
        spread *= np.float32(1 / (len(around) * (USUAL + NOTHING)))
    told: NDArray[np.float16] = np.minimum(spread, np.float32(WIDEST)).astype(np.float16)
    return told


@lru_cache(maxsize=16)
def rings(sigma: float, width: int) -> Cells:
    """From a cell to those around it, in rows of `width` cells, one after the other: (R, 1)."""
    turns = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    away = sigma * np.array(RINGS)[:, None, None] * np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    out: Cells = np.rint(away).astype(np.intp).reshape(-1, 2) @ np.array([[1], [width]])
    out.setflags(write=False)
    return out
