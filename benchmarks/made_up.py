"""Sessions of made-up people, as long as one likes: what benchmarks of files and reports are measured on.

They wander about the picture, walk, and come nearer and go, each in a way of their own that never comes
again. What networks add is made up too: errors of joints that last for a few frames, joints that jump for a
moment, scores and spreads that drift. The same seed gives the same people. The arrays of a session become as
large of it, one by one, as of what networks gave of real people: within a tenth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from app import grid
from app.store.about import Model, Recipe
from app.store.writer import Writer
from app.types import Result, Seen, SourceInfo, Timings
from engine.skeleton import KEYPOINTS, PAIRS
from engine.types import Array, Boxes, Frame, Poses
from trackers.types import Tracks

RATE, NEW_S = 30, 300  #: frames a second; after so many seconds everybody leaves, and others come
SIZE = 1920, 1080
PICTURE = np.zeros((4, 8, 3), np.uint8)
AT_ONCE = 1024  #: frames that are made together

#: Of a body one high and one wide, from its top left.
BODY = np.array(
    [
        (0.50, 0.08), (0.55, 0.06), (0.45, 0.06), (0.60, 0.08), (0.40, 0.08),
        (0.75, 0.20), (0.25, 0.20), (0.88, 0.35), (0.12, 0.35), (0.95, 0.50), (0.05, 0.50),
        (0.65, 0.52), (0.35, 0.52), (0.66, 0.75), (0.34, 0.75), (0.67, 0.96), (0.33, 0.96),
    ]
)  # fmt: skip
#: How far joints swing to and fro in walking, in body heights: arms against legs, left against right.
SWING = np.zeros(17)
SWING[[7, 9, 13, 15]], SWING[[8, 10, 14, 16]] = (-0.03, -0.08, 0.05, 0.12), (0.03, 0.08, -0.05, -0.12)
LEFT, RIGHT = (list(side) for side in zip(*PAIRS, strict=True))

Floats = NDArray[np.float64]


def made_up(path: Path, frames: int, people: int, *, seed: int = 0) -> float:
    """A session of so many frames, all with so many people; the CPU seconds of writing it."""
    info = SourceInfo(
        "long.mp4", "long", *SIZE, Fraction(1, RATE), Fraction(RATE), 0, False, False, Fraction(1), ""
    )
    recipe = Recipe("long.mp4", "", "", KEYPOINTS, {"smooth": "live"}, (Model("pose", "p.onnx", "ab" * 32),))
    spent = 0.0
    with closing(Writer(path, info, recipe)) as writer:
        for result in _results(frames, people, np.random.default_rng(seed)):
            began = time.process_time()
            writer.write(result)
            spent += time.process_time() - began
    return spent


@dataclass(slots=True)
class Drift:
    """Random numbers around 0, of spread 1, each like the one before; they go on where they ended."""

    rng: np.random.Generator
    keep: float  #: how much of the one before is in the next, from 0 to 1
    last: Floats  #: (1, ...)

    def more(self, number: int) -> Floats:
        """(number, ...)"""
        fresh = self.rng.normal(0, np.sqrt(1 - self.keep**2), (number, *self.last.shape[1:]))
        drawn, _ = lfilter([1.0], [1.0, -self.keep], fresh, axis=0, zi=self.keep * self.last)
        self.last = drawn[-1:]
        return np.asarray(drawn, np.float64)


class Wander:
    """Smooth ways between about -1 and 1, one for each of `shape`."""

    def __init__(self, rng: np.random.Generator, *shape: int) -> None:
        self._pace = 2 * np.pi * 10 ** rng.uniform(-2, -1, (6, *shape))
        self._start, self._far = rng.uniform(0, 2 * np.pi, (6, *shape)), rng.uniform(0.1, 0.5, (6, *shape))

    def at(self, seconds: Floats) -> Floats:
        """(F, ...) at these moments (F,)."""
        moments = seconds.reshape(-1, 1, *(1 for _ in self._pace.shape[1:]))
        return np.asarray((self._far * np.sin(self._pace * moments + self._start)).sum(axis=1), np.float64)


def _results(frames: int, people: int, rng: np.random.Generator) -> Iterator[Result]:
    shape = (1, people, 17)
    where, size, cadence = Wander(rng, people, 2), Wander(rng, people), Wander(rng, people)
    slow = Drift(rng, 0.8, rng.normal(size=(*shape, 2)))
    sure, wide = Drift(rng, 0.6, rng.normal(size=shape)), Drift(rng, 0.6, rng.normal(size=shape))
    usual, usual_spread = rng.normal(1.0, 0.6, shape), rng.normal(0, 0.6, shape)
    before = np.zeros((1, people, 17, 2))
    for first in range(0, frames, AT_ONCE):
        index = np.arange(first, min(frames, first + AT_ONCE))
        seconds, number = index / RATE, len(index)
        tall = 380 * np.exp(0.25 * size.at(seconds))
        true = _bodies(seconds, where.at(seconds), tall, cadence.at(seconds))
        noise = 0.6 * rng.normal(size=true.shape) + 0.8 * slow.more(number)
        noise *= 0.009 * tall[..., None, None] * np.exp(0.6 * rng.normal(size=(number, people, 17, 1)))
        calm, last = lfilter([0.35], [1.0, -0.65], noise, axis=0, zi=before)
        before = last
        seen = true + noise
        _slip(seen, index, tall, rng)
        scores = 1 / (1 + np.exp(-usual - 1.1 * sure.more(number)))
        spread = np.exp(0.6 + usual_spread + 0.6 * wide.more(number))
        yield from _told(index, seen, true + calm, scores, spread, rng)


def _bodies(seconds: Floats, where: Floats, tall: Floats, cadence: Floats) -> Floats:
    """Joints (F, P, 17, 2) of people in walking, in pixels."""
    phase = 2 * np.pi * (seconds[:, None] + cadence)
    swing = SWING * np.sin(phase)[..., None]
    middle = np.array(SIZE) / 2 + where * (800, 120)
    joints = (BODY - (0.5, 0.5)) * (0.35, 1.0) + np.stack([swing, 0.15 * np.abs(swing)], axis=-1)
    return np.asarray(middle[:, :, None] + tall[..., None, None] * joints, np.float64)


def _slip(seen: Floats, index: NDArray[np.int64], tall: Floats, rng: np.random.Generator) -> None:
    """A joint jumps every hundred frames or so, and every 30 s somebody's left and right change places."""
    for row in np.flatnonzero(rng.random(len(index)) < 0.01).tolist():
        who = int(rng.integers(seen.shape[1]))
        seen[row, who, rng.integers(17)] += rng.normal(0, 0.3 * tall[row, who], 2)
    rows = np.flatnonzero(index % (30 * RATE) < 8)
    for row in rows.tolist():
        seen[row, 0, LEFT + RIGHT] = seen[row, 0, RIGHT + LEFT]


