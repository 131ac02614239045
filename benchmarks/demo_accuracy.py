"""How exact the demo clip is read, a run of it or the networks themselves:

`python -m benchmarks.demo_accuracy --detector MODEL --pose MODEL --csv runs/demo/demo.csv`, any of the three.

Against assets/demo.truth.csv, the exact joints of rendered people, every fifth frame for the networks and
every frame for the CSV of a finished run. People count when at least half of them is in view. Recall is the
share of them that a box covers with an IoU of 0.5, and the share that has one such box to itself; boxes on
nobody are counted against everyone, hidden or not. OKS is COCO's (cocodataset.org/#keypoints-eval) over the
joints in the picture, with an area of 0.53 of the true box; a joint that a CSV leaves blank counts 0. An id
switch: a person goes on under another id than the one they last had.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.detector import open_detector
from engine.pose import open_estimator
from engine.skeleton import KEYPOINTS, OKS_SIGMAS
from engine.types import Boxes, Image

Floats = NDArray[np.float64]

ASSETS = Path(__file__).resolve().parents[1] / "assets"
STEP = 5  #: every such frame goes through the networks
IN_VIEW, OVERLAP = 0.5, 0.5
BODY = 0.53  #: of its box, the area COCO's annotators outlined


class People(NamedTuple):
    """The rows of one frame."""

    ids: list[int]
    scores: Floats  #: (N,); in the truth the share in view
    boxes: Floats  #: (N, 4) left, top, right, bottom
    joints: Floats  #: (N, 17, 2), blank ones infinitely far away
    marks: Floats  #: (N, 17) score, in the truth visibility; blank ones 0

    def in_view(self) -> NDArray[np.bool_]:
        return self.scores >= IN_VIEW


def people(rows: list[dict[str, str]]) -> People:
    """Rows of a CSV, of one frame."""

    def column(name: str, blank: float) -> list[float]:
        return [float(row[name] or blank) for row in rows]

    left, top, wide, high = (np.array(column(f"bbox_{side}", 0.0)) for side in "xywh")
    joints = [[column(f"{joint}_{axis}", np.inf) for axis in "xy"] for joint in KEYPOINTS]
    marks = [column(f"{joint}_score", 0.0) for joint in KEYPOINTS]
    return People(
        [int(row["track_id"]) for row in rows],
        np.array(column("person_score", 0.0)),
        np.stack([left, top, left + wide, top + high], axis=1),
        np.array(joints).transpose(2, 0, 1),
        np.array(marks).T,
    )


def read(path: Path) -> dict[int, People]:
    """A CSV by frame; frames without people are missing."""
    rows: dict[int, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(int(row["frame"]), []).append(row)
    return {frame: people(found) for frame, found in rows.items()}


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes (N, 4) and (M, 4) -> (N, M)."""
    low, high = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return both / (sizes[0][:, None] + sizes[1] - both)


def oks(truth: People, n: int, joints: Floats) -> float:
    """Likeness of joints (17, 2) to those of the n-th person of a truth, 0 to 1."""
    box = truth.boxes[n]
    inside = truth.marks[n] > 0
    away = ((joints[inside] - truth.joints[n, inside]) ** 2).sum(axis=1)
    reach = 2 * OKS_SIGMAS[inside].astype(float) * np.sqrt((box[2:] - box[:2]).prod() * BODY)
    return float(np.exp(-away / (2 * reach**2)).mean())


def matched(truth: People, boxes: Floats) -> list[tuple[int, int]]:
    """Who of the truth (N people) is which of the boxes (M, 4), for the greatest overlap in all.

    Somebody in view comes before somebody hidden at the same place.
    """
    likeness = overlaps(truth.boxes, boxes)
    likeness[likeness < OVERLAP] = 0
    likeness[~truth.in_view()] *= 0.01
    pairs = zip(*linear_sum_assignment(likeness, maximize=True), strict=True)
    return [(int(n), int(m)) for n, m in pairs if likeness[n, m]]


