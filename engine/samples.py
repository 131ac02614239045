"""Pictures to hold an engine against its ONNX with, and to find the ranges of values: the user's, or ours."""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib import resources
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crop import Size, affines, crops
from engine.detector import open_detector
from engine.errors import UserError
from engine.models import default_model
from engine.types import Image

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MOST_PICTURES = 500
FRAMES = 12  #: of the demo clip
JITTER = 0.1  #: by how much of its side a box is moved where people have to be used again

Edges = NDArray[np.float64]


def frames(folder: Path | None) -> list[Image]:
    """Pictures (H, W, 3) BGR: those in a folder, or some of the clip that comes with the program."""
    return [image for image, _ in (_demo() if folder is None else _pictures(folder))]


def people(folder: Path | None, count: int, size: Size, *, unbiased: bool) -> Image:
    """As many crops (count, h, w, 3) BGR as a pose network of this input size would see them.

    In a folder of the user's, people are where the default detector finds them, or fill a picture whole.
    Where there are too few, they are seen again from boxes that lie a little aside.
    """
    found = _demo() if folder is None else [(image, _boxes(image)) for image, _ in _pictures(folder)]
    seen = [(image, box) for image, boxes in found for box in boxes]
    rng, out = np.random.default_rng(0), []
    for number, (image, box) in enumerate(islice(cycle(seen), count)):
        aside = rng.uniform(-JITTER, JITTER, 4) * np.tile(box[2:] - box[:2], 2) * (number >= len(seen))
        warp = affines((box + aside)[None], size, unbiased=unbiased)
        out.append(crops(image, warp, size)[0])
    return np.stack(out)


def _demo() -> list[tuple[Image, Edges]]:
    """Frames of the demo clip, and the boxes of the people in each."""
    folder = Path(str(resources.files("assets")))
    boxes: dict[int, list[list[float]]] = defaultdict(list)
    try:
        with (folder / "demo.truth.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                left, top, width, height = (float(row[f"bbox_{side}"]) for side in "xywh")
                boxes[int(row["frame"])].append([left, top, left + width, top + height])
    except OSError as error:
        raise UserError(
            f"{folder / 'demo.truth.csv'}: missing; pass --calibrate DIR with pictures"
        ) from error
    chosen = set(sorted(boxes)[:: max(1, len(boxes) // FRAMES)])
    clip, out = cv2.VideoCapture(str(folder / "demo.mp4")), []
    for number in range(max(chosen) + 1):
        if clip.grab() and number in chosen:
            image = clip.retrieve()[1]
            out.append((image.astype(np.uint8, copy=False), np.array(boxes[number])))
    clip.release()
    if not out:
        raise UserError(f"{folder / 'demo.mp4'}: cannot be read; pass --calibrate DIR with pictures")
    return out


def _pictures(folder: Path) -> list[tuple[Image, Edges]]:
    """The pictures in a folder, each with one box: the whole of it."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder of pictures")
    out = []
    for path in sorted(folder.iterdir())[:MOST_PICTURES]:
        image = cv2.imread(str(path)) if path.suffix.lower() in ENDINGS else None
        if image is not None:
            height, width = image.shape[:2]
            out.append((image.astype(np.uint8, copy=False), np.array([[0.0, 0.0, width, height]])))
    if not out:
        raise UserError(f"{folder}: holds no picture that can be read ({', '.join(ENDINGS)})")
    return out


def _boxes(image: Image) -> Edges:
    """The people in a picture; the whole of it where nobody is found, or there is no detector."""
    try:
        detector = open_detector(default_model("detector"), "cpu", 1)
    except UserError:
        found = np.zeros((0, 4))
    else:
        found = detector.detect([image])[0].xyxy.astype(np.float64)
        detector.close()
    height, width = image.shape[:2]
    return found if len(found) else np.array([[0.0, 0.0, width, height]])
