"""Render people to train networks with: `python assets/make_people.py OUT --pictures N`.

Writes a data set in COCO's format as `engine.training.data` reads it: `OUT/images/00000000.jpg` and so on,
and `OUT/person_keypoints.json`, which appears last and whole. What a killed run has drawn is listed in
`OUT/unfinished`; the same command goes on from there. The same seed, sizes and backgrounds give the same
pictures, with any number of workers.

Numbers are COCO's: a box is left, top, width, height from the outer edge of the first pixel; keypoints are
where the centre of the first pixel is (0, 0), with v 0 (not labelled), 1 (hidden) or 2; area is 0.53 of the
box. Boxes hold what is seen of a person. People of whom less than a quarter is seen are not labelled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "tests")) if path not in sys.path]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from people_photos import Window, windows  # noqa: E402
from people_pictures import picture  # noqa: E402
from scene_truth import Truth  # noqa: E402

from engine.skeleton import BONES, KEYPOINTS  # noqa: E402

LABELS, PARTS = "person_keypoints.json", "unfinished"
SEEN = 0.25  #: share of the body that has to be in sight
AREA = 0.53  #: of the box, as in sets that have no outlines
SIZES = ((320, 240), (320, 240), (240, 320), (320, 320))
QUALITY = (60, 96)
CHUNK = 40  #: pictures drawn between two savings

Rows = dict[str, list[dict[str, Any]]]


class Order(NamedTuple):
    """What is to be drawn."""

    folder: Path
    pictures: int
    seed: int
    sizes: tuple[tuple[int, int], ...] = SIZES
    backgrounds: Path | None = None  #: a set with photographs

    def chunks(self) -> list[tuple[Order, int]]:
        return [(self, first) for first in range(0, self.pictures, CHUNK)]

    def mark(self) -> str:
        """The same for the same pictures."""
        said = repr((self.seed, self.sizes, str(self.backgrounds))).encode()
        return hashlib.sha256(said).hexdigest()[:12]

    def part(self, first: int) -> Path:
        """The rows of the pictures from `first` on."""
        last = min(first + CHUNK, self.pictures)
        return self.folder / PARTS / f"{self.mark()}_{first}_{last}.json"


def make(order: Order, workers: int = 1) -> Iterator[int]:
    """Draw what is missing, then save; yields how many pictures there are each time some are done."""
    if (order.folder / LABELS).exists():
        raise FileExistsError(f"{order.folder / LABELS} is there already; remove it or choose another folder")
    for name in ("images", PARTS):
        (order.folder / name).mkdir(parents=True, exist_ok=True)
    if not all(part.name.startswith(order.mark()) for part in (order.folder / PARTS).iterdir()):
        raise FileExistsError(
            f"{order.folder / PARTS} is of a run with another seed, sizes or backgrounds, whose pictures have"
            " the same names; repeat that command, or remove the folder"
        )
    done, chunks = 0, order.chunks()
    with side_by_side(workers) as each:
        for drawn in each(draw, chunks):
            done += drawn
            yield done
    save(order.folder / LABELS, labels(order, [first for _, first in chunks]))
    for _, first in chunks:
        order.part(first).unlink()
    if not any((order.folder / PARTS).iterdir()):
        (order.folder / PARTS).rmdir()


@contextmanager
def side_by_side(workers: int) -> Iterator[Any]:
    """`map` or its equal on several processes, in order."""
    if workers == 1:
        yield map
        return
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool.map
    except BrokenProcessPool as error:
        raise OSError("a worker was killed, perhaps for want of memory; take fewer --workers") from error
    finally:
        pool.shutdown(cancel_futures=True)


def draw(chunk: tuple[Order, int]) -> int:
    """Draw a chunk's pictures unless an earlier run did; how many there are."""
    cv2.setNumThreads(1)
    order, first = chunk
    numbers = range(first, min(first + CHUNK, order.pictures))
    if order.part(first).exists():
        return len(numbers)
    backgrounds = photographs(order.backgrounds)
    rows: Rows = {"images": [], "annotations": []}
    for index in numbers:
        rng = np.random.default_rng((order.seed, index, 2))
        size = order.sizes[rng.integers(len(order.sizes))]
        image, truth = picture(order.seed, index, size, backgrounds)
        name = f"{index:08d}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*QUALITY))]
        (order.folder / "images" / name).write_bytes(cv2.imencode(".jpg", image, quality)[1].tobytes())
        rows["images"].append({"id": index, "file_name": name, "width": size[0], "height": size[1]})
        rows["annotations"] += annotations(index, truth)
    save(order.part(first), rows)
    return len(numbers)


@lru_cache(maxsize=1)
def photographs(folder: Path | None) -> tuple[Window, ...]:
    return windows(folder) if folder else ()


def annotations(image: int, truth: Truth) -> list[dict[str, Any]]:
    """COCO's rows of those in sight; ids are unique while a picture has less than 100 people."""
    rows = []
    for n in np.flatnonzero((truth.seen >= SEEN) & (truth.visibility > 0).any(1)):
        left, top, right, bottom = (float(edge) + 0.5 for edge in truth.boxes[n])
        labelled = truth.visibility[n] > 0
        points = np.column_stack([truth.keypoints[n] * labelled[:, None], truth.visibility[n]])
        rows.append(
            {
                "id": image * 100 + int(truth.ids[n]),
                "image_id": image,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [left, top, right - left, bottom - top],
                "area": AREA * (right - left) * (bottom - top),
                "num_keypoints": int(labelled.sum()),
                "keypoints": [round(float(number), 2) for number in points.ravel()],
            }
        )
    return rows


def labels(order: Order, firsts: Sequence[int]) -> dict[str, Any]:
    """The whole set's JSON."""
    parts = [json.loads(order.part(first).read_text(encoding="utf-8")) for first in firsts]
    skeleton = [[a + 1, b + 1] for a, b in BONES]
    person = {"id": 1, "name": "person", "keypoints": list(KEYPOINTS), "skeleton": skeleton}
    return {
        "info": {"description": f"Rendered people, seed {order.seed}"},
        "images": [row for part in parts for row in part["images"]],
        "annotations": [row for part in parts for row in part["annotations"]],
        "categories": [person],
    }


def save(path: Path, content: dict[str, Any]) -> None:
    """Under its name only when it is whole."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def asked(words: Sequence[str] | None) -> tuple[Order, int]:
    parser = argparse.ArgumentParser(description="Render people to train networks with.")
    parser.add_argument("out", type=Path, help="the folder of the data set")
    parser.add_argument("--pictures", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=size_of, nargs="+", default=SIZES, help="WIDTHxHEIGHT, one by chance")
    parser.add_argument("--backgrounds", type=Path, help="a set whose pictures to take backgrounds from")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    said = parser.parse_args(words)
    if said.pictures < 1 or said.workers < 1 or said.seed < 0:
        parser.error("--pictures and --workers have to be at least 1, --seed at least 0")
    order = Order(said.out, said.pictures, said.seed, tuple(said.size), said.backgrounds)
    return order, said.workers


def size_of(text: str) -> tuple[int, int]:
    width, height = (int(side) for side in text.lower().split("x"))
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise argparse.ArgumentTypeError(f"{text}: sides have to be 32 to 4096 pixels")
    return width, height


def main(words: Sequence[str] | None = None) -> int:
    order, workers = asked(words)
    start = time.monotonic()
    try:
        for done in make(order, workers):
            took = time.monotonic() - start
            left = took / done * (order.pictures - done)
            sys.stdout.write(f"{done} of {order.pictures} pictures, {took:.0f} s, {left:.0f} s left\n")
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from there\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
