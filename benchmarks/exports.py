"""How many rows a second each format is written with: `python -m benchmarks.exports`.

A row is a person in a frame. The session is made up: five people, 30 frames a second.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np

from app import grid
from app.exports import FORMATS, export
from app.store.about import Recipe
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, SourceInfo, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame
from trackers.types import Tracks

PEOPLE = 5
RATE = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the session (default 5)")
    parser.add_argument("--format", choices=tuple(FORMATS), nargs="*", default=[])
    args = parser.parse_args()
    names = args.format or [name for name in FORMATS if name != "mp4"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.kinetrail"
        make(path, int(args.minutes * 60 * RATE))
        with closing(open_session_file(path)) as session:
            people = sum(person.frames for person in session.people())
            sys.stdout.write(
                f"{people} rows\n| format | rows a second | MB | memory, MB |\n|---|---|---|---|\n"
            )
            for name in names:
                out = Path(folder) / f"x{FORMATS[name].ending}"
                start = time.process_time()
                try:
                    export(session, name, out)
                except UserError as error:
                    sys.stdout.write(f"| `{name}` | {error} | | |\n")
                    continue
                rate = people / (time.process_time() - start)
                files = list(out.iterdir()) if out.is_dir() else [out]
                size = sum(file.stat().st_size for file in files) / 1e6
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                sys.stdout.write(f"| `{name}` | {rate:,.0f} | {size:,.0f} | {peak:,.0f} |\n")
                shutil.rmtree(out) if out.is_dir() else out.unlink()


def make(path: Path, frames: int) -> None:
    """A session of people who wander about."""
    random = np.random.default_rng(1)
    info = SourceInfo(
        "made up", "made-up", 1920, 1080, Fraction(1, RATE), Fraction(RATE), frames, False, False,
        Fraction(1), "",
    )  # fmt: skip
    body = random.uniform(0, 300, (PEOPLE, 17, 2)) + 300.0 * np.arange(PEOPLE)[:, None, None]
    image = np.zeros((4, 8, 3), np.uint8)
    with closing(Writer(path, info, Recipe("made up", "", "", KEYPOINTS, {}))) as writer:
        for index in range(frames):
            joints = (body + random.normal(0, 2, body.shape) + 40 * np.sin(index / 30)).astype(np.float32)
            boxes = Boxes(
                np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1),
                random.uniform(0.6, 0.95, PEOPLE).astype(np.float32),
            )
            scores = random.beta(8, 2, (PEOPLE, 17)).astype(np.float32)
            ids = np.arange(1, PEOPLE + 1) + PEOPLE * (index // 9000)
            people = grid.settled_tracks(Tracks(ids, boxes, joints + 1, joints, scores))
            writer.write(Result(Frame(index, index / RATE, image), people, Timings(0, 0, 0, 0)))


if __name__ == "__main__":
    main()
