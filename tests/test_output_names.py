"""What -o names, what is said where it cannot be written, and what no flag may replace."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import clips
import numpy as np
import pytest
from fakes import info
from figures import standing, tracks

from app import grid
from app.cli import main
from app.exports import FORMATS
from app.store.about import Recipe, fingerprint
from app.store.session import open_session_file
from app.store.writer import Writer
from app.types import Result, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Frame

FRAMES = 5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with walk.mp4, and its session and CSV: somebody in its first three frames."""
    folder = tmp_path_factory.mktemp("made")
    clips.write(folder / "walk.mp4", map(clips.picture, range(FRAMES)), [3600 * n for n in range(FRAMES)])
    known = info(size=(clips.WIDTH, clips.HEIGHT), frames=FRAMES)
    recipe = Recipe("walk", str(folder / "walk.mp4"), fingerprint(folder / "walk.mp4"), KEYPOINTS, {})
    picture = np.zeros((clips.HEIGHT, clips.WIDTH, 3), np.uint8)
    with closing(Writer(folder / "walk.kinetrail", known, recipe)) as writer:
        for index in range(FRAMES):
            crowd = tracks([1], [standing(10, 10, 30, 80)]) if index < 3 else tracks([], np.zeros((0, 17, 2)))
            writer.write(
                Result(Frame(index, index / 25, picture), grid.settled_tracks(crowd), Timings(0, 0, 0, 0))
            )
    assert main(["export", str(folder / "walk.kinetrail"), "-o", str(folder / "walk.csv"), "--quiet"]) == 0
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which we are."""
    shutil.copytree(made, tmp_path / "here", copy_function=shutil.copy2)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


EXPORT, REPORT = ("export", "walk.kinetrail"), ("report", "walk.kinetrail")
TRACKS = ("tracks", "walk.mp4", "--csv", "walk.csv")
TRC = (*EXPORT, "--format", "trc")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said, in one line, where it goes wrong."""
    capsys.readouterr()
    assert main(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("kinetrail: ")
    return said.err


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (EXPORT, "walk.export.csv"),
        ((*EXPORT, "--format", "mot"), "walk.export.mot.txt"),
        (REPORT, "walk.report.html"),
        ((*REPORT, "--json"), "walk.report.json"),
        (TRACKS, "walk.tracks.png"),
    ],
)
@pytest.mark.parametrize("folder", ["new/", "new/deep/", "there", "there/", "."])
def test_in_a_folder_a_file_has_its_usual_name(here: Path, command, name: str, folder: str) -> None:
    (here / "there").mkdir()
    assert main([*command, "-o", folder]) == 0
    assert (here / folder / name).is_file()


@pytest.mark.parametrize("folder", ["persons", "persons/"])
def test_a_format_of_many_files_has_the_very_folder(here: Path, folder: str) -> None:
    assert main([*TRC, "-o", folder]) == 0
    assert [file.suffix for file in (here / "persons").iterdir()] == [".trc"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("command", "output"),
    [(EXPORT, "file"), (REPORT, "file"), (TRACKS, "file"), (TRC, "folder")],
)
def test_what_is_said_names_what_minus_o_names(capsys, command, output: str) -> None:
    name = "x" if command is TRC else "x.png"
    assert main([*command, "-o", name]) == 0
    told = refused(capsys, *command, "-o", name)
    assert (
        told == f"kinetrail: {name} exists already; --overwrite replaces it, -o writes to another {output}\n"
    )
    told = refused(capsys, *command, "-o", f"walk.mp4/{name}")
    assert told.endswith(f"choose another {output} with -o\n")


@pytest.mark.usefixtures("here")
def test_of_a_run_it_is_a_folder(capsys) -> None:
    told = refused(capsys, "run", "walk.mp4", "--quiet", "-o", "walk.mp4")
    assert told.endswith("; choose another folder with -o\n")
    told = refused(capsys, "run", "walk.mp4", "-o", ".")
    assert told.endswith("walk.mp4 is a source of this call; choose another folder with -o\n")


@pytest.mark.usefixtures("here")
def test_an_empty_name_is_refused(capsys) -> None:
    for command in (EXPORT, REPORT, TRACKS, TRC):
        assert "-o is empty" in refused(capsys, *command, "-o", "")


