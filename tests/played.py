"""A session of a recording, made up: who is in which pictures is what the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.sources import open_source
from app.store.about import Recipe, fingerprint
from app.store.ending import conclude
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Boxes
from trackers.types import Tracks

ABOVE = [
    (0, -9),
    (1, -10),
    (-1, -10),
    (2, -9),
    (-2, -9),
    (3, -6),
    (-3, -6),
    (4, -3),
    (-4, -3),
    (4, 0),
    (-4, 0),
]
BELOW = [(2, 0), (-2, 0), (2, 5), (-2, 5), (2, 10), (-2, 10)]
BODY = np.array(
    [*ABOVE, *BELOW],
    np.float32,
)  #: joints of somebody who stands upright, in the order of COCO, around the hips


def standing(who: int, index: int, size: tuple[int, int]) -> np.ndarray:
    """Where the joints (17, 2) of person `who` are in picture `index`: each in a column, walking slowly."""
    width, height = size
    x = width * (0.15 + 0.16 * ((who - 1) % 5)) + 0.0002 * width * index
    return BODY * height / 26 + np.array([x, height / 2], np.float32)


def people(there: Mapping[int, float], index: int, size: tuple[int, int]) -> Tracks:
    """Those ids, all joints of each as sure as it says."""
    ids = np.array(sorted(there), np.int64)
    joints = np.array([standing(who, index, size) for who in ids.tolist()], np.float32).reshape(-1, 17, 2)
    low, high = (joints.min(axis=1), joints.max(axis=1)) if len(ids) else (np.zeros((0, 2), np.float32),) * 2
    boxes = Boxes(np.concatenate([low, high], axis=1), np.full(len(ids), 0.9, np.float32))
    scores = np.repeat(np.array([there[who] for who in ids.tolist()], np.float32)[:, None], 17, axis=1)
    return Tracks(ids, boxes, joints, joints.copy(), scores.reshape(-1, 17))


class Making:
    """Writes the session of a video, as far as it is told to."""

    def __init__(
        self, video: Path, path: Path, there: Mapping[int, tuple[int, int]], sure: float = 0.8
    ) -> None:
        """`there`: by id, the first picture of each person and the one after the last."""
        self._there, self._sure = there, sure
        self._source = open_source(str(video), stem=path.stem)
        self._frames = self._source.frames(threading.Event())
        self._path = path
        recipe = Recipe(video.name, str(video), fingerprint(video), KEYPOINTS, {})
        self.writer = Writer(path, self._source.info, recipe)

    def write(self, frames: int, *, missing: range = range(0)) -> None:
        """So many more pictures, but for those that nobody had time for."""
        info = self._source.info
        for _, frame in zip(range(frames), self._frames, strict=False):
            if frame.index in missing:
                continue
            ids = {w: self._sure for w, (first, end) in self._there.items() if first <= frame.index < end}
            seen = people(ids, frame.index, (info.width, info.height))
            self.writer.write(Result(frame, seen, Timings(0.0, 0.0, 0.0, 0.0)))
        self.writer._flush()

    def finish(self) -> None:
        self.close()
        conclude(self._path, (), finished=True)

    def close(self) -> None:
        self.writer.close()
        self._source.close()


def session(video: Path, path: Path, there: Mapping[int, tuple[int, int]], frames: int = 1000) -> Path:
    """A whole one."""
    making = Making(video, path, there)
    making.write(frames)
    making.finish()
    return path
