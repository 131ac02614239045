"""What drawing and writing cost: `python -m benchmarks.draw`.

Medians of CPU time in milliseconds, all in one thread but for x264's two. People stand side by side in front
of soft noise, and scores are spread evenly over [0.3, 1], so that four limbs of five fade: more than in life.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from app.outputs.mp4 import Mp4
from app.outputs.table import Csv
from app.painting.draw import draw
from app.types import Result, SourceInfo, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Image
from trackers.types import Tracks

THRESHOLD = 0.3
SCENES = ((0, 1280, 720), (1, 1280, 720), (10, 1280, 720), (20, 1280, 720), (10, 3840, 2160))
#: A standing body, x and y in its box from 0 to 1.
STANDING = np.array(
    [
        (0.50, 0.08), (0.55, 0.06), (0.45, 0.06), (0.60, 0.08), (0.40, 0.08),
        (0.75, 0.20), (0.25, 0.20), (0.88, 0.35), (0.12, 0.35), (0.95, 0.50), (0.05, 0.50),
        (0.65, 0.52), (0.35, 0.52), (0.66, 0.75), (0.34, 0.75), (0.67, 0.96), (0.33, 0.96),
    ]
)  # fmt: skip


def main() -> None:
    cv2.setNumThreads(1)
    rows = []
    for people, width, height in SCENES:
        work = partial(draw, picture(width, height), side_by_side(people, width, height), THRESHOLD)
        rows.append((f"draw {people} people, {width} x {height}", milliseconds(work)))
    with TemporaryDirectory() as folder:
        rows.append(("CSV, 20 people", csv(Path(folder))))
        for width, height in ((1280, 720), (1920, 1080)):
            rows.append((f"MP4 without drawing, {width} x {height}", mp4(Path(folder), width, height)))
    for name, cost in rows:
        print(f"{name:40}{cost:8.2f} ms")  # noqa: T201


def milliseconds(work: Callable[[], object], times: int = 60) -> float:
    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return 1000 * median(once() for _ in range(times))


def picture(width: int, height: int) -> Image:
    """Soft noise, which is neither the best nor the worst to compress."""
    rng = np.random.default_rng(1)
    return cv2.resize(rng.integers(0, 256, (height // 16, width // 16, 3), np.uint8), (width, height))


def side_by_side(people: int, width: int, height: int) -> Tracks:
    """People from a quarter to three quarters of the picture's height."""
    rng = np.random.default_rng(2)
    tall = np.linspace(0.25, 0.75, people) * height
    left = np.linspace(0.02, 0.85, people) * width
    boxes = np.stack([left, height - tall - 5, left + 0.4 * tall, np.full(people, height - 5)], axis=1)
    keypoints = boxes[:, None, :2] + STANDING * (boxes[:, 2:] - boxes[:, :2])[:, None]
    points = keypoints.astype(np.float32)
    scores = rng.uniform(THRESHOLD, 1.0, points.shape[:2]).astype(np.float32)
    found = Boxes(boxes.astype(np.float32), np.full(people, 0.9, np.float32))
    return Tracks(np.arange(1, people + 1, dtype=np.int64), found, points, points.copy(), scores)


def csv(folder: Path) -> float:
    table = Csv(folder / "a.csv", KEYPOINTS, THRESHOLD)
    crowd = side_by_side(20, 1280, 720)
    frame = Frame(0, 0.04, np.zeros((2, 2, 3), np.uint8))
    cost = milliseconds(lambda: table.write(Result(frame, crowd, Timings(0.0, 0.0, 0.0, 0.0))), 200)
    table.close()
    return cost


def mp4(folder: Path, width: int, height: int) -> float:
    """Colour conversion, x264 and writing, of a picture that moves a little."""
    base = Fraction(1, 25)
    info = SourceInfo("", "", width, height, base, 1 / base, 100, False, False, Fraction(1), "")
    sink, image, nobody = (
        Mp4(folder / f"{height}.mp4", info, THRESHOLD, notice=print),
        picture(width, height),
        side_by_side(0, 1, 1),
    )
    began = time.process_time()
    for index in range(100):
        moved = np.roll(image, 2 * index, axis=1)
        sink.write(Result(Frame(index, index / 25, moved), nobody, Timings(0.0, 0.0, 0.0, 0.0)))
    sink.close()
    rolling = milliseconds(lambda: np.roll(image, 2, axis=1), 10) + milliseconds(lambda: image.copy(), 10)
    return 10 * (time.process_time() - began) - rolling


if __name__ == "__main__":
    main()
