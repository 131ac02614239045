"""Where pictures come from: recordings, pictures, cameras and streams, told apart by how they are written."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from app.plain import printable
from app.sources.naming import camera_number, is_address, natural, readable, spoken, stems
from app.types import Source
from engine.errors import UserError

__all__ = ["expand", "open_source", "stems"]

PROTOCOLS = (
    "rtsp",
    "rtsps",
    "http",
    "https",
    "rtmp",
    "rtmps",
    "udp",
    "rtp",
    "tcp",
)  #: SRT is not in PyAV's wheel


def expand(arguments: Sequence[str]) -> list[str]:
    """What the user wrote -> one string per source, in order; never fails.

    A pattern such as "clips/*.mp4" becomes the files it fits, in natural order (2 before 10); all else,
    also a pattern that fits nothing, stays as it is, and `open_source` says what is wrong with it.
    """
    return [source for argument in arguments for source in _expanded(argument)]


def unheard(_line: str) -> None:
    """The notices of a source nobody listens to."""


def open_source(
    argument: str,
    *,
    stem: str,
    notice: Callable[[str], None] = unheard,
    stop: threading.Event | None = None,
    threads: int = 1,
) -> Source:
    """One string from `expand` as a Source, its first picture already read.

    "0" or /dev/video0 is a camera (a file of that name is "./0"), "scheme://..." a stream, or a recording
    when it has an end; a folder or a picture ending gives Pictures; any other file is a video. `notice`
    gets a line when a live source is lost and when it is back; `stop` ends the wait for the first picture of
    one; `threads` are for decoding. UserError says in
    one line what is there instead; it never holds a password.
    """
    if not argument:
        raise UserError("a source is empty; pass a file, a folder, a camera number or an address")
    if (number := camera_number(argument)) >= 0:
        return _open_camera(number, stem, notice, stop or threading.Event())
    if is_address(argument):
        return _open_address(argument, stem, notice, stop or threading.Event(), threads)
    return _open_path(Path(argument), stem, threads)


def _expanded(argument: str) -> list[str]:
    if camera_number(argument) >= 0 or is_address(argument) or os.path.lexists(argument):
        return [argument]
    found = sorted(glob.glob(argument, recursive=True), key=natural)  # noqa: PTH207 keeps "./"
    # A file that is called like a camera is still a file.
    return [f"./{path}" if camera_number(path) >= 0 else path for path in found] or [argument]


def _open_path(path: Path, stem: str, threads: int) -> Source:
    from app.sources.pictures import ENDINGS, UNKNOWN, open_pictures

    name = readable(path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        what = "no file fits" if glob.has_magic(str(path)) else "there is no file"
        raise UserError(f"{what} '{printable(path)}'") from None
    except OSError as error:
        raise UserError(f"{name}: cannot be opened ({error.strerror})") from error
    if not path.is_dir() and not path.is_file():
        raise UserError(f"{name}: neither a file nor a folder")
    if path.is_dir() or path.suffix.lower() in ENDINGS:
        return open_pictures(path, stem=stem)
    if path.suffix.lower() in UNKNOWN:
        raise UserError(f"{name}: {path.suffix} pictures cannot be read; convert it to JPEG or PNG")
    from app.sources.video import open_video

    return open_video(path, stem=stem, threads=threads)


def _open_camera(number: int, stem: str, notice: Callable[[str], None], stop: threading.Event) -> Source:
    from app.sources.camera import Camera
    from app.sources.live import START_S, Live, Lost

    def connect(_patience_s: float) -> Camera:
        return Camera(number)

    try:
        first = connect(START_S)
    except Lost as error:
        raise UserError(f"camera {number}: {error}") from None
    return Live(first, connect, name=f"camera {number}", stem=stem, notice=notice, stop=stop)


def _open_address(
    address: str, stem: str, notice: Callable[[str], None], stop: threading.Event, threads: int
) -> Source:
    name = spoken(address)
    scheme = address.partition("://")[0].lower()
    if scheme == "file":
        raise UserError(f"{name}: leave out 'file://' and pass the path")
    if scheme not in PROTOCOLS:
        raise UserError(f"{name}: '{scheme}' is not a protocol for video; known are {', '.join(PROTOCOLS)}")
    # Only the resolver itself can end the look-up of a host's name, and it takes 10 s where no name server
    # answers. It reads this once in each thread.
    os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")
    from app.sources.live import START_S, Live, Lost
    from app.sources.stream import Stream
    from app.sources.video import open_recording

    def connect(patience_s: float) -> Stream:
        return Stream(address, patience_s, threads)

    try:
        first = connect(START_S)
    except Lost as error:
        raise UserError(f"{name}: {error}") from None
    if first.finite and scheme in ("http", "https"):
        first.close()
        return open_recording(address, name=name, stem=stem, threads=threads)
    return Live(first, connect, name=name, stem=stem, notice=notice, stop=stop)
