"""A folder of files that gets its name when all of them are whole."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from app.occupied import Blocked, Occupied
from app.outputs.partial import taken, unwritable
from app.plain import printable


class Folder:
    """Grows as `<name>.part` beside `path`, locked; gone if it is left before it was published.

    With `overwrite` it takes the place of a folder that holds nothing but files whose names are all `own`:
    nobody loses a folder of other things. What a killed export left behind is cleared away, since an export
    can be made again. UserError where it cannot be made, and from every method where it cannot be written.
    """

    def __init__(self, path: Path, own: re.Pattern[str], *, overwrite: bool) -> None:
        self._path, self._own, self._overwrite = path, own, overwrite
        self._part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._check()
            self._descriptor = self._opened()
        except OSError as error:
            raise unwritable(path, error) from error

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._part.exists() and os.path.samestat(os.fstat(self._descriptor), self._part.stat()):
                with suppress(OSError):
                    self._clear(self._part)
        finally:
            os.close(self._descriptor)

    def append(self, name: str, text: str) -> None:
        """Add to the end of a file, which is made where it is not there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(name, flags, 0o666, dir_fd=self._descriptor)
            try:
                rest = memoryview(text.encode())
                while rest:
                    rest = rest[os.write(file, rest) :]
            finally:
                os.close(file)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def publish(self) -> None:
        """Give the folder its name."""
        old = self._path.with_name(self._path.name + ".old.part")
        try:
            self._check()
            replaces = self._path.is_dir() and any(self._path.iterdir())
            if replaces:
                if old.exists():  # of an export that was killed at this very place
                    self._clear(old)
                self._path.rename(old)
            self._part.rename(self._path)
            if replaces:
                self._clear(old)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _check(self) -> None:
        path = self._path
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise Blocked(f"{printable(path)} is in the way of a folder")
        names = sorted(os.listdir(path)) if path.is_dir() else []  # noqa: PTH208 (names, not paths)
        if other := [name for name in names if not self._own.fullmatch(name)]:
            raise Blocked(f"{printable(path)} holds other files ({printable(other[0])})")
        if names and not self._overwrite:
            raise Occupied(f"{printable(path)} exists already")

    def _opened(self) -> int:
        """A descriptor of the new, empty, locked folder."""
        with suppress(FileExistsError):
            self._part.mkdir()
        descriptor = os.open(self._part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in os.listdir(descriptor):  # noqa: PTH208 (of a descriptor)
                self._remove(name, descriptor)
        except BlockingIOError as error:
            os.close(descriptor)
            raise taken(self._path) from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _clear(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            for name in os.listdir(descriptor):  # noqa: PTH208 (of a descriptor)
                self._remove(name, descriptor)
        finally:
            os.close(descriptor)
        folder.rmdir()

    def _remove(self, name: str, descriptor: int) -> None:
        """Only what an export made."""
        if not self._own.fullmatch(name):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        os.unlink(name, dir_fd=descriptor)
