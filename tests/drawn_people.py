"""Small sets of drawn people in COCO's format: a disc in its own colour at every joint, on a rough ground."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.skeleton import BONES, KEYPOINTS
from engine.types import Array

_COLOURS = [
    tuple(int(v) for v in cv2.cvtColor(np.uint8([[[number * 10, 255, 255]]]), cv2.COLOR_HSV2BGR)[0, 0])
    for number in range(len(KEYPOINTS))
]
#: A person who stands, in parts of the box: x of its width, y of its height.
STANDING = np.array(
    [[.5, .1], [.56, .07], [.44, .07], [.62, .1], [.38, .1], [.7, .25], [.3, .25], [.85, .4], [.15, .4],
     [.95, .55], [.05, .55], [.63, .55], [.37, .55], [.65, .75], [.35, .75], [.67, .97], [.33, .97]],
    np.float32)  # fmt: skip


def write(
    folder: Path, pictures: int = 4, size: tuple[int, int] = (120, 160), seed: int = 1
) -> dict[str, Any]:
    """A data set with one person in each picture; its labels, which can be changed and written again."""
    rng = np.random.default_rng(seed)
    height, width = size
    (folder / "images").mkdir(parents=True)
    images, people = [], []
    for number in range(1, pictures + 1):
        low = np.array([rng.uniform(20, 50), rng.uniform(5, 15)])
        sides = np.array([rng.uniform(45, 70), rng.uniform(80, 95)])
        joints = (low + sides * (STANDING + rng.normal(0, 0.04, STANDING.shape))).astype(np.float32)
        picture = rng.integers(60, 110, (height, width, 3), np.uint8)
        draw(picture, joints)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), picture)
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
        people.append(annotation(number, number, joints))
    labels = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    relabel(folder, labels)
    return labels


def annotation(number: int, image: int, joints: Array) -> dict[str, Any]:
    """A person as COCO writes one, everything visible."""
    low, high = joints.min(axis=0) - 4, joints.max(axis=0) + 4
    marks = np.hstack([joints, np.full((len(joints), 1), 2, np.float32)])
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [*(low + 0.5).tolist(), *(high - low).tolist()],
        "area": float(np.prod(high - low)) * 0.53,
        "keypoints": marks.ravel().tolist(),
        "num_keypoints": len(joints),
    }


def draw(picture: np.ndarray[Any, np.dtype[np.uint8]], joints: Array) -> None:
    points = [(round(float(x)), round(float(y))) for x, y in joints]
    for start, end in BONES:
        cv2.line(picture, points[start], points[end], (200, 200, 200), 2, cv2.LINE_AA)
    for point, colour in zip(points, _COLOURS, strict=True):
        cv2.circle(picture, point, 3, colour, -1, cv2.LINE_AA)


def relabel(folder: Path, labels: Any) -> None:
    (folder / "person_keypoints.json").write_text(json.dumps(labels), encoding="utf-8")


def teach(folder: Path, said: Any) -> None:
    (folder / "teacher_keypoints.json.gz").write_bytes(gzip.compress(json.dumps(said).encode()))
