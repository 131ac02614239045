"""Going on where an earlier run on the same source was cut off or stopped."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.outputs.partial import Partial
from app.plain import printable
from app.store.about import About, Recipe
from app.store.schema import connect
from app.store.session import Session, open_session_file
from app.store.writer import settle_down, versions
from app.types import Before, Seen
from engine.errors import UserError

#: Settings that shape what is measured.
SHAPING = ("device", "cuda_graphs", "decode", "flip", "detection_threshold", "max_people", "detect_every",
    "remember", "smooth")  # fmt: skip
#: Settings that say what the MP4 and the CSV tell of it.
SHOWING = ("follow", "keypoint_threshold")
MOST_ASIDE = 1000  #: sessions of one name that are put aside


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier run left in a session."""

    finished: bool  #: nothing of the source was left
    frames: int
    another: str  #: what recording it is of, in words, if it is of another; "" where it is of this one
    differs: str  #: what is measured otherwise, in words; "" where nothing is
    shown: str  #: what its MP4 and CSV tell otherwise, likewise
    repaired: bool  #: somebody has put right who is who


def strange(path: Path, outputs: Collection[Path]) -> Collection[Path]:
    """Those of `outputs` that are there and have not come of the session `path`, or were changed since.

    All, there or not, where it is no session of a recording, or damaged.
    """
    try:
        with closing(open_session_file(path)) as session:
            about = session.about
    except UserError:
        return outputs
    made = {path.name: _stamp(path), **about.outputs}
    there = [file for file in outputs if file.exists()]
    return outputs if about.live else [file for file in there if _stamp(file) != made.get(file.name)]


def past(path: Path, recipe: Recipe) -> Past:
    """How the session in `path` compares with what is to be done now, to a source whose fingerprint is known.

    UserError where it is damaged.
    """
    with closing(open_session_file(path)) as session:
        about, repaired = session.about, bool(session.undoable())
        return Past(
            about.finished,
            len(session.times()),
            _another(about, recipe),
            _difference(about, recipe),
            _other(SHOWING, about, recipe),
            repaired,
        )


def before(session: Session) -> Before:
    """What the session holds, for the stages."""
    return Before(len(session.times()), _seen(session))


def put_aside(session: Path, files: Collection[Path]) -> list[Path]:
    """Give those of the files that are there names that nothing has; those names.

    The `session` may be one of them. UserError where it cannot be done, or another run has it.
    """
    there = [file for file in files if file.exists()]
    reserved = Partial(session)  # nobody writes it
    try:
        for number in range(1, MOST_ASIDE):
            names = [file.with_name(f"{file.stem}.{number}{file.suffix}") for file in there]
            if not any(os.path.lexists(name) for name in names):
                for file, name in zip(there, names, strict=True):
                    _move(file, name, database=file == session)
                return names
    except OSError as error:
        raise UserError(f"{printable(session)} cannot be renamed ({error.strerror})") from error
    finally:
        reserved.discard()
    raise UserError(f"{printable(session)}: {MOST_ASIDE} others have been put aside; move some of them away")


def _move(file: Path, to: Path, *, database: bool) -> None:
    if database:
        settle_down(connect(file))  # what a killed run, or who repairs it, left beside it is taken in
        for ending in ("-wal", "-shm"):
            beside = file.with_name(file.name + ending)
            if beside.exists():
                beside.rename(to.with_name(to.name + ending))
    file.rename(to)


def _seen(session: Session) -> Iterator[Seen]:
    for frame in session.measured():
        yield Seen(frame.poses, looked=frame.looked)


def _another(about: About, recipe: Recipe) -> str:
    if recipe.place == about.place:
        return ""  # it may have changed since
    if recipe.fingerprint == about.fingerprint:
        return ""  # it was moved or copied
    return about.place or about.source


def _difference(about: About, recipe: Recipe) -> str:
    if about.fingerprint != recipe.fingerprint:
        return "the source is another"
    models = {model.kind: model.sha256 for model in about.models}
    for model in recipe.models:
        if models.get(model.kind) != model.sha256:
            return f"the {model.kind} network is another"
    if differs := _other(SHAPING, about, recipe):
        return differs
    if not about.finished and dict(about.versions) != dict(versions()):
        return "it was made by another version"
    return ""


def _other(names: Collection[str], about: About, recipe: Recipe) -> str:
    for name in names:
        if about.settings.get(name) != recipe.settings[name]:
            return f"{name.replace('_', '-')} is another"
    return ""


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns
