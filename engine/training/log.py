"""How a training goes: a line for each epoch, in a CSV and on the screen."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

from engine.errors import UserError


class Line(NamedTuple):
    """An epoch that is over. The names are the heads of the columns."""

    epoch: int
    minutes: float  #: since the start
    done: float  #: part of the training that was over when the epoch started
    size: str
    lr: float
    loss: float
    pictures_per_s: float
    ap: float  #: no number where it was not measured


class Length(Protocol):
    """How long a training is: one of them is above 0."""

    @property
    def epochs(self) -> int: ...
    @property
    def minutes(self) -> float: ...


_FORMS = ("{}", "{:.2f}", "{:.4f}", "{}", "{:.2e}", "{:.4f}", "{:.1f}", "{:.4f}")


def record(path: Path, line: Line, config: Length) -> None:
    """Append to the CSV, and tell with what time is left."""
    cells = [form.format(value) for form, value in zip(_FORMS, line, strict=True)]
    if math.isnan(line.ap):
        cells[-1] = ""
    new = not path.exists()
    try:
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(Line._fields)
            writer.writerow(cells)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error}; make room and start again to resume") from error
    left = line.minutes * (config.epochs / line.epoch - 1) if config.epochs else config.minutes - line.minutes
    told = "  ".join(f"{name} {cell}" for name, cell in zip(Line._fields, cells, strict=True) if cell)
    sys.stderr.write(f"{told}  left {max(left, 0):.1f} min\n")
