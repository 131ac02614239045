"""Whatever the format: nothing is overwritten unasked, and what is there is whole."""

from __future__ import annotations

import argparse
import json
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from export_story import PICTURE, opened, write_story
from fakes import info
from figures import tracks

from app.exports import FORMATS, command, export
from app.exports.writing import harmless, quoted
from app.store.about import Recipe
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

MINE = [name for name in FORMATS if name not in ("csv", "mp4")]
FOLDERS = ["openpose", "trc"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("story") / "a.kinetrail"
    write_story(path)
    return path


@pytest.fixture(params=MINE)
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return str(request.param)


def out(folder: Path, name: str) -> Path:
    return folder / f"x{FORMATS[name].ending}"


def content(path: Path) -> dict[str, bytes]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


def test_the_same_session_gives_the_same_bytes_and_progress_ends_at_all(
    session: Path, tmp_path: Path, name: str
) -> None:
    said: list[tuple[int, int]] = []
    with opened(session) as there:
        frames = len(there.times())
        for place in ("a", "b"):
            made = out(tmp_path / place, name)
            assert export(there, name, made, show=lambda a, b: said.append((a, b))) == [made]
    assert content(out(tmp_path / "a", name)) == content(out(tmp_path / "b", name))
    assert said[-1] == (frames, frames)
    assert [path.name for path in (tmp_path / "a").iterdir()] == [f"x{FORMATS[name].ending}"]


def test_what_is_there_stays_unless_it_is_to_be_replaced(session: Path, tmp_path: Path, name: str) -> None:
    made = out(tmp_path, name)
    with opened(session) as there:
        export(there, name, made)
        before = content(made)
        with pytest.raises(UserError, match="exists already"):
            export(there, name, made, people=[12])
        assert content(made) == before
        export(there, name, made, people=[12], overwrite=True)
    assert content(made) != before
    assert list(tmp_path.iterdir()) == [made]


def test_stopping_on_the_way_leaves_nothing_and_keeps_what_was_there(
    session: Path, tmp_path: Path, name: str
) -> None:
    made, stop = out(tmp_path, name), threading.Event()
    with opened(session) as there:
        assert export(there, name, made, show=lambda _a, _b: stop.set(), stop=stop) == []
        assert list(tmp_path.iterdir()) == []
        stop.clear()
        export(there, name, made)
        before = content(made)
        assert export(there, name, made, show=lambda _a, _b: stop.set(), stop=stop, overwrite=True) == []
    assert content(made) == before
    assert list(tmp_path.iterdir()) == [made]


def test_it_grows_while_the_session_is_read(session: Path, tmp_path: Path, name: str) -> None:
    made, sizes = out(tmp_path, name), []

    def look(_done: int, _of: int) -> None:
        part = made.with_name(made.name + ".part")
        files = list(part.iterdir()) if part.is_dir() else [part]
        sizes.append(sum(file.stat().st_size for file in files))

    with opened(session) as there:
        export(there, name, made, show=look)
    if name not in ("angles", "parquet"):  # which look at many blocks at once
        assert 0 < sizes[0] < sizes[-1]


def test_a_range_with_nobody_in_it_is_told_of_as_such(tmp_path: Path, name: str) -> None:
    path = tmp_path / "e.kinetrail"
    with closing(Writer(path, info(), Recipe("e", "", "", KEYPOINTS, {}))) as writer:
        for frame in range(3):
            nobody = tracks([], np.zeros((0, 17, 2)))
            writer.write(Result(Frame(frame, frame / 25, PICTURE), nobody, Timings(0, 0, 0, 0)))
    said: list[str] = []
    with opened(path) as there:
        (made,) = export(there, name, out(tmp_path, name), notice=said.append)
    assert said == [f"{path}: nobody is in it, so {made} is without people"]
    if name == "coco":
        assert json.loads(made.read_text()) == []
    elif name == "openpose":
        assert [json.loads(text)["people"] for text in content(made).values()] == [[]] * 3
    elif name in ("angles", "sleap", "dlc"):
        lines = made.read_text().splitlines()
        assert len(lines) == {"angles": 1, "sleap": 1, "dlc": 6}[name]
    elif name in ("mot", "trc"):
        assert "".join(each.decode() for each in content(made).values()) == ""


def test_skeletons_with_other_joints_are_written_or_refused_in_a_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "o.kinetrail"
    with closing(Writer(path, info(), Recipe("o", "", "", ("nose", "tail"), {}))) as writer:
        one = tracks([1], [[(3, 4), (5, 6)]])
        writer.write(Result(Frame(0, 0.0, PICTURE), one, Timings(0, 0, 0, 0)))
    with opened(path) as there:
        if name == "angles":
            with pytest.raises(UserError, match="COCO's 17 joints"):
                export(there, name, out(tmp_path, name))
            return
        (made,) = export(there, name, out(tmp_path, name))
    assert any(content(made).values())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_in_a_line_and_leaves_nothing(session: Path, tmp_path: Path, name: str) -> None:
    with opened(session) as there, files_no_larger_than(200), pytest.raises(UserError, match="disk is full"):
        export(there, name, out(tmp_path, name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_anything_else_in_it_is_never_touched(
    session: Path, tmp_path: Path, name: str, overwrite: bool
) -> None:
    made = out(tmp_path, name)
    made.mkdir()
    (made / "thesis.doc").write_text("mine")
    with opened(session) as there, pytest.raises(UserError, match="holds other files"):
        export(there, name, made, overwrite=overwrite)
    assert content(made) == {"thesis.doc": b"mine"}
    assert list(tmp_path.iterdir()) == [made]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_never_follows_a_link(session: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = out(tmp_path, name)
    made.symlink_to(elsewhere)
    with opened(session) as there, pytest.raises(UserError, match="in the way"):
        export(there, name, made, overwrite=True)
    made.unlink()
    made.with_name(made.name + ".part").symlink_to(elsewhere)
    with opened(session) as there, pytest.raises(UserError, match="cannot be written"):
        export(there, name, made, overwrite=True)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", FOLDERS)
def test_what_a_killed_export_left_is_cleared_away(session: Path, tmp_path: Path, name: str) -> None:
    made = out(tmp_path, name)
    with opened(session) as there:
        (tmp_path / "first").mkdir()
        export(there, name, out(tmp_path / "first", name))
        wanted = content(out(tmp_path / "first", name))
        part = made.with_name(made.name + ".part")
        part.mkdir()
        leftover = next(iter(wanted))
        (part / leftover).write_text("half of it")
        export(there, name, made)
    assert content(made) == wanted


@pytest.mark.parametrize("name", FOLDERS)
def test_two_exports_never_share_a_folder(session: Path, tmp_path: Path, name: str) -> None:
    made, refused = out(tmp_path, name), []

    def again(_done: int, _of: int) -> None:
        with opened(session) as there:
            try:
                export(there, name, made)
            except UserError as error:
                refused.append(str(error))

    with opened(session) as there:
        export(there, name, made, show=again)
    assert refused
    assert all("another run is writing" in each for each in refused)
    assert len(content(made)) > 1


def test_the_command_writes_every_format_beside_the_session(session: Path, tmp_path: Path, name: str) -> None:
    there = tmp_path / "dance.kinetrail"
    there.write_bytes(session.read_bytes())
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args([str(there), "--format", name, "--quiet"]), threading.Event())
    assert (tmp_path / f"dance.export{FORMATS[name].ending}").exists()


def test_names_of_people_and_videos_stay_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "p.kinetrail"
    with closing(Writer(path, info(), Recipe("p", "", "", KEYPOINTS, {}))) as writer:
        one = tracks([1], np.ones((1, 17, 2)))
        writer.write(Result(Frame(0, 0.0, PICTURE), one, Timings(0, 0, 0, 0)))
        writer._database.execute("UPDATE meta SET value = '\"../../up\"' WHERE name = 'stem'")
    with closing(open_session_file(path)) as there:
        there.rename(1, "../" + "é" * 150 + "/evil")
        for name in FOLDERS:
            (made,) = export(there, name, out(tmp_path, name))
            (file,) = made.iterdir()
            assert len(os.fsencode(file.name)) < 255
    assert {each.name for each in tmp_path.iterdir()} == {"p.kinetrail", "x.openpose", "x.markers"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("dance 2.b", "dance 2.b"),
        ("../up", "_up"),
        ("a/b", "a_b"),
        ("\n", "_"),
        ("", "_"),
        (".hidden", "hidden"),
    ],
)
def test_a_part_of_a_file_name_is_harmless(text: str, left: str) -> None:
    assert harmless(text) == left


def test_a_field_is_quoted_where_it_has_to_be() -> None:
    assert [quoted(text) for text in ("Ana", "a,b", 'a"b')] == ["Ana", '"a,b"', '"a""b"']


def test_two_people_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.kinetrail"
    with closing(Writer(path, info(), Recipe("t", "", "", KEYPOINTS, {}))) as writer:
        three = tracks([1, 2, 3], np.ones((3, 17, 2)))
        writer.write(Result(Frame(0, 0.0, PICTURE), three, Timings(0, 0, 0, 0)))
    with opened(path) as there:
        there.rename(1, "Ana")
        there.rename(3, "Ana")
        (table,) = export(there, "dlc", tmp_path / "t.csv")
    names = dict.fromkeys(table.read_text().splitlines()[1].split(",")[1:])
    assert list(names) == ["Ana (1)", "person2", "Ana (3)"]


def test_a_gap_that_would_fill_the_disk_with_blank_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.kinetrail"
    with closing(Writer(path, info(), Recipe("g", "", "", KEYPOINTS, {}))) as writer:
        for frame in (0, 2**40):
            one = tracks([1], np.ones((1, 17, 2)))
            writer.write(Result(Frame(frame, frame / 25, PICTURE), one, Timings(0, 0, 0, 0)))
    with opened(path) as there, pytest.raises(UserError, match="frames are missing"):
        export(there, "dlc", tmp_path / "g.csv")
    assert list(tmp_path.iterdir()) == [path]
