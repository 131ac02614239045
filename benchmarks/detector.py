"""What detectors find, and how long it takes: `python -m benchmarks.detector [MODEL...]`.

Recall at IoU .5 over the people labelled in COCO, other boxes per picture (mostly people without a label),
and the median milliseconds a picture from frame to boxes, for several sizes and thresholds. In the end the
least score above which there is less than one other box in two pictures, and the recall there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.coco import Photograph, photographs
from engine.detector import open_detector
from engine.models import default_model
from engine.types import Array, Boxes

SIZES = (320, 416, 512, 640)
THRESHOLDS = (0.2, 0.3, 0.4, 0.5)
THREADS = 2
LEAST = 0.05  #: score
FEW = 0.5  #: other boxes a picture


def iou(one: Array, other: Array) -> Array:
    """Boxes (N, 4) and (M, 4) -> (N, M)."""
    low = np.maximum(one[:, None, :2], other[:, :2])
    high = np.minimum(one[:, None, 2:], other[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (one, other)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def hits(found: Boxes, truth: Array, threshold: float) -> tuple[int, int]:
    """How many labelled people the boxes find, the best choosing first, and how many boxes are left over."""
    overlap = iou(found.xyxy[found.scores >= threshold], truth)
    matched = 0
    for row in range(len(overlap)):
        if len(truth) and overlap[row].max() >= 0.5:
            overlap[:, overlap[row].argmax()] = 0
            matched += 1
    return matched, len(overlap) - matched


def with_few_others(found: list[Boxes], pictures: list[Photograph]) -> tuple[float, float]:
    """The recall, and the least score, that goes with less than FEW other boxes a picture."""
    people = sum(len(picture.xyxy) for picture in pictures)
    for threshold in np.arange(LEAST, 1, 0.01):
        pairs = zip(found, pictures, strict=True)
        matched, others = np.sum([hits(boxes, picture.xyxy, threshold) for boxes, picture in pairs], axis=0)
        if others < FEW * len(pictures):
            return matched / people, float(threshold)
    return 0.0, 1.0


def measured(model: Path, long_side: int, pictures: list[Photograph]) -> str:
    """One row of the table."""
    detector = open_detector(model, "cpu", THREADS, threshold=LEAST, long_side=long_side)
    detector.detect([pictures[0].image])
    found, times = [], []
    for picture in pictures:
        start = time.perf_counter()
        found += detector.detect([picture.image])
        times.append(time.perf_counter() - start)
    detector.close()
    row = f"{long_side:5} {1e3 * np.median(times):8.1f}"
    for threshold in THRESHOLDS:
        pairs = zip(found, pictures, strict=True)
        matched, others = np.sum([hits(boxes, picture.xyxy, threshold) for boxes, picture in pairs], axis=0)
        people = sum(len(picture.xyxy) for picture in pictures)
        row += f"   {matched / people:.3f} {others / len(pictures):5.2f}"
    recall, least = with_few_others(found, pictures)
    return f"{row}   {recall:.3f} from {least:.2f}"


def main() -> None:
    cv2.setNumThreads(1)
    pictures = photographs()
    for model in map(Path, sys.argv[1:] or [default_model("detector")]):
        sys.stdout.write(f"{model.name}: recall and other boxes a picture, by least score\n")
        head = "".join(f"{threshold:14}" for threshold in THRESHOLDS)
        sys.stdout.write(f" size       ms{head}   with few others\n")
        for long_side in SIZES:
            sys.stdout.write(measured(model, long_side, pictures) + "\n")


if __name__ == "__main__":
    main()
