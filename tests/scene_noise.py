"""Smooth random patterns, the same for the same seed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def ripple(points: Array, seed: int, size: tuple[float, float, float], waves: int = 10) -> Array:
    """Noise in about -1 to 1 at points (N, 3) of space, with features of `size` along each axis -> (N,)."""
    rng = np.random.default_rng(seed)
    directions = (rng.normal(size=(3, waves)) * (2.2 / np.asarray(size))[:, None]).astype(np.float32)
    phases = rng.uniform(0, 6.28, waves).astype(np.float32)
    weights = np.full(waves, 1 / np.sqrt(waves / 2) / 1.6, np.float32)
    return np.sin(points.astype(np.float32, copy=False) @ directions + phases) @ weights


def cloud(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Array:
    """Noise of standard deviation about 1 on a grid of `shape`, with features of about `cell` cells."""
    coarse = rng.normal(size=(max(2, int(shape[0] / cell)), max(2, int(shape[1] / cell))))
    fine: Array = cv2.resize(coarse.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return fine / (fine.std() + 1e-6)
