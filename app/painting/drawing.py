"""What is painted of people, and how; said without importing anything that paints."""

from __future__ import annotations

from dataclasses import dataclass

from app.painting.palette import Colours

THINNEST, WIDEST = 0.25, 4.0  #: lines that can be chosen, over the usual width


@dataclass(frozen=True, slots=True)
class Drawing:
    """As a run paints them, unless told otherwise."""

    skeleton: bool = True
    boxes: bool = False
    ids: bool = True  #: names, where people have one
    joint_names: bool = False
    line_width: float = 1.0  #: over the usual width
    colours: Colours = "person"


USUAL = Drawing()
