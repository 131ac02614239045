"""A session gives back what was measured, bit for bit, whatever happens to the program that wrote it."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from fakes import info
from hypothesis import given, settings
from hypothesis import strategies as st

from app import grid
from app.store import schema
from app.store.about import Model, Recipe
from app.store.blocks import FRAMES, pack, unpack
from app.store.session import open_session_file
from app.store.writer import FLUSH_S, Writer
from app.types import Result, Seen, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses
from trackers.tracker import Tracker

PICTURE = np.zeros((4, 8, 3), np.uint8)
RECIPE = Recipe("a.mp4", "", "", KEYPOINTS, {"smooth": "live"}, (Model("pose", "p.onnx", "ab" * 32),))
ROOT = Path(__file__).parents[1]


def crowd(rng: np.random.Generator, index: int) -> Poses:
    """Up to four people who stand side by side, some joints nowhere or out of any picture."""
    n = int(rng.integers(0, 5))
    joints = rng.normal((100, 200), 60, (n, 17, 2)) + 400 * np.arange(n)[:, None, None] * (1, 0) + 3 * index
    boxes = np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1)
    joints[rng.random((n, 17)) < 0.02] = np.nan
    joints[rng.random((n, 17)) < 0.02] = 5e6
    found = Boxes(boxes.astype(np.float32), rng.random(n).astype(np.float32))
    spread = rng.uniform(0.3, 3, (n, 17)).astype(np.float32)
    return grid.settled(
        Poses(found, joints.astype(np.float32), rng.random((n, 17)).astype(np.float32), spread)
    )


def results(number: int, seed: int = 0) -> list[Result]:
    """What a run gives of so many frames, one of which is missing."""
    rng, tracker, told = np.random.default_rng(seed), Tracker(certain=0.2), []
    for index in [n for n in range(number + 1) if n != 5]:
        poses = crowd(rng, index)
        with np.errstate(invalid="ignore"):  # no tracker has to make sense of such people
            tracks = grid.settled_tracks(tracker.update(poses, index / 25, detected=index % 3 == 0))
        seen = Seen(poses, tracks, index % 3 == 0)
        told.append(Result(Frame(index, index / 25, PICTURE), tracks, Timings(0, 0, 0, 0), seen=seen))
    return told


def stored(path: Path, told: list[Result]) -> Path:
    with closing(Writer(path, info(), RECIPE)) as writer:
        for each in told:
            writer.write(each)
    return path


def assert_same(a: object, b: object) -> None:
    """Two of Poses or Tracks, field by field."""
    assert type(a) is type(b)
    for name in a.__slots__:
        one, other = getattr(a, name), getattr(b, name)
        if isinstance(one, Boxes):
            assert_same(one, other)
        else:
            np.testing.assert_array_equal(one, other, name)


@pytest.mark.parametrize("frames", [1, FRAMES, FRAMES + 1, 3 * FRAMES - 7])
def test_everything_measured_comes_back_bit_for_bit(tmp_path: Path, frames: int) -> None:
    told = results(frames)
    with closing(open_session_file(stored(tmp_path / "a.kinetrail", told))) as session:
        assert session.indices().tolist() == [each.frame.index for each in told]
        assert session.times().tolist() == [each.frame.time for each in told]
        for each, raw, (index, moment, tracks) in zip(told, session.measured(), session.each(), strict=True):
            assert (index, moment) == (raw.index, raw.time) == (each.frame.index, each.frame.time)
            assert raw.looked == each.seen.looked
            assert_same(raw.poses, each.seen.poses)
            assert_same(tracks, each.tracks)
        assert_same(session.tracks(frames // 2), told[frames // 2].tracks)
        assert session.about.models == RECIPE.models
        assert session.about.keypoints == KEYPOINTS


def test_a_part_of_a_session_is_the_same_as_that_part_of_the_whole(tmp_path: Path) -> None:
    told = results(2 * FRAMES + 9)
    with closing(open_session_file(stored(tmp_path / "a.kinetrail", told))) as session:
        for first, last in [(0, 1), (3, FRAMES), (FRAMES - 1, FRAMES + 1), (5, 10**9), (7, 7)]:
            part = [(index, tracks) for index, _, tracks in session.each(first, last)]
            assert [index for index, _ in part] == [each.frame.index for each in told[first:last]]
            for (_, tracks), each in zip(part, told[first:last], strict=True):
                assert_same(tracks, each.tracks)
            assert [m.index for m in session.measured(first, last)] == [index for index, _ in part]


def test_people_and_their_lanes_are_those_of_the_frames(tmp_path: Path) -> None:
    told = results(300)
    with closing(open_session_file(stored(tmp_path / "a.kinetrail", told))) as session:
        everyone = {who for each in told for who in each.tracks.ids.tolist()}
        assert [person.id for person in session.people()] == sorted(everyone)
        for person in session.people():
            there = [n for n, each in enumerate(told) if person.id in each.tracks.ids]
            assert (person.frames, person.first_s) == (len(there), told[there[0]].frame.time)
            assert person.last_s == told[there[-1]].frame.time
            lane = session.lane(person.id)
            assert lane.positions.tolist() == there
            scores = [told[n].tracks.scores[told[n].tracks.ids == person.id].mean() for n in there]
            np.testing.assert_allclose(lane.confidence, scores, atol=6e-5)
            assert person.mean_score == pytest.approx(float(np.mean(scores)), abs=1e-4)


def test_a_session_can_be_read_while_it_grows(tmp_path: Path) -> None:
    told, path = results(150), tmp_path / "a.kinetrail"
    writer = Writer(path, info(), RECIPE)
    writer.write(told[0])  # the first is there at once, so that there is something to look at
    with closing(open_session_file(path)) as session:
        assert len(session.times()) == 1
        assert not session.refresh()
        for each in told[1:]:
            writer.write(each)
        assert session.refresh()
        assert len(session.times()) >= FRAMES
        assert_same(session.tracks(FRAMES - 1), told[FRAMES - 1].tracks)
        writer.close()
        assert session.refresh()
        assert len(session.times()) == len(told)
        assert not session.about.finished  # only who reads the source knows whether that was all
    assert "a.kinetrail" in [file.name for file in tmp_path.iterdir()]


def test_two_runs_never_write_one_session(tmp_path: Path) -> None:
    path = tmp_path / "a.kinetrail"
    with (
        closing(Writer(path, info(), RECIPE)),
        pytest.raises(UserError, match=r"another run is writing .*a\.kinetrail"),
    ):
        Writer(path, info(), RECIPE, overwrite=True)
    with pytest.raises(UserError, match="exists already; --overwrite replaces it"):
        Writer(path, info(), RECIPE)
    with closing(Writer(path, info(), RECIPE, overwrite=True)) as again:
        again.write(results(1)[0])


KILLED = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from fakes import info
from test_store import RECIPE, results
from app.store import writer as module
from app.store.writer import Writer
now = [0.0]
module.time.monotonic = lambda: now[0]
told = results(400)
writer = Writer(Path({path!r}), info(), RECIPE)
for n, each in enumerate(told):
    writer.write(each)
    print(n, flush=True)
    now[0] += {step_s}
    if n == 300:
        sys.stdin.read()  # until it is killed
"""
STEP_S = 0.005  #: from frame to frame, on the clock of whoever is killed


