"""A published file, from its address or from a copy, into a folder: whole and checked, or not at all."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import threading
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO

from app.networks.part import Origin, Part, keep, kept, locked_part, sha256
from app.networks.web import Refused, Stopped, Unobtainable, open_address, reason
from app.plain import printable
from engine.errors import UserError

CHUNK = 1 << 16
MOST = 2 << 30  #: bytes of a file of unknown size
MOST_UNPACKED = 1 << 29  #: bytes of a file out of a zip
TRIES, PAUSE_S = 3, 1.0  #: connections in a row that bring nothing new, and the time between two

#: What unpacking raises, by way of compression.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError,
    NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip

Show = Callable[[int, int], None]  #: called with the bytes that are there, and with all there are to be, or 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file has to be: of `size` bytes, 0 for any, and with a sha256 that starts with these digits."""

    sha256: str = ""
    size: int = 0

    def problem(self, digest: str, size: int) -> str:
        """What is wrong with a file, or nothing."""
        if self.size not in (0, size):
            return f"has {size:,} bytes, not {self.size:,}"
        if not digest.startswith(self.sha256):
            return f"damaged, or another file: its sha256 is {digest}, and should be {self.sha256}"
        return ""


def download(address: str, path: Path, wanted: Wanted, *, show: Show, stop: threading.Event) -> None:
    """Have the file of an address at `path`. A zip around an .onnx is taken off.

    Nothing is fetched where `path` is whole already. UserError where it fails, `Stopped` soon after `stop` is
    set; in both cases what has come is kept for the next call, unless it is damaged.
    """
    with locked_part(path) as part:
        if path.exists() and _is_here(path, wanted):
            return
        packed = address.lower().endswith(".zip")
        try:
            _receive(part, address, 0 if packed else wanted.size, show, stop)
        except Unobtainable as error:
            raise Unobtainable(f"{error}{_rest(part)}") from error
        except UserError as error:
            raise UserError(f"{error}{_rest(part)}") from error
        _finish(part, path, wanted)


def take(source: Path, path: Path, wanted: Wanted, *, show: Show, stop: threading.Event) -> None:
    """As `download`, from a file that was fetched by other means."""
    try:
        if not (source.is_file() or source.is_dir()) and source.exists():
            raise UserError(f"{printable(source)} is no file, but a pipe or a device")
        with source.open("rb") as file, locked_part(path) as part:
            if path.exists() and _is_here(path, wanted):
                return
            about = os.fstat(file.fileno())
            if not os.path.samestat(about, os.fstat(part.file.fileno())):
                part.begin(Origin(str(source)))
                _copy(file, part, about.st_size, show, stop)
            _finish(part, path, wanted)
    except OSError as error:
        raise UserError(f"{printable(source)} cannot be read ({error.strerror})") from error


def is_whole(path: Path, wanted: Wanted) -> bool:
    """Whether a file is as published, and as it was when it came; if so, its sha256 is written down."""
    digest = sha256(path)
    if wanted.problem(digest, path.stat().st_size) or kept(path) not in ("", digest):
        return False
    keep(path, digest)
    return True


def _is_here(path: Path, wanted: Wanted) -> bool:
    """Whether nothing is to be done; UserError where a file is in the way that never came from here."""
    if is_whole(path, wanted):
        return True
    if not kept(path):
        raise UserError(f"{printable(path)} is there already, but is another file; move it out of the way")
    return False


def _rest(part: Part) -> str:
    kept_mb = f"; {part.length / 1e6:.1f} MB are kept, the same command goes on from there"
    return kept_mb if part.length else ""


class _Broken(Exception):
    """A connection that ended too early, and why."""


def _receive(part: Part, address: str, size: int, show: Show, stop: threading.Event) -> None:
    """All the bytes of the address, in as many connections as bring something new."""
    furthest, idle = part.length, 0
    while True:
        try:
            return _connect(part, address, size, show, stop)
        except _Broken as error:
            idle = 0 if part.length > furthest else idle + 1
            furthest = max(furthest, part.length)
            if idle == TRIES:
                raise Unobtainable(f"the connection broke off ({error})") from error
        if stop.wait(PAUSE_S):
            raise Stopped