@pytest.mark.parametrize("name", ["walk.kinetrail", "walk.mp4", "link.mp4"])
@pytest.mark.parametrize("command", [EXPORT, (*EXPORT, "--format", "mp4"), REPORT], ids=lambda it: it[-1])
def test_nothing_replaces_what_it_is_made_of(here: Path, capsys, command, name: str) -> None:
    (here / "link.mp4").symlink_to("walk.mp4")
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    told = refused(capsys, *command, "-o", name, "--overwrite")
    assert f"{name}: is what the" in told
    assert told.endswith("is made of; choose another file with -o\n")
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.parametrize("command", [EXPORT, REPORT], ids=lambda it: it[0])
def test_a_session_whose_video_has_no_name_of_a_file_is_told_of_all_the_same(here: Path, command) -> None:
    with closing(sqlite3.connect("walk.kinetrail")) as database, database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'place'", (json.dumps("a\0b"),))
    (here / "old").write_text("")
    assert main([*command, "-o", "old", "--overwrite"]) == 0
    assert (here / "old").read_text() != ""


@pytest.mark.parametrize(
    ("flags", "name", "said"),
    [
        (("--raw",), "mp4", "--raw is for --format csv, and means nothing to mp4"),
        (("--long",), "parquet", "--long is for --format csv, and means nothing to parquet"),
        (("--trails",), "csv", "--trails is for --format mp4, and means nothing to csv"),
        (("--no-ids",), "trc", "--no-ids is for --format mp4, and means nothing to trc"),
        (("--background", "video"), "coco", "--background is for --format mp4, and means nothing to coco"),
        (("--source", "walk.mp4"), "mot", "--source is for --format mp4, and means nothing to mot"),
    ],
)
def test_what_a_format_has_no_use_for_is_refused(here: Path, capsys, flags, name: str, said: str) -> None:
    before = sorted(here.iterdir())
    assert refused(capsys, *EXPORT, "--format", name, *flags) == f"kinetrail: {said}\n"
    assert sorted(here.iterdir()) == before


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", list(FORMATS))
def test_a_part_without_people_is_written_and_said_to_be(capsys, name: str) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    assert main([*EXPORT, "--format", name, "--from", "0.12", "-o", "x"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "walk.kinetrail: nobody is in it from 0.12 s on, so x is without people"
    assert second.startswith("walk.kinetrail -> x")
    assert main([*EXPORT, "--format", name, "--from", "0.08", "-o", "y"]) == 0
    assert capsys.readouterr().out.count("\n") == 1, "nothing to say where there is somebody"


@pytest.mark.parametrize("command", [EXPORT, (*EXPORT, "--format", "mp4"), REPORT], ids=lambda it: it[-1])
def test_no_file_takes_the_place_of_what_is_none(here: Path, capsys, command) -> None:
    """As root /dev/null itself could be replaced; a pipe is put in its place here."""
    os.mkfifo(here / "pipe")
    assert "pipe is no file" in refused(capsys, *command, "-o", "pipe", "--overwrite")
    assert (here / "pipe").is_fifo()


@pytest.mark.parametrize("name", ["", ".", "/", "..", "x" * 300, "pipe", "walk.csv", "walk.mp4", "nothing"])
@pytest.mark.parametrize("command", ["export", "report", "tracks"])
def test_what_is_no_session_or_table_is_one_line(here: Path, capsys, command: str, name: str) -> None:
    os.mkfifo(here / "pipe")
    before = sorted(here.iterdir())
    arguments = (
        [name] if command != "tracks" else ["walk.mp4", "--csv", "walk.mp4" if name == "walk.csv" else name]
    )
    refused(capsys, command, *arguments)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("command", [EXPORT, REPORT, TRACKS], ids=lambda it: it[0])
def test_a_name_that_is_too_long_is_one_line(here: Path, capsys, command) -> None:
    before = sorted(here.iterdir())
    assert "File name too long" in refused(capsys, *command, "-o", "x" * 300 + ".png")
    assert sorted(here.iterdir()) == before


def test_a_session_is_still_whole_after_all_that(here: Path) -> None:
    with closing(open_session_file(here / "walk.kinetrail")) as session:
        assert len(session.times()) == FRAMES
