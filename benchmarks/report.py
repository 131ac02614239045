"""How long the report on a long session takes, and in how much memory.

python -m benchmarks.report [SESSION] [--hours 3] [--people 5]

Without a session one is made up: people who sway and tremble, whose joints jump and change sides now and
then, 30 frames a second; a few minutes of them, put after one another as often as it takes.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np

from app import grid
from app.report.facts import as_json
from app.report.measure import measure
from app.report.page import page
from app.store import schema
from app.store.about import Model, Recipe
from app.store.blocks import FRAMES, pack, unpack
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Seen, SourceInfo, Timings
from engine.skeleton import KEYPOINTS, PAIRS
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks

RATE = 30
BLOCKS = 50  #: that are made; the others are copies
BODY = np.array(
    [
        (0.50, 0.08), (0.55, 0.06), (0.45, 0.06), (0.60, 0.08), (0.40, 0.08),
        (0.75, 0.20), (0.25, 0.20), (0.88, 0.35), (0.12, 0.35), (0.95, 0.50), (0.05, 0.50),
        (0.65, 0.52), (0.35, 0.52), (0.66, 0.75), (0.34, 0.75), (0.67, 0.96), (0.33, 0.96),
    ]
)  # fmt: skip


def made_up(path: Path, hours: float, people: int) -> None:
    """A session of so many hours."""
    info = SourceInfo(
        "long.mp4", "long", 1920, 1080, Fraction(1, RATE), Fraction(RATE), 0, False, False, Fraction(1), ""
    )
    recipe = Recipe("long.mp4", "", "", KEYPOINTS, {"smooth": "live"}, (Model("pose", "p.onnx", "ab" * 32),))
    picture, rng = np.zeros((4, 8, 3), np.uint8), np.random.default_rng(0)
    with closing(Writer(path, info, recipe)) as writer:
        for index in range(BLOCKS * FRAMES):
            raw, tracks = _frame(index, people, rng)
            frame = Frame(index, index / RATE, picture)
            writer.write(Result(frame, tracks, Timings(0, 0, 0, 0), seen=Seen(raw, tracks)))
    copies = round(hours * 3600 * RATE / (BLOCKS * FRAMES))
    with closing(sqlite3.connect(path)) as database, database:
        columns = ["position", "frames", "people", "start_s", "end_s", *schema.ARRAYS]
        rows = database.execute(f"SELECT {', '.join(columns)} FROM block ORDER BY position").fetchall()
        marks = ", ".join("?" * len(columns))
        for copy in range(1, copies):
            for row in rows:
                moved = _moved(dict(zip(columns, row, strict=True)), copy * BLOCKS * FRAMES)
                database.execute(f"INSERT INTO block VALUES ({marks})", [moved[name] for name in columns])


def _frame(index: int, people: int, rng: np.random.Generator) -> tuple[Poses, Tracks]:
    sway = 40 * np.sin(index / 40 + np.arange(people))[:, None, None] * (1.0, 0.2)
    true = BODY * (150, 500) + (100, 300) + 320 * np.arange(people)[:, None, None] * (1, 0) + sway
    seen = true + rng.normal(0, 2, true.shape)
    who = int(rng.integers(people))
    if rng.random() < 0.01:
        seen[who, rng.integers(17)] += rng.normal(0, 120, 2)
    if index % 900 < 8:
        left, right = (list(side) for side in zip(*PAIRS, strict=True))
        seen[0][left + right] = seen[0][right + left]
    told = (true + rng.normal(0, 0.4, true.shape)).astype(np.float32)
    boxes = np.concatenate([true.min(axis=1) - 15, true.max(axis=1) + 15], axis=1).astype(np.float32)
    scores = rng.beta(8, 2, true.shape[:2]).astype(np.float32)
    found = Boxes(boxes, np.full(people, 0.9, np.float32))
    poses = grid.settled(Poses(found, seen.astype(np.float32), scores))
    ids = np.arange(1, people + 1)
    return poses, grid.settled_tracks(Tracks(ids, poses.boxes, poses.keypoints, told, poses.scores))


def _moved(row: dict[str, object], by: int) -> dict[str, object]:
    """A block so many frames later."""
    frames, seconds = int(str(row["frames"])), by / RATE
    index, moments = (
        unpack(bytes(row[name]), kind, frames)  # type: ignore[call-overload]
        for name, kind in (("frame", np.int64), ("time", np.float64))
    )
    start, end = float(str(row["start_s"])), float(str(row["end_s"]))
    later = {"position": int(str(row["position"])) + by, "start_s": start + seconds, "end_s": end + seconds}
    return {**row, **later, "frame": pack(index + by), "time": pack(moments + seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", nargs="?", type=Path)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--people", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.session or Path(folder, "long.kinetrail")
        if not args.session:
            made_up(path, args.hours, args.people)
        with closing(open_session_file(path)) as session:
            people = len(session.people())
            before, wall, work = _peak_mb(), time.perf_counter(), time.process_time()
            findings = measure(session, threading.Event())
            measured = time.process_time() - work
            text = page(findings, session.times(), {}, "")
            told = as_json(findings)
            wall, work = time.perf_counter() - wall, time.process_time() - work
            rows = sum(person.frames for person in findings.people)
    sys.stdout.write(
        f"{findings.flow.frames} frames, {people} people, {rows} rows: {wall:.1f} s ({work:.1f} s of CPU,"
        f" {work - measured:.1f} of them for page and JSON), {1e6 * work / max(rows, 1):.1f} us a row\n"
        f"memory {before:.0f} MB with the session open, {_peak_mb():.0f} MB at most; page"
        f" {len(text) / 1e6:.2f} MB, JSON {len(told) / 1e6:.2f} MB; found {findings.counts}\n"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
