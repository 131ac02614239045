"""What the benchmarks of a GPU share: the device, its clock, the time that is left, and the table.

Importing this loads no PyTorch: a machine with TensorRT may have none.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Figures = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, and what came out, by column."""

    section: str
    name: str
    figures: Figures


@dataclass(slots=True)
class Bench:
    """The device that is measured, and how long that may take."""

    device: torch.device
    quick: bool  #: everything once and small, to see that it runs
    deadline: float  #: time.monotonic() when nothing more is begun
    rates: dict[str, float] = field(
        default_factory=dict
    )  #: FLOP/s of matrix products by arithmetic, measured

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"

    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def wait(self) -> None:
        """Until the device has done all it was given."""
        if self.cuda:
            import torch

            torch.cuda.synchronize(self.device)

    def seconds(self, work: Callable[[], object], least_s: float = 0.4) -> float:
        """How long one call takes when they follow each other: the median of three stretches of calls."""
        return seconds(work, self.wait, quick=self.quick, least_s=least_s)

    def memory_mb(self, work: Callable[[], object]) -> float:
        """The most that PyTorch holds of the GPU's memory while it works; 0 on a CPU."""
        if not self.cuda:
            return 0.0
        import torch

        torch.cuda.synchronize(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        work()
        self.wait()
        return torch.cuda.max_memory_allocated(self.device) / 2**20


def seconds(
    work: Callable[[], object],
    wait: Callable[[], object] = lambda: None,
    *,
    quick: bool = False,
    least_s: float = 0.4,
) -> float:
    """As `Bench.seconds`; `wait` returns when all that was given to the device is done."""
    for _ in range(1 if quick else 3):
        work()
    wait()
    began = time.perf_counter()
    work()
    wait()
    once = time.perf_counter() - began
    calls = 1 if quick else max(1, round(least_s / 3 / max(once, 1e-6)))
    return statistics.median(_stretch(work, wait, calls) for _ in range(3))


def _stretch(work: Callable[[], object], wait: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        work()
    wait()
    return (time.perf_counter() - began) / calls


def as_text(rows: Sequence[Row]) -> str:
    """A table for each section, its columns those that its rows have."""
    lines: list[str] = []
    for section in dict.fromkeys(row.section for row in rows):
        own = [row for row in rows if row.section == section]
        columns = list(dict.fromkeys(name for row in own for name in row.figures))
        cells = [["", *columns], *([row.name, *(_cell(row, name) for name in columns)] for row in own)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", section]
        lines += ["  ".join(_aligned(line, widths)).rstrip() for line in cells]
    return "\n".join(lines[1:]) + "\n"


def as_json(rows: Sequence[Row]) -> str:
    return (
        json.dumps([{"section": row.section, "name": row.name, **row.figures} for row in rows], indent=1)
        + "\n"
    )


def _cell(row: Row, column: str) -> str:
    value = row.figures.get(column, "")
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    yield line[0].ljust(widths[0])
    for cell, width in zip(line[1:], widths[1:], strict=True):
        yield cell.rjust(width)
