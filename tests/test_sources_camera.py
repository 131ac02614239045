"""Cameras of this machine, played by a stand-in for OpenCV."""

from __future__ import annotations

import os
from fractions import Fraction
from itertools import count
from pathlib import Path

import clips
import cv2
import pytest
from watching import PATIENCE_S, Watching, check_order

from app.sources import camera as camera_module
from app.sources import live, open_source
from engine.errors import UserError
from engine.types import Image


class FakeCapture:
    """What OpenCV shows of a camera: as many pictures as it has, then none."""

    pictures: list[Image | None]  #: None is a picture that does not come
    open: set[int]  #: which were not released yet
    serial = count()
    most_open = 0

    def __init__(self, *_: int) -> None:
        self._serial = next(FakeCapture.serial)
        FakeCapture.open.add(self._serial)
        FakeCapture.most_open = max(FakeCapture.most_open, len(FakeCapture.open))

    def isOpened(self) -> bool:  # noqa: N802 is OpenCV's name
        return bool(FakeCapture.pictures)

    def set(self, *_: float) -> bool:
        return True

    def get(self, prop: int) -> float:
        return 29.97 if prop == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, Image | None]:
        image = FakeCapture.pictures.pop(0) if FakeCapture.pictures else None
        return image is not None, image

    def release(self) -> None:
        FakeCapture.open.discard(self._serial)


@pytest.fixture
def fake_camera(monkeypatch: pytest.MonkeyPatch) -> type[FakeCapture]:
    monkeypatch.setattr(camera_module, "LINUX", False)
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    FakeCapture.pictures, FakeCapture.open = [clips.picture(i) for i in range(4)], set()
    return FakeCapture


def test_a_camera_that_is_unplugged_and_plugged_in_again_goes_on(fake_camera: type[FakeCapture]) -> None:
    with Watching("0") as watching:
        frames = watching.next(4)
        assert "camera 0: connection lost" in watching.notices.get(timeout=PATIENCE_S)
        fake_camera.pictures = [clips.picture(i, 64, 48) for i in range(4, 7)]
        frames += watching.next(3)
        assert watching.notices.get(timeout=PATIENCE_S) == "camera 0: connection is back"
    assert not fake_camera.open
    check_order(frames)
    assert [clips.number(frame.image) for frame in frames] == list(range(7))
    assert {frame.image.shape for frame in frames} == {(96, 128, 3)}
    assert (watching.source.info.name, watching.source.info.rate) == ("camera 0", Fraction(2997, 100))


def test_a_camera_that_hiccups_is_let_go_before_it_is_opened_again(fake_camera: type[FakeCapture]) -> None:
    fake_camera.pictures.insert(2, None)
    fake_camera.most_open = 0
    with Watching("0") as watching:
        frames = watching.next(4)
    assert [clips.number(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert fake_camera.most_open == 1  # a device can be opened only once
    assert not fake_camera.open


def test_a_camera_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(live.Lost, match=r"there is no .*video3; no camera is connected"):
        camera_module._check(3, tmp_path)
    for number in (10, 2):
        (tmp_path / f"video{number}").touch()
    with pytest.raises(live.Lost, match=r"cameras here: 2, 10$"):
        camera_module._check(3, tmp_path)
    (tmp_path / "video2").chmod(0)
    if os.getuid() != 0:  # the superuser may read everything
        with pytest.raises(live.Lost, match="no permission"):
            camera_module._check(2, tmp_path)


@pytest.mark.skipif(
    not camera_module.LINUX or Path("/dev/video99").exists(), reason="needs Linux without camera 99"
)
def test_a_missing_camera_is_a_user_error_without_chatter(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=r"^camera 99: there is no /dev/video99; "):
        open_source("99", stem="x")
    assert capfd.readouterr() == ("", "")
