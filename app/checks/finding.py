"""What a check of this machine came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ok: as it should be, or not needed here; note: Kinetrail runs, but something is missing or odd; problem:
#: something that Kinetrail needs is broken.
State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the page."""

    state: State
    text: str
    remedy: str = ""  #: what to do about it, on one line; empty: nothing

    def __post_init__(self) -> None:
        if self.state == "problem" and not self.remedy:
            raise ValueError(f"a problem without a remedy: {self.text}")


def ok(text: str) -> Finding:
    return Finding("ok", text)


def note(text: str, remedy: str = "") -> Finding:
    return Finding("note", text, remedy)


def problem(text: str, remedy: str) -> Finding:
    return Finding("problem", text, remedy)
