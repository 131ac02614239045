"""Weights from files: those of the official repositories, of MMPose, and of our own training.

| layout | keys of the weights |
|---|---|
| official (`pose_hrnet_w32_256x192.pth`, ...) | `conv1.weight`, `stage2.0...`, `final_layer.bias` |
| MMPose 0.x | the same, after `backbone.` or `keypoint_head.` |
| MMPose 1.x | the same, after `backbone.` or `head.` |
| ours | the official ones |

They may lie under `state_dict` in a dictionary, and `module.` may stand before all (DataParallel's).
"""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.training.zoo import NAMES, build

Layout = Literal["official", "mmpose", "ours"]

#: What torch's reader raises for damaged files; from the old format, whatever the damage leads to.
UNREADABLE = (
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
_PARTS = ("backbone.", "keypoint_head.", "head.")  #: of a network in MMPose
_SHOWN = 3  #: names in an error
_COUNTER = ".num_batches_tracked"  #: of a normalisation; unused, and older than PyTorch 0.4.1 there is none


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file of weights holds."""

    name: str  #: of the file
    weights: Mapping[str, Tensor]  #: by the keys of our networks
    layout: Layout
    notes: Mapping[str, Any]  #: what else it says of itself, such as `arch` and `input_size`


def load(path: Path, network: nn.Module) -> Checkpoint:
    """Fill a network with the weights of a file, all of it and with nothing left over.

    UserError where the file is none, is damaged, wants to run code, or has other weights than the network.
    """
    found = read(path)
    fill(network, found)
    return found


def read(path: Path) -> Checkpoint:
    """The weights in a file, whatever network they are of. No code in it is run. UserError as in `load`."""
    content = _content(path)
    inner = content.get("state_dict", content)
    if not isinstance(inner, dict) or not inner:
        raise UserError(f"{path.name}: holds no weights, but {_listed(map(str, content))}")
    weights = {str(key).removeprefix("module."): value for key, value in inner.items()}
    if wrong := [key for key, value in weights.items() if not isinstance(value, Tensor)]:
        raise UserError(f"{path.name}: holds no weights: no tensor in {_listed(wrong)}")
    layout: Layout = "ours" if "arch" in content else "official"
    if any(key.startswith("backbone.") for key in weights):
        layout = "mmpose"
        weights = {_without_part(key): value for key, value in weights.items()}
    notes = {key: value for key, value in content.items() if inner is not content and key != "state_dict"}
    return Checkpoint(path.name, weights, layout, notes)


def recognise(found: Checkpoint) -> str:
    """The network that these are the weights of. UserError where it is none of ours."""
    for name in NAMES:
        if _fits(found.weights, name):
            return name
    raise UserError(f"{found.name}: none of {', '.join(NAMES)} has these weights")


def fill(network: nn.Module, found: Checkpoint) -> None:
    """Give a network these weights. UserError where any is missing, left over or of another shape."""
    wanted = network.state_dict()
    if problems := _differences(found.weights, wanted):
        fitting = [f"; they are those of {name}" for name in NAMES if _fits(found.weights, name)]
        raise UserError(
            f"{found.name}: not the weights of this network: {'; '.join(problems)}{''.join(fitting[:1])}"
        )
    zero = {key: tensor for key, tensor in wanted.items() if key.endswith(_COUNTER)}
    network.load_state_dict({**zero, **found.weights}, strict=True)


def _content(path: Path) -> dict[Any, Any]:
    """The dictionary in a file."""
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
    except UNREADABLE as error:
        raise UserError(f"{path.name}: {_reason(error)}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path.name}: holds a {type(content).__name__}, not weights by name")
    return content


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


def _without_part(key: str) -> str:
    for part in _PARTS:
        if key.startswith(part):
            return key.removeprefix(part)
    return key


def _differences(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    """What stands in the way of loading, each in a few words."""
    missing = [key for key in wanted if key not in found and not key.endswith(_COUNTER)]
    extra = [key for key in found if key not in wanted]
    other = [
        f"{key} {tuple(found[key].shape)}, needed {tuple(wanted[key].shape)}"
        for key in wanted
        if key in found and found[key].shape != wanted[key].shape
    ]
    kinds = (("missing", missing), ("extra", extra), ("of another shape", other))
    return [f"{len(keys)} {kind}: {_listed(keys)}" for kind, keys in kinds if keys]


def _fits(found: Mapping[str, Tensor], arch: str) -> bool:
    if "final_layer.bias" not in found:
        return False
    with torch.device("meta"):
        network = build(arch, keypoints=len(found["final_layer.bias"]))
    return not _differences(found, network.state_dict())


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(every[:_SHOWN])
    return shown if len(every) <= _SHOWN else f"{shown} and {len(every) - _SHOWN} more"
