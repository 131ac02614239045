"""COCO's metric of pose models, side by side: `python -m engine.training.evaluate MODEL... --data DIR`.

A model is an `.onnx` or a checkpoint (`.pth`), ours or an official one. With this a smaller number format or
another decoder is accepted or refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from torch import nn

from engine.crop import Size
from engine.detector import open_detector
from engine.errors import UserError
from engine.heatmap import Decoder
from engine.models import model_file
from engine.pose import PoseEstimator, open_estimator
from engine.recognition import pose_model
from engine.torch_session import OPEN, TorchSession, open_checkpoint
from engine.training.boxes import boxes_in, by_picture
from engine.training.command import exit_code, size_of
from engine.training.config import Config, Phase
from engine.training.data import LABELS, numbers, read, read_json, read_picture
from engine.training.metric import NAMES, Metric, measure
from engine.training.weights import description
from engine.types import Boxes, Poses
from engine.ultralytics_file import is_torchscript

_NEEDED = {"id", "image_id", "category_id", "bbox", "area", "keypoints", "num_keypoints", "iscrowd"}
_TOGETHER = 8  #: pictures whose people share the network's runs


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Pictures, and who has to be found in them."""

    labels: dict[str, Any]  #: as COCO writes them
    files: dict[int, Path]  #: by the picture's number


def gallery(folder: Path) -> Gallery:
    """A data set to measure on. UserError as `engine.training.data.read`."""
    read(folder)
    labels = read_json(folder / LABELS)
    if missing := _NEEDED - set.intersection(*map(set, labels["annotations"])):
        raise UserError(
            f"{folder / LABELS}: people without {', '.join(sorted(missing))}; the metric needs that"
        )
    if problem := _problem(labels["annotations"]):
        raise UserError(f"{folder / LABELS}: {problem}; the metric would be wrong")
    labels["categories"] = [{"id": 1, "name": "person"}]  # pycocotools insists on them
    return Gallery(labels, {one["id"]: folder / "images" / one["file_name"] for one in labels["images"]})


def true_boxes(pictures: Gallery) -> dict[int, Boxes]:
    """The labelled boxes of each picture, with score 1; COCO counts edges from that of the first pixel."""
    people = [one for one in pictures.labels["annotations"] if one["num_keypoints"] and not one["iscrowd"]]
    return _of_all(pictures, by_picture([{**one, "score": 1.0} for one in people]))


def boxes_of_file(pictures: Gallery, path: Path) -> dict[int, Boxes]:
    """Boxes as COCO writes results: a list of image_id, bbox (x, y, width, height) and score; .gz or not."""
    told = boxes_in(path)
    if told and not told.keys() & pictures.files.keys():
        raise UserError(f"{path}: its boxes are of other pictures, such as image_id {next(iter(told))}")
    return _of_all(pictures, told)


def boxes_of_detector(pictures: Gallery, path: Path, threads: int) -> dict[int, Boxes]:
    detector = open_detector(path, threads=threads, threshold=0.05)
    try:
        return {number: detector.detect([read_picture(file)])[0] for number, file in pictures.files.items()}
    finally:
        detector.close()


def poses(
    model: PoseEstimator, pictures: Gallery, boxes: dict[int, Boxes]
) -> tuple[list[tuple[int, Poses]], float]:
    """What a model finds in each picture, and the seconds it took without reading them."""
    numbers = list(pictures.files)
    found: list[tuple[int, Poses]] = []
    spent = 0.0
    for start in range(0, len(numbers), _TOGETHER):
        some = numbers[start : start + _TOGETHER]
        images = [read_picture(pictures.files[number]) for number in some]
        begun = time.perf_counter()
        found += zip(some, model.estimate(images, [boxes[number] for number in some]), strict=True)
        spent += time.perf_counter() - begun
    return found, spent


def ap_of_network(network: nn.Module, config: Config, phase: Phase) -> float:
    """AP with true boxes and flip of a network in training."""
    pictures = gallery(Path(config.validation))
    session = TorchSession(network.eval(), OPEN, next(network.parameters()).device)
    model = PoseEstimator(session, description(config, phase), flip=True)
    found, _ = poses(model, pictures, true_boxes(pictures))
    return measure(pictures.labels, found).ap


