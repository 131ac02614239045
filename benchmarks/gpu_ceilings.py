"""What the device can do at most: matrix products, copies inside it, and copies to and from it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, closing

import numpy as np
import torch

from benchmarks.gpu_clock import Bench, Figures, Row
from benchmarks.gpu_copies import CARGO, page_locked
from engine.cuda import Gpu
from engine.errors import UserError

SIDE, QUICK_SIDE = 8192, 128  #: of the matrices
COPIED, QUICK_COPIED = 1 << 30, 1 << 16  #: bytes; larger than any cache
PEOPLE, QUICK_PEOPLE = 64, 2  #: whose crops are copied
CROP = (256, 192, 3)


def device(bench: Bench) -> Iterator[Row]:
    """Names and versions."""
    about = {"PyTorch": torch.__version__, "Python": platform.python_version()}
    if bench.cuda:
        of = torch.cuda.get_device_properties(bench.device)
        about |= {
            "GPU": of.name,
            "memory": f"{of.total_memory / 2**30:.0f} GiB",
            "compute capability": f"{of.major}.{of.minor}",
            "CUDA": str(torch.version.cuda),
            "cuDNN": str(torch.backends.cudnn.version()),
        }
    for name, value in about.items():
        yield Row("device", name, {"is": value})


def ceilings(bench: Bench) -> Iterator[Row]:
    """How fast matrices are multiplied and memory is copied: what networks are held against."""
    for name in ("float16", "bfloat16", "float32") if bench.cuda else ("float32",):
        rate = bench.rates[name] = _matrix_rate(bench, getattr(torch, name))
        yield Row("ceilings", f"matrix product, {name}", {"TFLOP/s": rate / 1e12})
    if bench.cuda:
        torch.set_float32_matmul_precision("high")
        rate = bench.rates["tf32"] = _matrix_rate(bench, torch.float32)
        torch.set_float32_matmul_precision("highest")
        yield Row("ceilings", "matrix product, float32 as tf32", {"TFLOP/s": rate / 1e12})
    count = QUICK_COPIED if bench.quick else COPIED
    source = torch.randint(0, 256, (count,), dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    seconds = bench.seconds(lambda: target.copy_(source))
    yield Row("ceilings", "copy inside, bytes read and written", {"GB/s": 2 * count / seconds / 1e9})


def copies(bench: Bench) -> Iterator[Row]:
    """Crops to the GPU and heatmaps back: from page-locked memory by `engine.cuda`, from any by PyTorch."""
    people = QUICK_PEOPLE if bench.quick else PEOPLE
    with ExitStack() as opened:
        section, gpu = "copies", None
        if bench.cuda:
            try:  # by PyCUDA or cuda-bindings, whichever is there
                gpu = opened.enter_context(closing(Gpu(bench.device.index or 0)))
                section = f"copies: page-locked by {gpu.binding}, pageable by PyTorch"
            except UserError as error:
                yield Row(section, "page-locked: not measured", {"because": str(error)})
        for name, row, kind in CARGO:
            shape = (people, *row)
            here = torch.from_numpy(np.zeros(shape, kind))
            there = torch.empty_like(here, device=bench.device)
            ways = {
                "pageable in": lambda h=here, t=there: t.copy_(h),
                "pageable out": lambda h=here, t=there: h.copy_(t),
            }
            nbytes = there.numel() * there.element_size()
            figures: Figures = {"MB": nbytes / 1e6}
            figures |= {f"{way}, GB/s": nbytes / bench.seconds(work) / 1e9 for way, work in ways.items()}
            if gpu:
                figures |= page_locked(gpu, shape, kind, quick=bench.quick)
            yield Row(section, f"{name}, {people} people", figures)


def driver(bench: Bench) -> Iterator[Row]:
    """The program's own way to the GPU, `engine.cuda`: what it finds, and its page-locked copies."""
    if not bench.cuda:
        yield Row("engine.cuda", "not measured", {"because": "needs CUDA"})
        return
    gpu = Gpu(bench.device.index or 0, graphs=True)
    try:
        yield Row(
            "engine.cuda", gpu.binding, {"GPU": gpu.name, "capability": gpu.capability, "driver": gpu.driver}
        )
        people = QUICK_PEOPLE if bench.quick else PEOPLE
        with gpu:
            stream, there = gpu.stream(), gpu.memory(people * int(np.prod(CROP)))
            here, back = (gpu.page_locked((people, *CROP), np.uint8) for _ in range(2))
            here[:] = np.random.default_rng(0).integers(0, 256, here.shape, np.uint8)

            def there_and_back() -> None:
                stream.copy_in(there, here)
                stream.copy_out(back, there)

            def waited() -> None:
                there_and_back()
                stream.synchronise()

            waited()
            same = bool((here == back).all())
            seconds = bench.seconds(waited)
            replay = stream.graph(there_and_back)

            def replayed() -> None:
                replay()
                stream.synchronise()

            back[:] = 0
            replayed()
            same = same and bool((here == back).all())
            again = bench.seconds(replayed)
        figures: dict[str, float | str] = {
            "bytes came back": "the same" if same else "OTHERS",
            "there and back, ms": 1e3 * seconds,
            "as a CUDA graph, ms": 1e3 * again,
            "GB/s": 2 * here.nbytes / seconds / 1e9,
        }
        yield Row("engine.cuda", f"crops of {people} people", figures)
    finally:
        gpu.close()


def _matrix_rate(bench: Bench, kind: torch.dtype) -> float:
    """FLOP/s of a large product of random matrices (zeros are faster on some GPUs)."""
    side = QUICK_SIDE if bench.quick else SIDE
    left, right = (torch.randn(side, side, device=bench.device).to(kind) for _ in range(2))
    out = torch.empty_like(left)
    return 2 * side**3 / bench.seconds(lambda: torch.mm(left, right, out=out))
