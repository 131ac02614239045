"""The example of an export is of the picture in view, also where that is of a recorded camera."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import info
from figures import standing, tracks

from app import grid
from app.exports import Style
from app.playback.exporting import Material, preview
from app.playback.lanes import EMPTY
from app.playback.looked import Looked
from app.store.about import Recipe
from app.store.writer import Writer
from app.types import Result, Seen, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Frame, Image, Poses

WIDTH, HEIGHT = 160, 120
CROWD = grid.settled_tracks(tracks([1], [standing(20, 10, 60, 100)]))
FOUND = Poses(CROWD.boxes, CROWD.measured, CROWD.scores)
PICTURE = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Of a camera that had been on for 100 frames; nobody had time for every other one."""
    known = replace(info(size=(WIDTH, HEIGHT)), live=True)
    path = tmp_path / "camera.kinetrail"
    with closing(Writer(path, known, Recipe("camera", "", "", KEYPOINTS, {}))) as writer:
        for index in range(0, 10, 2):
            frame = Frame(100 + index, index / 25, PICTURE)
            writer.write(Result(frame, CROWD, Timings(0, 0, 0, 0), seen=Seen(FOUND, CROWD, True)))
    return path


def example(session: Path, index: int, style: Style) -> Image:
    """Of that picture of the recording."""
    looked = Looked(Frame(index, index / 25, PICTURE), CROWD, index % 2 == 0, FOUND)
    material = Material("", session, EMPTY, (), (0.0, 0.0), (0.0, 0.4), (looked,), session.parent)
    return preview(material, (1,), style, (WIDTH, HEIGHT))


def test_people_are_those_of_the_same_time_whatever_pictures_are_numbered(session: Path) -> None:
    assert (example(session, 4, Style()) != PICTURE).any()
    assert (example(session, 5, Style()) == PICTURE).all()


@pytest.mark.parametrize("index", [4, 5])
def test_faces_are_hidden_also_where_nobody_had_time_to_look(session: Path, index: int) -> None:
    shown = example(session, index, Style(skeleton=False, ids=False, blur_faces=True))
    changed = (shown != PICTURE).any(axis=2)
    x, y = FOUND.keypoints[0, 0].astype(int)
    assert changed[y - 3 : y + 4, x - 3 : x + 4].all()
    assert not changed[-10:].any()
