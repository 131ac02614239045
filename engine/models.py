"""Where the networks come from that nobody named."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from engine.errors import UserError

FOLDER = "KINETRAIL_MODELS"  #: environment variable: a folder of models that do not come with the program

#: For each kind, the files looked for.
DEFAULTS = {"detector": "rtmdet_nano_person.onnx", "pose": "simplepose_256x192.onnx"}


def default_model(kind: str) -> Path:
    """The file of the default `detector` or `pose` network.

    It comes with the program or lies in the folder $KINETRAIL_MODELS; UserError where it does neither.
    """
    name = DEFAULTS[kind]
    folders = [Path(str(resources.files("assets"))) / "models"]
    if given := os.environ.get(FOLDER):
        folders.append(Path(given))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise UserError(
        f"no {kind} network comes with this version; pass --detector MODEL.onnx --pose MODEL.onnx, or set"
        f" {FOLDER} to a folder with {name}"
    )
