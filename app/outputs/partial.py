"""Files that get their name when they are whole.

A file grows beside its final name, as `<name>.part`, locked by the run that writes it. The lock goes with
the process, however that ends, so a part that nobody holds is what a killed run has saved. It can be read,
so only `overwrite` clears it away.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from app.occupied import ELSEWHERE, Blocked, Occupied
from app.plain import printable
from engine.errors import UserError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  #: of OSError.errno, when no more can be written
_ATTEMPTS = 20


Ready = Callable[[Path], None]  #: is told of a part that is whole, right before it gets its name


def unasked(_part: Path) -> None:
    """Nobody wants to know."""


def check(path: Path, *, overwrite: bool) -> None:
    """Make the folder of `path` and raise UserError if `path` cannot be written, before any work is done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise Blocked(f"{printable(path)} is a folder")
        if path.exists() and not path.is_file():  # whatever it is, no file takes its place: /dev/null
            raise Blocked(f"{printable(path)} is no file but a device, or something like it")
        if os.path.lexists(path) and not overwrite:  # a link that leads nowhere is there too
            raise Occupied(f"{printable(path)} exists already")
    except (FileExistsError, NotADirectoryError) as error:
        raise Blocked(f"{printable(path.parent)}: a file is in the way of this folder") from error
    except OSError as error:
        raise unwritable(path, error) from error
    Partial(path, overwrite=overwrite).discard()


class Partial:
    """A new file beside `path`, which takes that name when it is published.

    With `overwrite` it takes the place of what had that name, and of what a killed run has saved. Raises
    UserError where it cannot be made or where another run is making it.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, ready: Ready = unasked) -> None:
        self._path, self._overwrite, self._ready = path, overwrite, ready
        self._part = path.with_name(path.name + ".part")
        try:
            self.file = FileIO(
                _open_alone(self._part, path, overwrite), "r+"
            )  #: unbuffered, for reading and writing
        except OSError as error:
            raise unwritable(path, error) from error

    @property
    def pending(self) -> bool:
        """Neither published nor discarded."""
        return not self.file.closed

    def add(self, content: bytes) -> None:
        """Write all of it behind what there is. OSError where the disk is full."""
        rest = memoryview(content)
        while rest:
            rest = rest[self.file.write(rest) :]

    def publish(self) -> None:
        """Give the file its name, once the disk has all of it, and close it."""
        try:
            os.fsync(self.file.fileno())  # a share tells only now what became of what it took
            self._ready(self._part)
            if self._overwrite:
                self._part.replace(self._path)  # while it is still locked
            else:
                _rename(self._part, self._path)
        except FileExistsError as error:
            raise UserError(
                f"{printable(self._path)} was made by somebody else meanwhile; see {printable(self._part)}"
            ) from error
        except OSError as error:
            raise unwritable(self._path, error) from error
        finally:
            self._close()

    def discard(self) -> None:
        """Remove the file, unless it was published."""
        if self.pending:
            with suppress(OSError):  # of a share that is gone: what stays is cleared away by the next run
                self._part.unlink(missing_ok=True)  # while it is still locked
            self._close()

    def salvaged(self, error: OSError, end: int, frames: int) -> UserError:
        """Publish the first `end` bytes, which hold `frames` frames, and say why it ends there."""
        why = "the disk is full" if error.errno in _FULL else f"writing failed ({error.strerror})"
        if frames == 0:
            self.discard()
            return Blocked(f"{printable(self._path)}: {why}, nothing could be saved")
        try:
            self.file.truncate(end)
        except OSError:
            return self.left(error)
        self.publish()
        return UserError(f"{printable(self._path)}: {why}; the first {frames} frames are saved in it")

    def left(self, error: OSError) -> UserError:
        """Close the file as it is, since it can be neither read nor cut, and say where it is."""
        self._close()
        return UserError(
            f"{printable(self._path)}: writing failed ({error.strerror}); what was written is in"
            f" {printable(self._part.name)}"
        )

    def _close(self) -> None:
        with suppress(OSError):  # it is closed all the same, and what was to be kept is on the disk
            self.file.close()


def put(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a file that is there as a whole or not at all. UserError where it cannot be written."""
    partial = Partial(path, overwrite=overwrite)
    try:
        partial.add(content)
        partial.publish()
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        partial.discard()


def unwritable(path: Path, error: OSError) -> UserError:
    """What to tell about a file or folder that cannot be written."""
    why = "the disk is full" if error.errno in _FULL else error.strerror
    return Blocked(f"{printable(path)} cannot be written ({why})")


def _rename(part: Path, path: Path) -> None:
    """Give `part` the name `path`; FileExistsError where something has it."""
    try:
        os.link(part, path, follow_symlinks=False)  # unlike a rename it never takes another file's place
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as exFAT
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        part.rename(path)
    else:
        part.unlink()


def _open_alone(part: Path, path: Path, overwrite: bool) -> int:
    """A descriptor of the new file `part`, locked. No link is followed and nothing is overwritten."""
    for _ in range(_ATTEMPTS):
        try:
            descriptor = os.open(
                part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666
            )
        except FileExistsError:
            _clear(part, path, overwrite)
            continue
        if _locked(descriptor) and _is_at(descriptor, part):
            return descriptor
        os.close(descriptor)  # another run took it for a leftover in the moment before it was locked
        time.sleep(0.01)
    raise taken(path)


def _clear(part: Path, path: Path, overwrite: bool) -> None:
    """Remove what a killed run left; UserError if the run is alive, or left something worth keeping."""
    try:
        descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not _locked(descriptor):
            raise taken(path)
        if os.fstat(descriptor).st_size and not overwrite:
            raise Occupied(
                f"{printable(part)} is what a run that was killed has saved",
                "rename it to keep it, or pass --overwrite",
            )
        if _is_at(descriptor, part):
            part.unlink()
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Lock the file for this descriptor alone; False where another has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether `path` is still the file of the descriptor, and not one made since."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def taken(path: Path) -> UserError:
    """What to tell about a file or folder that somebody else is making."""
    return Blocked(f"another run is writing {printable(path)}", f"wait until it is done, or {ELSEWHERE}")
