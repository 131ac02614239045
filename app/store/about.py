"""What a session is of and how it was measured: the table `meta`, a name and its JSON in each row."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path

from app.plain import text
from app.types import SourceInfo

EDGE = 1 << 20  #: bytes at the head and at the tail of a file that tell it from others


@dataclass(frozen=True, slots=True)
class Model:
    """A network that was used."""

    kind: str  #: "detector" or "pose"
    name: str  #: of its file
    sha256: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """Of what, and how, a session is measured: the same recipe gives the same session."""

    source: str  #: as it may be shown, never with a password
    place: str  #: absolute path of a file or folder, "" for all else
    fingerprint: str  #: what tells the file from others, "" where it cannot be told
    keypoints: tuple[str, ...]  #: names of the joints
    settings: Mapping[str, str | int | float | bool]  #: all that shape what is measured, and how it is shown
    models: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a session as a whole."""

    source: str  #: as it may be shown, never with a password
    place: str  #: absolute path of the source, "" where it is no file
    fingerprint: str
    name: str  #: of the source, for people
    stem: str  #: file name of its outputs, without ending
    width: int  #: of the upright picture, pixels
    height: int
    time_base: Fraction  #: s
    rate: Fraction  #: nominal frames per second
    pixel_aspect: Fraction
    frames: int  #: expected number, 0 when it is not known; how many there are, `Session.times` tells
    live: bool  #: a camera or a stream
    stills: bool  #: pictures that need not follow on one another
    keypoints: tuple[str, ...]  #: names of the joints
    settings: Mapping[str, str | int | float | bool]  #: by field names of app.settings.Settings
    models: tuple[Model, ...]
    versions: Mapping[str, str]  #: of Kinetrail and of what it runs on
    started: str  #: date and time, ISO 8601, UTC
    dropped: int  #: frames of a live source that nobody had time for
    outputs: Mapping[str, tuple[int, int]]  #: name of each file written beside it: bytes, mtime in ns
    finished: bool  #: the source was worked through to its end


def described(info: SourceInfo, recipe: Recipe, versions: Mapping[str, str], started: str) -> About:
    """Of a session that begins."""
    known = {entry.name: getattr(info, entry.name) for entry in fields(info) if entry.name != "audio"}
    made = {entry.name: getattr(recipe, entry.name) for entry in fields(recipe)}
    return About(**known, **made, versions=versions, started=started, dropped=0, outputs={}, finished=False)


def keep(database: sqlite3.Connection, **values: object) -> None:
    """Write so many values of `About` into the table."""
    rows = [(name, json.dumps(value, ensure_ascii=False, default=_plain)) for name, value in values.items()]
    database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def kept(about: About) -> dict[str, object]:
    """What `keep` takes to keep all of it."""
    return {entry.name: getattr(about, entry.name) for entry in fields(about)}


def recall(database: sqlite3.Connection) -> About:
    """Back from the table. ValueError, LookupError or TypeError where it says no such thing."""
    told = {name: json.loads(value) for name, value in database.execute("SELECT name, value FROM meta")}
    known = {entry.name: told[entry.name] for entry in fields(About)}
    for name in ("time_base", "rate", "pixel_aspect"):
        known[name] = _fraction(known[name])
        if known[name] <= 0:
            raise ValueError(f"{name} of {known[name]}")
    known["keypoints"] = tuple(str(each) for each in known["keypoints"])
    known["models"] = tuple(Model(**each) for each in known["models"])
    outputs = dict(known["outputs"])
    known["outputs"] = {str(name): (int(size), int(time)) for name, (size, time) in outputs.items()}
    for name in ("width", "height", "frames", "dropped"):
        known[name] = int(known[name])
    for name in ("settings", "versions"):
        known[name] = dict(known[name])
    if not 0 < len(known["keypoints"]) <= 1000:
        raise ValueError(f"{len(known['keypoints'])} joints")
    return About(**known)


def fingerprint(source: Path) -> str:
    """What changes when a file or a folder is written to or takes another's place; "" where there is none."""
    try:
        if source.is_dir():
            return _listed(source)
        found = source.stat()
        if not source.is_file():
            return ""
        digest = hashlib.sha256()
        with source.open("rb") as file:
            digest.update(file.read(EDGE))
            file.seek(max(EDGE, found.st_size - EDGE))
            digest.update(file.read(EDGE))
    except OSError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}-{digest.hexdigest()}"


def _fraction(said: object) -> Fraction:
    """As `_plain` writes it. Fraction itself would work on 1e999999999 for ever."""
    if not re.fullmatch(r"[0-9]{1,20}(/[0-9]{1,20})?", str(said)):
        raise ValueError(f"{str(said)[:40]!r} is no fraction")
    return Fraction(str(said))


def _listed(folder: Path) -> str:
    """The files of a folder by name, size and time."""
    digest = hashlib.sha256()
    files = sorted(folder.iterdir())
    for file in files:
        found = file.stat()
        digest.update(f"{text(file.name)}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return f"{len(files)}-{digest.hexdigest()}"


def _plain(value: object) -> object:
    """What JSON has no word for."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Model):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} in a session")