def evaluate(
    models: Sequence[Path],
    pictures: Gallery,
    boxes: dict[int, Boxes],
    *,
    flip: bool = False,
    decoder: str = "",
    device: str = "auto",
    threads: int = 0,
    arch: str = "",
    size: Size = (0, 0),
) -> list[tuple[str, Metric, float]]:
    """Name, metric and milliseconds a person of each model; `arch` and `size` are for checkpoints."""
    people = max(sum(map(len, boxes.values())), 1)
    out = []
    for path in models:
        model = _opened(
            path, flip=flip, decoder=decoder, device=device, threads=threads, arch=arch, size=size
        )
        try:
            found, seconds = poses(model, pictures, boxes)
        finally:
            model.close()
        out.append((path.name, measure(pictures.labels, found), 1000 * seconds / people))
    return out


def table(results: Sequence[tuple[str, Metric, float]]) -> str:
    """Markdown."""
    head = ["model", *NAMES, "ms a person"]
    lines = [
        [name, *(f"{value:.3f}" for value in asdict(metric).values()), f"{ms:.1f}"]
        for name, metric, ms in results
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def _problem(people: Sequence[dict[str, Any]]) -> str:
    """Why pycocotools would count these annotations wrongly without a word, or fail; nothing if not."""
    if len({one["id"] for one in people}) < len(people):
        return "several annotations have the same id"
    if all(one["category_id"] != 1 for one in people):
        return "nobody in it is of category 1, COCO's person"
    try:
        told = numbers(
            [[*one["bbox"], one["area"], one["num_keypoints"], *one["keypoints"]] for one in people]
        )
    except (TypeError, ValueError) as error:
        return f"bbox, area, num_keypoints or keypoints are not what they are in COCO ({error})"
    return "" if np.isfinite(told).all() else "bbox, area or keypoints are not finite numbers"


def _opened(
    path: Path, *, flip: bool, decoder: str, device: str, threads: int, arch: str, size: Size
) -> PoseEstimator:
    if path.suffix in (".pth", ".pt") and not is_torchscript(path):
        session = open_checkpoint(path, device, threads, arch=arch, size=size, half=False)
        return PoseEstimator(session, pose_model(path, session.signature), decoder=decoder, flip=flip)
    return open_estimator(path, device, threads, decoder=decoder, flip=flip)


def _of_all(pictures: Gallery, told: dict[int, Boxes]) -> dict[int, Boxes]:
    nobody = Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    return {number: told.get(number, nobody) for number in pictures.files}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.training.evaluate", description=__doc__)
    parser.add_argument(
        "models", nargs="+", metavar="MODEL", help=".onnx, .pth, or a name of `kinetrail models list`"
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {LABELS} and images/")
    parser.add_argument("--boxes", default="truth", help="truth, a JSON of boxes, or a detector")
    parser.add_argument(
        "--flip", action="store_true", help="average the heatmaps of picture and mirror image"
    )
    parser.add_argument("--decode", default="", choices=["", *get_args(Decoder)], help="not the model's own")
    parser.add_argument("--arch", default="", help="network of a checkpoint that does not say it")
    parser.add_argument("--size", default="", metavar="HxW", help="of its input, as 256x192")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the numbers")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    pictures = gallery(options.data)
    if options.boxes == "truth":
        boxes = true_boxes(pictures)
    elif options.boxes.endswith((".json", ".json.gz")):
        boxes = boxes_of_file(pictures, Path(options.boxes))
    else:
        boxes = boxes_of_detector(pictures, model_file("detector", options.boxes), options.threads)
    results = evaluate(
        [model_file("pose", name) for name in options.models],
        pictures,
        boxes,
        flip=options.flip,
        decoder=options.decode,
        device=options.device,
        threads=options.threads,
        arch=options.arch,
        size=size_of(options.size),
    )
    sys.stdout.write(table(results) + "\n")  # before the file: that may fail, and this took long
    sys.stdout.flush()
    if options.json:
        said = [{"model": name, **asdict(metric), "ms_a_person": ms} for name, metric, ms in results]
        try:
            options.json.write_text(json.dumps(said, indent=1), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{options.json}: cannot be written: {error.strerror}") from error


if __name__ == "__main__":
    raise SystemExit(main())
