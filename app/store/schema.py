"""How a session file is laid out, and what is said where a file is none. docs/formats.md tells it in full."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from app.plain import printable
from engine.errors import UserError

APPLICATION = 0x4B54524C  #: "KTRL", in PRAGMA application_id
LEAST = 1 << 16  #: bytes that a disk has to have left for SQLite to open a session that is written to
PATIENCE_S = 5.0  #: how long a lock of another process is waited for

BESIDE = ("", "-journal", "-wal", "-shm")  #: endings of a database, and of what SQLite puts beside it

#: The columns of a block that hold arrays, in their order; see blocks.py.
ARRAYS = (
    "frame", "time", "looked", "camera", "pose_count", "person_count",
    "pose_box", "pose_box_score", "pose_joint", "pose_score", "pose_spread",
    "id", "pose", "confidence", "likeness", "predicted", "smoothed", "smoothed_far",
    "box", "measured", "score", "latency",
)  # fmt: skip
_FIRST = ARRAYS[: ARRAYS.index("latency")]  # of version 1

#: What leads from each version to the next; a new file goes through all of them.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE block (position INTEGER PRIMARY KEY, frames INTEGER NOT NULL, people INTEGER NOT NULL,"
        " start_s REAL NOT NULL, end_s REAL NOT NULL, "
        + ", ".join(f'"{name}" BLOB NOT NULL' for name in _FIRST)
        + ")",
        "CREATE TABLE edit (number INTEGER PRIMARY KEY, made TEXT NOT NULL, kind TEXT NOT NULL,"
        " a INTEGER NOT NULL, b INTEGER NOT NULL, at_s REAL NOT NULL, name TEXT NOT NULL)",
    ),
    ("ALTER TABLE block ADD COLUMN latency BLOB NOT NULL DEFAULT x''",),
)
#: Stands before a table of an older version that cannot be changed, with what it lacks.
SEEN_AS = {1: "CREATE TEMP VIEW block AS SELECT *, x'' AS latency FROM main.block"}


def connect(path: Path, *, write: bool = True) -> sqlite3.Connection:
    """The database in `path`, which has to be there, in its newest version. UserError where it is none.

    Of one thread at a time. Not `write`: a file or folder that cannot be written to is read all the same.
    """
    with reading(path):
        if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file fails on names that are too long)
            raise UserError(f"{printable(path)}: {_missing(path)}")
        database = _opened(path, "rw" if write else "ro")
        try:
            _check(database, path)
            if not write and (seen := SEEN_AS.get(_version(database))):
                database.execute("PRAGMA temp_store = MEMORY")  # no file anywhere
                database.execute(seen)
            else:
                _migrate(database, path)
        except BaseException:
            database.close()
            raise
    return database


def create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """A new session in `path`, in place of what is there, with what `fill` puts into it.

    Whoever looks, also after a kill, finds the one or the other as a whole. UserError or OSError where it
    cannot be made.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with writing(path):
            _remove(new, *BESIDE)
            _touch(new)
            with closing(_opened(new, "rw")) as database:
                # A session of a few seconds is mostly pages that are not full; a long one reads as fast.
                database.execute("PRAGMA page_size = 1024")  # this and the next work only before all else
                database.execute("PRAGMA auto_vacuum = INCREMENTAL")
                database.execute(f"PRAGMA application_id = {APPLICATION}")
                _migrate(database, path)
                fill(database)
        _remove(path, *BESIDE[1:])  # of another session: SQLite would take them for this one's
        new.replace(path)
        _settle(path.parent)
    finally:
        _remove(new, *BESIDE)
    database = connect(path)
    try:
        with writing(path):
            database.execute("PRAGMA journal_mode = WAL").fetchone()  # a file system without it says so
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say what is wrong with a file that cannot be read."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(f"{printable(path)}: cannot be read ({_why(error, path)})") from error
    except (
        sqlite3.Error,
        zlib.error,
        ValueError,
        LookupError,
        TypeError,
        OverflowError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise UserError(
            f"{printable(path)}: is no session of Kinetrail, or damaged ({_why(error, path)})"
        ) from error
    except OSError as error:
        raise UserError(f"{printable(path)}: cannot be read ({error.strerror})") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what is wrong where nothing can be written; what was written before stays."""
    try:
        yield
    except sqlite3.Error as error:
        raise UserError(
            f"{printable(path)} cannot be written ({_why(error, path)}); what was stored before is in it"
        ) from error


def _settle(folder: Path) -> None:
    """Let no power cut take back a name that was given."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(path: Path) -> str:
    """What is said where there is no file."""
    if os.path.exists(path):  # noqa: PTH110 (likewise)
        return "is no file; a session ends in .kinetrail"
    if path.suffix == ".kinetrail":
        return "there is no such file any more, or there never was; look where it was moved to"
    return "there is no such file; a session ends in .kinetrail"


def _touch(path: Path) -> None:
    """An empty file that was not there. SQLite itself would follow a link that was just put in its place."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o644))


def _remove(path: Path, *endings: str) -> None:
    for ending in endings:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    # SQLite takes a file for itself by its name, and an address by its percent signs.
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    database = sqlite3.connect(
        address, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    database.execute("PRAGMA trusted_schema = OFF")  # a file of others runs nothing
    database.execute("PRAGMA synchronous = FULL")
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise UserError(f"{printable(path)}: is no session of Kinetrail, but another SQLite database")
    version = _version(database)
    if version > len(MIGRATIONS):
        raise UserError(
            f"{printable(path)}: was written by a newer Kinetrail (format {version}; this one knows"
            f" {len(MIGRATIONS)}); install that one to open it"
        )
    odd = database.execute("SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchone()
    if odd:
        raise UserError(
            f"{printable(path)}: is no session of Kinetrail: there is something called {odd[0]!r} in it"
        )


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    """Bring it to the newest version, wholly or not at all."""
    if _version(database) == len(MIGRATIONS):
        return
    try:
        database.execute("BEGIN IMMEDIATE")  # whoever else opens it now waits, and then finds it done
        for step in MIGRATIONS[_version(database) :]:
            for statement in step:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error):
            raise
        raise UserError(
            f"{printable(path)}: is of an older Kinetrail and has to be changed once; make it writable"
        ) from error


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _why(error: Exception, path: Path) -> str:
    """One line of what is wrong. SQLite says it in more than one way where a disk is full."""
    said = printable(str(error).splitlines()[0][:200] if str(error) else type(error).__name__)
    full = said == "database or disk is full" or (said == "disk I/O error" and _has_no_room(path.parent))
    return "the disk is full" if full else said


def _has_no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LEAST
    except OSError:
        return False
