"""What it gains and costs to look for people in some frames only:

`python -m benchmarks.seldom CLIP... --detector MODEL --pose MODEL [--frames 250]`.

Detector, pose network and tracker, one after the other, over the same frames: the CPU time of a frame, the
share of frames in which people were looked for, and how the tracks compare with those of looking in each
frame. IDF1 (Ristani et al. 2016) counts who is told of under the same id, boxes overlapping by half; OKS is
that of the joints of the pairs, with the area of the box of the reference times 0.53; ids are how many were
given. The demo clip has exact truth besides: `benchmarks.demo_accuracy`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from app.pace import Pace, overlaps
from app.seldom import Seldom
from app.wishes import rhythm
from engine.detector import open_detector
from engine.pose import open_estimator
from engine.skeleton import OKS_SIGMAS
from engine.types import Frame
from trackers.tracker import Tracker
from trackers.types import Tracks

WAYS = ("1", "2", "3", "5", "10", "auto")
OVERLAP, BODY = 0.5, 0.53


class Done(NamedTuple):
    """One way through a clip."""

    told: list[Tracks]
    cpu_ms: float  #: of a frame
    looked: float  #: share of the frames


def follow(clip: Path, way: str, detector: Path, pose: Path, frames: int) -> Done:
    cores = len(os.sched_getaffinity(0))
    seer, estimator = open_detector(detector, "cpu", cores), open_estimator(pose, "cpu", cores)
    seldom = Seldom(seer, estimator, Tracker(), Pace(rhythm(way), live=False))
    video, told, looks, spent = cv2.VideoCapture(str(clip)), [], 0, 0.0
    rate = video.get(cv2.CAP_PROP_FPS)
    for index in range(frames):
        there, image = video.read()
        if not there:
            break
        frame = Frame(index, index / rate, np.asarray(image, np.uint8))
        began = time.process_time()
        tracks, timings, *_ = seldom.follow(frame, 0.0)
        spent += time.process_time() - began
        looks += timings.detect > 0.0
        told.append(tracks)
    seer.close()
    estimator.close()
    return Done(told, 1e3 * spent / len(told), looks / len(told))


def compared(told: list[Tracks], reference: list[Tracks]) -> tuple[float, float]:
    """IDF1 and mean OKS of one way through a clip against another."""
    ours = {int(i): n for n, i in enumerate(sorted({int(i) for one in told for i in one.ids}))}
    theirs = {int(i): n for n, i in enumerate(sorted({int(i) for one in reference for i in one.ids}))}
    together, scores = np.zeros((len(ours), len(theirs))), []
    for one, other in zip(told, reference, strict=True):
        shared = overlaps(one.boxes.xyxy, other.boxes.xyxy)
        for a, b in zip(*linear_sum_assignment(shared, maximize=True), strict=True):
            if shared[a, b] >= OVERLAP:
                together[ours[int(one.ids[a])], theirs[int(other.ids[b])]] += 1
                scores.append(oks(one.keypoints[a], other.keypoints[b], other.boxes.xyxy[b]))
    same = together[linear_sum_assignment(together, maximize=True)].sum()
    everyone = sum(len(one) for one in told) + sum(len(one) for one in reference)
    return 2 * same / max(1, everyone), float(np.mean(scores))


def oks(joints: NDArray[np.float32], truth: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    """COCO's similarity of joints (17, 2)."""
    area = float(np.prod(box[2:] - box[:2])) * BODY
    away = ((joints.astype(float) - truth) ** 2).sum(axis=1)
    return float(np.exp(-away / (2 * (2 * OKS_SIGMAS.astype(float)) ** 2 * area)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="People looked for in some frames only.")
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    parser.add_argument("--detector", type=Path, required=True, metavar="MODEL")
    parser.add_argument("--pose", type=Path, required=True, metavar="MODEL")
    parser.add_argument("--frames", type=int, default=250)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    for clip in args.clips:
        reference = follow(clip, WAYS[0], args.detector, args.pose, args.frames)
        sys.stdout.write(f"{clip.name}: {len(reference.told)} frames\n")
        for way in WAYS:
            done = follow(clip, way, args.detector, args.pose, args.frames)
            idf1, likeness = compared(done.told, reference.told)
            ids = len({int(i) for one in done.told for i in one.ids})
            sys.stdout.write(
                f"  {way:>4}: looked in {done.looked:.0%}, CPU {done.cpu_ms:.1f} ms a frame, IDF1 {idf1:.3f},"
                f" OKS {likeness:.3f}, {ids} ids\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
