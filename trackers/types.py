"""What a tracker says about one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Boxes, freeze, untold

#: The motion of a camera that stands still: from pixels of one frame to those of the next.
STANDING: NDArray[np.float64] = np.eye(2, 3)
STANDING.setflags(write=False)


def _none() -> NDArray[np.bool_]:
    return np.zeros((0, 0), np.bool_)


def _nothing() -> Array:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The people measured in one frame, each with the id that is theirs in every frame."""

    ids: NDArray[np.int64]  #: (N,) from 1, unique for the life of the tracker
    boxes: Boxes  #: as measured, in the order of the ids
    measured: Array  #: (N, K, 2) x, y in frame pixels, as the network saw them
    keypoints: Array  #: (N, K, 2) the same, smoothed over time
    scores: Array  #: (N, K) in [0, 1], of the measurement
    #: (N, K) joints not seen, or not believed, for up to half a second: `keypoints` foretells them
    predicted: NDArray[np.bool_] = field(default_factory=_none)
    #: (N,) in [0, 1], how much they are like those who had the ids before, by motion and looks; at first 1
    likeness: Array = field(default_factory=_nothing)
    #: (2, 3) how the camera moved, from pixels of the frame before to those of this one
    camera: NDArray[np.float64] = field(default_factory=lambda: STANDING)
    spread: Array = field(default_factory=untold)  #: (N, K) of the heatmaps, as in `Poses`

    def __post_init__(self) -> None:
        n, k = len(self.ids), self.keypoints.shape[1]
        if len(self.boxes) != n:
            raise ValueError(f"Tracks.boxes: expected {n}, got {len(self.boxes)}")
        if self.predicted.shape == (0, 0):
            object.__setattr__(self, "predicted", np.zeros((n, k), np.bool_))
        if self.likeness.shape == (0,):
            object.__setattr__(self, "likeness", np.ones(n, np.float32))
        if self.spread.shape == (0, 0):
            object.__setattr__(self, "spread", np.ones((n, k), np.float32))
        freeze(self, ids=(n,), measured=(n, k, 2), keypoints=(n, k, 2), scores=(n, k))
        freeze(self, predicted=(n, k), likeness=(n,), camera=(2, 3), spread=(n, k))

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Tracks:
        """The people in those rows, in that order."""
        return Tracks(
            self.ids[rows],
            Boxes(self.boxes.xyxy[rows], self.boxes.scores[rows]),
            self.measured[rows],
            self.keypoints[rows],
            self.scores[rows],
            self.predicted[rows],
            self.likeness[rows],
            self.camera,
            self.spread[rows],
        )
