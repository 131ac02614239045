"""How long the report on a long session takes, and in how much memory.

python -m benchmarks.report [SESSION] [--hours 3] [--people 5]

Without a session one is made up (benchmarks/made_up.py): people who wander about, whose joints jump and
change sides now and then, 30 frames a second.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from app.report.facts import as_json
from app.report.measure import measure
from app.report.page import page
from app.store.session import open_session_file
from benchmarks.made_up import RATE, made_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", nargs="?", type=Path)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--people", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.session or Path(folder, "long.kinetrail")
        if not args.session:
            made_up(path, round(args.hours * 3600 * RATE), args.people)
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
