"""One recording of a queue, and how it stands with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.settings import Settings
from app.sources.naming import named

#: "skipped": it was finished before.
State = Literal["waiting", "working", "done", "skipped", "failed", "cancelled"]


#: What a program says while it is at work, and what else it says, see `app.processing.Queue`.
GOING = ("frames", "total", "fps", "people", "doing")
SAID = ("said", "done", "skipped", "failed", "refused")  #: "refused": and so would all others be


@dataclass(frozen=True, slots=True)
class Work:
    """One recording in the queue."""

    number: int  #: its name, from 1
    source: str
    settings: Settings
    stem: str = ""  #: of its outputs, where others have been given theirs; "": as the source is called
    cores: int = 0  #: how many it may keep busy, 0 for all
    state: State = "waiting"
    frames: int = 0  #: done
    total: int = 0  #: expected, 0 where nobody knows
    fps: float = 0.0
    people: int = 0  #: in view
    doing: str = ""  #: which pass, where there are several
    message: str = ""  #: what came of it, or what went wrong, for people
    occupied: str = ""  #: what would have to be replaced for it to go well, for people
    details: str = ""  #: of what went wrong, for whoever mends it
    said: tuple[str, ...] = ()  #: what else is worth knowing, a line each, in the order in which it was said

    @property
    def share(self) -> float:
        """Of the work that is done, 0 to 1; -1 where it is not known."""
        if self.state in ("done", "skipped"):
            return 1.0
        return min(1.0, self.frames / self.total) if self.total else -1.0

    @property
    def left_s(self) -> float:
        """Seconds until it is done; -1 where it is not known."""
        return max(0, self.total - self.frames) / self.fps if self.total and self.fps else -1.0

    @property
    def over(self) -> bool:
        """Nothing more will come of it."""
        return self.state not in ("waiting", "working")

    @property
    def name(self) -> str:
        """Of its source, as it may be shown."""
        return named(self.source)


def told(line: Mapping[str, Any]) -> dict[str, Any]:
    """What is new of a `Work` by what a program says of itself. LookupError where something is not said."""
    if line["kind"] == "going":
        return {name: line[name] for name in GOING}
    if line["kind"] == "doing":
        return {"doing": str(line["line"])}
    if line["kind"] in SAID:
        more: dict[str, Any] = {name: str(line[name]) for name in ("occupied", "details") if name in line}
        if line["kind"] == "said":
            more["said"] = (str(line["line"]),)
        return {"message": str(line["line"]), **more}
    return {}