def test_a_kill_costs_what_came_in_the_last_half_second(tmp_path: Path) -> None:
    path = tmp_path / "a.kinetrail"
    script = KILLED.format(paths=[str(ROOT), str(ROOT / "tests")], path=str(path), step_s=STEP_S)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 300:
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
    told = results(400)
    with closing(open_session_file(path)) as session:
        kept = len(session.times())
        assert 0 <= (301 - kept) * STEP_S <= FLUSH_S
        for (_, _, tracks), each in zip(session.each(), told, strict=False):
            assert_same(tracks, each.tracks)


def test_on_a_full_disk_what_was_stored_before_stays(tmp_path: Path) -> None:
    path, told = tmp_path / "a.kinetrail", results(4 * FRAMES)
    writer = Writer(path, info(), RECIPE)
    writer._database.execute("PRAGMA max_page_count = 160")
    written = 0
    with pytest.raises(UserError, match=r"a\.kinetrail cannot be written \(the disk is full\)"):  # noqa: PT012
        for each in told:
            writer.write(each)
            written += 1
    writer.close()
    with closing(open_session_file(path)) as session:
        assert written - FRAMES <= len(session.times()) <= written
        assert_same(session.tracks(0), told[0].tracks)


def test_what_is_no_session_is_said_in_one_line(tmp_path: Path) -> None:
    whole = stored(tmp_path / "a.kinetrail", results(200)).read_bytes()
    other = tmp_path / "other.kinetrail"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    cases = {
        "random": np.random.default_rng(1).bytes(5000),
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "head": whole[:100],
        "other": other.read_bytes(),
    }
    for name, content in cases.items():
        path = tmp_path / f"{name}.kinetrail"
        path.write_bytes(content)
        with pytest.raises(UserError, match=name) as caught:
            _read(path)
        assert "\n" not in str(caught.value)
    for path in (tmp_path, tmp_path / "missing.kinetrail"):
        with pytest.raises(UserError):
            open_session_file(path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(100, 10**6), st.integers(0, 255)), min_size=1, max_size=20))
