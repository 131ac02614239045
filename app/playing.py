"""How the playing of a recording stands."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from app.types import SourceInfo

NOTHING = SourceInfo("", "", 0, 0, Fraction(1, 90000), Fraction(25), 0, False, False, Fraction(1), "")


@dataclass(frozen=True, slots=True)
class Playing:
    """How a player stands."""

    phase: Literal["opening", "ready", "failed"] = "opening"
    info: SourceInfo = NOTHING
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
