"""Pictures to hold an engine against its ONNX with, and to find the ranges of values: the user's, or ours."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, suppress
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
MOST_PICTURES = 128
LARGEST = 1920  #: longer side; larger pictures are made smaller, as all of them are held in memory
FRAMES = 12  #: of the demo clip
JITTER = 0.1  #: by how much of its side a box is moved where people have to be used again

Edges = NDArray[np.float64]


def _idle() -> None:
    """For whoever cannot be called off."""


def frames(folder: Path | None, going: Callable[[], None] = _idle) -> Iterator[Image]:
    """Pictures (H, W, 3) BGR: those in a folder, or some of the clip that comes with the program.

    `going` is called before each; what it raises ends it.
    """
    if folder is not None:
        return _pictures(folder, going)
    return (image for image, _ in _demo(going))


def people(
    folder: Path | None, count: int, size: Size, *, unbiased: bool, going: Callable[[], None] = _idle
) -> Image:
    """As many crops (count, h, w, 3) BGR as a pose network of this input size would see them.

    In a folder of the user's, people are where the default detector finds them, or fill a picture whole.
    Where there are too few, they are seen again from boxes a little aside. `going` is as for `frames`.
    """
    with closing(_demo(going) if folder is None else _with_people(_pictures(folder, going))) as images:
        found = ((image, box) for image, boxes in images for box in boxes)
        seen = list(islice(found, count))
    rng, out = np.random.default_rng(0), []
    for number, (image, box) in enumerate(islice(cycle(seen), count)):
        aside = rng.uniform(-JITTER, JITTER, 4) * np.tile(box[2:] - box[:2], 2) * (number >= len(seen))
        warp = affines((box + aside)[None], size, unbiased=unbiased)
        out.append(crops(image, warp, size)[0])
    return np.stack(out)


def _demo(going: Callable[[], None]) -> Generator[tuple[Image, Edges]]:
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
    clip, none = cv2.VideoCapture(str(folder / "demo.mp4")), True
    try:
        for number in range(max(chosen) + 1):
            if clip.grab() and number in chosen:
                going()
                image, none = clip.retrieve()[1], False
                yield image.astype(np.uint8, copy=False), np.array(boxes[number])
    finally:
        clip.release()
    if none:
        raise UserError(f"{folder / 'demo.mp4'}: cannot be read; pass --calibrate DIR with pictures")


def _pictures(folder: Path, going: Callable[[], None]) -> Iterator[Image]:
    """The first pictures in a folder."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    except OSError as error:
        raise UserError(f"{folder}: cannot be read as a folder of pictures: {error.strerror}") from error
    count = 0
    for path in paths:
        going()
        image = cv2.imread(str(path))
        if image is None:
            continue
        yield _small(image)
        count += 1
        if count == MOST_PICTURES:
            return
    if not count:
        raise UserError(f"{folder}: holds no picture that can be read ({', '.join(ENDINGS)})")


def _small(image: cv2.typing.MatLike) -> Image:
    height, width = image.shape[:2]
    scale = LARGEST / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image.astype(np.uint8, copy=False)


def _with_people(images: Iterator[Image]) -> Generator[tuple[Image, Edges]]:
    """Each picture and its people; the whole of it where nobody is found, or there is no detector."""
    with ExitStack() as undo:
        detector = None
        with suppress(UserError):
            detector = undo.enter_context(closing(open_detector(default_model("detector"), "cpu", 1)))
        for image in images:
            boxes = detector.detect([image])[0].xyxy.astype(np.float64) if detector else np.zeros((0, 4))
            whole = np.array([[0.0, 0.0, image.shape[1], image.shape[0]]])
            yield image, boxes if len(boxes) else whole
