"""Which session belongs to a recording: that of the same bytes, whatever files are called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from app.sources.naming import readable, stem
from app.store.about import About, fingerprint
from app.store.session import Session, open_session_file
from app.store.writer import ENDING
from engine.errors import UserError


def session_of(video: str, path: Path) -> Session:
    """The session in `path`. UserError where it is none, or of another recording that is called the same."""
    session = open_session_file(path)
    ours, theirs = fingerprint(Path(video)), session.about.fingerprint
    if ours and theirs and not _same(ours, theirs):
        session.close()
        raise UserError(
            f"{readable(path)} is of another recording called {session.about.name}, or this one has"
            " changed since; process it again"
        )
    return session


def sessions(video: str, folders: Iterable[Path]) -> Iterator[Path]:
    """Sessions that may be of a recording, by their names; see `stem_for`."""
    for folder in folders:
        for number, name in enumerate(_names(stem(video))):
            path = folder / f"{name}{ENDING}"
            if path.is_file():
                yield path
            elif number:
                break


def is_anothers(video: str, path: Path) -> bool:
    """Whether the session is of another recording that happens to be called the same.

    Not of this one, which has changed since. UserError where it is none.
    """
    with closing(open_session_file(path)) as session:
        about = session.about
    ours, theirs = fingerprint(Path(video)), about.fingerprint
    return about.place != _place(video) and bool(ours and theirs) and not _same(ours, theirs)


def stem_for(video: str, folder: Path) -> str:
    """What the outputs of a recording are called in a folder: as it is, with a number where that is taken.

    Asks the disk. "", as it is called, where that cannot be told.
    """
    with suppress(OSError):
        return next(name for name in _names(stem(video)) if not _is_taken(video, folder, name))
    return ""


def _is_taken(video: str, folder: Path, name: str) -> bool:
    """Whether files of that name are of another recording, or somebody else's."""
    session = folder / f"{name}{ENDING}"
    if not session.is_file():
        others = [folder / f"{name}{ending}" for ending in (".mp4", ".csv")]
        return any(path.exists() and not path.samefile(video) for path in others)
    try:
        with closing(open_session_file(session)) as opened:
            return not _is_of(opened.about, video)
    except UserError:
        return False  # a run says what is wrong with it


def _is_of(about: About, video: str) -> bool:
    """As a run has it, which goes on with what is of the very same file."""
    return not about.live and (about.place == _place(video) or about.fingerprint == fingerprint(Path(video)))


def _place(video: str) -> str:
    return os.path.abspath(video)  # noqa: PTH100 (a link stays one, as in the session)


def _names(plain: str) -> Iterator[str]:
    """Those for recordings that are called the same."""
    yield plain
    for number in count(2):
        yield f"{plain}-{number}"


def _same(ours: str, theirs: str) -> bool:
    """Whether two fingerprints are of the same bytes; a copy has another time, which stands between."""
    return ours.split("-")[0::2] == theirs.split("-")[0::2]
