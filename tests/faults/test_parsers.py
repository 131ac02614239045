"""Whatever lies in a file that Kinetrail reads: it is taken, or refused in one line; no more."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from functools import cache
from pathlib import Path

import hostile
import numpy as np
import odd
import pytest
from hostile import Reader, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd import mutated, swapped

from app.store import schema
from app.store.about import About
from app.ui.preferences import Preferences

TEXTS, BINARIES = list(hostile.text_files()), list(hostile.binary_files())
JSON = [reader for reader in TEXTS if ".json" in reader.name]
SLOW = {"net.pth": 12, "last.pth": 30}  #: fewer examples of what opens PyTorch's own reader

few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=12,
)
named = pytest.mark.parametrize("reader", [*TEXTS, *BINARIES], ids=lambda reader: reader.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@cache
def sound(folder: Path, name: str) -> bytes:
    (reader,) = (each for each in (*TEXTS, *BINARIES) if each.name == name)
    made = folder / f"made-{name}"
    made.mkdir()
    return reader.sound(made)


def put(folder: Path, reader: Reader, content: bytes) -> Path:
    """The file alone in a folder, with nothing left of the one before."""
    place = folder / f"read-{reader.name}"
    place.mkdir(exist_ok=True)
    for old in place.glob(f"{reader.name}*"):
        old.unlink()
    path = place / reader.name
    path.write_bytes(content)
    return path


@named
def test_the_sound_example_is_taken(folder: Path, reader: Reader) -> None:
    said = refused(reader, put(folder, reader, sound(folder, reader.name)))
    assert not said or reader.name == "net.pth"  # which has one weight of a thousand
    assert "missing: conv1.weight" in said or not said


@named
def test_damage_is_refused_in_one_line_or_does_no_harm(folder: Path, reader: Reader) -> None:
    content = sound(folder, reader.name)
    for seed in range(SLOW.get(reader.name, 50)):
        refused(reader, put(folder, reader, mutated(content, random.Random(seed))))


@named
@few
@given(content=st.binary(max_size=200))
def test_any_bytes_at_all_are_no_bug(folder: Path, reader: Reader, content: bytes) -> None:
    refused(reader, put(folder, reader, content))


@pytest.mark.parametrize("reader", JSON, ids=lambda reader: reader.name)
@few
@given(content=anything)
def test_any_json_at_all_is_no_bug(folder: Path, reader: Reader, content: object) -> None:
    refused(reader, put(folder, reader, _packed(reader, content)))


@pytest.mark.parametrize("reader", JSON, ids=lambda reader: reader.name)
def test_an_odd_value_anywhere_is_no_bug(folder: Path, reader: Reader) -> None:
    content = sound(folder, reader.name)
    said = json.loads(gzip.decompress(content) if reader.name.endswith(".gz") else content)
    for seed in range(150):
        refused(reader, put(folder, reader, _packed(reader, swapped(said, random.Random(seed)))))


def _packed(reader: Reader, said: object) -> bytes:
    text = json.dumps(said).encode()
    return gzip.compress(text) if reader.name.endswith(".gz") else text


def test_a_session_that_says_odd_things_of_itself_is_refused_in_one_line(folder: Path) -> None:
    chance = random.Random(3)
    for entry in fields(About):
        for value in chance.sample(odd.ODD, 9):
            path = _session(folder)
            hostile.with_meta(path, entry.name, value)
            if entry.name != "outputs":
                refused(SESSION, path)


@pytest.mark.parametrize("value", [None, "x", 3, [1]])
def test_a_session_whose_outputs_are_no_table_is_refused_in_one_line(folder: Path, value: object) -> None:
    path = _session(folder)
    hostile.with_meta(path, "outputs", value)
    assert "damaged" in refused(SESSION, path)


def test_a_session_from_which_everybody_was_removed_has_a_csv_without_rows(folder: Path) -> None:
    path = _session(folder)
    hostile.with_edit(path, "delete", 1, 0, 0.0, "")
    hostile.with_edit(path, "delete", 2, 0, 0.0, "")
    assert refused(SESSION, path) == ""


def test_a_session_with_odd_numbers_in_its_frames_is_refused_in_one_line(folder: Path) -> None:
    bombs = (b"", b"x", b"x\x9c", zlib.compress(bytes(1000)), np.full(9, np.nan).tobytes())
    for column in ("position", "frames", "people", "start_s", "end_s", *schema.ARRAYS):
        for value in (0, -1, 7, 2**40, 1e300, "x", *bombs):
            path = _session(folder)
            hostile.with_cell(path, column, value)
            refused(SESSION, path)


def test_a_session_with_odd_repairs_is_refused_in_one_line_or_shows_them(folder: Path) -> None:
    chance = random.Random(5)
    kinds = ("swap", "merge", "split", "rename", "undo", "redo", "zap")
    numbers = (0, 1, 2, 3, -1, 2**31, 2**63 - 1, 1.5, "x", b"x", float("inf"), -5.0)
    for _ in range(60):
        path = _session(folder)
        for _ in range(3):
            row = (chance.choice(numbers), chance.choice(numbers), chance.choice(numbers))
            hostile.with_edit(path, chance.choice(kinds), *row, chance.choice(("Ada", "\0", b"\xff", 5)))
        refused(SESSION, path)


@pytest.mark.parametrize("name", ["'; DROP TABLE edit; --", '"', "%s ? :a", "{0}", "\\", "Ada', 'Eve"])
def test_a_name_is_only_ever_a_name(folder: Path, name: str) -> None:
    path = _session(folder)
    with closing(hostile.open_session_file(path)) as session:
        session.rename(1, name)
    with closing(hostile.open_session_file(path)) as session:
        assert [person.name for person in session.people()] == [name, ""]
        assert session.undo() == f"name '{name}' for 1"


def test_another_programs_database_is_not_touched(folder: Path) -> None:
    path = folder / "other.kinetrail"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('a', 'b')")
    before = path.read_bytes()
    assert "another SQLite database" in refused(SESSION, path)
    assert path.read_bytes() == before


def test_a_session_with_a_program_in_it_is_refused(folder: Path) -> None:
    path = _session(folder)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TRIGGER hook AFTER INSERT ON edit BEGIN DELETE FROM block; END")
        database.commit()
    assert "something called 'hook'" in refused(SESSION, path)


def test_a_session_cannot_promise_more_than_it_holds(folder: Path) -> None:
    """Counts that stand for gigabytes cost nothing unless the bytes are there."""
    path = _session(folder)
    counts = zlib.compress(np.full(128, 65535, "<u2").view(np.uint8).reshape(128, 2).T.tobytes())
    hostile.with_cell(path, "person_count", counts)
    hostile.with_cell(path, "pose_count", counts)
    tracemalloc.start()
    try:
        assert "no session of Kinetrail, or damaged" in refused(SESSION, path)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@few
@given(content=st.binary(max_size=300))
def test_preferences_that_are_no_preferences_leave_the_usual_ones(folder: Path, content: bytes) -> None:
    _usable(folder, content)


def test_damaged_preferences_leave_the_usual_ones_for_what_is_damaged(folder: Path) -> None:
    for seed in range(50):
        _usable(folder, mutated(PREFERENCES, random.Random(seed)))


def _usable(folder: Path, content: bytes) -> None:
    path = folder / "window.ini"
    path.write_bytes(content)
    preferences = Preferences(path)
    assert "\n" not in preferences.trouble
    preferences.settings(), preferences.view(), preferences.recent(), preferences.geometry()
    preferences.set_shortcut("live.record", "R")
    assert Preferences(path).shortcuts()["live.record"] == "R"


PREFERENCES = b"""[settings]
keypoint-threshold=0.4
max-people=3
smooth=live
[view]
skeletons=true
line_width=1.5
[recent]
sources=/a.mp4, /b.mp4
[shortcuts]
live.record=Ctrl+R
[geometry]
window=@ByteArray(\\x1\\xd9\\xd0\\xcb\\0\\x3)
"""
(SESSION,) = (reader for reader in BINARIES if reader.name == "walk.kinetrail")


def _session(folder: Path) -> Path:
    return put(folder, SESSION, sound(folder, SESSION.name))


@pytest.fixture(scope="module", autouse=True)
def _once(folder: Path) -> Iterator[None]:
    yield
    sound.cache_clear()
    assert folder
