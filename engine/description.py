"""What a network needs and what it answers, as its file says it.

A file says it in the ONNX metadata, under keys that start with `kinetrail.`, each value being JSON. Where it
has none of them, `<model file name>.json` beside it may: one JSON object with the same keys less the prefix.
`engine.recognition` knows the well-known networks that say nothing.

| key | | JSON value |
|---|---|---|
| `kind` | needed | `"pose"` or `"detector"` |
| `rgb` | needed | `true`: red first, `false`: blue first |
| `mean`, `std` | needed | three numbers each, for values of 0 to 255, in that order of channels |
| `keypoints` | pose, needed | names, `left_...` and `right_...` being a pair |
| `decoder` | pose, needed | `"argmax"`, `"quarter"`, `"dark"` or `"udp"` |
| `sigma` | pose | deviation of the training targets in heatmap cells, 2 by default |
| `head` | detector, needed | `"rtmdet"`, `"yolo_end2end"` or `"yolo_raw"` |
| `person` | detector | number of the class "person", 0 by default |
| `fill` | detector | 0 to 255, what surrounds a picture of other proportions, 114 by default |
| `multiple` | detector | what height and width have to be multiples of, 32 by default |
| `threshold` | detector | score from where on a box is a person, the usual one of its head by default |
| `echo` | detector | share of a better box's score up to which one half upon it is the same person; 0, none |
| `input_size` | | `[height, width]`; needed where the network takes any size and is not a detector |
| `licence` | | SPDX identifier, `"unknown"` by default |
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from engine.crop import Size
from engine.errors import UserError
from engine.heatmap import Decoder
from engine.session import Signature

PREFIX = "kinetrail."

Head = Literal["rtmdet", "yolo_end2end", "yolo_raw"]  #: what the outputs are, see `engine.heads`
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PoseModel:
    """A network that draws one heatmap (N, K, h, w) for each keypoint of the one person in its input."""

    rgb: bool  #: red is the first channel, not blue
    mean: Triple  #: in the network's order of channels, for values of 0 to 255
    std: Triple
    keypoints: tuple[str, ...]
    decoder: Decoder  #: udp stands for the unbiased transform too
    sigma: float = 2.0  #: of the training targets, heatmap cells
    input_size: Size = (0, 0)
    licence: str = "unknown"


@dataclass(frozen=True, slots=True)
class DetectorModel:
    """A network that puts boxes around people. A picture keeps its proportions, amid the input."""

    rgb: bool  #: red is the first channel, not blue
    mean: Triple  #: in the network's order of channels, for values of 0 to 255
    std: Triple
    head: Head
    person: int = 0  #: number of the class
    fill: int = 114  #: 0 to 255, around the picture
    multiple: int = 32  #: of what height and width are, where any size will do
    threshold: float = 0.0  #: score from where on a box is a person; 0: the head's own
    echo: float = (
        0.0  #: share of its score up to which a box half upon a better one is the same person; 0: none
    )
    input_size: Size = (0, 0)  #: (0, 0): any
    licence: str = "unknown"


Model = PoseModel | DetectorModel
KINDS: dict[str, type[Model]] = {"pose": PoseModel, "detector": DetectorModel}


def described(path: Path, signature: Signature) -> Model | None:
    """The model as its metadata or the file beside it describes it; None where neither says anything."""
    texts = {key: text for key, text in signature.metadata.items() if key.startswith(PREFIX)}
    if texts:
        said = {key.removeprefix(PREFIX): _json(f"{path.name}: {key}", text) for key, text in texts.items()}
        return _model(f"metadata of {path.name}", said)
    beside = path.with_name(path.name + ".json")
    if not os.path.exists(beside):  # noqa: PTH110 because Path.exists fails on names that are too long
        return None
    try:
        text = beside.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{beside.name}: cannot be read: {error}") from error
    said = _json(beside.name, text)
    if not isinstance(said, dict):
        raise UserError(
            f'{beside.name}: holds {_short(said)}; it has to be an object, {{"kind": "pose", ...}}'
        )
    return _model(beside.name, said)


def to_metadata(model: Model) -> dict[str, str]:
    """What `described` reads back as this model, to be written into the ONNX by whoever exports it."""
    kind = "pose" if isinstance(model, PoseModel) else "detector"
    said = {"kind": kind, **asdict(model)}
    return {PREFIX + key: json.dumps(value) for key, value in said.items()}


def _model(where: str, said: Mapping[str, Any]) -> Model:
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UserError(f'{where}: kind is {_short(kind)}; it has to be "pose" or "detector"')
    model = KINDS[kind]
    known = {field.name: field.default is MISSING for field in fields(model)}
    if unknown := set(said) - set(known) - {"kind"}:
        raise UserError(f"{where}: unknown {', '.join(sorted(unknown))}; a {kind} has {', '.join(known)}")
    if missing := [name for name, needed in known.items() if needed and name not in said]:
        raise UserError(f"{where}: {', '.join(missing)} missing; a {kind} needs them")
    values = {}
    for name in said.keys() & known.keys():
        read, wanted = FORMS[name]
        values[name] = read(said[name])
        if values[name] is None:
            raise UserError(f"{where}: {name} is {_short(said[name])}; it has to be {wanted}")
    return model(**values)


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # not only JSONDecodeError: also numbers of 4300 digits
        raise UserError(f"{where}: not JSON: {_short(text)} ({error})") from error


def _short(value: Any) -> str:
    text = " ".join((value if isinstance(value, str) else json.dumps(value)).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _whole(least: int, most: int) -> Callable[[Any], int | None]:
    return lambda value: value if type(value) is int and least <= value <= most else None


def _one_of(*choices: str) -> Callable[[Any], str | None]:
    return lambda value: value if value in choices else None


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -1e6 < value < 1e6


def _triple(value: Any) -> tuple[float, ...] | None:
    fits = isinstance(value, list) and len(value) == 3 and all(map(_number, value))
    return tuple(map(float, value)) if fits else None


def _spread(value: Any) -> tuple[float, ...] | None:
    numbers = _triple(value)
    return numbers if numbers is not None and min(numbers) > 0 else None


def _size(value: Any) -> Size | None:
    whole = _whole(0, MOST_PIXELS)
    fits = isinstance(value, list) and len(value) == 2 and all(whole(each) is not None for each in value)
    return (value[0], value[1]) if fits and (value == [0, 0] or min(value) > 0) else None


def _names(value: Any) -> tuple[str, ...] | None:
    fits = isinstance(value, list) and all(isinstance(each, str) and _heads_a_column(each) for each in value)
    return tuple(value) if fits and value and len(set(value)) == len(value) else None


def _heads_a_column(name: str) -> bool:
    return bool(name.strip()) and name.isprintable() and not set(name) & set(",\"'")


MOST_PIXELS = 1 << 13

#: For each key: what JSON holds -> what the model holds, or None where it is wrong; and what it has to be.
FORMS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "rgb": (lambda value: value if isinstance(value, bool) else None, "true or false"),
    "mean": (_triple, "three numbers"),
    "std": (_spread, "three numbers above 0"),
    "keypoints": (_names, "a list of different names without commas and quotes"),
    "decoder": (_one_of(*get_args(Decoder)), " or ".join(get_args(Decoder))),
    "sigma": (
        lambda value: float(value) if _number(value) and 0 < value <= 16 else None,
        "above 0, up to 16",
    ),
    "head": (_one_of(*get_args(Head)), " or ".join(get_args(Head))),
    "person": (_whole(0, MOST_PIXELS), "a whole number from 0"),
    "fill": (_whole(0, 255), "a whole number from 0 to 255"),
    "multiple": (_whole(1, MOST_PIXELS), "a whole number from 1"),
    "threshold": (lambda value: float(value) if _number(value) and 0 <= value <= 1 else None, "from 0 to 1"),
    "echo": (lambda value: float(value) if _number(value) and 0 <= value <= 1 else None, "from 0 to 1"),
    "input_size": (_size, "[height, width], both above 0, or [0, 0] for any"),
    "licence": (lambda value: value if isinstance(value, str) else None, "text"),
}
