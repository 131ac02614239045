"""A trained network together with what it needs, from a checkpoint of any layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from engine.crop import Size
from engine.description import PREFIX, PoseModel, described
from engine.errors import UserError
from engine.recognition import IMAGENET_MEAN, IMAGENET_STD
from engine.session import Signature
from engine.skeleton import KEYPOINTS
from engine.training.checkpoint import Checkpoint, fill, read, recognise
from engine.training.likelihood import told
from engine.training.zoo import build

_SAID = ("rgb", "mean", "std", "keypoints", "decoder", "sigma", "input_size", "licence")


def open_trained(
    path: Path, arch: str = "", size: Size = (0, 0), settings: Mapping[str, Any] | None = None
) -> tuple[nn.Module, PoseModel]:
    """The network in a checkpoint, in evaluation mode on the CPU, and its description.

    Without `arch`, the checkpoint says it or its weights tell. `size`, height and width, and `settings`, by
    the names of the description, come before what the checkpoint says of itself. UserError where it is none,
    is damaged, has other weights than the network, or needs to be told its size.
    """
    found = read(path)
    arch = arch or str(found.notes.get("arch", "")) or recognise(found)
    said = _said(found, arch) | dict(settings or {})
    if size != (0, 0):
        said["input_size"] = list(size)
    model = _description(path, said)
    if model.input_size == (0, 0):
        raise UserError(f"{path.name}: does not say the size of its input; pass it, as --size 256x192")
    if any(side % 32 for side in model.input_size):
        raise UserError(
            f"size {model.input_size[0]}x{model.input_size[1]}: height and width are multiples of 32"
        )
    network = build(arch, len(model.keypoints)).eval()
    fill(network, found)
    return told(network, model.sigma), model


def _said(found: Checkpoint, arch: str) -> dict[str, Any]:
    """What the checkpoint says, and what is known of checkpoints that say nothing.

    The official SimpleBaseline was trained on pictures as OpenCV reads them, blue first (COLOR_RGB: false in
    its configurations), with the means of red first; everything else red first.
    """
    outputs = found.weights.get("final_layer.bias", ())
    names = KEYPOINTS if len(outputs) == len(KEYPOINTS) else [f"keypoint_{i}" for i in range(len(outputs))]
    known = {
        "rgb": not (found.layout == "official" and arch.startswith("resnet")),
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "keypoints": list(names),
        "decoder": "quarter",
    }
    return known | {key: found.notes[key] for key in _SAID if key in found.notes}


def _description(path: Path, said: Mapping[str, Any]) -> PoseModel:
    """Checked as that of an ONNX file is; sigma grows with the height, 2 cells at 256, unless it is said."""
    try:
        height = int(said.get("input_size", [256])[0])
        complete = {"sigma": 2.0 * (height or 256) / 256, **said, "kind": "pose"}
        texts = {PREFIX + key: json.dumps(value) for key, value in complete.items()}
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise UserError(f"{path.name}: describes itself in a way that cannot be read: {error}") from error
    model = described(path, Signature((), (), texts))
    assert isinstance(model, PoseModel)
    return model
