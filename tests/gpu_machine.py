"""A machine with a GPU and TensorRT, both simulated, and an empty cache folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import simulated_pycuda
import simulated_tensorrt
from simulated_cuda import DEVICE


@contextmanager
def machine(patch: pytest.MonkeyPatch, cache: Path, version: str) -> Iterator[None]:
    """Leaving it, all that was taken from the GPU has to have been given back."""
    patch.setenv("XDG_CACHE_HOME", str(cache))
    DEVICE.reset()
    simulated_pycuda.install(patch)
    simulated_tensorrt.install(patch, version=version)
    patch.setattr("engine.recipe.people", crowd)  # decoding the demo clip takes seconds
    patch.setattr("engine.recipe.frames", lambda *_: iter(crowd(None, 3, (120, 160), unbiased=False)))
    yield
    DEVICE.check()


def crowd(_: Path | None, count: int, size: tuple[int, int], *, unbiased: bool, **__: object) -> np.ndarray:
    """Pictures (N, h, w, 3), each dark but for one bright rectangle."""
    del unbiased
    pictures = np.zeros((count, *size, 3), np.uint8)
    for number, picture in enumerate(pictures):
        picture[10 + number : 40, 8 : 20 + 2 * number] = 200 + number % 50
    return pictures
