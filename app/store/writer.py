"""The session file of a run, written as it happens."""

from __future__ import annotations

import math
import platform
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from app import __version__
from app.occupied import Occupied
from app.outputs.partial import Partial, unwritable
from app.plain import printable
from app.store import about, schema
from app.store.blocks import FRAMES, Moment, encoded
from app.types import Result, SourceInfo
from engine.errors import UserError

FLUSH_S = 0.5  #: frames wait so long at most for those that come after them
ENDING = ".kinetrail"


class Writer:
    """A Sink of everything measured. A kill costs what came in the last half second.

    The file has its name from the start, so that it can be looked at while it grows. Meanwhile
    `<name>.part` lies beside it, empty and locked, which keeps other runs away.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        recipe: about.Recipe,
        *,
        overwrite: bool = False,
        resume: bool = False,
    ) -> None:
        """With `resume` the file is there, and every frame comes again from the first.

        UserError where `path` cannot be written, is there (unless `overwrite`), or another run has it.
        """
        self._path, self._joints, self._live = path, len(recipe.keypoints), info.live
        self._part = Partial(path, overwrite=overwrite)
        try:
            self._database = self._opened(path, info, recipe, overwrite, resume)
            try:
                self._stored = self._count()  # frames in the file
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            self._part.discard()
            raise
        self._first = 0  # position of the first frame of `_moments`
        self._moments: list[Moment] = []  # of the block that grows
        self._waiting = 0  # of those, not in the file yet
        self._flushed = -np.inf  # when last, time.monotonic()
        self._next, self._dropped = 0, 0
        self._good = True

    def write(self, result: Result) -> None:
        """Add the frame. UserError where it cannot be written; what was stored before stays."""
        frame = result.frame
        self._dropped += max(0, frame.index - self._next) if self._live else 0
        self._next = frame.index + 1
        latency = result.timings.latency if self._live else math.nan
        self._moments.append(Moment(frame.index, frame.time, result.seen, latency))
        self._waiting += 1
        if len(self._moments) == FRAMES or time.monotonic() - self._flushed >= FLUSH_S:
            self._flush()

    def close(self) -> None:
        """Complete the file; with what could be written, where something went wrong."""
        if not self._part.pending:
            return
        try:
            if self._good:
                self._flush()
                with schema.writing(self._path):
                    if self._live:
                        about.keep(self._database, finished=True, dropped=self._dropped)
        finally:
            settle_down(self._database)
            self._part.discard()

    def _opened(
        self, path: Path, info: SourceInfo, recipe: about.Recipe, overwrite: bool, resume: bool
    ) -> sqlite3.Connection:
        if resume:
            return schema.connect(path)
        if path.exists() and not overwrite:
            raise Occupied(f"{printable(path)} exists already")
        started = datetime.now(UTC).isoformat(timespec="seconds")
        values = about.kept(about.described(info, recipe, versions(), started))
        try:
            return schema.create(path, lambda database: about.keep(database, **values))
        except OSError as error:
            raise unwritable(path, error) from error

    def _flush(self) -> None:
        """Put the growing block into the file, unless the file has more of it, from the run before."""
        end = self._first + len(self._moments)
        if self._waiting and (end >= self._stored or len(self._moments) == FRAMES):
            try:
                with schema.writing(self._path), transaction(self._database):
                    put_block(self._database, self._first, self._moments, self._joints)
            except UserError:
                self._good = False
                raise
            self._waiting, self._flushed = 0, time.monotonic()
        if len(self._moments) == FRAMES:
            self._first, self._moments = end, []

    def _count(self) -> int:
        with schema.reading(self._path):
            last = self._database.execute("SELECT max(position + frames) FROM block").fetchone()[0]
        return int(last or 0)


@contextmanager
def transaction(database: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All of it or nothing."""
    database.execute(begin)
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have done so itself
            database.execute("ROLLBACK")
        raise


def put_block(database: sqlite3.Connection, position: int, moments: Sequence[Moment], joints: int) -> None:
    """Store the frames from that position on, in place of the block that began there."""
    arrays = encoded(moments, joints)
    people = sum(len(moment.seen.tracks) for moment in moments)
    values = [position, len(moments), people, moments[0].time, moments[-1].time]
    row = [*values, *(arrays[name] for name in schema.ARRAYS)]
    database.execute(f"INSERT OR REPLACE INTO block VALUES ({', '.join('?' * len(row))})", row)


def settle_down(database: sqlite3.Connection) -> None:
    """Close it, all in one file if nobody else reads along."""
    with suppress(sqlite3.Error):
        database.execute("PRAGMA busy_timeout = 100")
        database.executescript("PRAGMA incremental_vacuum")  # `execute` would give back one page
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    database.close()


def read_block(database: sqlite3.Connection, position: int) -> dict[str, object]:
    """The row of a block by the names of its columns. LookupError where there is none."""
    found = database.execute("SELECT * FROM block WHERE position = ?", (position,))
    row = found.fetchone()
    if row is None:
        raise LookupError(f"no block at {position}")
    return dict(zip((column[0] for column in found.description), row, strict=True))


def versions() -> dict[str, str]:
    """What measures here."""
    return {
        "kinetrail": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "sqlite": sqlite3.sqlite_version,
    }
