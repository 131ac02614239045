"""Files of tensors that are whole or not there."""

from __future__ import annotations

import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import torch

from engine.errors import UserError
from engine.training.whole import whole

#: What torch's reader raises for damaged files; from the old format, whatever the damage leads to.
_UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
)

_STARTS = (b"PK\x03\x04", b"\x80\x02\x8a\x0al\xfc\x9c")  #: of a file by torch.save, since 1.6 and before


def save(content: dict[str, Any], path: Path) -> None:
    """Under its name only when all of it is on the disk. UserError where that fails (a full disk)."""
    try:
        with whole(path) as part, part.open("wb") as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        inner = error.__context__  # torch hides what went wrong while it wrote
        why = inner if isinstance(inner, OSError) else error
        raise UserError(f"{path}: cannot be written: {why}; make room and start again to resume") from error


def restore(path: Path) -> dict[Any, Any]:
    """The dictionary in a file by torch.save, on the CPU. No code in it is run.

    UserError where the file is none, is damaged, or wants to run code.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such checkpoint")
    try:
        with path.open("rb") as file:
            start = file.read(max(map(len, _STARTS)))
        if not start.startswith(_STARTS):
            raise UserError(f"{path.name}: no checkpoint: PyTorch did not write it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about the pickle protocol and typed storages
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except _UNREADABLE as error:
        raise UserError(f"{path.name}: {_reason(error)}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path.name}: holds a {type(content).__name__}, not weights by name")
    return content


def is_plain(value: object) -> bool:
    """Whether it is a tensor whose numbers are all there, one by one, and real: weights of a network."""
    if not isinstance(value, torch.Tensor):
        return False
    return value.layout == torch.strided and value.device.type == "cpu" and not value.is_complex()


def _reason(error: Exception) -> str:
    """Why torch did not load a file, in a few words; its own advice is to run the code in it."""
    text = str(error)
    for sign in ("Unsupported global: GLOBAL ", "unsupported GLOBAL "):
        if sign in text:
            what = ascii(text.split(sign, 1)[1].split()[0])[1:-1][:40]
            return f"wants to run {what}, which is refused; save the weights alone, network.state_dict()"
    if isinstance(error, pickle.UnpicklingError):
        return "holds more than weights, or is damaged; save the weights alone, network.state_dict()"
    return "damaged or cut off; download or save it again"