def _connect(part: Part, address: str, size: int, show: Show, stop: threading.Event) -> None:
    """One connection: go on with the part, or start anew where it is not of the file that is there now."""
    if part.origin.address != address:
        part.begin(Origin(address))
    if 0 < part.origin.total == part.length:
        return
    headers = {}
    if part.length:
        headers["Range"] = f"bytes={part.length}-"
        if part.origin.validator and not part.origin.validator.startswith("W/"):
            headers["If-Range"] = part.origin.validator
    try:
        answer = open_address(address, headers, stop)
    except Refused as error:
        if error.code != 416:
            raise
        part.begin(Origin(address))  # what is there now has nothing after what has come
        raise _Broken("the file there has changed") from error
    with closing(answer):
        _go_on(part, answer, size)
        total = part.origin.total
        room = shutil.disk_usage(part.path.parent).free
        if room < total - part.length:
            missing = (total - part.length) / 1e6
            raise UserError(f"{missing:.1f} MB are to come, but the disk has {room / 1e6:.1f} MB left")
        try:
            _copy(answer, part, total, show, stop)
        except (OSError, HTTPException, ValueError) as error:
            raise _Broken(reason(error)) from error
        if part.length < total:
            raise _Broken(f"{part.length:,} of {total:,} bytes came")


def _go_on(part: Part, answer: HTTPResponse, size: int) -> None:
    """Find out what the server is about to send, and where in the part it belongs."""
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    if answer.status == 206:
        where = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        origin = part.origin
        goes_on = where is not None and (int(where[1]), int(where[2])) == (part.length, origin.total)
        if not goes_on or validator not in ("", origin.validator):
            part.begin(Origin(origin.address))
            raise _Broken("the file there has changed")
        return
    if answer.status != 200:
        raise Unobtainable(f"the server answers {answer.status}, not with the file")
    if answer.headers.get_content_type() == "text/html":
        raise Unobtainable("the server answers with a web page, not with the file")
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else 0
    if total > MOST or (size and total not in (0, size)):
        expected = f"{size:,}" if size else f"at most {MOST:,}"
        raise Unobtainable(f"the server has a file of {total:,} bytes, not of {expected}")
    part.begin(Origin(part.origin.address, validator, total))


def _copy(
    source: IO[bytes] | HTTPResponse, part: Part, total: int, show: Show, stop: threading.Event
) -> None:
    while chunk := source.read(CHUNK):
        part.write(chunk)
        show(part.length, total)
        if part.length > (total or MOST):
            part.discard()
            raise Unobtainable("more came than was announced")
        if stop.is_set():
            raise Stopped


def _finish(part: Part, path: Path, wanted: Wanted) -> None:
    """Unpack, check and publish. What is not as wanted is removed."""
    if path.suffix == ".onnx" and zipfile.is_zipfile(part.path):
        try:
            content = _unpacked(part.path)
        except UserError:
            part.discard()
            raise
        part.begin(Origin("unpacked"))
        part.write(content)
    digest = sha256(part.path)
    if problem := wanted.problem(digest, part.length):
        part.discard()
        raise UserError(f"{printable(path.name)}: {problem}; what came was removed")
    keep(path, digest)
    part.publish(path)


def _unpacked(path: Path) -> bytes:
    """The one ONNX in a zip. Its name in there is of no importance."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [each for each in archive.infolist() if each.filename.endswith(".onnx")]
            if len(inside) != 1:
                raise UserError(f"the zip has {len(inside)} .onnx files in it, not one; it was removed")
            if inside[0].file_size > MOST_UNPACKED:
                raise UserError(f"the .onnx in the zip has {inside[0].file_size:,} bytes; it was removed")
            return archive.read(inside[0])
    except _DAMAGED as error:
        raise UserError(f"the zip is damaged ({printable(str(error))}); it was removed") from error
