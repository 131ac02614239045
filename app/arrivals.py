"""What the user brought: something to watch, a recording to look at, or recordings to work on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.plain import printable
from app.sources import expand
from app.sources.naming import camera_number, is_address, natural, readable, spoken
from app.sources.pictures import ENDINGS, VIDEOS
from app.store.about import About
from app.store.session import open_session_file
from app.store.writer import ENDING as SESSION
from engine.errors import UserError

MP4, CLEAN = ".mp4", ".clean.mp4"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to be done with it. At most one of the first three is there."""

    watch: str = ""  #: a camera or an address
    look: str = ""  #: path of a recording
    process: tuple[str, ...] = ()  #: paths
    session: str = ""  #: path of what was measured in `look`, where it is known
    said: str = ""  #: one line, where something is left aside


def arrive(sources: Sequence[str]) -> Arrival:
    """Tell them apart. Asks the disk, and one on the network answers when it likes. UserError."""
    known = expand(sources)
    live = [source for source in known if is_live(source)]
    paths = [source for source in known if not is_live(source)]
    left = ", ".join(spoken(each) or f"camera {each}" for each in (live if paths else live[1:]))
    said = f"not opened: {left}; one camera or address is watched at a time, and alone" if left else ""
    if not paths:
        return Arrival(watch=live[0] if live else "", said=said)
    if len(paths) == 1 and not _is_folder(paths[0]) and not _is_picture(paths[0]):
        look, session = _recording(paths[0])
        return Arrival(look=look, session=session, said=said)
    return Arrival(process=tuple(each for path in paths for each in _parts(path)), said=said)


def is_live(source: str) -> bool:
    """Whether this names a camera or an address, by how it is written."""
    return camera_number(source) >= 0 or is_address(source)


def _parts(path: str) -> list[str]:
    """The videos of a folder in natural order; a folder of pictures, as anything else, is one recording."""
    if not _is_folder(path):
        return [path]
    try:
        files = [file for file in os.scandir(path) if not file.name.startswith(".") and file.is_file()]
    except OSError as error:
        raise UserError(f"{readable(path)}: the folder cannot be listed ({error.strerror})") from error
    if any(_is_picture(file.name) for file in files):
        return [path]
    videos = sorted((file.path for file in files if file.name.lower().endswith(VIDEOS)), key=natural)
    return videos or [path]


def _recording(path: str) -> tuple[str, str]:
    """A recording and its session, "" where that is to be looked for."""
    if path.lower().endswith(SESSION) and Path(path).is_file():
        with closing(open_session_file(Path(path))) as session:
            return _filmed(Path(path), session.about), path
    if path.lower().endswith(CLEAN):  # a recording, processed again since or not
        return path, _first(path[: -len(MP4)] + SESSION, path[: -len(CLEAN)] + SESSION)
    clean = path[: -len(MP4)] + CLEAN
    if path.lower().endswith(MP4) and Path(clean).is_file():  # what was painted on it is painted again
        return clean, _first(path[: -len(MP4)] + SESSION)
    return path, ""


def _first(*paths: str) -> str:
    """The first of them that is there, "" where none is."""
    return next((path for path in paths if Path(path).is_file()), "")


def _filmed(session: Path, about: About) -> str:
    """The pictures that a session was measured in."""
    beside = [session.with_name(session.name[: -len(SESSION)] + CLEAN)] if about.live else []
    if about.place:
        beside += [Path(about.place), session.with_name(Path(about.place).name)]
    for path in beside:
        if path.exists():
            return str(path)
    sought = printable(beside[0]) if beside else about.source
    raise UserError(f"{readable(session)}: its recording {sought} is not there; put it beside the session")


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 because Path.is_dir fails on names that are too long


def _is_picture(path: str) -> bool:
    return path.lower().endswith(ENDINGS)
