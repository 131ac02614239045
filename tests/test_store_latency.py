"""A session of a camera keeps how late each result was; older sessions open, and nobody knows."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import hostile
import numpy as np
import pytest
from fakes import info
from test_store import PICTURE, RECIPE, results

from app.results import Results
from app.store import schema
from app.store.blocks import FRAMES, pack
from app.store.ending import restate
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import NO_TRACKS, Result, Timings
from app.watch.recorder import Recorder
from app.watch.take import Plan
from engine.errors import UserError
from engine.types import Frame
from trackers.smoothing import smoother


def live(path: Path, latencies: list[float]) -> Path:
    """A session of a camera whose results were so late, NaN: nobody looked."""
    with closing(Writer(path, info(live=True), RECIPE)) as writer:
        for each, late in zip(results(len(latencies)), latencies, strict=True):
            spent = Timings(7.0, 0.0, 0.0, 0.0, done=0.0 if np.isnan(late) else 7.0 + late)
            writer.write(Result(each.frame, each.tracks, spent, seen=each.seen))
    return path


def test_how_late_each_result_of_a_camera_was_is_kept(tmp_path: Path) -> None:
    latencies = (0.03 + 0.2 * np.random.default_rng(4).random(2 * FRAMES + 9)).tolist()
    latencies[3], latencies[70], latencies[FRAMES] = float("nan"), 7.5, 0.0
    path = live(tmp_path / "a.kinetrail", latencies)
    with closing(open_session_file(path)) as session:
        np.testing.assert_allclose(session.latencies(), latencies, rtol=5e-4)


def test_a_result_is_late_by_all_the_time_since_its_capture() -> None:
    captured = time.perf_counter() - 0.3
    results = Results(smoother("off"), lambda result: result)
    (told,) = results.add(Frame(0, 0.0, PICTURE), NO_TRACKS, Timings(captured, 0.0, 0.0, 0.0))
    assert 0.3 <= told.timings.latency <= time.perf_counter() - captured
    waiting = Results(smoother("lag:0.1s"), lambda result: result)
    assert waiting.add(Frame(0, 0.0, PICTURE), NO_TRACKS, Timings(captured, 0.0, 0.0, 0.0)) == []
    before = time.perf_counter()
    (told,) = waiting.rest()
    assert told.timings.latency >= before - captured  # what smoothing waited for is in it


def test_a_recording_started_while_a_camera_runs_keeps_it_too(tmp_path: Path) -> None:
    told = [replace(each, timings=Timings(3.0, 0.0, 0.0, 0.0, done=3.25)) for each in results(40)]
    source = info(live=True)
    recorder = Recorder(lambda: None)
    files = lambda info, folder, _: [lambda: Writer(folder / f"{info.stem}.kinetrail", info, RECIPE)]  # noqa: E731
    recorder.ready(Plan(source, files, 1, lambda _: None, lambda: None))
    for each in told[:10]:
        recorder.capture(each.frame)
        recorder.write(each)
    recorder.start(tmp_path, "take")
    for each in told[10:]:
        recorder.capture(each.frame)
        recorder.write(each)
    recorder.close()
    with closing(open_session_file(tmp_path / "take.kinetrail")) as session:
        assert session.latencies().tolist() == [0.25] * 30


def test_of_a_recording_nobody_asks_how_late_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.kinetrail"
    with closing(Writer(path, info(), RECIPE)) as writer:
        for each in results(20):
            writer.write(
                Result(each.frame, each.tracks, Timings(1.0, 0.0, 0.0, 0.0, done=2.0), seen=each.seen)
            )
    with closing(open_session_file(path)) as session:
        assert np.isnan(session.latencies()).all()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT sum(length(latency)) FROM block").fetchone() == (0,)


def test_whoever_is_told_anew_is_as_late_as_before(tmp_path: Path) -> None:
    path = live(tmp_path / "a.kinetrail", [0.1 + 0.001 * n for n in range(150)])
    told = {each.frame.index: each.tracks for each in results(150)}
    restate(path, told)
    with closing(open_session_file(path)) as session:
        np.testing.assert_allclose(session.latencies(), 0.1 + 0.001 * np.arange(150), rtol=5e-4)


def first_version(path: Path) -> Path:
    """The session as Kinetrail wrote it before it kept how late results were."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("ALTER TABLE block DROP COLUMN latency")
        database.execute("PRAGMA user_version = 1")
        columns = [row[1] for row in database.execute("PRAGMA table_info(block)")]
    assert columns[-1] == "score"
    return path


def test_a_session_of_the_first_version_opens_and_nobody_knows_how_late_it_was(tmp_path: Path) -> None:
    path = first_version(live(tmp_path / "a.kinetrail", [0.1] * 150))
    with closing(open_session_file(path)) as session:
        assert np.isnan(session.latencies()).all()
        assert len(session.latencies()) == 150
        assert sum(1 for _ in session.each()) == 150
        session.rename(session.people()[0].id, "Ada")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_session_of_the_first_version_that_cannot_be_changed_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = first_version(live(tmp_path / "a.kinetrail", [0.1] * 150))
    before = path.read_bytes()
    address = schema._opened
    # root may write to every file; SQLite keeps to what it is told
    monkeypatch.setattr(schema, "_opened", lambda path, _mode: address(path, "ro"))
    with closing(open_session_file(path)) as session:
        assert np.isnan(session.latencies()).all()
        assert sum(1 for _ in session.each()) == sum(1 for _ in session.measured()) == 150
        with pytest.raises(UserError, match="cannot be written"):
            session.rename(session.people()[0].id, "Ada")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.kinetrail"]


@pytest.mark.parametrize("bad", [-0.5, np.inf, -np.inf])
def test_a_latency_that_cannot_be_is_refused(tmp_path: Path, bad: float) -> None:
    path = live(tmp_path / "a.kinetrail", [0.1] * 9)
    hostile.with_cell(path, "latency", pack(np.array([bad] * 9, np.float16)))
    with closing(open_session_file(path)) as session, pytest.raises(UserError, match="a latency that is no"):
        session.latencies()
