"""Which session belongs to a recording: that of the same bytes, whatever files are called."""

from __future__ import annotations

from pathlib import Path

from app.sources.naming import readable
from app.store.about import fingerprint
from app.store.session import Session, open_session_file
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


def _same(ours: str, theirs: str) -> bool:
    """Whether two fingerprints are of the same bytes; a copy has another time, which stands between."""
    return ours.split("-")[0::2] == theirs.split("-")[0::2]
