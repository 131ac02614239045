"""Files of tensors that are whole or not there."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from engine.errors import UserError


def save(content: dict[str, Any], path: Path) -> None:
    """Under its name only when all of it is on the disk. UserError where that fails (a full disk)."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch wraps what goes wrong while it writes
        raise UserError(f"{path}: cannot be written: {error}; make room and start again to resume") from error
    finally:
        part.unlink(missing_ok=True)


def restore(path: Path) -> dict[str, Any]:
    """What `save` wrote, on the CPU. No code in the file is run. UserError where it is no such file."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        why = (str(error).splitlines() or ["it breaks off"])[0]
        raise UserError(f"{path}: cannot be read as a checkpoint: {why}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds a {type(content).__name__}, not a checkpoint")
    return content