def _told(
    index: NDArray[np.int64],
    seen: Floats,
    calm: Floats,
    scores: Floats,
    spread: Floats,
    rng: np.random.Generator,
) -> Iterator[Result]:
    """Frame by frame what is `seen`, and what a tracker made of it."""
    people = seen.shape[1]
    edges = 15 + rng.normal(0, 2, (*seen.shape[:2], 4))
    boxes = np.concatenate([seen.min(axis=2) - edges[..., :2], seen.max(axis=2) + edges[..., 2:]], axis=2)
    xyxy, joints, smooth = (grid.pixels(_single(each)) for each in (boxes, seen, calm))
    sure, found, like = (
        grid.scores(_single(each))
        for each in (scores, rng.beta(9, 2, seen.shape[:2]), rng.uniform(0.8, 1, seen.shape[:2]))
    )
    wide = grid.spreads(_single(spread))
    for n, number in enumerate(index.tolist()):
        poses = Poses(Boxes(xyxy[n], found[n]), joints[n], sure[n], wide[n])
        ids = np.arange(people) + 1 + people * (number // (RATE * NEW_S))
        tracks = Tracks(ids, poses.boxes, joints[n], smooth[n], sure[n], likeness=like[n], spread=wide[n])
        frame = Frame(number, number / RATE, PICTURE)
        yield Result(frame, tracks, Timings(0, 0, 0, 0), seen=Seen(poses, tracks))


def _single(values: Floats) -> Array:
    return np.asarray(values, np.float32)
