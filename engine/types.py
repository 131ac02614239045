"""What flows through the program. Arrays are read-only once built.

Coordinates are pixels of the upright picture; the centre of the top-left pixel is (0, 0), x grows to the
right and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Image = NDArray[np.uint8]


def freeze(owner: Any, **shapes: tuple[int | None, ...]) -> None:
    """Check each named array of `owner` against its shape (None fits any length) and make it read-only."""
    for name, shape in shapes.items():
        array: NDArray[Any] = getattr(owner, name)
        sizes = zip(shape, array.shape, strict=False)  # not looked at where all are told, and right
        if array.shape != shape and (
            array.ndim != len(shape) or any(want not in (None, have) for want, have in sizes)
        ):
            raise ValueError(f"{type(owner).__name__}.{name}: expected shape {shape}, got {array.shape}")
        array.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a source."""

    index: int  #: 0, 1, 2, ... as the source delivered them; a gap means frames were dropped
    time: float  #: seconds on the source's clock: presentation time for files, arrival for cameras
    image: Image  #: (H, W, 3), BGR

    def __post_init__(self) -> None:
        freeze(self, image=(None, None, 3))


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """People a detector found in one frame, best first."""

    xyxy: Array  #: (N, 4) left, top, right, bottom
    scores: Array  #: (N,) in [0, 1]

    def __post_init__(self) -> None:
        freeze(self, xyxy=(None, 4), scores=(len(self.xyxy),))

    def __len__(self) -> int:
        return len(self.xyxy)


def untold() -> Array:
    """Stands for a spread of 1 everywhere."""
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """One skeleton per box, in the order of the boxes."""

    boxes: Boxes
    keypoints: Array  #: (N, K, 2) x, y
    scores: Array  #: (N, K) in [0, 1]
    #: (N, K) how far a joint's heatmap spreads beyond its peak: 1 as is usual, more where the network wavers
    #: between places; above 0, and exact in half precision. All 1 where there was no heatmap
    spread: Array = field(default_factory=untold)

    def __post_init__(self) -> None:
        n, k = len(self.boxes), self.keypoints.shape[1]
        if self.spread.shape == (0, 0):
            object.__setattr__(self, "spread", np.ones((n, k), np.float32))
        freeze(self, keypoints=(n, None, 2), scores=(n, k), spread=(n, k))

    def __len__(self) -> int:
        return len(self.boxes)
