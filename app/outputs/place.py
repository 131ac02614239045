"""Where an output goes that -o names."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from app.occupied import Blocked
from app.outputs.partial import unwritable
from app.plain import printable
from engine.errors import UserError


def placed(given: str | None, usual: Path, *, folder: bool = False) -> Path:
    """What -o names: a file, or a folder into which it goes under its `usual` name; `usual` without -o.

    `folder`: what is made is a folder itself, and has the very name. UserError for a name that is empty.
    """
    if given is None:
        return usual
    if not given:
        raise UserError("-o is empty; name a file, or a folder with a / at its end")
    path = Path(given)
    try:
        into = not folder and (given.endswith("/") or path.is_dir() or path.name in ("", ".."))
    except OSError as error:  # a name that is too long
        raise unwritable(path, error) from error
    return path / usual.name if into else path


def apart(out: Path, made_of: Iterable[Path], what: str) -> None:
    """UserError where `out` would take the place of something that it is made of; `what` it is, in words."""
    for each in made_of:
        with suppress(OSError, ValueError):  # one of them is not there, or no name of a file
            if out.samefile(each):
                raise Blocked(f"{printable(out)}: is what the {what} is made of")
