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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.training.saving import is_plain, restore
from engine.training.zoo import NAMES, build

Layout = Literal["official", "mmpose", "ours"]

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
    content = restore(path)
    inner = content.get("state_dict", content)
    if not isinstance(inner, dict) or not inner:
        raise UserError(f"{path.name}: holds no weights, but {_listed(map(str, content)) or 'nothing'}")
    weights = {str(key).removeprefix("module."): value for key, value in inner.items()}
    if wrong := [key for key, value in weights.items() if not is_plain(value)]:
        raise UserError(f"{path.name}: holds no weights: no tensor of plain numbers in {_listed(wrong)}")
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
