"""Whether memory stays flat: one clip played over and over through the whole program, MP4 and CSV included.

python -m benchmarks.memory [CLIP] [--frames 20000]
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2

from app.job import Job
from app.pipeline import run
from app.settings import Settings
from app.sources import open_source, unheard
from app.types import Result
from engine.types import Frame

HELD = 250  #: frames of the clip that are played
WIDTH = 480  #: pixels, to which larger pictures are brought down so that 20,000 frames take minutes
PAGE = 4096


class Repeated:
    """The first frames of a clip, without end until there were `frames`, on a clock that goes on."""

    def __init__(self, clip: str, frames: int) -> None:
        source = open_source(clip, stem="memory")
        self._pictures = []
        for frame in source.frames(threading.Event()):
            scale = min(1.0, WIDTH / frame.image.shape[1])
            self._pictures.append(cv2.resize(frame.image, None, fx=scale, fy=scale))
            if len(self._pictures) == HELD:
                break
        source.close()
        height, width = self._pictures[0].shape[:2]
        self.info = dataclasses.replace(
            source.info,
            width=width,
            height=height,
            frames=frames,
            audio="",
            time_base=Fraction(1, 25),
            rate=Fraction(25),
        )
        self._frames = frames

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for index in range(self._frames):
            if stop.is_set():
                return
            yield Frame(index, index / 25, self._pictures[index % len(self._pictures)].copy())

    def close(self) -> None:
        pass


def resident_mb() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?", default="assets/demo.mp4")
    parser.add_argument("--frames", type=int, default=20000)
    args = parser.parse_args()
    source, job, readings = Repeated(args.clip, args.frames), Job(Settings()), {}

    def show(result: Result) -> None:
        done = result.frame.index + 1
        if done in (1000, args.frames) or done % 2000 == 0:
            readings[done] = resident_mb()
            sys.stdout.write(f"{done:>7} frames {readings[done]:8.1f} MB\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        done = run(
            source,
            job.stages(source.info),
            job.sinks(source.info, Path(folder), unheard),
            stop=threading.Event(),
            show=show,
        )
    first, last = readings[min(1000, args.frames)], readings[args.frames]
    sys.stdout.write(
        f"{last / first - 1:+.1%} from frame 1000 to {args.frames}, {done.written / done.seconds:.1f} fps\n"
    )


if __name__ == "__main__":
    main()
