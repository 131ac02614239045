"""Which files are Ultralytics' own, told by their first bytes. Loads neither PyTorch nor Ultralytics."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LARGEST_HEADER = 1 << 20  #: bytes; Ultralytics' own has one or two thousand


def is_ultralytics(path: Path) -> bool:
    """Whether a file is a checkpoint or an engine of Ultralytics."""
    if path.suffix.lower() == ".pt":
        # Path.is_file fails on names that are too long
        return os.path.isfile(path) and not is_torchscript(path)  # noqa: PTH113
    return path.suffix.lower() == ".engine" and bool(engine_header(path))


def is_torchscript(path: Path) -> bool:
    """Whether it is a program of PyTorch's, which often has the same ending as a checkpoint."""
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith("/constants.pkl") for name in file.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):  # names may be damaged too
        return False


def engine_header(path: Path) -> Mapping[str, Any]:
    """What Ultralytics writes in front of a TensorRT engine; empty where there is nothing of the kind.

    That is the length of the JSON in four bytes, the lowest first, the JSON, and then the plan.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(4), "little")
            text = file.read(length) if 0 < length <= LARGEST_HEADER else b""
    except OSError:
        return {}
    if not text.startswith(b"{"):
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
