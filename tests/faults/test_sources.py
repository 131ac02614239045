"""Sources that break: cut off, corrupted, silent, frozen, of another size or rate, gone and back."""

from __future__ import annotations

import json
import random
import socket
from contextlib import suppress
from pathlib import Path

import clips
import pytest
import torn
from mjpeg import MjpegCamera
from rtsp import RtspCamera
from watching import PATIENCE_S, Watching, check_order

from app.sources import live, stream

PLACES = range(200)
HANGS_S = 60.0  #: all of them take two or three


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence of a second is as good as one of two for tests that wait until it is noticed."""
    monkeypatch.setattr(stream, "AGAIN_S", 1.0)


def test_recordings_damaged_at_200_places_end_in_frames_with_their_own_times(tmp_path: Path) -> None:
    files = torn.spoil(tmp_path, PLACES)
    readings = list(torn.survey(files, HANGS_S))
    assert [reading.file for reading in readings] == [file.name for file in files]
    for reading in readings:
        torn.check(reading)
    assert sum(bool(reading.times) for reading in readings) > 60  # else the damage is no test
    assert sum(bool(reading.error) for reading in readings) > 60


def test_what_brings_the_reader_down_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: without it a crash could pass for a file with nothing to say."""
    files = torn.spoil(tmp_path, range(3))
    monkeypatch.setattr(torn.json, "dumps", lambda _: json.JSONEncoder().encode([str(files[0]), 7]))
    with pytest.raises(AssertionError, match=f"{files[1].name} ended it with 1"):
        list(torn.survey(files, HANGS_S))


def test_a_cut_anywhere_leaves_the_frames_before_it(tmp_path: Path) -> None:
    """The index of this file is in front: what the cut leaves of the pictures has to come, as it was."""
    sound = tmp_path / "front.mp4"
    clips.constant(sound, torn.FRAMES)
    (whole,) = torn.survey([sound], HANGS_S)
    content, chance, cut = sound.read_bytes(), random.Random(1), []
    start = content.index(b"mdat")
    for number in range(30):
        cut.append(tmp_path / f"{number}.mp4")
        cut[-1].write_bytes(content[: chance.randrange(start + 2000, len(content))])
    for file, reading in zip(cut, torn.survey(cut, HANGS_S), strict=True):
        assert reading.times == whole.times[: len(reading.times)]
        share = (file.stat().st_size - start) / (len(content) - start)
        assert len(reading.times) > (share - 0.2) * torn.FRAMES
        assert f"is cut off: {len(reading.times)} of {torn.FRAMES} frames" in reading.error


class Odd(MjpegCamera):
    """A camera whose picture can freeze, and whose rate can change."""

    frozen = False

    def _picture(self) -> object:  # type: ignore[override]
        before = self.sent
        self.sent = 7 if self.frozen else before
        try:
            return super()._picture()
        finally:
            self.sent = before

    def pace(self, rate: float) -> None:
        self._rate = rate


def test_a_frozen_picture_is_a_picture_at_each_of_its_times() -> None:
    with Odd() as camera, Watching(camera.address) as watching:
        frames = watching.next(3)
        camera.frozen = True
        frames += watching.next(40)
    check_order(frames)
    assert {clips.number(frame.image) for frame in frames[-5:]} == {7}


def test_another_rate_shows_in_the_times() -> None:
    with Odd(rate=100) as camera, Watching(camera.address) as watching:
        quick = watching.next(20)
        camera.pace(10)
        before, between = camera.sent + 1, watching.next(1)  # one more may be on its way
        while clips.number(between[-1].image) <= before:
            between += watching.next(1)
        slow = watching.next(12)
    check_order([*quick, *between, *slow])
    assert slow[-1].time - slow[0].time > 0.55  # 1.1 s but for a first that came late; 0.11 s at the old rate


def test_another_size_in_the_middle_becomes_the_first() -> None:
    with Odd(size=(160, 120)) as camera, Watching(camera.address) as watching:
        watching.next(3)
        for size in ((64, 48), (640, 360), (17, 13), (160, 120)):
            camera.size = size
            frames = watching.next(8)
            assert {frame.image.shape for frame in frames} == {(120, 160, 3)}


class Silent(RtspCamera):
    """Says nothing more after its pictures, until the other side gives up."""

    def _silence(self, client: socket.socket) -> None:
        with suppress(OSError):
            while client.recv(4096):
                pass


@pytest.mark.usefixtures("impatient")
def test_a_stream_that_falls_silent_is_lost_and_comes_back_on_the_same_clock() -> None:
    with Silent(12) as camera, Watching(camera.address) as watching:
        first = watching.next(10)
        lost = watching.notices.get(timeout=PATIENCE_S)
        back = watching.notices.get(timeout=PATIENCE_S)
        again = watching.next(5)
    assert "connection lost (no answer within 1 s), trying again" in lost
    assert isinstance(back, live.Back)
    assert back.endswith("connection is back")
    check_order([*first, *again])
    assert again[-1].time - first[-1].time > 1.0


@pytest.mark.usefixtures("impatient")
def test_a_stream_that_is_cut_off_again_and_again_is_followed_every_time() -> None:
    with Odd() as camera, Watching(camera.address) as watching:
        frames = watching.next(2)
        for _ in range(3):
            camera.hang_up()
            camera.come_back()
            frames += watching.next(5)
    check_order(frames)
