"""How many rows a second each format is written with: `python -m benchmarks.exports`.

A row is a person in a frame. The session is made up (benchmarks/made_up.py): five people, 30 frames a second.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from app.exports import FORMATS, export
from app.store.session import open_session_file
from benchmarks.made_up import RATE, made_up
from engine.errors import UserError

PEOPLE = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the session (default 5)")
    parser.add_argument("--format", choices=tuple(FORMATS), nargs="*", default=[])
    args = parser.parse_args()
    names = args.format or [name for name in FORMATS if name != "mp4"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.kinetrail"
        made_up(path, int(args.minutes * 60 * RATE), PEOPLE)
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


if __name__ == "__main__":
    main()
