"""What a TensorRT engine costs in every way it can be run: `python -m benchmarks.gpu_engine X.engine`.

By PyCUDA and by cuda-bindings, with and without CUDA graphs, and the copies of both. Every way gets the same
pictures, noise, and is held against the first: whoever is faster has to answer the same. Needs what engines
need (`pip install 'kinetrail[gpu]'`), and no PyTorch. A way that fails is a line, not the end.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.gpu_clock import Row, as_json, as_text, seconds
from benchmarks.gpu_copies import CARGO, page_locked
from engine.cuda import Gpu, number_of
from engine.errors import UserError
from engine.recognition import takes_pixels
from engine.session import Session, open_session
from engine.types import Array, Image

BATCHES = (1, 4, 8, 16, 32)
PEOPLE, QUICK_PEOPLE = 64, 2  #: whose crops and heatmaps are copied
PACKAGES = {"pycuda": "engine.cuda_pycuda", "cuda-bindings": "engine.cuda_bindings"}  #: and what uses them
WAYS = (("pycuda", False), ("cuda-bindings", False), ("cuda-bindings", True))  #: and whether by CUDA graphs

Answers = dict[int, tuple[Array, ...]]


@contextmanager
def only(package: str) -> Iterator[None]:
    """Inside it, the GPU is reached by this package, as if no other were installed. UserError without it."""
    try:
        import_module(PACKAGES[package])
    except ImportError as error:
        raise UserError(f"{package} cannot be had: {error}") from error
    (other,) = PACKAGES.keys() - {package}
    before = sys.modules.pop(PACKAGES[other], None)
    sys.modules[PACKAGES[other]] = None  # type: ignore[assignment] # that is how Python is told
    try:
        yield
    finally:
        del sys.modules[PACKAGES[other]]
        if before is not None:
            sys.modules[PACKAGES[other]] = before


def engine(path: Path, device: str, batches: Sequence[int], *, trust: bool, quick: bool) -> Iterator[Row]:
    """Milliseconds a batch and rows per second of each way; of one that fails, why."""
    wanted: Answers = {}
    for package, graphs in WAYS:
        section = f"{path.name} by {package}{', CUDA graphs' if graphs else ''}"
        said: list[str] = []
        try:
            began = time.perf_counter()
            with only(package):
                session = open_session(path, device, trust=trust, graphs=graphs, notice=said.append)
            with closing(session):
                yield Row(section, "; ".join(said), {"ready in, s": time.perf_counter() - began})
                for rows in batches:
                    yield Row(section, f"{rows} at once", _measured(session, rows, wanted, quick=quick))
        except UserError as error:
            yield Row(section, "not measured", {"because": str(error)})


def _measured(session: Session, rows: int, wanted: Answers, *, quick: bool) -> dict[str, float | str]:
    batch = noise(session, rows)
    answers = session.run(batch)
    first = wanted.setdefault(rows, answers)
    took = seconds(lambda: session.run(batch), quick=quick)
    apart = [float(np.abs(one - other).max(initial=0)) for one, other in zip(answers, first, strict=True)]
    return {"ms a batch": 1e3 * took, "rows/s": rows / took, "from the first way": max(apart, default=0.0)}


def noise(session: Session, rows: int) -> Array | Image:
    """Rows of what the engine takes. UserError where it does not say the size."""
    _, *sizes = session.signature.inputs[0]
    if 0 in sizes:
        raise UserError("it takes pictures of several sizes; name an engine of one size")
    rng = np.random.default_rng(0)
    if takes_pixels(session.signature):
        return rng.integers(0, 256, (rows, *sizes), np.uint8)
    return rng.standard_normal((rows, *sizes), np.float32)


def copies(device: str, *, quick: bool) -> Iterator[Row]:
    """Page-locked copies by each package."""
    people = QUICK_PEOPLE if quick else PEOPLE
    for package in PACKAGES:
        section = f"copies by {package}"
        try:
            with only(package):
                opened = Gpu(number_of(device))
            with closing(opened) as gpu:
                for what, row, kind in CARGO:
                    figures = page_locked(gpu, (people, *row), kind, quick=quick)
                    yield Row(section, f"{what}, {people} people", figures)
        except UserError as error:
            yield Row(section, "not measured", {"because": str(error)})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 2 where nothing could be measured."""
    options = _parser().parse_args(arguments)
    rows: list[Row] = []
    parts: tuple[Callable[[], Iterator[Row]], ...] = (
        partial(
            engine, options.engine, options.device, options.batches, trust=options.trust, quick=options.quick
        ),
        partial(copies, options.device, quick=options.quick),
    )
    for part in parts:
        for row in part():
            sys.stderr.write(f"{row.section}: {row.name} {row.figures}\n")
            rows.append(row)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(as_json(rows), encoding="utf-8")
    sys.stdout.write(as_text(rows))
    return 0 if any("rows/s" in row.figures for row in rows) else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_engine", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("engine", type=Path, metavar="X.engine", help="as build_engine.py prints its name")
    add("--device", default="cuda:0", metavar="cuda:N", help="(cuda:0)")
    add("--batches", type=int, nargs="+", default=BATCHES, metavar="N", help="rows at once (1 4 8 16 32)")
    add("--trust-engine", dest="trust", action="store_true", help="run one that was not built here")
    add("--quick", action="store_true", help="everything once, to see that it runs")
    add("--json", type=Path, metavar="FILE", help="write every figure there as well")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
