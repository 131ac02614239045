"""People with labelled joints, read once: COCO's JSON and pictures in, one array of crops out.

A data set is a folder with `person_keypoints.json` (COCO's format) and `images/`, and perhaps
`teacher_keypoints.json.gz`: what another network says of each person. Training decodes no JPEG: everybody is
cut out once, with a margin for turning and scaling, into a file that is mapped into memory (`Crops`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crop import Affines, affines, crops
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.training.whole import clear, whole
from engine.types import Array, Image, freeze

LABELS = "person_keypoints.json"
TEACHER = "teacher_keypoints.json.gz"
NOMINAL = (256, 192)  #: height, width that the padded box of a person takes in its canvas
CANVAS = (320, 288)  #: height, width of what is kept of a person, the padded box in its middle
_K = len(KEYPOINTS)
#: Peak below which the teacher does not know where a joint is, most often because it is not there.
_SURE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N labelled people in pictures. Pixels, the centre of the first one being (0, 0)."""

    files: tuple[Path, ...]  #: N, the picture of each
    xyxy: Array  #: (N, 4)
    joints: Array  #: (N, K, 2)
    weights: Array  #: (N, K) how much each joint counts; 0 where nobody knows
    labelled: NDArray[np.bool_]  #: (N, K) by a person, not by the teacher

    def __post_init__(self) -> None:
        n = len(self.files)
        freeze(self, xyxy=(n, 4), joints=(n, _K, 2), weights=(n, _K), labelled=(n, _K))

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """N people cut out. Canvas pixels; the padded box of each is NOMINAL, in the middle of CANVAS."""

    images: Image  #: (N, *CANVAS, 3) BGR, mapped from a file
    joints: Array  #: (N, K, 2)
    weights: Array  #: (N, K)
    labelled: NDArray[np.bool_]  #: (N, K)

    def __len__(self) -> int:
        return len(self.images)


def read(folder: Path, *, teacher: float = 0.0) -> People:
    """Everybody with a labelled joint in a data set.

    Where a joint has no human label, the teacher's counts `teacher` times its peak, if that is high enough.
    UserError where the set is none, is damaged, lacks pictures or has nobody.
    """
    labels = read_json(folder / LABELS)
    try:
        names = {entry["id"]: entry["file_name"] for entry in labels["images"]}
        people = [one for one in labels["annotations"] if not one["iscrowd"] and any(one["keypoints"][2::3])]
        files = tuple(folder / "images" / names[one["image_id"]] for one in people)
        lengths = {len(one["keypoints"]) for one in people}
        boxes = numbers([one["bbox"] for one in people]).reshape(len(people), 4)
        marks = numbers([number for one in people for number in one["keypoints"]])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{folder / LABELS}: not COCO's format ({type(error).__name__}: {error})") from error
    if not people:
        raise UserError(f"{folder / LABELS}: nobody in it has a labelled joint; training needs people")
    if lengths != {3 * _K}:
        found = ", ".join(str(length // 3) for length in sorted(lengths - {3 * _K}))
        raise UserError(f"{folder / LABELS}: {found} keypoints a person; they have to be COCO's {_K}")
    marks = marks.reshape(-1, _K, 3)
    wrong = ~(np.isfinite(boxes).all(1) & (boxes[:, 2:] >= 0).all(1) & np.isfinite(marks).all((1, 2)))
    if wrong.any():
        first = people[int(wrong.argmax())].get("id")
        raise UserError(
            f"{folder / LABELS}: {wrong.sum()} people have boxes of negative size, or numbers that are none,"
            f" the first is annotation {first}; correct or remove them"
        )
    check_pictures(folder, files)
    labelled = marks[..., 2] > 0
    joints, weights = marks[..., :2].copy(), labelled.astype(np.float32)
    if teacher:
        said = _teacher(folder / TEACHER, [one["id"] for one in people])
        told = ~labelled & (said[..., 2] >= _SURE)
        joints[told], weights[told] = said[told, :2], teacher * said[told, 2]
    # COCO counts the edges of boxes from the outer edge of the first pixel.
    xyxy = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]) - np.float32(0.5)
    return People(files, xyxy, joints, weights, labelled)


