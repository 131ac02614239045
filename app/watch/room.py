"""Where a recording goes: names that are free, and room on the disk."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

ENDINGS = (".mp4", ".clean.mp4", ".csv", ".kinetrail")  #: of the files a recording may have
LOW, LEAST = 1 << 30, 200 << 20  #: bytes on the disk below which we warn, and below which we stop


def free(folder: Path) -> int:
    """Bytes that can still be written. OSError where there is no such folder."""
    return shutil.disk_usage(folder).free


def free_stem(folder: Path, stem: str) -> str:
    """`stem`, or with a number, so that no file of a recording is there already."""
    candidate, number = stem, 1
    taken = {path.name.removesuffix(".part") for path in folder.iterdir()}
    while any(f"{candidate}{ending}" in taken for ending in ENDINGS):
        number += 1
        candidate = f"{stem}-{number}"
    return candidate


def size(path: Path) -> int:
    """Bytes of a file that may still be growing under another name; 0 where there is none."""
    for name in (path, path.with_name(f"{path.name}.part")):
        with suppress(OSError):
            return name.stat().st_size
    return 0
