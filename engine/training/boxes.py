"""Photographs with boxes around people, read once: COCO's JSON and pictures in, one file of pixels out.

A data set is a folder with `person_keypoints.json` (COCO's format) and `images/`, and perhaps
`teacher_boxes.json.gz`: what another detector found (COCO's detection results). Where only some people of a
picture are labelled, the teacher adds those it is sure of: nobody should learn to overlook them.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.training.data import LABELS, check_pictures, numbers, read_json, read_picture
from engine.training.whole import clear, whole
from engine.types import Array, Boxes, Image

TEACHER = "teacher_boxes.json.gz"
EDGE = np.float32(0.5)  #: from COCO's outer edge of the first pixel to its centre
LONG_SIDE = 640  #: pictures are kept no larger
#: The part of a teacher's box that a label may cover. Above it, what the teacher saw is often a labelled
#: person's half.
COVERED = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """M pictures and who is in each. 0 is the outer edge of the first pixel, as in COCO, not its centre."""

    files: tuple[Path, ...]  #: M
    xyxy: tuple[Array, ...]  #: M times (N, 4), pixels of the picture


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """M pictures, reduced, one after another in memory."""

    pixels: NDArray[np.uint8]  #: all bytes
    sizes: NDArray[np.intp]  #: (M, 2) height, width
    starts: NDArray[np.intp]  #: (M,) of each in `pixels`
    xyxy: tuple[Array, ...]  #: M times (N, 4), edges in pixels of the reduced picture

    def __len__(self) -> int:
        return len(self.sizes)

    def image(self, number: int) -> Image:
        """(H, W, 3) BGR."""
        start, (height, width) = self.starts[number], self.sizes[number]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def read(folder: Path, *, teacher: float = 0.0) -> Labels:
    """Everybody with a box, and everybody else the teacher gives a score of `teacher` or more (0: nobody).

    UserError where the set is none, is damaged, lacks pictures or has nobody.
    """
    labels = read_json(folder / LABELS)
    try:
        names = {entry["id"]: entry["file_name"] for entry in labels["images"]}
        boxes = defaultdict(list)
        for one in labels["annotations"]:
            if not one["iscrowd"]:
                boxes[one["image_id"]].append(one["bbox"])
        known = {number: _edges(_checked(boxes[number], 4)) for number in names}
        files = tuple(folder / "images" / name for name in names.values())
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder / LABELS}: not COCO's format ({type(error).__name__}: {error})") from error
    if not any(len(each) for each in known.values()):
        raise UserError(f"{folder / LABELS}: nobody in it has a box; training needs people")
    check_pictures(folder, files)
    if teacher:
        for number, more in boxes_in(folder / TEACHER).items():
            if number in known:
                sure = more.xyxy[more.scores >= teacher] + EDGE
                known[number] = np.concatenate([known[number], unlabelled(sure, known[number])])
    return Labels(files, tuple(known.values()))


def boxes_in(path: Path) -> dict[int, Boxes]:
    """Boxes of people as COCO writes results, image_id, bbox and score, by picture; .gz or not.

    UserError where the file holds anything else.
    """
    try:
        return by_picture([one for one in read_json(path) if one.get("category_id", 1) == 1])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: not a list of image_id, bbox and score ({error})") from error


def by_picture(rows: Sequence[Mapping[str, Any]]) -> dict[int, Boxes]:
    """What COCO's rows say of each picture, best first. KeyError, TypeError, ValueError if they are none."""
    told = defaultdict(list)
    for one in rows:
        if type(one["image_id"]) is not int:
            raise TypeError(f"image_id {one['image_id']!r} is no whole number")
        told[one["image_id"]].append([*one["bbox"], one["score"]])
    return {number: _scored(each) for number, each in told.items()}


def unlabelled(told: Array, known: Array) -> Array:
    """Of the teacher's boxes (N, 4) those that no label (M, 4) covers by more than COVERED."""
    low, high = np.maximum(told[:, None, :2], known[:, :2]), np.minimum(told[:, None, 2:], known[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2).max(axis=1, initial=0)
    alone: Array = told[shared <= COVERED * (told[:, 2:] - told[:, :2]).prod(axis=1)]
    return alone


def photos(labels: Labels, cache: Path) -> Photos:
    """All pictures; from the file in the folder `cache` where an earlier run left it there."""
    path = cache / f"{_fingerprint(labels)}.npz"
    clear(cache)
    if not path.with_suffix(".npy").exists() or not path.exists():
        _write(path, labels)
    try:
        pixels = np.load(path.with_suffix(".npy"), mmap_mode="r")
        with path.open("rb") as file, np.load(file) as index:
            sizes, scales = index["sizes"], index["scales"]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: cannot be read, or is damaged; remove it, it is made anew") from error
    starts = np.concatenate([[0], np.cumsum(sizes.prod(axis=1) * 3)[:-1]])
    xyxy = tuple((boxes * scale).astype(np.float32) for boxes, scale in zip(labels.xyxy, scales, strict=True))
    return Photos(pixels, sizes, starts, xyxy)


def _scored(rows: Sequence[Sequence[float]]) -> Boxes:
    marks = _checked(rows, 5)
    best = marks[np.argsort(-marks[:, 4], kind="stable")]
    return Boxes(_edges(best) - EDGE, best[:, 4].copy())


def _checked(rows: Sequence[Sequence[float]], width: int) -> Array:
    """(N, width) COCO's left, top, width, height, ... TypeError or ValueError where they are none."""
    marks = numbers(rows).reshape(len(rows), -1 if rows else width)
    if marks.shape[1] != width or not np.isfinite(marks).all() or (marks[:, 2:4] < 0).any():
        raise ValueError(f"a box of negative size, or not {width} finite numbers, among {rows}"[:120])
    return marks


def _edges(marks: Array) -> Array:
    """COCO's left, top, width, height, ... (N, 4 or more) -> left, top, right, bottom."""
    return np.hstack([marks[:, :2], marks[:, :2] + marks[:, 2:4]])


def _write(path: Path, labels: Labels) -> None:
    """The index last."""
    kept, sizes, scales = [], [], []
    for file in labels.files:
        picture = read_picture(file)
        sides = picture.shape[:2]
        scale = min(1.0, LONG_SIDE / max(sides))
        size = tuple(max(1, round(side * scale)) for side in sides)
        small = picture if scale == 1 else cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
        kept.append(small.reshape(-1))
        sizes.append(size)
        scales.append([size[1] / sides[1], size[0] / sides[0]] * 2)
    try:
        with whole(path.with_suffix(".npy")) as part, part.open("wb") as out:
            np.save(out, np.concatenate(kept))
        with whole(path) as part, part.open("wb") as out:
            np.savez(out, sizes=np.array(sizes, np.intp), scales=np.array(scales, np.float32))
    except OSError as error:
        raise UserError(f"{path}: {len(kept)} pictures cannot be written: {error}") from error


def _fingerprint(labels: Labels) -> str:
    """The same for the same pictures, reduced the same way."""
    digest = hashlib.sha256(repr(LONG_SIDE).encode())
    for file in labels.files:
        digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
