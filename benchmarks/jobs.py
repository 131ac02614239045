"""Many recordings: `kinetrail run --jobs N` on copies of a clip, on the clock and in CPU time.

    python -m benchmarks.jobs [CLIP] [--jobs 1 2] [--copies 4] [--rounds 3] [OPTIONS OF kinetrail run ...]

The numbers of jobs take turns, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", nargs="?", type=Path, default=DEMO)
    parser.add_argument("--jobs", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    args, options = parser.parse_known_args()
    found: dict[int, list[tuple[float, float]]] = {jobs: [] for jobs in args.jobs}
    for _ in range(args.rounds):
        for jobs, taken in found.items():
            taken.append(measured(args.clip, args.copies, jobs, options))
            print(f"--jobs {jobs}: {taken[-1][0]:.1f} s, CPU {taken[-1][1]:.1f} s", flush=True)  # noqa: T201
    for jobs, taken in found.items():
        wall, cpu = (statistics.median(each) for each in zip(*taken, strict=True))
        print(f"--jobs {jobs}: median {wall:.1f} s, CPU {cpu:.1f} s")  # noqa: T201


def measured(clip: Path, copies: int, jobs: int, options: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one call on so many copies."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number + 1}{clip.suffix}") for number in range(copies)]
        for file in files:
            shutil.copyfile(clip, file)
        command = [sys.executable, "-m", "app", "run", *map(str, files), "-o", f"{folder}/out", "--quiet"]
        before, began = os.times(), time.perf_counter()
        subprocess.run([*command, "--jobs", str(jobs), *options], check=True)
        wall, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


if __name__ == "__main__":
    main()
