"""What of a result is shown, and how: chosen by the user, the same for live and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from app.painting.palette import Colours


@dataclass(frozen=True, slots=True)
class View:
    """What to paint of every picture."""

    skeleton: bool = True
    boxes: bool = False
    ids: bool = True
    joint_names: bool = False
    trails: bool = False  #: where everyone's wrists and ankles were in the last second
    blur_faces: bool = False
    picture: bool = True  #: else skeletons on black
    mirror: bool = False
    line_width: float = 1.0  #: over the usual width
    threshold: float = 0.3  #: joints that score less are left out
    colours: Colours = "person"

    def __post_init__(self) -> None:
        """ValueError where the colours, out of a file, are none."""
        if self.colours not in get_args(Colours):
            raise ValueError(f"must be one of {', '.join(get_args(Colours))}, not {self.colours!r}")


@dataclass(frozen=True, slots=True)
class Cast:
    """What the user said of the people in view."""

    locked: int = 0  #: id of the one person, everyone else is dimmed; 0: nobody is locked on
    hidden: frozenset[int] = frozenset()  #: ids that are not painted
    names: Mapping[int, str] = field(default_factory=dict)  #: shown in place of the number
