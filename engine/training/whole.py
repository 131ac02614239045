"""Files that have their name only when they are whole, and folders that one training has for itself."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import UserError

LOCK = "training.lock"  #: in the folder of a training; it may stay there


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """An empty file to write; it takes the name `path` when the block ends well, and else is removed.

    What killed processes left of theirs is removed first. OSError where anything of it fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear(path.parent, f"{glob.escape(path.name)}.*.part")
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = _mine(part)
    try:
        yield part
        os.fsync(descriptor)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        os.close(descriptor)


def clear(folder: Path, pattern: str = "*.part") -> None:
    """Remove parts of files that nobody writes any more: whoever does has them locked."""
    for part in folder.glob(pattern):
        with suppress(OSError):  # of somebody else's, who clears it; or gone meanwhile
            descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The folder of a training, for this one alone; made where it is missing, and rid of dead parts.

    The lock goes with the process, however that ends. UserError where another has it, or nothing can be
    saved there, before any work.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise UserError(f"{folder}: nothing can be saved there: {error.strerror}") from error
    with lock:
        try:
            # Unlike with flock, forked processes have no part in it: they may outlive a killed training.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):  # else a network's file system without locks
                raise UserError(
                    f"{folder}: another training saves there; let it end, or name another folder in `out`"
                ) from error
        clear(folder)
        yield


def _mine(part: Path) -> int:
    """A descriptor of the new file, locked before anybody can take it for a leftover."""
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # a network's file system without locks; nothing is cleared there either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if part.exists() and os.path.samestat(os.fstat(descriptor), part.stat()):
            return descriptor
        os.close(descriptor)
