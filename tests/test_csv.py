"""The CSV says exactly what the tracker said, and what was written is never lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures import nobody, result, standing, tracks

from app.outputs.table import Csv, columns
from engine.errors import UserError
from engine.skeleton import KEYPOINTS

PICTURE = np.zeros((48, 64, 3), np.uint8)
SOMEONE = tracks([1], standing(0, 0, 9, 9))
PAIR = tracks([1, 2], [standing(0, 0, 9, 9), standing(5, 5, 9, 9)])


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full, as far as each file of this process goes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_first_line_names_every_column() -> None:
    names = columns(KEYPOINTS)
    assert names[:11] == (
        "frame", "time_s", "track_id", "person_score", "bbox_x", "bbox_y", "bbox_w", "bbox_h",
        "nose_x", "nose_y", "nose_score",
    )  # fmt: skip
    assert names[11] == "left_eye_x"
    assert names[-3:] == ("right_ankle_x", "right_ankle_y", "right_ankle_score")
    assert len(names) == 8 + 17 * 3


def test_pandas_reads_back_what_was_written_without_options(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    written = [
        tracks([7, 1234567], rng.uniform(-50, 4000, (2, 17, 2)), rng.uniform(0.3, 1, (2, 17)))
        for _ in range(3)
    ]
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        for index, people in zip((0, 1, 3), written, strict=True):
            table.write(result(index, index / 25, PICTURE, people))
    frame = pd.read_csv(tmp_path / "a.csv")
    assert [str(frame[name].dtype) for name in ("frame", "time_s", "track_id")] == [
        "int64",
        "float64",
        "int64",
    ]
    assert set(frame.dtypes[3:].astype(str)) == {"float64"}
    assert frame["frame"].tolist() == [0, 0, 1, 1, 3, 3]
    assert frame["track_id"].tolist() == [7, 1234567] * 3
    for k, name in enumerate(KEYPOINTS):
        truth = np.concatenate([people.keypoints[:, k] for people in written])
        np.testing.assert_allclose(frame[[f"{name}_x", f"{name}_y"]], truth, rtol=0, atol=6e-4)
        scores = np.concatenate([people.scores[:, k] for people in written])
        np.testing.assert_allclose(frame[f"{name}_score"], scores, rtol=0, atol=6e-5)
    boxes = np.concatenate([people.boxes.xyxy for people in written])
    corner = frame[["bbox_x", "bbox_y"]].to_numpy()
    np.testing.assert_allclose(corner, boxes[:, :2], rtol=0, atol=6e-4)
    np.testing.assert_allclose(
        corner + frame[["bbox_w", "bbox_h"]].to_numpy(), boxes[:, 2:], rtol=0, atol=2e-3
    )
    np.testing.assert_allclose(frame["person_score"], 0.75)


def test_the_joints_are_the_smoothed_ones(tmp_path: Path) -> None:
    people = tracks([1], standing(10, 10, 20, 30))
    shaken = type(people)(
        people.ids, people.boxes, people.measured + np.float32(3), people.keypoints, people.scores
    )
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        table.write(result(0, 0.0, PICTURE, shaken))
    assert pd.read_csv(tmp_path / "a.csv")["nose_x"][0] == pytest.approx(20.0, abs=1e-3)


def test_joints_below_the_threshold_or_without_a_place_are_blank(tmp_path: Path) -> None:
    points = standing(10, 10, 20, 30)[None].copy()
    points[0, 3] = (np.nan, 5)
    points[0, 4] = (5, np.inf)
    scores = np.full((1, 17), 0.5)
    scores[0, :3] = 0.2999, 0.3, 0.0
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        table.write(result(0, 0.0, PICTURE, tracks([1], points, scores, [0, 0, 20, 30])))
    frame = pd.read_csv(tmp_path / "a.csv")
    for name in ("nose", "right_eye", "left_ear", "right_ear"):
        assert frame[[f"{name}_x", f"{name}_y", f"{name}_score"]].isna().all(axis=None)
    assert frame[["left_eye_x", "left_eye_y", "left_eye_score"]].notna().all(axis=None)


@pytest.mark.parametrize("time_base", [Fraction(1, 90000), Fraction(1001, 30000), Fraction(1, 1_000_000)])
def test_times_tell_every_tick_of_the_source(tmp_path: Path, time_base: Fraction) -> None:
    ticks = [0, 1, 2, 90000, 123_456_789, 7 * 10**9 + 1]
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        for index, tick in enumerate(ticks):
            table.write(result(index, float(tick * time_base), PICTURE, SOMEONE))
    times = pd.read_csv(tmp_path / "a.csv")["time_s"]
    assert [round(Fraction(time) / time_base) for time in times] == ticks


def test_whole_seconds_are_still_numbers_with_a_point(tmp_path: Path) -> None:
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        for index in range(3):
            table.write(result(index, index * 100.0, PICTURE, SOMEONE))
    assert pd.read_csv(tmp_path / "a.csv")["time_s"].dtype == np.float64
    assert (tmp_path / "a.csv").read_text().splitlines()[2].startswith("1,100.0,1,0.7500,")


def test_foretold_joints_have_a_place_and_no_score(tmp_path: Path) -> None:
    people = tracks([1, 2], [standing(0, 0, 9, 9), standing(5, 5, 9, 9)], scores=[[0.1] * 17, [0.9] * 17])
    foretold = np.zeros((2, 17), np.bool_)
    foretold[0, 9] = foretold[1, 3] = True  # one not seen, one not believed
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as file:
        file.write(result(0, 0.0, PICTURE, replace(people, predicted=foretold)))
    table = pd.read_csv(tmp_path / "a.csv")
    for row, (joint, at) in enumerate((("left_wrist", 9), ("left_ear", 3))):
        place = table.loc[row, [f"{joint}_x", f"{joint}_y"]]
        np.testing.assert_allclose(place.astype(float), people.keypoints[row, at], atol=5e-4)
        assert np.isnan(table.loc[row, f"{joint}_score"])
    scores = table[[f"{joint}_score" for joint in KEYPOINTS]]
    assert scores.notna().sum(axis=1).tolist() == [0, 16]
    assert table[[f"{joint}_x" for joint in KEYPOINTS]].notna().sum(axis=1).tolist() == [1, 17]


def test_frames_without_people_have_no_rows(tmp_path: Path) -> None:
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        for index in range(5):
            table.write(result(index, index / 25, PICTURE, nobody()))
    assert (tmp_path / "a.csv").read_bytes() == (",".join(columns(KEYPOINTS)) + "\n").encode()


def test_rows_are_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    with closing(Csv(tmp_path / "a.csv", KEYPOINTS, 0.3)) as table:
        table.write(result(0, 0.0, PICTURE, PAIR))
        assert len(pd.read_csv(tmp_path / "a.csv.part")) == 2
        assert not (tmp_path / "a.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def write_pairs(path: Path) -> None:
    with closing(Csv(path, KEYPOINTS, 0.3)) as table:
        for index in range(40):
            table.write(result(index, index / 25, PICTURE, PAIR))


@pytest.mark.parametrize("size", [0, 100, 1500, 3000, 12345])
def test_a_full_disk_leaves_whole_frames_and_says_how_many(tmp_path: Path, size: int) -> None:
    write_pairs(tmp_path / "whole.csv")
    lines = (tmp_path / "whole.csv").read_bytes().splitlines(keepends=True)
    room = np.cumsum([len(line) for line in lines])[2::2] <= size  # the header and two rows, two more, ...
    saved = int(room.sum())
    path = tmp_path / "out" / "a.csv"
    path.parent.mkdir()
    with files_no_larger_than(size), pytest.raises(UserError, match="disk is full") as caught:
        write_pairs(path)
    if saved:
        assert str(caught.value) == f"{path}: the disk is full; the first {saved} frames are saved in it"
        assert path.read_bytes() == b"".join(lines[: 1 + 2 * saved])
    else:
        assert "nothing could be saved" in str(caught.value)
    assert len(list(path.parent.iterdir())) == bool(saved)


def test_a_killed_run_leaves_its_rows_and_does_not_block_the_next(tmp_path: Path) -> None:
    program = """
import os, sys, signal
from pathlib import Path
from test_csv import *
table = Csv(Path(sys.argv[1]), KEYPOINTS, 0.3)
for index in range(20):
    table.write(result(index, index / 25, PICTURE, SOMEONE))
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "a.csv"
    folders = os.pathsep.join(str(folder) for folder in (Path(__file__).parents[1], Path(__file__).parent))
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path)], env={**os.environ, "PYTHONPATH": folders}, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(pd.read_csv(tmp_path / "a.csv.part")) == 20
    Csv(path, KEYPOINTS, 0.3, overwrite=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert len(pd.read_csv(path)) == 0
