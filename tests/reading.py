"""Reads a source to its end, for tests of what is in it."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import clips

from app.sources import open_source
from app.types import SourceInfo
from engine.errors import UserError
from engine.types import Frame


def read(path: Path, threads: int = 1) -> tuple[SourceInfo, list[Frame], str]:
    """Everything a source says: its info, its frames, and the error at its end, "" when there is none."""
    source = open_source(str(path), stem="clip", threads=threads)
    frames: list[Frame] = []
    error = ""
    try:
        frames.extend(source.frames(threading.Event()))
    except UserError as said:
        error = str(said)
    finally:
        source.close()
    return source.info, frames, error


def exact(frame: Frame, info: SourceInfo) -> Fraction:
    """The frame's time as the container wrote it."""
    ticks = round(frame.time / info.time_base)
    assert float(ticks * info.time_base) == frame.time
    return ticks * info.time_base


def numbers(frames: list[Frame]) -> list[int]:
    return [clips.number(frame.image) for frame in frames]
