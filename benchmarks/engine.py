"""What the engine adds to the network's own time: `python -m benchmarks.engine`.

Median milliseconds a person on one core: 720p frame, people of many sizes, 256x192 input, 64x48 heatmaps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import cv2
import numpy as np

from engine.crop import affines, crops, normalise, to_frame
from engine.heatmap import decode, encode, flip_back
from engine.skeleton import KEYPOINTS, PAIRS

INPUT, HEATMAP = (256, 192), (64, 48)
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
REPEATS = 200


def median_ms(job: Callable[[], object]) -> float:
    """The median time of one call, in milliseconds."""
    job()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def jobs(people: int) -> dict[str, Callable[[], object]]:
    """One call of everything that is measured, by name."""
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (720, 1280, 3), np.uint8), (5, 5), 0)
    height = rng.uniform(150, 600, people)
    centre = rng.uniform([100, 200], [1180, 520], (people, 2))
    half = np.stack([0.2 * height, 0.5 * height], axis=1)
    boxes = np.hstack([centre - half, centre + half])
    at = affines(boxes, INPUT)
    cut = crops(image, at, INPUT)
    joints = rng.uniform([2, 2], [45, 61], (people, len(KEYPOINTS), 2))
    heatmaps = encode(joints, np.ones(joints.shape[:2], bool), HEATMAP)
    heatmaps += rng.normal(0, 0.003, heatmaps.shape).astype(np.float32)
    cells = decode(heatmaps).cells
    return {
        "affines": lambda: affines(boxes, INPUT),
        "crops": lambda: crops(image, at, INPUT),
        "normalise": lambda: normalise(cut, MEAN, STD, rgb=True),
        "crops + normalise": lambda: normalise(crops(image, at, INPUT), MEAN, STD, rgb=True),
        "decode argmax": lambda: decode(heatmaps, "argmax"),
        "decode quarter": lambda: decode(heatmaps, "quarter"),
        "decode dark": lambda: decode(heatmaps, "dark"),
        "decode udp": lambda: decode(heatmaps, "udp"),
        "flip_back, shifted": lambda: flip_back(heatmaps, PAIRS, shift=True),
        "to_frame": lambda: to_frame(cells, at, INPUT, HEATMAP),
        "encode": lambda: encode(joints, np.ones(joints.shape[:2], bool), HEATMAP),
    }


def main() -> None:
    cv2.setNumThreads(1)
    counts = (1, 8)
    measured = [{name: median_ms(job) / people for name, job in jobs(people).items()} for people in counts]
    lines = [f"{'ms a person':20}" + "".join(f"{f'of {people}':>9}" for people in counts)]
    lines += [f"{name:20}" + "".join(f"{column[name]:9.3f}" for column in measured) for name in measured[0]]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
