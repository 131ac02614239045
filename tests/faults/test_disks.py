"""Disks that are full, read-only or gone: one line says so, and nothing that was written is lost."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import clips
import killing
import networks
import pytest
import trials
from killing import Ended, Killer
from trials import Trials

from app.outputs.partial import Partial
from app.store.session import open_session_file
from engine.errors import UserError

KB = 1024


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    with killing.killer(tmp_path_factory.mktemp("killer")) as made:
        yield made


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, killer: Killer) -> Trials:
    """A clip, and what becomes of it where there is room."""
    trying = Trials(tmp_path_factory.mktemp("disks"), killer, frames=40)
    trying.moments("export")
    return trying


class Disk:
    """A file system of its own for one task, and what was on it afterwards."""

    def __init__(self, folder: Path, killer: Killer) -> None:
        self.place, self.kept, self._killer = folder / "disk", folder / "kept", killer
        for made in (self.place, self.kept):
            made.mkdir()

    def run(
        self, task: str, *given: str | Path, size: int, free: int | None = None, ro: bool = False
    ) -> Ended:
        options = f"size={size}" + ",ro" * ro
        filled = "" if free is None else str(free)
        words = map(str, (options, filled, self.place, self.kept, task, *given))
        ended = self._killer.run("on_disk", *words)
        if "no file systems of our own" in ended.said or "cannot be mounted" in ended.said:
            pytest.skip("this machine does not let us mount")
        return ended


@pytest.fixture
def disk(tmp_path: Path, killer: Killer) -> Disk:
    return Disk(tmp_path, killer)


def said_in_one_line(ended: Ended, *words: str) -> None:
    assert ended.code == 2, ended.said
    assert ended.said.startswith("kinetrail: "), ended.said
    assert ended.said.count("\n") == 1, ended.said
    assert any(word in ended.said for word in words), ended.said


def run_of(tried: Trials, out: Path, *more: str) -> list[str]:
    models = "--detector", str(tried.folder / "detector.onnx"), "--pose", str(tried.folder / "pose.onnx")
    return ["run", str(tried.clip), *models, "-o", str(out), "--quiet", *more]


FULL = "the disk is full"


@pytest.mark.parametrize("room", [0, 8, 24, 44, 60, 72])
def test_a_run_on_a_full_disk_keeps_what_fits_and_goes_on_elsewhere(
    tried: Trials, disk: Disk, room: int
) -> None:
    """At more and more kilobytes it is another write that fails: of the session, the MP4 or the CSV."""
    ended = disk.run(
        "command", *run_of(tried, disk.place), size=room * KB or 4 * KB, free=None if room else 0
    )
    said_in_one_line(ended, FULL, "No space left")
    left = trials.names(disk.kept)
    assert not [name for name in left if name.endswith((".part", ".new"))]
    truth = tried.folder / "whole run"
    if "walk.kinetrail" in left:
        trials.frames_alike(disk.kept / "walk.kinetrail", truth / "walk.kinetrail", exact=True)
    if "walk.csv" in left:
        assert (truth / "walk.csv").read_bytes().startswith((disk.kept / "walk.csv").read_bytes())
        assert (disk.kept / "walk.csv").read_bytes().endswith(b"\n")
    if "walk.mp4" in left:
        shown = trials.playable(disk.kept / "walk.mp4")
        assert shown
        assert shown == trials.pictures(truth / "walk.mp4")[: len(shown)]
    elsewhere = disk.run("command", *run_of(tried, disk.kept), size=KB * KB)
    if "walk.kinetrail" in left:
        assert elsewhere.code == 0, elsewhere.said
        assert (disk.kept / "walk.csv").read_bytes() == (truth / "walk.csv").read_bytes()
        assert trials.pictures(disk.kept / "walk.mp4") == trials.pictures(truth / "walk.mp4")


@pytest.mark.parametrize("room", [0, 4])
def test_an_export_on_a_full_disk_leaves_nothing_half(tried: Trials, disk: Disk, room: int) -> None:
    given = "export", tried.session, "-o", disk.place / "walk.csv"
    said_in_one_line(disk.run("command", *given, size=4 * KB * KB, free=room * KB), FULL)
    assert trials.names(disk.kept) == []


def test_a_repair_on_a_full_disk_is_refused_and_the_session_is_as_it_was(tried: Trials, disk: Disk) -> None:
    session = Path(shutil.copy(tried.session, disk.place / "walk.kinetrail"))
    ended = disk.run("repair", session, os.devnull, size=4 * KB * KB, free=0)
    said_in_one_line(ended, FULL, "disk I/O error")
    assert trials.edits(disk.kept / "walk.kinetrail") == []
    assert trials.told(disk.kept / "walk.kinetrail") == trials.told(tried.session)


@pytest.mark.parametrize("room", [60, 400])
def test_a_recording_on_a_full_disk_keeps_what_fits(disk: Disk, room: int) -> None:
    ended = disk.run("record", disk.place, "200", "0.001", size=room * KB)
    said_in_one_line(ended, FULL, "No space left")
    left = trials.names(disk.kept)
    assert not [name for name in left if name.endswith((".part", ".new"))]
    if "walk.kinetrail" in left:
        with closing(open_session_file(disk.kept / "walk.kinetrail")) as session:
            assert session.indices().tolist() == list(range(len(session.times())))
    for name in {"walk.mp4", "walk.clean.mp4"} & set(left):
        assert trials.playable(disk.kept / name)


def test_preferences_on_a_full_disk_stay_as_they_were(disk: Disk) -> None:
    (disk.place / "window.ini").write_text("[shortcuts]\nlive.stop=Esc\n")
    said_in_one_line(
        disk.run("prefer", disk.place / "window.ini", "R" * 9000, size=64 * KB, free=0), "written"
    )
    assert "live.stop=Esc" in (disk.kept / "window.ini").read_text()


def test_a_network_that_does_not_fit_leaves_nothing_under_its_name(tmp_path: Path, disk: Disk) -> None:
    source = networks.heatmaps(tmp_path / "source.onnx")
    said_in_one_line(disk.run("fetch", source, disk.place / "pose.onnx", size=64 * KB, free=0), FULL)
    assert "pose.onnx" not in trials.names(disk.kept)


def test_a_contact_sheet_on_a_full_disk_is_one_line(tried: Trials, disk: Disk) -> None:
    table = tried.folder / "whole run" / "walk.csv"
    given = "tracks", tried.clip, "--csv", table, "-o", disk.place / "sheet.png"
    said_in_one_line(disk.run("command", *given, size=64 * KB, free=4 * KB), FULL)
    assert trials.names(disk.kept) == []


def test_a_folder_that_is_read_only_is_told_before_any_work(tried: Trials, disk: Disk) -> None:
    said_in_one_line(disk.run("command", *run_of(tried, disk.place), size=64 * KB, ro=True), "Read-only")
    assert trials.names(disk.kept) == []


def test_a_session_on_a_read_only_disk_is_read_and_a_repair_refused(tried: Trials, disk: Disk) -> None:
    session = Path(shutil.copy(tried.session, disk.place / "walk.kinetrail"))
    out = disk.kept / "walk.csv"
    assert disk.run("command", "export", session, "-o", out, "--quiet", size=4 * KB * KB, ro=True).code == 0
    assert out.read_bytes() == (tried.folder / "truth.csv").read_bytes()
    said_in_one_line(disk.run("repair", session, os.devnull, size=4 * KB * KB, ro=True), "readonly")


def test_a_folder_that_is_deleted_meanwhile_is_one_line(tried: Trials, disk: Disk) -> None:
    """Files that are open can still be written; what cannot be had any more is their names."""
    ended = disk.run("vanish", disk.place / "out", *run_of(tried, disk.place / "out"), size=KB * KB)
    said_in_one_line(ended, "o such file", "disk I/O error", "readonly database", "unable to open")


def test_the_second_of_two_runs_on_one_output_is_refused_by_name(tried: Trials, tmp_path: Path) -> None:
    holding = Partial(tmp_path / "walk.kinetrail")
    try:
        ended = tried._killer.run("command", *run_of(tried, tmp_path))
        said_in_one_line(ended, f"another run is writing {tmp_path / 'walk.kinetrail'}")
    finally:
        holding.discard()
    assert trials.names(tmp_path) == []


def test_a_source_that_is_replaced_meanwhile_is_worked_on_as_it_was_and_never_mixed_with_the_other(
    tried: Trials, tmp_path: Path
) -> None:
    clip, other, out = tmp_path / "walk.mp4", tmp_path / "other.mp4", tmp_path / "out"
    shutil.copy(tried.clip, clip)
    clips.constant(other, 12)
    given = ["run", str(clip), *run_of(tried, out)[2:]]
    ended = tried._killer.run("replaced", str(clip), str(other), str(out), *given)
    assert ended.code == 0, ended.said
    assert (out / "walk.csv").read_bytes() == (tried.folder / "whole run" / "walk.csv").read_bytes()
    again = tried._killer.run("command", *[word for word in given if word != "--quiet"])
    assert "since the source is another" in again.said
    assert trials.told(out / "walk.1.kinetrail") == trials.told(tried.session)


def test_a_clock_that_is_set_back_moves_no_frame(tried: Trials, tmp_path: Path) -> None:
    ended = tried._killer.run("at_odd_times", *run_of(tried, tmp_path))
    assert ended.code == 0, ended.said
    assert (tmp_path / "walk.csv").read_bytes() == (tried.folder / "whole run" / "walk.csv").read_bytes()
    assert trials.pictures(tmp_path / "walk.mp4") == trials.pictures(tried.folder / "whole run" / "walk.mp4")


def test_of_many_who_repair_at_once_nobody_is_given_the_number_of_another(
    tried: Trials, tmp_path: Path
) -> None:
    path = Path(shutil.copy(tried.session, tmp_path / "walk.kinetrail"))
    start, new = threading.Barrier(4), list[int]()

    def repair(number: int) -> None:
        with closing(open_session_file(path)) as session:
            start.wait()
            for step in range(5):
                with suppress(UserError):  # somebody else split off that part before
                    new.append(session.split(1, 0.9 - 0.16 * step - 0.04 * number))

    threads = [threading.Thread(target=repair, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(new) >= 5
    assert sorted(new) == sorted(set(new))
    assert len(trials.edits(path)) == len(new)
