"""How exact a pose network is, and what a person costs: `python -m benchmarks.pose [MODEL]`.

Mean OKS over the people labelled in COCO, given their true boxes, and the share of them above .5 and .75;
median milliseconds a person from frame to joints, alone and when people share the network's runs.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.coco import Photograph, photographs
from engine.models import default_model
from engine.pose import open_estimator
from engine.skeleton import oks
from engine.types import Array, Boxes

THREADS = 2
PACKED = (1, 4, 8, 16, 32)


def likeness(model: Path, decoder: str, flip: bool, pictures: list[Photograph]) -> Array:
    """OKS of every labelled person."""
    estimator = open_estimator(model, "cpu", THREADS, decoder=decoder, flip=flip)
    values = []
    for picture in pictures:
        found = estimator(picture.image, _boxes(picture))
        alike = oks(found.keypoints, picture.keypoints, picture.areas, picture.labelled)
        values.append(np.diagonal(alike)[picture.labelled.any(axis=1)])
    estimator.close()
    return np.concatenate(values)


def cost_ms(model: Path, people: int, picture: Photograph, repeats: int = 10) -> float:
    """Median milliseconds a person, `people` at once."""
    estimator = open_estimator(model, "cpu", THREADS, batch=people)
    boxes = _boxes(picture)
    crowd = Boxes(np.resize(boxes.xyxy, (people, 4)), np.ones(people, np.float32))
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        estimator(picture.image, crowd)
        times.append(time.perf_counter() - start)
    estimator.close()
    return 1e3 * float(np.median(times[1:])) / people


def _boxes(picture: Photograph) -> Boxes:
    return Boxes(picture.xyxy, np.ones(len(picture.xyxy), np.float32))


def main() -> None:
    cv2.setNumThreads(1)
    model = Path(sys.argv[1]) if len(sys.argv) > 1 else default_model("pose")
    pictures = photographs()
    lines = [f"{model.name}\ndecoder   flip   OKS     >.5    >.75"]
    for decoder in ("argmax", "quarter", "dark", "udp"):
        for flip in (False, True):
            alike = likeness(model, decoder, flip, pictures)
            shares = [(alike > least).mean() for least in (0.5, 0.75)]
            lines.append(f"{decoder:9} {flip!s:5} {alike.mean():.3f}   {shares[0]:.3f}   {shares[1]:.3f}")
    lines.append("people at once" + "".join(f"{people:8}" for people in PACKED))
    lines.append("ms a person   " + "".join(f"{cost_ms(model, each, pictures[0]):8.2f}" for each in PACKED))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
