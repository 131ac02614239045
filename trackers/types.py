"""What a tracker says about one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Boxes, freeze


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The people measured in one frame, each with the id that is theirs in every frame."""

    ids: NDArray[np.int64]  #: (N,) from 1, unique for the life of the tracker
    boxes: Boxes  #: as measured, in the order of the ids
    measured: Array  #: (N, K, 2) x, y in frame pixels, as the network saw them
    keypoints: Array  #: (N, K, 2) the same, smoothed over time
    scores: Array  #: (N, K) in [0, 1], of the measurement

    def __post_init__(self) -> None:
        n, k = len(self.ids), self.keypoints.shape[1]
        if len(self.boxes) != n:
            raise ValueError(f"Tracks.boxes: expected {n}, got {len(self.boxes)}")
        freeze(self, ids=(n,), measured=(n, k, 2), keypoints=(n, k, 2), scores=(n, k))

    def __len__(self) -> int:
        return len(self.ids)
