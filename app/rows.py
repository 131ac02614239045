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

NUMBERS = ("time_s", "bbox_x", "bbox_y", "bbox_w", "bbox_h")
NEEDED = ("frame", "track_id", *NUMBERS)


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
        if path.exists() and not path.is_file():
            raise UserError(f"{printable(path)}: cannot be read, it is no file; --csv needs the CSV of a run")
        with path.open(newline="", encoding="utf-8-sig") as file:
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
    seen: set[tuple[int, int]] = set()
    if lacking := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
        raise UserError(f"{printable(path)}: is no CSV of `kinetrail run`; there is no column {lacking[0]}")
    try:
        for line in reader:
            if None in line.values():
                raise ValueError("it is cut off")
            who, frame = int(line["track_id"]), int(line["frame"])
            time, left, top, wide, high = (float(line[name]) for name in NUMBERS)
            box = (left, top, left + wide, top + high)
            if not np.isfinite((time, *box)).all():
                raise ValueError("a time or a box that is no number")
            if (who, frame) in seen:
                raise ValueError(f"number {who} is in frame {frame} twice")
            seen.add((who, frame))
            joints = [[float(line.get(f"{name}_{axis}") or "nan") for axis in "xy"] for name in KEYPOINTS]
            yield who, Row(frame, time, box, np.array(joints))
    except (ValueError, TypeError, csv.Error) as error:
        raise UserError(f"{printable(path)}: line {reader.line_num} is no row of a run ({error})") from None
