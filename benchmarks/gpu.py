"""All that a CUDA machine shows without TensorRT, in one call: `python -m benchmarks.gpu [--json FILE]`.

Needs PyTorch, NumPy, ONNX, ONNX Runtime and OpenCV; what needs more is left out with a line that says so, and
what fails is a line, not the end. Takes at most `--minutes`; what is left then is not begun. With
`--device cpu --quick` everything runs once and small, which shows that it can.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from app.workers import attempt
from benchmarks import gpu_ceilings, gpu_networks, gpu_pipeline
from benchmarks.gpu_clock import Bench, Row, as_json, as_text
from benchmarks.gpu_ways import Subject

BATCHES, QUICK_BATCHES = (1, 4, 8, 16, 32, 64), (1, 2)
FIRST = Subject("hrnet_w32", (256, 192))
OTHERS = (
    Subject("hrnet_w48", (256, 192)),
    Subject("hrnet_w32", (384, 288)),
    Subject("hrnet_w48", (384, 288)),
)
SMALL = Subject("hrnet_tiny", (64, 32))
FRAMES, QUICK_FRAMES = 5000, 12

Section = Callable[[], Iterator[Row]]


def sections(bench: Bench, options: argparse.Namespace) -> dict[str, Section]:
    """What is measured, what matters most first."""
    first, others = (SMALL, ()) if bench.quick else (FIRST, OTHERS)
    batches = QUICK_BATCHES if bench.quick else tuple(options.batches)
    frames = min(options.frames, QUICK_FRAMES) if bench.quick else options.frames
    ways = partial(gpu_networks.networks, bench, batches=batches)
    found: dict[str, Section] = {
        "device": partial(gpu_ceilings.device, bench),
        "ceilings": partial(gpu_ceilings.ceilings, bench),
        "copies": partial(gpu_ceilings.copies, bench),
        "engine.cuda": partial(gpu_ceilings.driver, bench),
        first.title: partial(ways, first, compiled=options.compile),
        f"around {first.title}": partial(gpu_networks.fused, bench, first),
        "pipeline": partial(gpu_pipeline.pipeline, bench, first, options.clip, options.detector, frames),
    }
    return found | {other.title: partial(ways, other, compiled=False) for other in others}


def measured(bench: Bench, each: dict[str, Section], show: Callable[[Row], None]) -> list[Row]:
    """The rows of every section; one that fails ends with a line that says why."""
    rows: list[Row] = []

    def take(section: Section) -> None:
        for row in section():
            show(row)
            rows.append(row)

    for name, section in each.items():
        if bench.late():
            rows.append(Row(name, "not measured", {"because": "no time left"}))
        elif trouble := attempt(partial(take, section)):
            what = " ".join(f"{type(trouble).__name__}: {trouble}".split())[:200]
            rows.append(Row(name, "not measured", {"because": what}))
            show(rows[-1])
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.stderr.write(f"device {options.device}: PyTorch {torch.__version__} sees no GPU\n")
        return 2
    bench = Bench(device, options.quick, time.monotonic() + 60 * options.minutes)
    began = time.monotonic()

    def show(row: Row) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:5.0f} s] {row.section}: {row.name} {row.figures}\n")

    rows = measured(bench, sections(bench, options), show)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(as_json(rows), encoding="utf-8")
    sys.stdout.write(as_text(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--device", default="cuda", help="cuda, cuda:N or cpu")
    add("--quick", action="store_true", help="a small network, everything once")
    add("--minutes", type=float, default=8.0, help="after which nothing more is begun (8)")
    add("--batches", type=int, nargs="+", default=BATCHES, metavar="N", help="people at once")
    add("--clip", type=Path, metavar="FILE", help="a video that the pipeline reads over and over")
    add("--detector", type=Path, metavar="MODEL", help="finds the people; without it five are given")
    add("--frames", type=int, default=FRAMES, metavar="N", help=f"of the pipeline ({FRAMES})")
    add("--compile", action="store_true", help="try TorchInductor too, which takes minutes to compile")
    add("--json", type=Path, metavar="FILE", help="write every figure there as well")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
