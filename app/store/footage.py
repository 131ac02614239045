"""The video that a session was measured on: where it was, or what was recorded of a camera beside it."""

from __future__ import annotations

from pathlib import Path

from app.plain import printable
from app.store.about import About, fingerprint
from app.store.session import Session
from engine.errors import UserError


class Missing(UserError):
    """There is no such video, or not any more."""


def footage(session: Session, given: str) -> Path:
    """The video, from its place, or from the one that is `given`.

    Raises Missing where there is none, and UserError where another video is there. Of what a camera showed
    only a look into it can tell.
    """
    about = session.about
    place = given or about.place or _recorded(session)
    if not place:
        raise Missing(f"{about.name} is no file, so there is no video to paint on; pass one with --source")
    path = Path(place)
    if not path.exists():
        raise Missing(f"{printable(path)} is not there any more; say with --source where it is now")
    if not about.live and not same(about, path):
        raise UserError(
            f"{printable(path)} is not the video that was measured; say with --source where that is"
        )
    return path


def _recorded(session: Session) -> str:
    """What was recorded of a camera beside its session, "" where there is nothing."""
    clean = session.path.with_name(f"{session.path.stem}.clean.mp4")
    return str(clean) if session.about.live and clean.is_file() else ""


def same(about: About, path: Path) -> bool:
    """Whether that is the video that was measured; a copy has another time."""
    known, now = about.fingerprint.split("-"), fingerprint(path).split("-")
    return about.fingerprint != "" and (known[0], known[-1]) == (now[0], now[-1])
