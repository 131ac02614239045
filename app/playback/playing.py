"""How the playing of a recording stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.types import NOWHERE, SourceInfo


@dataclass(frozen=True, slots=True)
class Playing:
    """How a player stands."""

    phase: Literal["opening", "ready", "failed"] = "opening"
    info: SourceInfo = NOWHERE
    playing: bool = False
    speed: float = 1.0
    loop: tuple[float, float] = (0.0, 0.0)  #: seconds, both ends inclusive; equal: no loop
    index: int = 0  #: of the picture shown
    time: float = 0.0  #: of the picture shown, seconds
    frames: int = 0  #: pictures in all; a guess until `counted`
    start_s: float = 0.0  #: time of the first picture
    end_s: float = 0.0  #: time of the last; a guess until `counted`
    counted: bool = False  #: every packet has been looked at: numbers and ends are exact
    message: str = ""  #: what is wrong with the recording, in one line
    details: str = ""  #: where that is a bug, its traceback
