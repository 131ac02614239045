"""The CSV of a run, read back: who was where, by id."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.plain import printable
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Array

NEEDED = ("frame", "time_s", "track_id", "bbox_x", "bbox_y", "bbox_w", "bbox_h")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One person in one frame."""

    frame: int
    time: float  #: seconds
    box: tuple[float, float, float, float]  #: left, top, right, bottom, pixels
    joints: Array  #: (17, 2) pixels, NaN where blank


def read_rows(path: Path) -> dict[int, list[Row]]:
    """The rows of each id, in order of time. UserError where there are none, or it is another file."""
    rows: dict[int, list[Row]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for who, row in _rows(csv.DictReader(file), path):
                rows.setdefault(who, []).append(row)
    except FileNotFoundError:
        raise UserError(
            f"{printable(path)}: there is no such file; `kinetrail run` writes it, --csv says where it is"
        ) from None
    except OSError as error:
        raise UserError(f"{printable(path)}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise UserError(f"{printable(path)}: is no CSV of `kinetrail run`, but no text at all") from None
    if not rows:
        raise UserError(f"{printable(path)}: nobody is in it, so there is nothing to show")
    return dict(sorted(rows.items()))


def _rows(reader: csv.DictReader[str], path: Path) -> Iterator[tuple[int, Row]]:
    """Id and row, line by line."""
    if lacking := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
        raise UserError(f"{printable(path)}: is no CSV of `kinetrail run`; there is no column {lacking[0]}")
    try:
        for line in reader:
            left, top, wide, high = (float(line[name]) for name in NEEDED[3:])
            box = (left, top, left + wide, top + high)
            if not np.isfinite(box).all():
                raise ValueError("a box that is no number")
            joints = [[float(line.get(f"{name}_{axis}") or "nan") for axis in "xy"] for name in KEYPOINTS]
            frame, time = int(line["frame"]), float(line["time_s"])
            yield int(line["track_id"]), Row(frame, time, box, np.array(joints, np.float32))
    except (ValueError, TypeError, csv.Error) as error:
        raise UserError(f"{printable(path)}: line {reader.line_num} is no row of a run ({error})") from None
