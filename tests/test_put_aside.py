"""A session that gives way to another keeps everything in its one file."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
from fakes import info
from figures import standing, tracks

from app import grid
from app.resume import put_aside
from app.store.about import Recipe
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Frame


def test_repairs_go_along_while_somebody_looks_at_it(tmp_path: Path) -> None:
    path = tmp_path / "walk.kinetrail"
    crowd = grid.settled_tracks(tracks([1], [standing(0, 0, 4, 4)]))
    with closing(Writer(path, info(), Recipe("walk", "", "", KEYPOINTS, {}))) as writer:
        writer.write(Result(Frame(0, 0.0, np.zeros((4, 8, 3), np.uint8)), crowd, Timings(0, 0, 0, 0)))
        page = open_session_file(path)  # as the window does while it is measured
    with closing(page):
        page.rename(1, "Ada")
        assert path.with_name("walk.kinetrail-wal").stat().st_size  # else this shows nothing
        (aside,) = put_aside(path, [path])
        shutil.copy(aside, tmp_path / "alone.kinetrail")
        with closing(open_session_file(tmp_path / "alone.kinetrail")) as alone:
            assert [each.name for each in alone.people()] == ["Ada"]
