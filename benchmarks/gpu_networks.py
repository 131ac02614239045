"""What HRNet costs by PyTorch in several ways, and what surrounds it, done on the GPU or beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from app.workers import attempt
from benchmarks.gpu_clock import Bench, Figures, Row
from benchmarks.gpu_ways import COMPILED, MEAN, STD, WAYS, Prepare, Run, Subject
from engine.crop import normalise
from engine.heatmap import decode
from engine.training.graph import Decode, Deployed, Normalise
from engine.training.table import cost

GFLOP = 2 * 2**30  #: operations in what papers call one: multiply-adds, in units of 2^30
FUSED_BATCH = 16


def networks(bench: Bench, subject: Subject, batches: tuple[int, ...], *, compiled: bool) -> Iterator[Row]:
    """Every way at every batch; what fails, or does not fit in time or memory, is a line."""
    section = f"{subject.title}, random weights"
    operations = cost(subject.arch, subject.size)[1] * GFLOP
    first: dict[int, float] = {}
    for way, (prepare, arithmetic, anywhere) in (WAYS | (COMPILED if compiled else {})).items():
        if not (anywhere or bench.cuda):
            yield Row(section, way, {"persons/s": "needs CUDA"})
            continue
        for batch, figures in _way(bench, subject, prepare, batches):
            if isinstance(speed := figures["persons/s"], float):
                first.setdefault(batch, speed)
                if rate := bench.rates.get(arithmetic):
                    figures["of the matrix rate"] = f"{speed * operations / rate:.1%}"
                figures["times eager fp32"] = speed / first[batch]
            yield Row(section, f"{way}, {batch}", figures)
        if bench.cuda:
            torch.cuda.empty_cache()


def _way(
    bench: Bench, subject: Subject, prepare: Prepare, batches: tuple[int, ...]
) -> Iterator[tuple[int, Figures]]:
    """One way at every batch."""
    network: list[Callable[[Tensor], Run]] = []
    for batch in batches:
        figures: Figures = {}

        def measure(batch: int = batch, figures: Figures = figures) -> None:
            began = time.perf_counter()
            if not network:
                network.append(prepare(bench, subject))
                figures["ready in, s"] = time.perf_counter() - began
            figures |= _measured(bench, network[0], subject, batch)

        if bench.late():
            figures["persons/s"] = "no time left"
        elif trouble := attempt(measure):
            short = isinstance(trouble, torch.OutOfMemoryError)
            what = " ".join(f"{type(trouble).__name__}: {trouble}".split())[:120]
            figures["persons/s"] = "out of memory" if short else what
        yield batch, figures


def fused(bench: Bench, subject: Subject) -> Iterator[Row]:
    """Crops in, joints out: normalisation and decoding inside the network's graph, or in NumPy beside it."""
    half, batch = bench.cuda, 2 if bench.quick else FUSED_BATCH
    model, network = subject.model, subject.network()
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *subject.size, 3), np.uint8)
    cells = (subject.size[0] // 4, subject.size[1] // 4)
    inside = Deployed(network, Normalise(model), Decode(model, cells), half=half).to(bench.device).eval()
    outside = Deployed(network, nn.Identity(), nn.Identity(), half=half).to(bench.device).eval()
    both = [inside, outside]
    for each in both:
        each.network.to(memory_format=torch.channels_last)

    def within() -> tuple[np.ndarray, ...]:
        with torch.inference_mode():
            said = inside(torch.from_numpy(pixels).to(bench.device))
        return tuple(each.cpu().numpy() for each in said)

    def heatmaps(ready: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return outside(torch.from_numpy(ready).to(bench.device)).cpu().numpy()

    def beside() -> tuple[np.ndarray, np.ndarray]:
        return decode(heatmaps(normalise(pixels, MEAN, STD, rgb=True)), "quarter")

    ready = normalise(pixels, MEAN, STD, rgb=True)
    drawn = heatmaps(ready)
    apart = np.hypot(*(within()[0] - 4 * beside()[0]).T)
    jobs: dict[str, Run] = {
        "inside: uint8 in, joints out": within,
        "beside: float32 in, heatmaps out, NumPy": beside,
        "  of that, normalise in NumPy": lambda: normalise(pixels, MEAN, STD, rgb=True),
        "  of that, copies and network": lambda: heatmaps(ready),
        "  of that, decode in NumPy": lambda: decode(drawn, "quarter"),
    }
    for name, work in jobs.items():
        seconds = bench.seconds(work)
        figures: Figures = {
            "ms": 1e3 * seconds,
            "ms a person": 1e3 * seconds / batch,
            "persons/s": batch / seconds,
        }
        yield Row(f"around {subject.title}, {batch} people", name, figures)
    yield Row(
        f"around {subject.title}, {batch} people",
        "joints of both apart, px of the input",
        {"median": float(np.median(apart)), "largest": float(apart.max())},
    )


def _measured(bench: Bench, network: Callable[[Tensor], Run], subject: Subject, batch: int) -> Figures:
    people = torch.randn(batch, 3, *subject.size, device=bench.device)
    run = network(people)
    seconds = bench.seconds(run)
    return {
        "persons/s": batch / seconds,
        "ms": 1e3 * seconds,
        "ms a person": 1e3 * seconds / batch,
        "GPU memory, MB": bench.memory_mb(run),
    }
