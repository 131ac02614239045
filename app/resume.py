"""Going on where an earlier run on the same source was cut off or stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.outputs.partial import Partial
from app.plain import printable
from app.store.about import About, Recipe
from app.store.session import Session, open_session_file
from app.store.writer import versions
from app.types import Before, Seen
from engine.errors import UserError

#: Settings that shape what is measured; all others only say what is made of it.
SHAPING = ("device", "cuda_graphs", "decode", "flip", "detection_threshold", "max_people", "detect_every",
    "remember", "smooth")  # fmt: skip
MOST_ASIDE = 1000  #: sessions of one name that are put aside


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier run left in a session."""

    unfinished: bool  #: it can go on, if all else is as it was
    frames: int
    differs: str  #: what is not as it was, in words; "" where nothing is


def left_off(path: Path, outputs: Collection[Path]) -> bool:
    """Whether `path` is a session from which something is left to be done for `outputs`.

    It was not finished, or one of them is not there; and those that are there have come of it.

    False as well where it is none, or damaged.
    """
    try:
        with closing(open_session_file(path)) as session:
            about = session.about
    except UserError:
        return False
    others = [file for file in outputs if file != path and file.exists()]
    own = all(_stamp(file) == about.outputs.get(file.name) for file in others)
    left = not about.finished or len(others) + 1 < len(outputs)
    return own and left and not about.live


def past(path: Path, recipe: Recipe) -> Past:
    """How the session in `path` compares with what is to be done now. UserError where it is damaged."""
    with closing(open_session_file(path)) as session:
        return Past(not session.about.finished, len(session.times()), _difference(session.about, recipe))


def before(session: Session) -> Before:
    """What the session holds, for the stages."""
    return Before(len(session.times()), _seen(session))


def put_aside(path: Path) -> Path:
    """Give the session a name that nothing has; that name. UserError where it cannot be done."""
    reserved = Partial(path)  # nobody writes it
    try:
        for number in range(1, MOST_ASIDE):
            to = path.with_name(f"{path.stem}.{number}{path.suffix}")
            if not to.exists():
                with closing(open_session_file(path)):
                    pass  # what a killed run left beside it is taken in
                for ending in ("", "-wal", "-shm"):
                    beside = path.with_name(path.name + ending)
                    if beside.exists():
                        beside.rename(to.with_name(to.name + ending))
                return to
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be renamed ({error.strerror})") from error
    finally:
        reserved.discard()
    raise UserError(f"{printable(path)}: {MOST_ASIDE} others have been put aside; move some of them away")


def _seen(session: Session) -> Iterator[Seen]:
    for frame in session.measured():
        yield Seen(frame.poses, looked=frame.looked)


def _difference(about: About, recipe: Recipe) -> str:
    if not recipe.fingerprint or about.fingerprint != recipe.fingerprint:
        return "the source is another"
    models = {model.kind: model.sha256 for model in about.models}
    for model in recipe.models:
        if models.get(model.kind) != model.sha256:
            return f"the {model.kind} network is another"
    for name in SHAPING:
        if about.settings.get(name) != recipe.settings[name]:
            return f"{name.replace('_', '-')} is another"
    if dict(about.versions) != dict(versions()):
        return "it was made by another version"
    return ""


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns
