"""Which file a network is in: one that comes along, one that was downloaded, or one that was named."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import resources
from pathlib import Path

from engine.catalogue import CATALOGUE, Kind
from engine.errors import UserError

FOLDER = "KINETRAIL_MODELS"  #: environment variable: the folder of models that do not come with the program

#: What runs where nobody names anything.
EMBEDDED: dict[Kind, str] = {"detector": "person_yolo26n.onnx", "pose": "pose_hrnet_tiny_128x96.onnx"}


def own_models() -> Path:
    """The folder of the models that come with the program."""
    return Path(str(resources.files("assets"))) / "models"


def model_folder() -> Path:
    """The folder that others are downloaded to: $KINETRAIL_MODELS, or one in the user's cache.

    UserError where $KINETRAIL_MODELS is no folder, or one that cannot be read.
    """
    given = os.environ.get(FOLDER)
    if not given:
        import platformdirs  # only this needs it

        return platformdirs.user_cache_path("kinetrail") / "models"
    try:
        with suppress(FileNotFoundError):  # not made yet
            next(Path(given).iterdir(), None)
    except OSError as error:
        raise UserError(f"{FOLDER}={given[:80]}: no folder that can be read ({error.strerror})") from error
    return Path(given)


def model_file(kind: Kind, given: str) -> Path:
    """The file of the network that a user means: by its path, by its name in the catalogue, or the default.

    UserError where there is no default, or what has that name is not here or is of the other kind.
    """
    published = CATALOGUE.get(given)
    if published is None:
        return Path(given) if given else default_model(kind)
    if published.kind != kind:
        raise UserError(f"{given} is no {kind} network; pass it as --{published.kind}")
    path = model_folder() / published.onnx
    if not path.is_file():
        convert = " --onnx" if published.arch else ""
        raise UserError(f"{given} is not here yet; run: kinetrail models download {given}{convert}")
    return path


def default_model(kind: Kind) -> Path:
    """The `detector` or `pose` network that comes with the program. UserError where it is missing."""
    path = own_models() / EMBEDDED[kind]
    if not path.is_file():
        raise UserError(f"{path}: missing; install Kinetrail again, or pass --{kind} MODEL.onnx")
    return path
