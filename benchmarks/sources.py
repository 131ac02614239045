"""How fast recordings are read: `python -m benchmarks.sources [CLIP ...]`, by default the clips in ../shared.

Milliseconds of one core a frame, decoding alone and with the conversion to upright BGR, medians of three
readings, and frames a second of that core. CPU time, so that other work on the machine does not count.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import av

from app.sources import open_source
from app.sources.recording import Recording


def cpu_ms(read: Callable[[], Iterable[object]]) -> float:
    """Milliseconds of CPU time a frame, opening included, median of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        count = sum(1 for _ in read())
        taken.append((time.process_time() - begin) / count * 1e3)
    return median(taken)


def main() -> None:
    clips = [Path(name) for name in sys.argv[1:]] or sorted(Path("../shared/media").glob("*.mp4"))
    print(f"{'clip':28} {'size':>10} {'decode ms':>10} {'all ms':>8} {'fps':>6}")  # noqa: T201
    for path in clips:
        info = open_source(str(path), stem="x").info

        def decoded(path: Path = path) -> Iterable[object]:
            return Recording(lambda: av.open(str(path)), threads=1)

        def frames(path: Path = path) -> Iterable[object]:
            return open_source(str(path), stem="x").frames(threading.Event())

        alone, whole = cpu_ms(decoded), cpu_ms(frames)
        size = f"{info.width}x{info.height}"
        print(f"{path.name:28} {size:>10} {alone:10.2f} {whole:8.2f} {1e3 / whole:6.0f}")  # noqa: T201


if __name__ == "__main__":
    # As in the program: on the main thread glibc gives memory back to the system with every frame.
    reading = threading.Thread(target=main)
    reading.start()
    reading.join()
