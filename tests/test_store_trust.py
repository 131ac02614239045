"""What others wrote into a session is believed as far as its bytes go; no link leads its making astray."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import hostile
import numpy as np
import pytest
from fakes import info
from test_store import RECIPE, results, stored

from app.store import schema
from app.store.blocks import FRAMES, Moment, encoded, pack, unpack
from app.store.opened import Block
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Seen
from engine.errors import UserError
from engine.types import Boxes, Poses
from trackers.types import Tracks

MB = 1 << 20


def _many_ids(path: Path) -> None:
    """A crowd in every frame that nobody has measured."""
    counts = pack(np.full(FRAMES, 65535, np.uint16))
    people = FRAMES * 65535
    _put(path, person_count=counts, id=pack(np.ones(people, np.int32)), confidence=_blank(2 * people))


def _many_measured(path: Path) -> None:
    """All arrays as large as they have to be, of nothing but zeros."""
    people = FRAMES * 400
    _put(
        path,
        pose_count=pack(np.full(FRAMES, 400, np.uint16)),
        person_count=pack(np.full(FRAMES, 400, np.uint16)),
        pose_box=_blank(16 * people),
        pose_box_score=_blank(2 * people),
        pose_joint=_blank(8 * 17 * people),
        pose_score=_blank(2 * 17 * people),
        pose_spread=b"",
        id=pack(np.ones(people, np.int32)),
        **{name: _blank(2 * people) for name in ("pose", "confidence", "likeness")},
        predicted=b"",
        smoothed=_blank(4 * 17 * people),
        smoothed_far=b"",
    )


def _one_for_many(path: Path) -> None:
    """One measured skeleton that thousands are said to be made of."""
    people = 3 * 60_000
    _put(
        path,
        person_count=pack(np.array([60_000] * 3 + [0] * (FRAMES - 3), np.uint16)),
        id=pack(np.ones(people, np.int32)),
        **{name: _blank(2 * people) for name in ("pose", "confidence", "likeness")},
    )


def _long_blocks(path: Path) -> None:
    """A block of more frames than any has."""
    many = 2**16
    _put(path, frames=many, frame=_blank(8 * many), time=_blank(8 * many), person_count=_blank(2 * many))


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_many_ids, "people in a block of"),
        (_many_measured, "are promised"),
        (_one_for_many, "more people than were measured"),
        (_long_blocks, "a block of 65536 frames"),
    ],
)
def test_a_small_file_takes_no_more_memory_than_its_bytes_can_justify(
    tmp_path: Path, lie: Callable[[Path], None], said: str
) -> None:
    path = stored(tmp_path / "a.kinetrail", results(FRAMES))
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM")
    lie(path)
    assert path.stat().st_size < MB
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=f"is no session of Kinetrail, or damaged .*{said}"):
            hostile.read_session(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


def test_people_who_stand_in_a_picture_that_does_not_change_are_believed() -> None:
    """What is the same in every frame packs best of all that is true."""
    rng, people = np.random.default_rng(0), 400
    joints = rng.uniform(0, 1000, (people, 17, 2)).astype(np.float32)
    boxes = Boxes(
        np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1), np.ones(people, np.float32)
    )
    poses = Poses(boxes, joints, np.ones((people, 17), np.float32))
    tracks = Tracks(np.arange(1, people + 1), boxes, joints, joints, poses.scores)
    calm = Tracks(
        tracks.ids, boxes, joints, np.where(rng.random(joints.shape) < 1e-3, 1, joints), poses.scores
    )
    moments = [Moment(n, n / 25, Seen(poses, calm if n == 0 else tracks)) for n in range(FRAMES)]
    row = encoded(moments, 17)
    block = Block({**row, "frames": FRAMES}, 17)
    assert len(block.people().scores) == FRAMES * people


def test_an_array_that_swells_beyond_belief_is_not_even_begun() -> None:
    packed = _blank(64 * MB)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="are promised"):
            unpack(packed, np.uint8, 64 * MB)
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["1e999999999", "-1", "nan", "1/0", "9" * 21, "1_0", " 1", "\u0661"])
def test_a_rate_that_would_be_worked_on_for_ever_is_refused(tmp_path: Path, value: str) -> None:
    path = stored(tmp_path / "a.kinetrail", results(9))
    hostile.with_meta(path, "rate", value)
    with pytest.raises(UserError, match="is no session of Kinetrail, or damaged"):
        open_session_file(path)


def test_values_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.kinetrail", results(9))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'settings'", ("[" * 100_000,))
    with pytest.raises(UserError, match="is no session of Kinetrail, or damaged"):
        open_session_file(path)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_appears_at_the_last_moment_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """Between the look at the place and the making of the file."""
    path, target = tmp_path / "a.kinetrail", tmp_path / "elsewhere"
    if there:
        target.write_bytes(b"")  # SQLite would take an empty file for a new database
    clear = schema._remove

    def planted(where: Path, *endings: str) -> None:
        clear(where, *endings)
        if where.name.endswith(".new") and not planted_once:
            planted_once.append(where)
            where.symlink_to(target)

    planted_once: list[Path] = []
    monkeypatch.setattr(schema, "_remove", planted)
    with pytest.raises(UserError, match=r"a\.kinetrail"):
        Writer(path, info(), RECIPE)
    assert planted_once
    assert (target.read_bytes() == b"") if there else not os.path.lexists(target)
    assert not os.path.lexists(path)
    assert not os.path.lexists(planted_once[0])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("walk.kinetrail", "there is no such file any more, or there never was"),
        ("walk.mp4", "there is no such file; a session ends in .kinetrail"),
        ("folder.kinetrail", "is no file; a session ends in .kinetrail"),
    ],
)
def test_what_is_not_there_is_said_in_fitting_words(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.kinetrail").mkdir()
    with pytest.raises(UserError, match=said):
        open_session_file(tmp_path / name)


def _blank(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def _put(path: Path, **values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for name, value in values.items():
            database.execute(f"UPDATE block SET {name} = ?", (value,))
