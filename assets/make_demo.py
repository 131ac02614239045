"""Render assets/demo.mp4 and assets/demo.truth.csv: `python assets/make_demo.py`, a minute on two cores.

Ten seconds of 1280x720 at 25 frames a second: the story `demo` of tests/scene_stories.py. The CSV has the
columns that `kinetrail run` writes (docs/formats.md), one row per person and frame, the centre of the first
pixel at (0, 0), and differs in what the scores mean:

- `person_score` is the share of the body that is in the picture and not covered by others, 0 to 1. People
  behind something have a row too, down to a share of 0; people outside the picture have none.
- `<joint>_score` is COCO's visibility: 0 outside the picture, 1 in it but hidden, 2 visible. Where it is 0,
  x and y are blank.
- The box is the whole body, hidden or not, cut at the picture's edge (-0.5 and width or height - 0.5).
"""

from __future__ import annotations

import csv
import multiprocessing
import multiprocessing.connection
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ASSETS = Path(__file__).resolve().parent
sys.path[:0] = [str(ASSETS.parent), str(ASSETS.parent / "tests")]

import cv2  # noqa: E402
from scene import Scene, Truth, demo  # noqa: E402
from scene_clips import write_mp4  # noqa: E402

from engine.skeleton import KEYPOINTS  # noqa: E402
from engine.types import Frame  # noqa: E402

FPS, SECONDS, CRF, WORKERS = 25, 10, 20, 2
COLUMNS = (
    *("frame", "time_s", "track_id", "person_score", "bbox_x", "bbox_y", "bbox_w", "bbox_h"),
    *(f"{joint}_{part}" for joint in KEYPOINTS for part in ("x", "y", "score")),
)


def people(index: int, time: float, truth: Truth) -> Iterator[list[str]]:
    """A frame's rows of the CSV."""
    for n, (left, top, right, bottom) in enumerate(truth.boxes):
        row = [str(index), f"{time:.6f}", str(truth.ids[n]), f"{truth.seen[n]:.3f}"]
        row += [f"{value:.2f}" for value in (left, top, right - left, bottom - top)]
        for (x, y), visibility in zip(truth.keypoints[n], truth.visibility[n], strict=True):
            row += [f"{x:.2f}", f"{y:.2f}", str(visibility)] if visibility else ["", "", "0"]
        yield row


def drawn(first: int) -> Iterator[tuple[Frame, Truth]]:
    """Every WORKERS-th frame from `first` on."""
    cv2.setNumThreads(1)
    scene = Scene(demo())
    for index in range(first, FPS * SECONDS, WORKERS):
        image, truth = scene.frame(index / FPS)
        yield Frame(index, index / FPS, image), truth


def send(pipe: multiprocessing.connection.Connection, first: int) -> None:
    for item in drawn(first):
        pipe.send(item)
    pipe.close()


def rendered() -> Iterator[tuple[Frame, Truth]]:
    """All frames in order, drawn by WORKERS processes; a pipe holds less than one, so none runs ahead."""
    receiving = []
    for first in range(WORKERS):
        here, there = multiprocessing.Pipe(duplex=False)
        multiprocessing.Process(target=send, args=(there, first)).start()
        there.close()
        receiving.append(here)
    for index in range(FPS * SECONDS):
        yield receiving[index % WORKERS].recv()


def main(folder: Path = ASSETS) -> None:
    video, table = folder / "demo.mp4", folder / "demo.truth.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)

        def frames(drawing: Iterable[tuple[Frame, Truth]]) -> Iterator[Frame]:
            for frame, truth in drawing:
                rows.writerows(people(frame.index, frame.time, truth))
                yield frame

        write_mp4(video, frames(rendered()), FPS, CRF)
    for made in (video, table):
        sys.stdout.write(f"{made}: {made.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
