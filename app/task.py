"""One recording and how to work on it, handed from one program of ours to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.plain import printable
from app.settings import Settings, checked
from engine.errors import UserError


def task(source: str, settings: Settings) -> bytes:
    """What `kinetrail work` reads: one recording and how to work on it."""
    return json.dumps({"source": source, "settings": asdict(settings)}).encode()


def read_task(text: bytes) -> tuple[str, Mapping[str, Any]]:
    """The source and the options, by field name, of a `task`. UserError where it is none."""
    usual = asdict(Settings())
    try:
        told = json.loads(text)
        source, settings = told["source"], dict(told["settings"])
        if not isinstance(source, str):
            raise TypeError(f"a source that is {type(source).__name__}")
        others = {name: value for name, value in settings.items() if value != usual.get(name, ...)}
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UserError(f"this is no task for `kinetrail work` ({printable(str(error))[:80]})") from error
    return source, {**usual, **checked(others, "task")}