def cut(people: People, cache: Path) -> Crops:
    """Everybody cut out; from the file in the folder `cache` where an earlier run left it there.

    It is made anew where a picture has changed since: rendered ones may, and keep their names and boxes.
    """
    warps = to_canvas(people.xyxy)
    path = cache / f"{_fingerprint(people)}.npy"
    clear(cache)
    if not path.exists() or path.stat().st_mtime < max(file.stat().st_mtime for file in set(people.files)):
        _write(path, people, warps)
    try:
        images: Image = np.load(path, mmap_mode="c")
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: cannot be read, or is damaged; remove it, it is made anew") from error
    joints = people.joints @ warps[:, :, :2].transpose(0, 2, 1) + warps[:, None, :, 2]
    return Crops(images, joints.astype(np.float32), people.weights, people.labelled)


def together(sets: Sequence[People]) -> People:
    """Several sets as one, one after another."""
    files = tuple(file for one in sets for file in one.files)
    arrays = ("xyxy", "joints", "weights", "labelled")
    return People(files, *(np.concatenate([getattr(one, name) for one in sets]) for name in arrays))


def to_canvas(xyxy: NDArray[np.floating]) -> Affines:
    """Boxes (N, 4) -> (N, 2, 3): frame pixels -> canvas pixels."""
    out = affines(xyxy, NOMINAL)
    out[:, :, 2] += [(CANVAS[1] - NOMINAL[1]) / 2, (CANVAS[0] - NOMINAL[0]) / 2]
    return out


def _write(path: Path, people: People, warps: Affines) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(people), *CANVAS, 3)}
    try:
        with whole(path) as part, part.open("wb") as out:
            # Not mapped into memory: a full disk would then be a signal that kills.
            np.lib.format.write_array_header_1_0(out, header)
            last, picture = Path(), np.empty((0, 0, 3), np.uint8)
            for person, file in enumerate(people.files):
                if file != last:
                    last, picture = file, read_picture(file)
                out.write(crops(picture, warps[person : person + 1], CANVAS).tobytes())
    except OSError as error:
        raise UserError(f"{path}: {len(people)} crops cannot be written: {error}") from error


def read_picture(file: Path) -> Image:
    """(H, W, 3) BGR. UserError where the file is no picture."""
    try:
        picture = cv2.imread(str(file))
    except cv2.error:  # larger than OpenCV reads
        picture = None
    if picture is None:
        raise UserError(
            f"{file}: not a picture that can be read; remove its people from the set or replace it"
        )
    return np.asarray(picture, np.uint8)


def _fingerprint(people: People) -> str:
    """The same for the same pictures and boxes, cut the same way."""
    digest = hashlib.sha256(repr((NOMINAL, CANVAS)).encode())
    digest.update("\n".join(map(str, people.files)).encode())
    digest.update(np.ascontiguousarray(people.xyxy).tobytes())
    return digest.hexdigest()[:16]


def check_pictures(folder: Path, files: Sequence[Path]) -> None:
    """UserError where pictures of a data set are missing."""
    missing = sorted({file.name for file in files} - {file.name for file in (folder / "images").glob("*")})
    if missing:
        raise UserError(
            f"{folder / 'images'}: {len(missing)} pictures are missing, the first is"
            f" {repr(missing[0])[1:-1]}; {LABELS} needs them"
        )


def _teacher(path: Path, ids: Sequence[int]) -> Array:
    """What the teacher says of the annotations: (N, K, 3) x, y, peak; peak 0 for those it has not seen."""
    try:
        said = {one["annotation_id"]: one["keypoints"] for one in read_json(path)}
        out = numbers([said.get(one, [0.0] * 3 * _K) for one in ids]).reshape(-1, _K, 3)
        if not np.isfinite(out).all():
            raise ValueError("some of the numbers are none")
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a list of annotation_id and {_K} keypoints ({error})") from error
    return out


def numbers(said: Sequence[Any]) -> Array:
    """Numbers from JSON, of any one shape. TypeError where some are text or the like, ValueError: ragged."""
    told = np.array(said) if len(said) else np.zeros(0)
    if told.dtype.kind not in "iuf":
        raise TypeError("text, or something else, where numbers have to be")
    with np.errstate(over="ignore"):
        return told.astype(np.float32)


def read_json(path: Path) -> Any:
    """What is in a file, be it compressed (.gz). UserError where it is not there, or not JSON."""
    try:
        raw = path.read_bytes()
        return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except FileNotFoundError as error:
        hint = f"; a data set has {LABELS} and images/" if path.name == LABELS else ""
        raise UserError(f"{path}: there is no such file{hint}") from error
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
