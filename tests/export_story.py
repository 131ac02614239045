"""A session with people who come and go, repaired by hand, and what is true in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fakes import info
from figures import tracks

from app import grid
from app.store.about import Recipe
from app.store.session import Session, open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Array, Frame
from trackers.types import Tracks

PICTURE = np.zeros((4, 8, 3), np.uint8)
SIZE = (1280, 720)
THRESHOLD = 0.4
FRAMES = 300  #: of which every seventh was dropped
SWAPPED_S = 5.0  #: from then on 1 is 2, and 2 is 1
ODD = 'Fernanda "Nan", the 2nd'
NAMES = {1: "", 2: ODD, 3: "", 12: "Ana"}


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What is true of somebody in a frame."""

    time: float
    box: Array  #: left, top, right, bottom
    box_score: float
    measured: Array  #: (17, 2)
    joints: Array  #: (17, 2)
    scores: Array  #: (17,)
    foretold: Array  #: (17,)

    @property
    def somewhere(self) -> Array:
        return np.isfinite(self.joints).all(axis=1)

    @property
    def seen(self) -> Array:
        """(17,) the joints that the CSV has with a score."""
        return self.somewhere & (self.scores >= THRESHOLD) & ~self.foretold

    @property
    def told(self) -> Array:
        """(17,) the joints that the CSV has."""
        return self.seen | (self.somewhere & self.foretold)


Truth = dict[tuple[int, int], Person]  #: by frame and id


def here(frame: int) -> list[int]:
    """Who is in a frame, as it was measured; 4 is deleted afterwards."""
    there = [1, 2, 4] if frame < 120 else [2]
    return sorted([*there, *([12] if frame % 50 > 20 else []), *([3] if 200 <= frame < 210 else [])])


def crowd(frame: int, rng: np.random.Generator) -> Tracks:
    ids = here(frame)
    joints = rng.uniform(-20, 1500, (len(ids), 17, 2))
    joints[rng.random((len(ids), 17)) < 0.05] = np.nan
    corner = rng.uniform(0, 600, (len(ids), 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 300, (len(ids), 2))], axis=1)
    people = tracks(ids, joints + rng.normal(0, 2, joints.shape), rng.random((len(ids), 17)), boxes)
    object.__setattr__(people, "keypoints", np.asarray(joints, np.float32))
    object.__setattr__(people, "predicted", rng.random((len(ids), 17)) < 0.1)
    return grid.settled_tracks(people)


def write_story(path: Path) -> Truth:
    """The session at that path, repaired; and what is true."""
    rng = np.random.default_rng(11)
    truth: Truth = {}
    recipe = Recipe("a", "", "", KEYPOINTS, {"keypoint_threshold": THRESHOLD})
    with closing(Writer(path, info(size=SIZE), recipe)) as writer:
        for frame in (each for each in range(FRAMES) if each % 7 != 3):
            people, time = crowd(frame, rng), frame / 25
            writer.write(Result(Frame(frame, time, PICTURE), people, Timings(0, 0, 0, 0)))
            for row, who in enumerate(people.ids.tolist()):
                late = time >= SWAPPED_S
                final = {1: 2, 2: 1}.get(who, who) if late else who
                if who != 4:
                    truth[frame, final] = Person(
                        time,
                        people.boxes.xyxy[row],
                        float(people.boxes.scores[row]),
                        people.measured[row],
                        people.keypoints[row],
                        people.scores[row],
                        people.predicted[row],
                    )
    with closing(open_session_file(path)) as session:
        session.swap(1, 2, SWAPPED_S)
        session.rename(2, ODD)
        session.rename(12, "Ana")
        session.delete(4)
    return truth


@contextmanager
def opened(path: Path) -> Iterator[Session]:
    with closing(open_session_file(path)) as session:
        yield session


def frames(first: int = 0, last: int = FRAMES) -> list[int]:
    """Numbers of the frames in the session."""
    return [each for each in range(first, last) if each % 7 != 3]
