"""What copies between page-locked memory and the GPU cost by `engine.cuda`. Loads no PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.gpu_clock import Figures, seconds
from engine.cuda import Gpu

#: What travels, for so many people: name, shape of one person's, type.
CARGO: tuple[tuple[str, tuple[int, ...], type[np.generic]], ...] = (
    ("crops, uint8", (256, 192, 3), np.uint8),
    ("crops, float32", (256, 192, 3), np.float32),
    ("heatmaps, float32", (17, 64, 48), np.float32),
)


def page_locked(gpu: Gpu, shape: tuple[int, ...], kind: type[np.generic], *, quick: bool) -> Figures:
    """How fast an array of this shape goes to the GPU and back, by whichever package the GPU is used.

    "filled and in" is what a network's rows take: they are written into page-locked memory first.
    """
    rows = np.random.default_rng(0).integers(0, 256, shape).astype(kind)
    with gpu:
        stream, there = gpu.stream(), gpu.memory(rows.nbytes)
        here, back = (gpu.page_locked(shape, kind) for _ in range(2))

        def fill() -> None:
            here[:] = rows
            stream.copy_in(there, here)
            stream.synchronise()  # before it is written to again

        fill()
        stream.copy_out(back, there)
        stream.synchronise()
        same = bool((back == rows).all())
        ways: dict[str, Any] = {
            "page-locked in": lambda: stream.copy_in(there, here),
            "page-locked out": lambda: stream.copy_out(back, there),
            "filled and in": fill,
        }
        took = {name: seconds(work, stream.synchronise, quick=quick) for name, work in ways.items()}
    figures: Figures = {f"{name}, GB/s": rows.nbytes / each / 1e9 for name, each in took.items()}
    return figures | {"came back": "the same" if same else "CHANGED"}