def frames(truth: dict[int, People]) -> Iterator[tuple[Image, People]]:
    """Every STEP-th picture of the demo clip and its people."""
    video = cv2.VideoCapture(str(ASSETS / "demo.mp4"))
    for number in range(max(truth) + 1):
        image = video.read()[1]
        if number % STEP == 0 and number in truth:
            yield np.asarray(image, np.uint8), truth[number]


def measure_detector(model: Path, truth: dict[int, People]) -> Iterator[str]:
    for long_side in (320, 416, 640):
        detector = open_detector(model, "cpu", long_side=long_side)
        covered = own = wanted = extra = 0
        for image, present in frames(truth):
            boxes, seen = detector.detect([image])[0].xyxy.astype(float), present.in_view()
            likeness, pairs = overlaps(present.boxes, boxes), matched(present, boxes)
            wanted += int(seen.sum())
            covered += int((likeness[seen].max(axis=1, initial=0) >= OVERLAP).sum())
            own += sum(seen[n] for n, _ in pairs)
            extra += int((likeness.max(axis=0, initial=0) < OVERLAP).sum())
        detector.close()
        share = f"recall {covered / wanted:.3f} of {wanted} ({own / wanted:.3f} with a box of their own)"
        yield f"detector at {long_side}: {share}, boxes on nobody {extra}"


def measure_pose(model: Path, truth: dict[int, People]) -> Iterator[str]:
    for decoder, flip in (("argmax", False), ("quarter", False), ("dark", False), ("dark", True)):
        estimator = open_estimator(model, "cpu", decoder=decoder, flip=flip)
        scores = []
        for image, present in frames(truth):
            chosen = np.flatnonzero(present.in_view())
            boxes = Boxes(present.boxes[chosen].astype(np.float32), np.ones(len(chosen), np.float32))
            found = estimator(image, boxes).keypoints.astype(float)
            scores += [oks(present, int(n), joints) for n, joints in zip(chosen, found, strict=True)]
        estimator.close()
        how = decoder + (" and flip" if flip else "")
        yield f"pose, true boxes, {how}: mean OKS {np.mean(scores):.3f} of {len(scores)}"


def measure_run(run: dict[int, People], truth: dict[int, People]) -> Iterator[str]:
    scores: list[float] = []
    given: list[float] = []
    ids: dict[int, int] = {}  # the last one each person went under
    wanted = extra = switches = 0
    for frame, present in sorted(truth.items()):
        wanted += int(present.in_view().sum())
        if frame not in run:
            continue
        told = run[frame]
        pairs = matched(present, told.boxes)
        extra += len(told.ids) - len(pairs)
        for n, m in pairs:
            if present.in_view()[n]:
                switches += ids.get(present.ids[n], told.ids[m]) != told.ids[m]
                ids[present.ids[n]] = told.ids[m]
                scores.append(oks(present, n, told.joints[m]))
                given.append(np.isfinite(told.joints[m, present.marks[n] > 0, 0]).mean())
    extra += sum(len(told.ids) for frame, told in run.items() if frame not in truth)
    yield f"run: recall {len(scores) / wanted:.3f} of {wanted}, rows on nobody {extra}"
    yield f"run: mean OKS {mean(scores):.3f} with {mean(given):.1%} of the joints given"
    everyone = len({track for told in run.values() for track in told.ids})
    yield f"run: id switches {switches}, ids given {everyone} to {len(ids)} people"


def mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description="How exact the demo clip is read.")
    parser.add_argument("--detector", type=Path, metavar="MODEL")
    parser.add_argument("--pose", type=Path, metavar="MODEL")
    parser.add_argument("--csv", type=Path, metavar="RUN.csv", help="of `kinetrail run assets/demo.mp4`")
    args = parser.parse_args()
    truth = read(ASSETS / "demo.truth.csv")
    lines: list[Iterator[str]] = []
    if args.detector:
        lines.append(measure_detector(args.detector, truth))
    if args.pose:
        lines.append(measure_pose(args.pose, truth))
    if args.csv:
        lines.append(measure_run(read(args.csv), truth))
    if not lines:
        parser.error("pass at least one of --detector, --pose and --csv")
    for block in lines:
        for line in block:
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
