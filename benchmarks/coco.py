"""Labelled photographs to measure against: a folder with `images/` and COCO's `person_keypoints.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Image

COCO = Path("../shared/data/coco_val")


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """A picture and the N people labelled in it, in pixels with the centre of the first one at (0, 0)."""

    image: Image
    xyxy: Array  #: (N, 4)
    keypoints: Array  #: (N, 17, 2)
    labelled: NDArray[np.bool_]  #: (N, 17)
    areas: Array  #: (N,) of the people, square pixels


def photographs(folder: Path = COCO) -> list[Photograph]:
    """All pictures of the folder. COCO counts the edges of boxes from the outer edge of the first pixel."""
    labels = json.loads((folder / "person_keypoints.json").read_text(encoding="utf-8"))
    found = []
    for entry in labels["images"]:
        people = [person for person in labels["annotations"] if person["image_id"] == entry["id"]]
        boxes = np.array([person["bbox"] for person in people], np.float32).reshape(-1, 4)
        joints = np.array([person["keypoints"] for person in people], np.float32).reshape(-1, 17, 3)
        areas = np.array([person["area"] for person in people], np.float32)
        xyxy = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]) - np.float32(0.5)
        image = cv2.imread(str(folder / "images" / entry["file_name"]))
        found.append(Photograph(image, xyxy, joints[..., :2], joints[..., 2] > 0, areas))
    return found
