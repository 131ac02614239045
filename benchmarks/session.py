"""What session files cost: `python -m benchmarks.session [--minutes 180] [--people 5]`.

A session of made-up people at 30 frames a second: joints that tremble by 2 pixels, scores spread as in life,
somebody new every five minutes. The figures are of one core; `cpu` is the time of the processor alone, which
others at work on the same machine do not lengthen.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from app import grid
from app.exports import Style, export
from app.store.about import Recipe
from app.store.session import Session, open_session_file
from app.store.writer import Writer
from app.types import Result, Seen, SourceInfo, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks

FPS, NEW_S = 30, 300
PICTURE = np.zeros((4, 8, 3), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--people", type=int, default=5)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder, "made-up.kinetrail")
        frames = round(60 * FPS * args.minutes)
        cost = write(path, frames, args.people)
        rows = frames * args.people
        say("write", f"{1e3 * cost / frames:.3f} ms of CPU a frame")
        say("size", f"{path.stat().st_size / rows:.0f} bytes for each person and frame ({rows} of them)")
        measure(path, Path(folder, "out.csv"), rows)


def measure(path: Path, out: Path, rows: int) -> None:
    """How long it takes to open it and to go through it."""
    session, wall, cpu = timed(lambda: open_session_file(path))
    with closing(session):
        say("open", f"{wall:.2f} s, cpu {cpu:.2f} s")
        _, wall, cpu = timed(session.people)
        say("people", f"{wall:.2f} s, cpu {cpu:.2f} s")
        _, wall, cpu = timed(lambda: sum(1 for _ in session.each(0, 20_000)))
        share = rows * min(1.0, 20_000 / len(session.times()))
        say("each", f"{share / wall:.0f} people a second, cpu {share / cpu:.0f}")
        for name, style in (("csv", Style()), ("csv --raw", Style(raw=True))):
            exported(session, out, rows, name, style)


def exported(session: Session, out: Path, rows: int, name: str, style: Style) -> None:
    export(session, "csv", out, style=style, end_s=1.0, overwrite=True)  # tables of digits are made
    _, wall, cpu = timed(lambda: export(session, "csv", out, style=style, overwrite=True))
    say(name, f"{rows / wall:.0f} rows a second, cpu {rows / cpu:.0f}")


def write(path: Path, frames: int, people: int) -> float:
    """Make the session; seconds of CPU that writing took."""
    info = SourceInfo(
        "made up",
        "made-up",
        1920,
        1080,
        Fraction(1, FPS),
        Fraction(FPS),
        frames,
        False,
        False,
        Fraction(1),
        "",
    )
    recipe, spent, rng = Recipe("made up", "", "", KEYPOINTS, {}), 0.0, np.random.default_rng(0)
    body = rng.uniform((0, 0), (150, 500), (people, 17, 2)) + 300 * np.arange(people)[:, None, None] * (1, 0)
    with closing(Writer(path, info, recipe)) as writer:
        for index in range(frames):
            poses, smoothed, likeness = measured(rng, body)
            moved = grid.settled(shifted(poses, 40.0 * np.sin(index / 30), 10.0 * np.cos(index / 50)))
            ids = np.arange(people) + 1 + people * (index // (FPS * NEW_S))
            places = moved.keypoints + smoothed
            tracks = Tracks(ids, moved.boxes, moved.keypoints, places, moved.scores, likeness=likeness)
            told = grid.settled_tracks(tracks)
            result = Result(
                Frame(index, index / FPS, PICTURE), told, Timings(0, 0, 0, 0), seen=Seen(moved, told)
            )
            began = time.process_time()
            writer.write(result)
            spent += time.process_time() - began
    return spent


T = TypeVar("T")
Made = tuple[Poses, np.ndarray, np.ndarray]


def measured(rng: np.random.Generator, body: np.ndarray) -> Made:
    """People with joints about there (N, 17, 2), how far the smoothed ones are off, and their likeness."""
    people = len(body)
    joints = (body + rng.normal(0, 2, body.shape)).astype(np.float32)
    boxes = np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1)
    scores = rng.beta(8, 2, (people, 17)).astype(np.float32)
    spread = rng.lognormal(0.2, 0.4, (people, 17)).astype(np.float32)
    found = Boxes(boxes, rng.uniform(0.6, 0.95, people).astype(np.float32))
    off = rng.normal(0, 1.5, joints.shape).astype(np.float32)
    return Poses(found, joints, scores, spread), off, rng.uniform(0.8, 1, people).astype(np.float32)


def shifted(poses: Poses, x: float, y: float) -> Poses:
    by = np.array([x, y], np.float32)
    boxes = Boxes(poses.boxes.xyxy + np.tile(by, 2), poses.boxes.scores)
    return Poses(boxes, poses.keypoints + by, poses.scores, poses.spread)


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What it gives, and its seconds: on the wall, and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    return done, time.perf_counter() - wall, time.process_time() - cpu


def say(name: str, text: str) -> None:
    sys.stdout.write(f"{name:<10} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
