"""Files get their name when they are whole, and no two runs write the same one."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.outputs import check
from app.outputs.partial import Partial
from engine.errors import UserError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.mp4"


@pytest.fixture
def partial(path: Path) -> Iterator[Partial]:
    partial = Partial(path)
    yield partial
    partial.discard()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_has_the_final_name_until_it_is_published(path: Path) -> None:
    path.write_text("before")
    partial = Partial(path, overwrite=True)
    partial.file.write(b"after")
    assert path.read_text() == "before"
    partial.publish()
    assert path.read_text() == "after"
    assert names(path.parent) == ["a.mp4"]


def test_what_is_discarded_leaves_nothing_behind(path: Path, partial: Partial) -> None:
    partial.file.write(b"half")
    partial.discard()
    assert names(path.parent) == []


def test_discarding_after_publishing_does_no_harm(path: Path, partial: Partial) -> None:
    partial.publish()
    with_same_name = Partial(path)
    partial.discard()
    assert names(path.parent) == ["a.mp4", "a.mp4.part"]
    with_same_name.discard()


@pytest.mark.usefixtures("partial")
def test_two_runs_cannot_write_the_same_file_at_once(path: Path) -> None:
    with pytest.raises(UserError, match=f"another run is writing {path}"):
        Partial(path)
    with pytest.raises(UserError, match="another run is writing"):
        check(path, overwrite=True)


def test_what_a_killed_run_saved_is_kept_unless_told_otherwise(path: Path) -> None:
    saved = path.with_name("a.mp4.part")
    saved.write_text("of a run that was killed")
    for attempt in (lambda: check(path, overwrite=False), lambda: Partial(path)):
        with pytest.raises(UserError, match=r"a\.mp4\.part is what a run that was killed has saved"):
            attempt()
    assert saved.read_text() == "of a run that was killed"
    Partial(path, overwrite=True).publish()
    assert path.read_bytes() == b""
    assert names(path.parent) == ["a.mp4"]


def test_an_empty_leftover_is_in_nobodys_way(path: Path) -> None:
    path.with_name("a.mp4.part").touch()
    check(path, overwrite=False)
    assert names(path.parent) == []


@pytest.mark.parametrize("links", [True, False])
def test_a_file_made_meanwhile_is_not_overwritten(
    path: Path, partial: Partial, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:  # as on exFAT
        monkeypatch.setattr(os, "link", _no_links)
    partial.file.write(b"new")
    path.write_text("somebody else's")
    with pytest.raises(UserError, match=r"was made by somebody else meanwhile; see .*a\.mp4\.part"):
        partial.publish()
    assert path.read_text() == "somebody else's"
    assert path.with_name("a.mp4.part").read_bytes() == b"new"


def test_a_file_system_without_links_does_as_well(
    path: Path, partial: Partial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    partial.file.write(b"new")
    partial.publish()
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["a.mp4"]


def _no_links(*_: object, **__: object) -> None:
    raise PermissionError


def test_a_link_in_the_place_of_the_part_is_not_followed(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    path.with_name("a.mp4.part").symlink_to(precious)
    with pytest.raises(UserError, match=r"a\.mp4 cannot be written"):
        Partial(path)
    assert precious.read_text() == "as it was"


def test_a_second_name_of_another_file_is_not_overwritten(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    path.with_name("a.mp4.part").hardlink_to(precious)
    partial = Partial(path, overwrite=True)
    partial.file.write(b"new")
    partial.publish()
    assert precious.read_text() == "as it was"


def test_a_part_that_another_run_took_for_a_leftover_is_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the moment between making a file and locking it, another run may clear it away and make its own."""
    part, lock = path.with_name("a.mp4.part"), fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.undo()
        part.unlink()
        part.touch()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    partial = Partial(path)
    partial.file.write(b"mine")
    assert part.read_bytes() == b"mine"
    partial.discard()


def _grab(path: Path, start: threading.Barrier, won: multiprocessing.Queue[bool]) -> None:
    start.wait()
    try:
        partial = Partial(path, overwrite=True)
    except UserError:
        won.put(False)
    else:
        won.put(True)
        start.wait()  # hold it until everyone has tried
        partial.discard()
        return
    start.wait()


def test_of_many_runs_that_start_at_once_over_a_leftover_exactly_one_wins(path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    for _ in range(10):
        path.with_name("a.mp4.part").write_text("of a run that was killed")
        start, won = processes.Barrier(4), processes.Queue()
        runs = [processes.Process(target=_grab, args=(path, start, won)) for _ in range(4)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert sum(won.get() for _ in runs) == 1
        assert names(path.parent) == []


def test_an_output_that_exists_is_refused_before_any_work(path: Path) -> None:
    path.write_text("before")
    with pytest.raises(UserError, match=f"{path} exists already; --overwrite"):
        check(path, overwrite=False)
    check(path, overwrite=True)
    assert path.read_text() == "before"


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    check(tmp_path / "a" / "b" / "c.mp4", overwrite=False)
    assert names(tmp_path / "a" / "b") == []


@pytest.mark.parametrize("output", ["file/a.mp4", "file/deep/a.mp4", "folder", "a" * 252 + ".mp4"])
def test_what_cannot_be_written_is_one_clear_line(tmp_path: Path, output: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError) as caught:
        check(tmp_path / output, overwrite=True)
    assert " -o" in str(caught.value)  # the name of the folder holds "-o" too
    assert "\n" not in str(caught.value)


def test_a_control_character_in_a_name_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\n.mp4"
    for make in (path.mkdir, lambda: (path.rmdir(), path.write_text("before"))):
        make()
        with pytest.raises(UserError, match=r"a\\x1b\[2J\\n\.mp4 (is a folder|exists already)"):
            check(path, overwrite=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_clear_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="Permission denied"):
        check(tmp_path / "a.mp4", overwrite=False)
