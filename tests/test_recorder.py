"""Recordings: nothing captured is lost, files agree on time, and nothing that goes wrong ends the run."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from fakes import Kept, info, result, tracks

from app.outputs.mp4 import Mp4
from app.outputs.table import Csv
from app.watch import room, take
from app.watch.recorder import Recorder
from app.watch.take import Plan
from engine.errors import UserError
from engine.skeleton import KEYPOINTS
from engine.types import Frame

SIZE = (64, 48)
START_S = 7.4  #: on the camera's clock, when the first frame comes
PATIENCE_S = 20.0
SOMEBODY = np.linspace((20.0, 8.0), (40.0, 40.0), 17).astype(np.float32)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


def real_files(source, folder, notice):
    """What a run writes: an MP4 and a CSV."""
    return [
        lambda: Mp4(folder / f"{source.stem}.mp4", source, 0.3, notice=notice),
        lambda: Csv(folder / f"{source.stem}.csv", KEYPOINTS, 0.3),
    ]


class Camera:
    """A made-up camera of 25 frames a second that a recorder is tapped to, with one person before it."""

    def __init__(self, open_files=lambda *_: []) -> None:
        self.busy: list[float] = []
        self.news = threading.Event()
        self.recorder = Recorder(self.news.set)
        source = info(live=True, size=SIZE)
        self.recorder.ready(Plan(source, open_files, 1, self.busy.append, self.news.set))
        self.frames: list[Frame] = []

    def film(self, count: int, *, gap_s: float = 0.0) -> None:
        """So many frames are captured, after a gap; what becomes of them comes with `tell`."""
        for _ in range(count):
            index = len(self.frames)
            moment = self.frames[-1].time + 0.04 if self.frames else START_S
            picture = np.full((SIZE[1], SIZE[0], 3), index % 250, np.uint8)
            self.frames.append(Frame(index, round((moment + gap_s) * 25) / 25, picture))
            gap_s = 0.0
            self.recorder.capture(self.frames[-1])

    def tell(self, first: int = 0, *, every: int = 1) -> None:
        """The results of frames from the first on; others were dropped."""
        for frame in self.frames[first::every]:
            self.recorder.write(result(frame, tracks(SOMEBODY)))

    def finish(self):
        until(lambda: not self.recorder.state().finishing and not self.recorder.state().on)
        return self.recorder.state()


@contextmanager
def filming(open_files=lambda *_: []) -> Iterator[Camera]:
    camera = Camera(open_files)
    try:
        yield camera
    finally:
        camera.recorder.close()


def times(path: Path) -> list[float]:
    with av.open(str(path)) as video:
        return [round(float(frame.pts * frame.time_base), 6) for frame in video.decode(video=0)]


def rows(path: Path) -> list[tuple[int, float]]:
    with path.open() as file:
        return [(int(row["frame"]), float(row["time_s"])) for row in csv.DictReader(file)]


def test_every_file_begins_with_the_recording_and_they_agree_on_time(tmp_path):
    with filming(real_files) as camera:
        camera.film(10)  # nobody records yet
        camera.recorder.start(tmp_path / "new" / "folder", "walk")
        camera.film(30)
        camera.tell(10, every=3)
        camera.recorder.stop()
        camera.film(5)
        camera.tell(40)
        done = camera.finish()
    folder = tmp_path / "new" / "folder"
    assert done.files == tuple(folder / name for name in ("walk.mp4", "walk.clean.mp4", "walk.csv"))
    assert sorted(folder.iterdir()) == sorted(done.files)
    assert times(folder / "walk.clean.mp4") == [round(n / 25, 6) for n in range(30)]
    assert times(folder / "walk.mp4") == [round(n / 25, 6) for n in range(0, 30, 3)]
    assert rows(folder / "walk.csv") == [(n, round(n / 25, 6)) for n in range(0, 30, 3)]
    assert done.bytes == sum(path.stat().st_size for path in done.files)
    assert (done.trouble, done.lost) == ("", 0)


def test_the_clean_video_has_no_paint_on_it(tmp_path):
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(5)
        camera.tell()
        camera.recorder.stop()
        camera.finish()
    spread = {}
    for name in ("walk.mp4", "walk.clean.mp4"):
        with av.open(str(tmp_path / name)) as video:
            spread[name] = next(video.decode(video=0)).to_ndarray(format="gray").std()
    assert spread["walk.clean.mp4"] < 2 < 10 < spread["walk.mp4"]


def test_an_unplugged_camera_leaves_a_gap_of_its_length(tmp_path):
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(5)
        camera.film(5, gap_s=8.0)
        camera.tell()
        camera.recorder.stop()
        camera.finish()
    expected = [round(n / 25 + 8 * (n >= 5), 6) for n in range(10)]
    assert times(tmp_path / "walk.mp4") == times(tmp_path / "walk.clean.mp4") == expected
    assert [moment for _, moment in rows(tmp_path / "walk.csv")] == expected


def test_results_on_their_way_when_it_ends_are_waited_for(tmp_path):
    kept = Kept()
    with filming(lambda *_: [lambda: kept]) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(10)
        camera.recorder.stop()
        camera.film(10)
        assert camera.recorder.state().finishing
        camera.tell()
        camera.finish()
    assert (kept.frames, kept.closed) == (list(range(10)), 1)
    assert len(camera.busy) == 10


def test_an_end_without_further_results_is_not_waited_for_in_vain(tmp_path, monkeypatch):
    monkeypatch.setattr(take, "IN_FLIGHT_S", 0.05)
    kept = Kept()
    with filming(lambda *_: [lambda: kept]) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(10)
        for frame in camera.frames[:8]:
            camera.recorder.write(result(frame))
        camera.recorder.stop()
        camera.finish()
        camera.recorder.write(result(camera.frames[9]))
    assert (kept.frames, kept.closed) == (list(range(8)), 1)
    assert len(times(tmp_path / "walk.clean.mp4")) == 10


def test_it_can_be_started_and_stopped_many_times_and_never_overwrites(tmp_path):
    (tmp_path / "walk.csv").write_text("mine")
    (tmp_path / "walk-2.mp4.part").write_text("of a killed run")
    with filming(real_files) as camera:
        for _ in range(4):
            first = len(camera.frames)
            camera.recorder.start(tmp_path, "walk")
            camera.film(3)
            camera.tell(first)
            camera.recorder.stop()
            camera.finish()
    assert (tmp_path / "walk.csv").read_text() == "mine"
    assert (tmp_path / "walk-2.mp4.part").read_text() == "of a killed run"
    for number in (3, 4, 5, 6):
        assert rows(tmp_path / f"walk-{number}.csv") == [(0, 0.0), (1, 0.04), (2, 0.08)]


def test_a_new_one_may_begin_while_the_last_is_being_completed(tmp_path):
    slow, go = Kept(), threading.Event()
    slow.close = lambda: go.wait(PATIENCE_S)  # type: ignore[method-assign]
    second = Kept()
    openers = iter([slow, second])
    with filming(lambda *_: [lambda: next(openers)]) as camera:
        camera.recorder.start(tmp_path, "a")
        camera.film(5)
        camera.tell()
        camera.recorder.stop()
        camera.recorder.start(tmp_path, "b")
        camera.film(5)
        camera.tell(5)
        now = camera.recorder.state()
        assert now.on
        assert now.finishing
        go.set()
        camera.recorder.stop()
        camera.finish()
    assert (slow.frames, second.frames) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert (len(times(tmp_path / "a.clean.mp4")), len(times(tmp_path / "b.clean.mp4"))) == (5, 5)


def test_starting_twice_is_starting_once(tmp_path):
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.recorder.start(tmp_path, "walk")
        camera.film(3)
        camera.tell()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["walk.clean.mp4", "walk.csv", "walk.mp4"]


def test_closing_while_it_records_completes_the_files(tmp_path):
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(20)
        camera.tell()
        assert camera.recorder.state().on
    assert len(times(tmp_path / "walk.mp4")) == len(times(tmp_path / "walk.clean.mp4")) == 20
    camera.recorder.close()
    camera.recorder.start(tmp_path, "later")
    assert "nothing to record" in camera.recorder.state().trouble


def test_an_encoder_that_is_too_slow_never_holds_up_the_camera_and_is_told(tmp_path, monkeypatch):
    go = threading.Event()
    clean = Kept(on_write=lambda _: go.wait(PATIENCE_S))
    monkeypatch.setattr(take, "Mp4", lambda *_, **__: clean)
    with filming() as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(300)
        assert camera.recorder.state().lost > 0
        go.set()
        camera.recorder.stop()
        done = camera.finish()
    assert done.lost == 300 - len(clean.frames)
    assert 200 < done.lost < 300
    assert clean.frames == sorted(clean.frames)
    assert f"{done.lost} of 300 frames are missing from the clean video" in done.trouble


def test_a_stop_does_not_wait_for_a_writer_that_hardly_moves(tmp_path, monkeypatch):
    monkeypatch.setattr(take, "IN_FLIGHT_S", 0.05)
    monkeypatch.setattr(take, "WRITING_S", 0.1)
    slow = Kept(delay=0.5)  # two seconds for all four
    with filming(lambda *_: [lambda: slow]) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(4)
        camera.tell()
        camera.recorder.stop()
        done = camera.finish()
    assert slow.closed == 1
    assert len(slow.frames) < 4
    assert "too slow" in done.trouble


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("walk.csv: the disk is full; the first 3 frames are saved in it"),) * 2,
        (ZeroDivisionError("a bug"),) * 2,
    ],
)
def test_what_goes_wrong_ends_the_recording_and_nothing_else(tmp_path, error, told):
    def fail(found):
        if found.frame.index == 3:
            raise error

    kept, bad = Kept(), Kept(on_write=fail)
    with filming(lambda *_: [lambda: kept, lambda: bad]) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(10)
        camera.tell()
        until(lambda: not camera.recorder.state().on)
        camera.film(10)
        camera.tell(10)
        done = camera.finish()
        assert str(told) in done.trouble
        assert (kept.frames, kept.closed, bad.closed) == ([0, 1, 2, 3], 1, 1)
        assert done.files == (tmp_path / "walk.clean.mp4",)
        assert times(tmp_path / "walk.clean.mp4")
        camera.recorder.start(tmp_path, "again")
        assert camera.recorder.state().on


def test_the_disk_is_watched_warned_of_and_not_filled(tmp_path, monkeypatch):
    free = [5 << 30]
    monkeypatch.setattr(room, "free", lambda _: free[0])
    monkeypatch.setattr(take, "LOOK_S", 0.005)
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.film(10)
        camera.tell()
        assert camera.recorder.state().trouble == ""
        free[0] = 600 << 20
        until(lambda: "0.6 GB are free" in camera.recorder.state().trouble)
        assert camera.recorder.state().on
        free[0] = 100 << 20
        until(lambda: not camera.recorder.state().on)
        done = camera.finish()
        assert "recording ended" in done.trouble
        assert len(times(tmp_path / "walk.mp4")) == len(times(tmp_path / "walk.clean.mp4")) == 10
        camera.recorder.start(tmp_path, "more")
        camera.film(2)
        assert "0.1 GB" in camera.finish().trouble
    assert not list(tmp_path.glob("more*"))


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting needs root")
def test_a_disk_that_is_really_full_keeps_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "LEAST", 0)
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=False)
    if made.returncode != 0:
        pytest.skip("this machine does not let root mount")
    try:
        with filming(real_files) as camera:
            camera.recorder.start(disk, "walk")
            noise = np.random.default_rng(1)
            while camera.recorder.state().on and len(camera.frames) < 20_000:
                index = len(camera.frames)
                picture = noise.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
                camera.frames.append(Frame(index, index / 25, picture))
                camera.recorder.capture(camera.frames[-1])
                camera.tell(index)
            done = camera.finish()
        assert "the disk is full" in done.trouble
        assert not list(disk.glob("*.part"))
        assert len(times(disk / "walk.mp4")) > 50
        assert rows(disk / "walk.csv")
        assert times(disk / "walk.clean.mp4")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path / "file" / "folder", "walk")
        camera.film(2)
        assert "cannot be written to" in camera.finish().trouble


def test_without_a_source_there_is_nothing_to_record(tmp_path):
    recorder = Recorder(lambda: None)
    recorder.start(tmp_path, "walk")
    assert "nothing to record" in recorder.state().trouble
    assert not recorder.state().on
    recorder.stop()
    recorder.close()


def test_a_recording_without_a_picture_says_so(tmp_path):
    with filming(real_files) as camera:
        camera.recorder.start(tmp_path, "walk")
        camera.recorder.stop()
        assert camera.finish().trouble == "nothing was recorded: no picture came"
    assert not list(tmp_path.iterdir())


def test_a_clock_that_is_no_multiple_of_its_ticks_is_kept_to_half_a_tick(tmp_path):
    with filming(real_files) as camera:
        odd = Frame(0, 3.0100001, np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
        camera.recorder.start(tmp_path, "walk")
        camera.recorder.capture(odd)
        camera.recorder.write(result(replace(odd), tracks(SOMEBODY)))
    assert times(tmp_path / "walk.mp4") == [0.0]
