"""One recording and how to work on it, handed from one program of ours to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.plain import printable
from app.settings import Settings, checked
from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class Task:
    """What `kinetrail work` is to do."""

    source: str
    settings: Mapping[str, Any]  #: by field name of Settings
    stem: str  #: of the outputs; "": as the source is called
    cores: int  #: how many may be kept busy, 0 for all


def task(source: str, settings: Settings, *, stem: str = "", cores: int = 0) -> bytes:
    """What `kinetrail work` reads: one recording and how to work on it, see `Task`."""
    told = {"source": source, "settings": asdict(settings), "stem": stem, "cores": cores}
    return json.dumps(told).encode()


def read_task(text: bytes) -> Task:
    """Back from a `task`. UserError where it is none."""
    usual = asdict(Settings())
    try:
        told = json.loads(text)
        source, settings = told["source"], dict(told["settings"])
        stem, cores = told.get("stem", ""), told.get("cores", 0)
        if not isinstance(source, str) or not isinstance(stem, str) or type(cores) is not int:
            raise TypeError("a source or a stem that is no text, or cores that are no number")
        if cores < 0 or "/" in stem or stem in (".", ".."):
            raise ValueError(f"{cores} cores for {stem!r}")
        others = {name: value for name, value in settings.items() if value != usual.get(name, ...)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"this is no task for `kinetrail work` ({printable(str(error))[:80]})") from error
    return Task(source, {**usual, **checked(others, "task")}, stem, cores)
