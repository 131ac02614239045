"""Cameras are called by their names, and what keeps one from being used is said before it is opened."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from app.sources import camera as opened
from app.sources.live import Connection, Lost
from app.watch import cameras as module
from app.watch.cameras import IN_USE, QUERYCAP, SILENT, Camera, Cameras, connect

META, OUTPUT = (
    0x00A00000,
    0x00000002,
)  #: V4L2_CAP_META_CAPTURE | V4L2_CAP_EXT_PIX_FORMAT, V4L2_CAP_VIDEO_OUTPUT


class Machine:
    """A made-up /sys and /dev, and what the driver of each device answers."""

    def __init__(self, root: Path) -> None:
        self.classes, self.devices = root / "video4linux", root / "dev"
        self.devices.mkdir(parents=True)
        self.answers: dict[str, tuple[int, int] | OSError] = {}
        self.asked: list[str] = []

    def plug(
        self, node: str, name: str, *, own: int = 1, all_nodes: int = 0x85A00001, index: str = "0"
    ) -> None:
        """A node that can do `own`, of a device whose nodes together can do `all_nodes`."""
        (self.classes / node).mkdir(parents=True)
        (self.classes / node / "name").write_text(f"{name}\n")
        (self.classes / node / "index").write_text(f"{index}\n")
        (self.devices / node).touch()
        self.answers[node] = all_nodes, own

    def unplug(self, node: str) -> None:
        for file in (self.classes / node).iterdir():
            file.unlink()
        (self.classes / node).rmdir()
        (self.devices / node).unlink()

    def ask(self, device: Path, request: int, buffer: bytearray) -> None:
        self.asked.append(device.name)
        answer = self.answers[device.name]
        if isinstance(answer, OSError):
            raise answer
        if request == QUERYCAP:
            struct.pack_into("=16s32s32sIII", buffer, 0, b"uvcvideo", b"card", b"usb", 0x60000, *answer)

    def cameras(self) -> Cameras:
        return Cameras(devices=self.devices, classes=self.classes, ask=self.ask, listed=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_camera_has_its_name_and_what_only_speaks_about_pictures_is_left_out(machine: Machine) -> None:
    machine.plug("video10", "Elgato")
    machine.plug("video2", "HD Pro Webcam C920")
    machine.plug("video3", "HD Pro Webcam C920", own=META, index="1")
    machine.plug("video4", "v4l2loopback output", own=OUTPUT, all_nodes=0x85200003)
    assert machine.cameras()(fresh=True) == (Camera(2, "HD Pro Webcam C920", ""), Camera(10, "Elgato", ""))


def test_an_old_driver_that_speaks_only_of_the_whole_device_is_believed(machine: Machine) -> None:
    machine.plug("video0", "Old", own=0, all_nodes=0x05000001)
    machine.plug("video1", "Old radio", own=0, all_nodes=0x00050000)
    assert [camera.number for camera in machine.cameras()(fresh=True)] == [0]


def test_no_camera_is_no_error(tmp_path: Path) -> None:
    assert Cameras(devices=tmp_path / "no", classes=tmp_path / "neither", listed=True)(fresh=True) == ()


def test_a_node_without_a_device_as_in_a_container_is_no_camera(machine: Machine) -> None:
    machine.plug("video0", "of the host")
    (machine.devices / "video0").unlink()
    assert machine.cameras()(fresh=True) == ()


def test_names_are_tidy_and_no_two_the_same(machine: Machine) -> None:
    machine.plug("video0", "Integrated Camera: Integrated C")
    machine.plug("video2", "Integrated Camera: Integrated I")
    machine.plug("video4", "USB: Capture")
    machine.plug("video6", "evil\x1b[2Jname")
    machine.plug("video8", "")
    names = [camera.name for camera in machine.cameras()(fresh=True)]
    assert names == [
        "Integrated Camera",
        "Integrated Camera: Integrated I",
        "USB: Capture",
        "evil\\x1b[2Jname",
        "camera 8",
    ]
    machine.plug("video9", "USB: Capture")
    assert machine.cameras()(fresh=True)[-1].name == "USB: Capture (2)"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "no permission; join the group"),
        (errno.EBUSY, "in use"),
        (errno.ENODEV, "sends no picture"),
    ],
)
def test_a_camera_that_cannot_be_asked_is_shown_with_the_reason(
    machine: Machine, number: int, words: str
) -> None:
    """And only its first node is: the second is mostly the one that speaks about pictures."""
    for node, index in (("video0", "0"), ("video1", "1")):
        machine.plug(node, "Webcam", index=index)
        machine.answers[node] = OSError(number, "")
    (camera,) = machine.cameras()(fresh=True)
    assert camera.number == 0
    assert camera.problem.startswith(words)
    assert "; " in camera.problem, "the remedy"


def test_cameras_are_disturbed_only_when_something_changed(machine: Machine) -> None:
    machine.plug("video0", "Webcam")
    cameras = machine.cameras()
    cameras(fresh=True)
    machine.asked.clear()
    assert cameras(fresh=False) == cameras(fresh=False)
    assert machine.asked == []
    machine.plug("video2", "Second")
    assert [camera.number for camera in cameras(fresh=False)] == [0, 2]
    machine.unplug("video0")
    assert [camera.number for camera in cameras(fresh=False)] == [2]


def test_a_camera_that_becomes_allowed_is_noticed(machine: Machine) -> None:
    machine.plug("video0", "Webcam")
    machine.answers["video0"] = PermissionError(errno.EACCES, "")
    cameras = machine.cameras()
    assert cameras(fresh=True)[0].problem
    machine.answers["video0"] = 0x85A00001, 1
    (machine.devices / "video0").chmod(0o666)
    assert not cameras(fresh=False)[0].problem


def test_where_there_is_no_list_numbers_are_tried_when_asked_to() -> None:
    class Open:
        rate = 30
        open = 0

        def read(self) -> list[object]:
            return []

        def close(self) -> None:
            Open.open -= 1

    def try_(number: int) -> Connection:
        if number >= 2:
            raise Lost("none")
        Open.open += 1
        return Open()  # type: ignore[return-value]

    cameras = Cameras(listed=False, connect=try_)
    assert cameras(fresh=False) == ()
    assert cameras(fresh=True) == (Camera(0, "Camera 1", ""), Camera(1, "Camera 2", ""))
    assert Open.open == 0


def refusing(number: int) -> Callable[[Path, int, bytearray], None]:
    def ask(_device: Path, _request: int, _buffer: bytearray) -> None:
        raise OSError(number, "")

    return ask


def test_a_camera_in_use_is_told_from_one_that_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "LINUX", True)
    with pytest.raises(Lost, match=IN_USE):
        connect(0, devices=tmp_path, ask=refusing(errno.EBUSY))

    def silent(_number: int) -> Connection:
        raise Lost("it cannot be opened: another program may be using it, or it sends no pictures")

    monkeypatch.setattr(opened, "Camera", silent)
    with pytest.raises(Lost, match=SILENT):
        connect(0, devices=tmp_path, ask=refusing(errno.EINVAL))  # a driver that does not know the question


def test_the_numbers_of_the_questions_are_those_of_the_kernel() -> None:
    """_IOR and _IOWR of linux/ioctl.h, over sizeof(struct v4l2_capability) and v4l2_requestbuffers."""
    sizes = {QUERYCAP: 16 + 32 + 32 + 6 * 4, module.REQBUFS: 5 * 4}
    numbers = {QUERYCAP: (2, 0), module.REQBUFS: (3, 8)}
    for request, (direction, number) in numbers.items():
        assert direction << 30 | sizes[request] << 16 | ord("V") << 8 | number == request
