"""What is exported from a session is what the run wrote; a run that was cut off goes on as if never so."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import av
import clips
import networks
import numpy as np
import pandas as pd
import pytest
from fakes import info
from figures import tracks as people
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import grid
from app.cli import main
from app.exports import FORMATS, Style, export
from app.exports.text import joined, pixel_words, score_words
from app.outputs.table import Csv
from app.store.about import Recipe
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

ROOT = Path(__file__).parents[1]
PICTURE = np.zeros((4, 8, 3), np.uint8)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a machine with other work
@given(st.lists(st.integers(-(2**29), 2**29), min_size=1))
def test_pixels_have_the_digits_of_printf(steps: list[int]) -> None:
    text = joined(pixel_words(np.array(steps, np.int32))).decode()
    assert text == "".join(f",{step / 512:.3f}" for step in steps)


def test_every_score_has_the_digits_of_printf() -> None:
    steps = np.arange(10_001, dtype=np.uint16)
    scores = grid.from_score_steps(steps)
    assert joined(score_words(steps)).decode() == "".join(f",{score:.4f}" for score in scores.tolist())


def story(folder: Path) -> tuple[Path, Path]:
    """A session and the CSV of the same results: odd places and scores, people who come and go."""
    rng = np.random.default_rng(3)
    session, table = folder / "a.kinetrail", folder / "a.csv"
    recipe = Recipe("a", "", "", KEYPOINTS, {"keypoint_threshold": 0.4})
    with closing(Writer(session, info(), recipe)) as writer, closing(Csv(table, KEYPOINTS, 0.4)) as csv:
        for index in range(0, 400, 2):
            n = int(rng.integers(0, 4))
            joints = rng.uniform(-3000, 30_000, (n, 17, 2)) if n else np.zeros((0, 17, 2))
            joints[rng.random((n, 17)) < 0.1] = np.nan
            boxes = rng.uniform(-10, 2000, (n, 4))
            crowd = people(sorted(rng.choice(9, n, replace=False) + 1), joints, rng.random((n, 17)), boxes)
            object.__setattr__(crowd, "predicted", rng.random((n, 17)) < 0.2)
            result = Result(
                Frame(index, index / 29.97, PICTURE), grid.settled_tracks(crowd), Timings(0, 0, 0, 0)
            )
            writer.write(result)
            csv.write(result)
    return session, table


def test_the_csv_of_a_session_is_that_of_the_run_byte_for_byte(tmp_path: Path) -> None:
    session, table = story(tmp_path)
    with closing(open_session_file(session)) as opened:
        assert export(opened, "csv", tmp_path / "b.csv") == [tmp_path / "b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == table.read_bytes()


def test_raw_and_long_tables_say_the_same_as_the_plain_one(tmp_path: Path) -> None:
    session, _ = story(tmp_path)
    with closing(open_session_file(session)) as opened:
        export(opened, "csv", tmp_path / "raw.csv", style=Style(raw=True))
        export(opened, "csv", tmp_path / "long.csv", style=Style(long=True))
    plain, raw, long = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("a", "raw", "long"))
    pd.testing.assert_frame_equal(raw[plain.columns], plain)
    pd.testing.assert_series_equal(
        raw.nose_raw_x, plain.nose_x, check_names=False
    )  # nothing was smoothed here
    noses = long[long.joint == "nose"].set_index(["frame", "track_id"])[["x", "y", "score"]]
    wanted = plain.set_index(["frame", "track_id"])[["nose_x", "nose_y", "nose_score"]].dropna(
        subset="nose_x"
    )
    np.testing.assert_array_equal(noses.to_numpy(), wanted.to_numpy())


def test_people_and_a_range_are_chosen(tmp_path: Path) -> None:
    session, table = story(tmp_path)
    with closing(open_session_file(session)) as opened:
        export(opened, "csv", tmp_path / "b.csv", people=[2, 5], start_s=2.0, end_s=8.0)
        with pytest.raises(UserError, match="nobody with the number 77"):
            export(opened, "csv", tmp_path / "c.csv", people=[77])
        with pytest.raises(UserError, match="there is no frame from 90 s"):
            export(opened, "csv", tmp_path / "c.csv", start_s=90.0)
        with pytest.raises(UserError, match=r"b\.csv exists already"):
            export(opened, "csv", tmp_path / "b.csv")
        stop = threading.Event()
        stop.set()
        assert export(opened, "csv", tmp_path / "c.csv", stop=stop) == []
    whole = pd.read_csv(table)
    part = whole[whole.track_id.isin([2, 5]) & whole.time_s.between(2.0, 8.0)].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "b.csv"), part)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.kinetrail", "b.csv"]


def test_a_repair_is_in_what_is_exported(tmp_path: Path) -> None:
    session, table = story(tmp_path)
    with closing(open_session_file(session)) as opened:
        opened.swap(1, 2, 3.0)
        opened.delete(3)
        export(opened, "csv", tmp_path / "b.csv")
    whole = pd.read_csv(table)
    late = whole.time_s >= 3.0
    whole.loc[late, "track_id"] = whole.track_id[late].replace({1: 2, 2: 1})
    whole = whole[whole.track_id != 3].sort_values(["frame", "track_id"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "b.csv"), whole)


def picture(index: int) -> np.ndarray:
    image = np.full((96, 160, 3), 20, np.uint8)
    image[16:88, 20 + index % 60 : 52 + index % 60] = 190
    image[45:58, 30 + index % 60 : 43 + index % 60] = 255
    return image


@pytest.fixture(scope="module")
def walk(tmp_path_factory) -> tuple[Path, list[str]]:
    """A clip, and the options that name networks for it."""
    folder = tmp_path_factory.mktemp("walk")
    networks.rectangle_detector(folder / "detector.onnx")
    networks.heatmaps(folder / "pose.onnx")
    clips.write(folder / "walk.mp4", [picture(n) for n in range(300)], [3600 * n for n in range(300)])
    models = ["--detector", str(folder / "detector.onnx"), "--pose", str(folder / "pose.onnx")]
    return folder / "walk.mp4", models


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray().tobytes() for frame in video.decode(video=0)]


WAYS = [(), ("--detect-every", "4"), ("--detect-every", "auto"), ("--smooth", "full")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(walk, tmp_path, capsys, way, how) -> None:
    clip, models = walk
    assert main(["run", str(clip), *models, *way, "-o", str(tmp_path / "whole"), "--quiet"]) == 0
    out = tmp_path / "out"
    command = [sys.executable, "-m", "app", "run", str(clip), *models, *way, "-o", str(out), "--quiet"]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path) as process:
        while _stored(out / "walk.kinetrail") < 20 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(how)
        process.wait()
    kept = _stored(out / "walk.kinetrail")
    capsys.readouterr()
    assert main(["run", str(clip), *models, *way, "-o", str(out)]) == 0
    said = capsys.readouterr().err
    if kept < 300:
        assert f"walk.mp4: goes on after the {kept} frames that an earlier run has measured" in said
    assert (out / "walk.csv").read_bytes() == (tmp_path / "whole" / "walk.csv").read_bytes()
    assert pictures(out / "walk.mp4") == pictures(tmp_path / "whole" / "walk.mp4")
    assert sorted(path.name for path in out.iterdir()) == ["walk.csv", "walk.kinetrail", "walk.mp4"]
    with closing(open_session_file(out / "walk.kinetrail")) as session:
        assert session.about.finished
        export(session, "csv", tmp_path / "again.csv")
        export(session, "mp4", tmp_path / "again.mp4")
    assert (tmp_path / "again.csv").read_bytes() == (out / "walk.csv").read_bytes()
    assert pictures(tmp_path / "again.mp4") == pictures(out / "walk.mp4")


def _stored(path: Path) -> int:
    """How many frames are in a session that may not be there yet."""
    try:
        with closing(open_session_file(path)) as session:
            return len(session.times())
    except UserError:
        return 0


def cut_off(walk, out: Path, *way: str) -> int:
    """Let a run be stopped after some frames; how many."""
    clip, models = walk
    main(["run", str(clip), *models, *way, "-o", str(out), "--quiet"])
    from app.store import schema
    from app.store.about import keep

    path = out / "walk.kinetrail"
    with closing(schema.connect(path)) as database:
        keep(database, finished=False)
        database.execute("DELETE FROM block WHERE position > 0")
    return _stored(path)


def test_other_settings_begin_anew_say_so_and_keep_what_was_measured(walk, tmp_path, capsys) -> None:
    clip, models = walk
    kept = cut_off(walk, tmp_path, "--no-video", "--no-csv")
    capsys.readouterr()
    assert main(["run", str(clip), *models, "-o", str(tmp_path), "--no-video", "--smooth", "off"]) == 0
    said = capsys.readouterr().err
    assert (
        f"begins anew, since smooth is another; the {kept} frames measured by an earlier run are kept in"
        in said
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "walk.1.kinetrail",
        "walk.csv",
        "walk.kinetrail",
    ]
    assert _stored(tmp_path / "walk.1.kinetrail") == kept
    assert _stored(tmp_path / "walk.kinetrail") == 300


def test_a_file_that_somebody_changed_is_not_replaced(walk, tmp_path, capsys) -> None:
    clip, models = walk
    cut_off(walk, tmp_path, "--no-video")
    (tmp_path / "walk.csv").write_text("mine\n")
    assert main(["run", str(clip), *models, "-o", str(tmp_path), "--no-video"]) == 2
    assert "walk.csv exists already; --overwrite replaces it" in capsys.readouterr().err
    assert (tmp_path / "walk.csv").read_text() == "mine\n"


def test_what_a_run_left_out_is_made_of_its_session_later(walk, tmp_path, monkeypatch) -> None:
    clip, models = walk
    assert main(["run", str(clip), *models, "-o", str(tmp_path), "--no-video", "--no-csv", "--quiet"]) == 0
    monkeypatch.setattr("engine.pose.PoseEstimator.estimate", lambda *_: pytest.fail("a network was run"))
    assert main(["run", str(clip), *models, "-o", str(tmp_path), "--quiet", "--no-video"]) == 0
    assert len(pd.read_csv(tmp_path / "walk.csv")) == 300


def test_an_mp4_needs_the_video_that_was_measured(walk, tmp_path) -> None:
    clip, models = walk
    here = tmp_path / "walk.mp4"
    here.write_bytes(clip.read_bytes())
    assert main(["run", str(here), *models, "-o", str(tmp_path / "out"), "--no-video", "--quiet"]) == 0
    here.rename(tmp_path / "moved.mp4")
    with closing(open_session_file(tmp_path / "out" / "walk.kinetrail")) as session:
        with pytest.raises(
            UserError, match=r"walk\.mp4 is not there any more; say with --source where it is"
        ):
            export(session, "mp4", tmp_path / "a.mp4")
        export(
            session,
            "mp4",
            tmp_path / "a.mp4",
            start_s=1.0,
            end_s=2.0,
            style=Style(source=str(tmp_path / "moved.mp4")),
        )
        (tmp_path / "moved.mp4").write_bytes(b"x" * 5000)
        with pytest.raises(UserError, match="is not the video that was measured"):
            export(session, "mp4", tmp_path / "b.mp4", style=Style(source=str(tmp_path / "moved.mp4")))
    assert len(pictures(tmp_path / "a.mp4")) == 26


def test_every_format_has_words_and_an_ending() -> None:
    for name, each in FORMATS.items():
        assert re.fullmatch(r"[a-z0-9]+", name)
        assert each.about
        assert each.ending.startswith(".")
