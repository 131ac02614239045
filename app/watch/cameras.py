"""The cameras of this machine: what they are called, and what keeps one from being used."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from app.plain import printable
from app.sources.live import Connection, Lost
from app.sources.naming import natural

LINUX = sys.platform.startswith("linux")

IN_USE = "in use by another program; close that program first"
SILENT = "sends no picture; unplug it and plug it in again"

# linux/videodev2.h
QUERYCAP = 0x80685600  #: VIDIOC_QUERYCAP, fills struct v4l2_capability (104 bytes)
REQBUFS = 0xC0145608  #: VIDIOC_REQBUFS, struct v4l2_requestbuffers (20 bytes)
CAPTURE = 0x00000001 | 0x00001000  #: pictures, in one plane or several
OWN = 0x80000000  #: `device_caps` speaks of this node, `capabilities` of all nodes of the device
MMAP = 1
MOST = 8  #: numbers tried where no list can be had

Ask = Callable[[Path, int, bytearray], None]  #: device, request, what is sent and answered; raises OSError


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is connected, whether or not it can be used."""

    number: int  #: that `open_source` takes, as text
    name: str  #: for people
    problem: str  #: in plain words, with the remedy; "" when none is known


def ask(device: Path, request: int, buffer: bytearray) -> None:
    """One ioctl on a device, without waiting for it. Raises OSError."""
    import fcntl  # not on Windows, where nobody calls this

    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(handle, request, buffer)
    finally:
        os.close(handle)


def connect(number: int, *, devices: Path = Path("/dev"), ask: Ask = ask) -> Connection:
    """A connection for looking at a camera. Lost says in plain words why there is none. Takes seconds."""
    from app.sources.camera import Camera as Opened

    if LINUX and (problem := _refusal(devices / f"video{number}", ask)):
        raise Lost(problem)
    try:
        return Opened(number)
    except Lost:
        raise Lost(SILENT) from None


class Cameras:
    """Asked again and again, says which cameras are here. In one thread only: it may take seconds.

    Linux has a list, and a camera is disturbed only when something about the list changed. Elsewhere numbers
    are tried, which opens every camera that is not in use; that is done only when asked for a `fresh` answer.
    """

    def __init__(
        self,
        *,
        devices: Path = Path("/dev"),
        classes: Path = Path("/sys/class/video4linux"),
        ask: Ask = ask,
        listed: bool = LINUX,
        connect: Callable[[int], Connection] = connect,
    ) -> None:
        self._devices, self._classes, self._ask = devices, classes, ask
        self._listed, self._connect = listed, connect
        self._seen: list[tuple[str, str, int]] = []
        self._cameras: tuple[Camera, ...] = ()

    def __call__(self, *, fresh: bool) -> tuple[Camera, ...]:
        """Every camera, by number; no two have the same name."""
        if not self._listed:
            if fresh:
                self._cameras = _tried(self._connect)
            return self._cameras
        seen = [
            (node.name, _text(node / "name"), _changed(self._devices / node.name)) for node in self._nodes()
        ]
        if fresh or seen != self._seen:
            self._cameras = _told_apart([camera for each in seen if (camera := self._camera(*each))])
            self._seen = seen
        return self._cameras

    def _nodes(self) -> list[Path]:
        try:
            return sorted(self._classes.glob("video[0-9]*"), key=natural)
        except OSError:
            return []

    def _camera(self, node: str, name: str, changed: int) -> Camera | None:
        """None where pictures do not come from: an output, a radio, what a camera says about its pictures."""
        device = self._devices / node
        if not changed:
            return None
        about, problem = bytearray(104), ""
        try:
            self._ask(device, QUERYCAP, about)
        except OSError as error:
            problem = _problem(device, error)
            captures = _text(self._classes / node / "index") in ("0", "")  # the first node of a device does
        else:
            everything, own = struct.unpack_from("=II", about, 84)
            captures = bool((own if everything & OWN else everything) & CAPTURE)
        if not captures:
            return None
        number = int(node.removeprefix("video"))
        return Camera(number, _tidy(name) or f"camera {number}", problem)


def _tried(connect: Callable[[int], Connection]) -> tuple[Camera, ...]:
    """The cameras from 0 on that open, up to the first that does not."""

    def opens(number: int) -> bool:
        with suppress(Lost):
            connect(number).close()
            return True
        return False

    return tuple(Camera(n, f"Camera {n + 1}", "") for n in takewhile(opens, range(MOST)))


def _refusal(device: Path, ask: Ask) -> str:
    """Why pictures cannot be had from this device; "" when nothing is in the way.

    Any number of programs may open a camera, but only one can have its buffers.
    """
    try:
        for count in (1, 0):  # and back with what was taken
            ask(device, REQBUFS, bytearray(struct.pack("=5I", count, 1, MMAP, 0, 0)))
    except OSError as error:
        return _problem(device, error)
    return ""


def _problem(device: Path, error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission; join the group “{_group(device)}” and log in again"
    if error.errno == errno.EBUSY:
        return IN_USE
    return SILENT if error.errno in (errno.EIO, errno.ENODEV, errno.ENXIO) else ""


def _group(device: Path) -> str:
    try:
        return device.group()
    except (OSError, KeyError):
        return "video"


def _changed(device: Path) -> int:
    """When something about a device file changed last, also who may open it; 0 where there is none."""
    try:
        return device.stat().st_ctime_ns
    except OSError:
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _tidy(name: str) -> str:
    """Without the repetition that many cameras report: "HD Webcam: HD Webcam" -> "HD Webcam"."""
    name = printable(name)
    first, _, second = name.partition(": ")
    return first if second and first.startswith(second[: len(first)].rstrip()) else name


def _told_apart(cameras: list[Camera]) -> tuple[Camera, ...]:
    """A second camera of one name becomes "... (2)"."""
    named: list[Camera] = []
    for camera in cameras:
        before = sum(camera.name == other.name for other in cameras[: len(named)])
        name = f"{camera.name} ({before + 1})" if before else camera.name
        named.append(Camera(camera.number, name, camera.problem))
    return tuple(named)
