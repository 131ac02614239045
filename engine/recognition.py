"""What kind of network a file holds: as it describes itself, else by the shapes of its input and outputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.description import DetectorModel, Head, Model, PoseModel, described
from engine.errors import UserError
from engine.session import Signature
from engine.skeleton import KEYPOINTS

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  #: red first, of 255
MOST_FOUND = 1000  #: rows of a YOLO that drops doubles itself (mostly 300); one that does not has thousands
#: What Python raises for a text that is no dict of numbers and names.
UNREADABLE = (SyntaxError, ValueError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError)

M = TypeVar("M", PoseModel, DetectorModel)


def pose_model(path: Path, signature: Signature) -> PoseModel:
    """The description of a pose network; UserError where the file holds anything else."""
    return _settled(path, _of_kind(PoseModel, path, signature), signature)


def detector_model(path: Path, signature: Signature) -> DetectorModel:
    """The description of a person detector; UserError where the file holds anything else."""
    return _settled(path, _of_kind(DetectorModel, path, signature), signature)


def any_model(path: Path, signature: Signature) -> Model:
    """The description of a network of either kind; UserError where the file holds neither."""
    model = described(path, signature) or _recognised(path, signature)
    if isinstance(model, PoseModel):
        return _settled(path, model, signature)
    return _settled(path, model, signature)


def takes_pixels(signature: Signature) -> bool:
    """Whether pictures go in as they are, (N, H, W, 3) uint8 BGR, normalisation being inside."""
    match signature.inputs:
        case [(_, channels, _, 3)]:
            return channels != 3
    return False


def gives_joints(signature: Signature) -> bool:
    """Whether joints come out, (N, K, 2) in pixels of the input, and their scores (N, K)."""
    return [len(shape) for shape in signature.outputs] == [3, 2]


def _of_kind(kind: type[M], path: Path, signature: Signature) -> M:
    model = described(path, signature) or _recognised(path, signature)
    if isinstance(model, kind):
        return model
    if isinstance(model, PoseModel):
        raise UserError(f"{path.name}: a pose network, where a detector is needed; pass it as --pose")
    raise UserError(f"{path.name}: a person detector, where a pose network is needed; pass it as --detector")


def _settled(path: Path, model: M, signature: Signature) -> M:
    """The model with the one input size it is run at, after its description was held against the network."""
    pixels = isinstance(model, PoseModel) and takes_pixels(signature)
    if not (pixels or _takes_pictures(signature)) or not _answers(model, signature):
        what = f"a detector with head {model.head}" if isinstance(model, DetectorModel) else "a pose network"
        if isinstance(model, PoseModel):
            what += f" with {len(model.keypoints)} keypoints"
        raise UserError(f"{path.name}: described as {what}, which does not fit: {_found(signature)}")
    height, width = signature.inputs[0][1:3] if pixels else signature.inputs[0][2:]
    said = model.input_size
    if said != (0, 0) and (height not in (0, said[0]) or width not in (0, said[1])):
        raise UserError(f"{path.name}: described with input_size {list(said)}, but {_found(signature)}")
    size = (height, width) if said == (0, 0) else said
    if 0 in size and (isinstance(model, PoseModel) or size != (0, 0)):
        raise UserError(
            f"{path.name}: its input size is open; say input_size [height, width] in {path.name}.json"
        )
    return replace(model, input_size=size)


def _takes_pictures(signature: Signature) -> bool:
    match signature.inputs:
        case [(_, 0 | 3, _, _)]:
            return True
    return False


def _answers(model: Model, signature: Signature) -> bool:
    """Whether the outputs can be what the model says they are; 0 is a size that the file leaves open."""
    shapes = _largest_first(signature)
    ranks = [len(shape) for shape in shapes]
    if isinstance(model, PoseModel):
        fits = shapes and len(shapes[0]) > 2 and shapes[0][1] in (0, len(model.keypoints))
        return bool(fits) and (ranks == [4] or (gives_joints(signature) and shapes[0][2] in (0, 2)))
    if model.head == "rtmdet":
        return ranks == [3, 2] and shapes[0][2] in (0, 5)
    if model.head == "yolo_end2end":
        return ranks == [3] and shapes[0][2] in (0, 6)
    return ranks == [3] and (shapes[0][1] == 0 or shapes[0][1] > 4 + model.person)


def _recognised(path: Path, signature: Signature) -> Model:
    """The well-known networks that say nothing about themselves."""
    task = signature.metadata.get("task", "detect")
    if "names" in signature.metadata and task != "detect":
        raise UserError(
            f"{path.name}: a YOLO for the task '{task}'; what can be used is a YOLO for 'detect' as detector,"
            " and a network with heatmaps for poses"
        )
    model = _by_shape(path, signature) if _takes_pictures(signature) else None
    if model is None:
        raise UserError(
            f"{path.name}: cannot tell what it is: {_found(signature)}; needed is RTMDet with NMS inside, a"
            f" YOLO detector, heatmaps a quarter the size of the input, or a description in {path.name}.json"
        )
    return model


def _by_shape(path: Path, signature: Signature) -> Model | None:
    height, width = signature.inputs[0][2:]
    match _largest_first(signature):
        case [(_, _, 0 | 5), (_, _)]:
            return DetectorModel(False, IMAGENET_MEAN[::-1], IMAGENET_STD[::-1], head="rtmdet")
        case [(_, rows, 6)] if 0 < rows <= MOST_FOUND or (rows == 0 and "task" in signature.metadata):
            return _yolo(path, "yolo_end2end", signature.metadata)
        case [(_, channels, anchors)] if _is_raw(channels, anchors, path, signature):
            return _yolo(path, "yolo_raw", signature.metadata)
        case [(_, k, h, w)] if k and height and width and h in (0, height // 4) and w in (0, width // 4):
            names = KEYPOINTS if k == len(KEYPOINTS) else tuple(f"keypoint_{i}" for i in range(k))
            return PoseModel(True, IMAGENET_MEAN, IMAGENET_STD, keypoints=names, decoder="quarter")
    return None


def _is_raw(channels: int, anchors: int, path: Path, signature: Signature) -> bool:
    """x, y, width, height and a score per class, for each cell of the grids of stride 8, 16 and 32."""
    if "names" in signature.metadata:  # then it may have other grids
        return channels in (0, 4 + len(_classes(path, signature.metadata))) and not 0 < anchors <= channels
    height, width = signature.inputs[0][2:]
    cells = sum((height // stride) * (width // stride) for stride in (8, 16, 32))
    return channels > 4 and anchors in (0, cells or 0)


def _yolo(path: Path, head: Head, metadata: Mapping[str, str]) -> DetectorModel:
    classes = _classes(path, metadata)
    people = [number for number, name in classes.items() if name == "person"]
    if len(classes) != 1 and not people:
        raise UserError(f"{path.name}: finds {', '.join(list(classes.values())[:5])}; none is named person")
    stride = metadata.get("stride", "")
    return DetectorModel(
        rgb=True,
        mean=(0.0, 0.0, 0.0),
        std=(255.0, 255.0, 255.0),
        head=head,
        person=(people or list(classes))[0],
        multiple=int(stride) if re.fullmatch("[1-9][0-9]{0,3}", stride) and int(stride) <= 1024 else 32,
    )


def _classes(path: Path, metadata: Mapping[str, str]) -> dict[int, str]:
    """Ultralytics writes the class names of a YOLO into its metadata as Python would print the dict."""
    text = metadata.get("names", "{0: 'person'}")
    try:
        names = ast.literal_eval(text)
        return {int(number): str(name) for number, name in names.items()}
    except UNREADABLE as error:
        raise UserError(f"{path.name}: cannot read its class names: {text[:60]!r}") from error


def _largest_first(signature: Signature) -> list[tuple[int, ...]]:
    return sorted(signature.outputs, key=len, reverse=True)


def _found(signature: Signature) -> str:
    """Both shapes in words, as `input (?, 3, 256, 192), output (?, 17, 64, 48)`."""
    parts = []
    for name, shapes in (("input", signature.inputs), ("output", signature.outputs)):
        texts = ["(" + ", ".join(str(size or "?") for size in shape) + ")" for shape in shapes]
        parts.append(f"{name} {' and '.join(texts) or 'none'}")
    return ", ".join(parts)
