"""Boxes in MOTChallenge's text format: frames, ids and pixels are counted from 1 (motchallenge.net)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.exports.joints import boxes, formatted, rows
from app.exports.writing import stretches, whole

if TYPE_CHECKING:
    from app.exports import Work


def write(work: Work) -> list[Path]:
    """The text file. UserError where it cannot be written."""
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[str]:
    for stretch in stretches(work):
        around = boxes(stretch)
        around[:, :2] += 1
        frames = rows(stretch, stretch.frames) + 1
        texts = formatted("%d,%d,%.3f,%.3f,%.3f,%.3f,%.4f", frames, stretch.ids, around)
        yield "".join(text + ",-1,-1,-1\n" for text in texts)
