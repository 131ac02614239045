"""Outputs stay in their folder: what a link points to is neither written nor removed."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import clips
import fakes
import numpy as np
import pytest

from app.call import run_all
from app.networks import part
from app.outputs.mp4 import Mp4
from app.outputs.partial import Partial, check
from app.outputs.table import Csv
from app.settings import Settings
from app.store.about import Recipe
from app.store.writer import Writer
from app.types import Sink
from engine.cache import put
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

RECIPE = Recipe("made up", "", "", KEYPOINTS, {})


def _mp4(path: Path, overwrite: bool) -> Sink:
    return Mp4(path, fakes.info(size=(64, 48)), 0.3, notice=print, overwrite=overwrite)


def _csv(path: Path, overwrite: bool) -> Sink:
    return Csv(path, KEYPOINTS, 0.3, overwrite=overwrite)


def _session(path: Path, overwrite: bool) -> Sink:
    return Writer(path, fakes.info(size=(64, 48)), RECIPE, overwrite=overwrite)


OUTPUTS = pytest.mark.parametrize(
    ("make", "ending"), [(_mp4, ".mp4"), (_csv, ".csv"), (_session, ".kinetrail")]
)
Make = Callable[[Path, bool], Sink]


@pytest.fixture
def treasure(tmp_path: Path) -> Path:
    """A file in another folder that nobody may touch."""
    (tmp_path / "home").mkdir()
    (tmp_path / "out").mkdir()
    kept = tmp_path / "home" / "treasure"
    kept.write_bytes(b"gold")
    return kept


def _written(make: Make, path: Path, *, overwrite: bool) -> str:
    """What it said when it was not to be written."""
    try:
        check(path, overwrite=overwrite)
        sink = make(path, overwrite)
        sink.write(fakes.result(Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8))))
        sink.close()
    except UserError as error:
        return str(error)
    return ""


@OUTPUTS
def test_a_link_in_the_place_of_an_output_is_replaced_and_not_followed(
    treasure: Path, make: Make, ending: str
) -> None:
    path = treasure.parents[1] / "out" / f"walk{ending}"
    path.symlink_to(treasure)
    assert "exists already" in _written(make, path, overwrite=False)
    assert path.is_symlink()
    assert _written(make, path, overwrite=True) == ""
    assert not path.is_symlink()
    assert treasure.read_bytes() == b"gold"


@OUTPUTS
def test_a_link_that_leads_nowhere_makes_no_file_elsewhere(treasure: Path, make: Make, ending: str) -> None:
    path, elsewhere = treasure.parents[1] / "out" / f"walk{ending}", treasure.with_name("new")
    path.symlink_to(elsewhere)
    assert "exists already" in _written(make, path, overwrite=False)
    assert _written(make, path, overwrite=True) == ""
    assert not elsewhere.exists()
    assert not path.is_symlink()


@OUTPUTS
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_the_place_of_what_grows_is_refused(
    treasure: Path, make: Make, ending: str, overwrite: bool, there: bool
) -> None:
    path = treasure.parents[1] / "out" / f"walk{ending}"
    target = treasure if there else treasure.with_name("new")
    path.with_name(f"{path.name}.part").symlink_to(target)
    assert "cannot be written" in _written(make, path, overwrite=overwrite)
    assert treasure.read_bytes() == b"gold"
    assert not treasure.with_name("new").exists()


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
def test_links_beside_a_session_are_not_followed(treasure: Path, beside: str) -> None:
    path = treasure.parents[1] / "out" / "walk.kinetrail"
    path.with_name(path.name + beside).symlink_to(treasure)
    _written(_session, path, overwrite=False)
    assert treasure.read_bytes() == b"gold"


def test_a_folder_that_is_a_link_is_the_users_own_choice(treasure: Path) -> None:
    """Whoever says -o says where; disks and shares are often reached so."""
    out = treasure.parents[1] / "link"
    out.symlink_to(treasure.parent)
    assert _written(_csv, out / "walk.csv", overwrite=False) == ""
    assert (treasure.parent / "walk.csv").is_file()


def test_an_output_is_never_a_pipe_or_a_folder(treasure: Path) -> None:
    out = treasure.parents[1] / "out"
    os.mkfifo(out / "walk.csv.part")
    assert _written(_csv, out / "walk.csv", overwrite=True) == ""
    assert stat.S_ISREG((out / "walk.csv").stat().st_mode)
    (out / "film.mp4").mkdir()
    assert "is a folder" in _written(_mp4, out / "film.mp4", overwrite=True)


def test_no_source_names_an_output_outside_of_the_folder(tmp_path: Path) -> None:
    odd = tmp_path / "..%2f..\\..:x$(touch y)`z`.mp4"
    clips.constant(odd, 2)
    before = set(tmp_path.rglob("*"))
    run_all([str(odd)], Settings(output=str(tmp_path / "a" / "out"), no_video=True), threading.Event())
    made = set(tmp_path.rglob("*")) - before
    assert {path for path in made if path.is_file()}
    assert {path.parent for path in made if path.is_file()} == {tmp_path / "a" / "out"}


def test_a_link_beside_a_download_is_not_followed(treasure: Path) -> None:
    path = treasure.parents[1] / "out" / "net.onnx"
    about, record = path.with_name("net.onnx.part.json"), path.with_name("net.onnx.sha256")
    about.symlink_to(treasure)
    record.symlink_to(treasure)
    record.with_name(f"{record.name}.{os.getpid()}.part").symlink_to(treasure)
    with part.locked_part(path) as grown:
        grown.begin(part.Origin("a"))
        grown.write(b"x")
        grown.publish(path)
    part.keep(path, hashlib.sha256(b"x").hexdigest())
    assert treasure.read_bytes() == b"gold"
    path.with_name("net.onnx.part").symlink_to(treasure)
    with pytest.raises(UserError), part.locked_part(path):
        pass
    assert treasure.read_bytes() == b"gold"


def test_what_is_kept_for_the_user_alone_replaces_a_link(treasure: Path) -> None:
    path = treasure.parents[1] / "out" / "secret"
    path.symlink_to(treasure)
    put(path, b"new")
    assert (treasure.read_bytes(), path.is_symlink()) == (b"gold", False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_part_cannot_be_swapped_for_a_link_before_it_is_published(treasure: Path) -> None:
    """Then the link gets the name, and what it points to stays as it was."""
    path = treasure.parents[1] / "out" / "walk.csv"
    growing = Partial(path)
    growing.file.write(b"rows")
    own = path.with_name("walk.csv.part")
    own.unlink()
    own.symlink_to(treasure)
    growing.publish()
    assert treasure.read_bytes() == b"gold"
