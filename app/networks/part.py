"""A file that comes piece by piece: it grows as `<name>.part`, and takes its name when it is whole.

A part is locked by the run that writes it, and a later run goes on where it ended; `<name>.part.json` says
what it is a part of. The sha256 of what was found whole is kept as `<name>.sha256`, in the form of sha256sum.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from app.plain import printable
from engine.errors import UserError

PART, ABOUT, RECORD = ".part", ".part.json", ".sha256"  #: what stands behind the name


@dataclass(frozen=True, slots=True)
class Origin:
    """What a part is a part of."""

    address: str = ""
    validator: str = ""  #: ETag or Last-Modified: a file with another one is another file
    total: int = 0  #: bytes, 0 where nobody says


class Part:
    """A file that grows. It belongs to this run as long as it is open."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path, self.file = path.with_name(path.name + PART), file
        self._about = path.with_name(path.name + ABOUT)
        self.origin = self._read()
        self.length = os.fstat(file.fileno()).st_size  #: bytes

    def begin(self, origin: Origin) -> None:
        """Throw away what was there and start anew."""
        with writing(self.path):
            self.file.truncate(0)
            self._about.unlink(missing_ok=True)  # or a link in its place would be written through
            with self._about.open("x", encoding="utf-8") as about:
                about.write(json.dumps(asdict(origin)))
        self.origin, self.length = origin, 0

    def write(self, content: bytes) -> None:
        """Put `content` at the end."""
        with writing(self.path):
            self.file.seek(self.length)
            rest = memoryview(content)
            while rest:
                rest = rest[self.file.write(rest) :]
        self.length += len(content)

    def discard(self) -> None:
        """Remove it."""
        self._about.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)  # while it is still locked
        self.length = 0

    def publish(self, path: Path) -> None:
        """Give it its name."""
        with writing(path):
            os.fsync(self.file.fileno())
            self.path.replace(path)  # while it is still locked
            self._about.unlink(missing_ok=True)
            folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _read(self) -> Origin:
        try:
            said = json.loads(self._about.read_text(encoding="utf-8"))
            return Origin(str(said["address"]), str(said["validator"]), int(said["total"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return Origin()


@contextmanager
def locked_part(path: Path) -> Iterator[Part]:
    """The part of `path`, for this run alone. UserError where another run has it, or it cannot be written."""
    place = path.with_name(path.name + PART)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _alone(place)
    with file:
        part = Part(path, file)
        try:
            yield part
        finally:
            if part.length == 0 and _is_at(file, place):
                part.discard()


def sha256(path: Path) -> str:
    """UserError where the file cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror})") from error


def keep(path: Path, digest: str) -> None:
    """Write down the sha256 of a file that is whole, beside it."""
    record = path.with_name(path.name + RECORD)
    if kept(path) == digest:
        return
    new = record.with_name(f"{record.name}.{os.getpid()}.part")
    with writing(record):
        try:
            new.unlink(missing_ok=True)
            with new.open("x", encoding="utf-8") as file:
                file.write(f"{digest}  {path.name}\n")
            new.replace(record)
        finally:
            new.unlink(missing_ok=True)


def kept(path: Path) -> str:
    """The sha256 that was written down when the file was whole, or nothing."""
    try:
        words = path.with_name(path.name + RECORD).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return ""
    return words[0].lower() if words and len(words[0]) == 64 else ""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what a failure to write means."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the disk is full" if full else error.strerror
        raise UserError(f"{printable(path)} cannot be written ({why})") from error


def _alone(place: Path) -> FileIO:
    """The file, made where it is missing, locked. No link is followed."""
    while True:
        file = FileIO(os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666), "r+")
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise UserError(f"another run is fetching {printable(place.stem)}; wait for it") from error
        if _is_at(file, place):
            return file
        file.close()  # the run that had it has just published or removed it


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False
