"""What nobody wants to lose to something that is made of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from app.outputs.place import apart
from app.store.footage import footage, same
from app.store.session import Session
from engine.errors import UserError


def spare(session: Session, out: Path, what: str, given: str = "") -> None:
    """UserError where `out` is the session, or its video: where that was, as it is `given`, or a copy."""
    about = session.about
    files = [session.path, Path(about.place or session.path)]
    with suppress(UserError):  # there is no video, or it is another
        files.append(footage(session, given))
    if out.is_file() and not about.live and same(about, out):
        files.append(out)
    apart(out, files, what)