def test_whatever_is_changed_in_a_session_only_a_user_error_comes_of_it(
    changes: list[tuple[int, int]],
) -> None:
    content = bytearray(_whole())
    for place, value in changes:
        content[place % len(content)] = value
    path = Path(_folder()) / "changed.kinetrail"
    path.write_bytes(content)
    try:
        with suppress(UserError):
            _read(path)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


@pytest.mark.parametrize(
    "values",
    [
        {"keypoints": []},
        {"rate": "0"},
        {"width": None},
        {"models": [1]},
        {"settings": 3},
        {"outputs": {"a": 1}},
    ],
)
def test_a_session_that_says_nonsense_is_refused(tmp_path: Path, values: dict[str, object]) -> None:
    path = stored(tmp_path / "a.kinetrail", results(3))
    with closing(sqlite3.connect(path)) as database, database:
        for name, value in values.items():
            database.execute("UPDATE meta SET value = ? WHERE name = ?", (json.dumps(value), name))
    with pytest.raises(UserError, match="is no session of Kinetrail, or damaged"):
        open_session_file(path)


def test_a_session_of_an_older_version_is_brought_up_to_date(tmp_path: Path, monkeypatch) -> None:
    path = stored(tmp_path / "a.kinetrail", results(30))
    newer = (*schema.MIGRATIONS, ("ALTER TABLE edit ADD COLUMN whoever TEXT NOT NULL DEFAULT ''",))
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    with closing(open_session_file(path)) as session:
        session.rename(session.people()[0].id, "Ada")
        assert session.people()[0].name == "Ada"
    monkeypatch.setattr(schema, "MIGRATIONS", newer[:-1])
    with pytest.raises(UserError, match=r"was written by a newer Kinetrail \(format 3; this one knows 2\)"):
        open_session_file(path)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch) -> None:
    path = stored(tmp_path / "a.kinetrail", results(30))
    broken = (
        *schema.MIGRATIONS,
        ("ALTER TABLE edit ADD COLUMN whoever TEXT", "ALTER TABLE nothing ADD COLUMN x"),
    )
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", broken)
        with pytest.raises(UserError):
            open_session_file(path)
    with closing(open_session_file(path)) as session:
        assert len(session.times()) == 30


def test_a_session_in_a_folder_that_cannot_be_written_to_is_read(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.kinetrail", results(30))
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        pytest.skip("root may write everywhere")
    with closing(open_session_file(path)) as session:
        assert len(session.times()) == 30
        with pytest.raises(UserError, match="cannot be written"):
            session.rename(session.people()[0].id, "Ada")


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_packed_arrays_come_back(values: list[int]) -> None:
    array = np.array(values, np.int32)
    np.testing.assert_array_equal(unpack(pack(array), np.int32, len(values)), array)


def test_an_array_that_would_inflate_beyond_its_shape_is_refused_early() -> None:
    with pytest.raises(ValueError, match="where 12 were expected"):
        unpack(pack(np.zeros(10**7, np.int32)), np.int32, 3)


def test_the_lines_of_the_manual_read_a_session_with_nothing_of_ours(tmp_path: Path, monkeypatch) -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import sqlite3.*?)```", page, re.DOTALL)
    told = results(300)
    stored(tmp_path / "dance.kinetrail", told)
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(code, found)
    joints = np.concatenate([each.seen.poses.keypoints for each in told])
    np.testing.assert_array_equal(np.nan_to_num(joints, nan=-(2.0**22)), found["joints"])
    assert found["times"].tolist() == [each.frame.time for each in told]  # type: ignore[attr-defined]
    assert len([line for line in code.splitlines() if line]) <= 12


def _read(path: Path) -> None:
    """Everything there is in it."""
    with closing(open_session_file(path)) as session:
        session.people()
        list(session.each())
        list(session.measured())


_KEPT: dict[str, object] = {}


def _folder() -> str:
    if "folder" not in _KEPT:
        import tempfile

        _KEPT["folder"] = tempfile.TemporaryDirectory()
    return _KEPT["folder"].name  # type: ignore[attr-defined]


def _whole() -> bytes:
    if "whole" not in _KEPT:
        _KEPT["whole"] = stored(Path(_folder()) / "whole.kinetrail", results(150)).read_bytes()
    return _KEPT["whole"]  # type: ignore[return-value]
