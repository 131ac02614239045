"""Backgrounds from photographs: parts of a labelled set's pictures in which nobody is."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from scene_noise import Array

LABELS, TEACHER = "person_keypoints.json", "teacher_boxes.json.gz"
TRIES, EACH = 24, 3  #: windows tried in a picture, and kept at most
LEAST = 0.4  #: of a picture's shorter side
MARGIN = 4.0  #: pixels around everybody


Box = tuple[int, int, int, int]  #: left, top, right, bottom


class Window(NamedTuple):
    """Part of a picture without people."""

    file: Path
    box: Box


def windows(folder: Path) -> tuple[Window, ...]:
    """Parts of a set's pictures that keep clear of all boxes, labelled or found by the teacher.

    ValueError where it is no such set, or there are people everywhere.
    """
    try:
        labels = json.loads((folder / LABELS).read_bytes())
        people: dict[int, list[list[float]]] = defaultdict(list)
        for row in labels["annotations"] + teacher_boxes(folder):
            people[row["image_id"]].append(row["bbox"])
        out = []
        for row in labels["images"]:
            boxes = np.array(people[row["id"]], float).reshape(-1, 4)
            file = folder / "images" / row["file_name"]
            out += [Window(file, box) for box in free_parts(row["id"], (row["width"], row["height"]), boxes)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder}: not a set in COCO's format ({type(error).__name__}: {error})") from error
    if not out:
        raise ValueError(f"{folder}: no picture has a part without people to serve as a background")
    return tuple(out)


def teacher_boxes(folder: Path) -> list[Any]:
    path = folder / TEACHER
    return list(json.loads(gzip.decompress(path.read_bytes()))) if path.exists() else []


def free_parts(seed: int, size: tuple[int, int], boxes: Array) -> list[Box]:
    """Random parts of a picture of `size` into which none of the boxes (N, 4) of COCO reaches."""
    rng = np.random.default_rng(seed)
    side = rng.uniform(LEAST, 1, (TRIES, 1, 2)) * min(size)
    start = rng.uniform(0, 1, (TRIES, 1, 2)) * (np.array(size) - side)
    low, high = boxes[:, :2] - MARGIN, boxes[:, :2] + boxes[:, 2:] + MARGIN
    taken = ((low < start + side) & (high > start)).all(2).any(1)
    parts = np.concatenate([start, start + side], 2)[~taken, 0].astype(int)[:EACH]
    return [(left, top, right, bottom) for left, top, right, bottom in parts.tolist()]


def photo(rng: np.random.Generator, choice: Sequence[Window], size: tuple[int, int]) -> Array:
    """One of the windows as large as a picture of `size` (width, height), mirrored or not, float BGR."""
    window = choice[rng.integers(len(choice))]
    image = cv2.imread(str(window.file))
    if image is None:
        raise OSError(f"{window.file}: not a picture that can be read")
    left, top, right, bottom = window.box
    zoom = max(size[0] / (right - left), size[1] / (bottom - top))
    width, height = size[0] / zoom, size[1] / zoom
    x, y = (
        left + rng.uniform(0, right - left - width + 1e-6),
        top + rng.uniform(0, bottom - top - height + 1e-6),
    )
    move = np.array([[zoom, 0, -x * zoom], [0, zoom, -y * zoom]])
    out = cv2.warpAffine(image, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    out = out[:, ::-1] if rng.random() < 0.5 else out
    return np.ascontiguousarray(out * (rng.uniform(0.7, 1.15) * rng.normal(1, 0.04, 3)), np.float32)
