"""What session files cost: `python -m benchmarks.session [--minutes 180] [--people 5]`.

A session of made-up people at 30 frames a second (benchmarks/made_up.py). The figures are of one core; `cpu`
is the time of the processor alone, which others at work on the same machine hardly lengthen.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from app.exports import Style, export
from app.store.session import Session, open_session_file
from benchmarks.made_up import RATE, made_up

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--people", type=int, default=5)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder, "made-up.kinetrail")
        frames = round(60 * RATE * args.minutes)
        cost = made_up(path, frames, args.people)
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
