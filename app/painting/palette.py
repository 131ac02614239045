"""A colour for each id, in shades that tell a body's left from its right.

The twelve colours were found by simulated annealing over OKLCH (Ottosson 2020) at lightness 0.62 to 0.84, so
that a lighter and a darker shade of each still belong to it. Every two differ by at least 0.09 in OKLab to
normal sight, and those up to three ids apart by at least 0.11 in a protanope's and a deuteranope's view
(Machado, Oliveira and Fernandes 2009, severity 1), because neighbours mostly carry ids close together.
Twelve colours that no one ever confuses do not exist, so the number stands beside the head too.

Who looks at one person's movement may want to tell sides rather than people: left amber and right blue, the
pair that every eye tells apart best. They differ by 0.51 in OKLab, and by 0.45 and 0.52 in those two views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Colours = Literal["person", "side", "one"]  #: each person, each side of the body, all alike
Bgr = tuple[int, int, int]

DARK: Bgr = (22, 18, 16)  #: outline of light strokes, and the ink of labels
LIGHT: Bgr = (250, 248, 246)  #: outline of dark strokes

#: Red, green, blue; the id after the last one starts again with the first.
COLOURS = (
    (0, 197, 183),
    (246, 140, 17),
    (237, 39, 113),
    (100, 133, 201),
    (200, 174, 250),
    (104, 230, 138),
    (195, 124, 75),
    (129, 122, 254),
    (97, 220, 232),
    (189, 201, 39),
    (232, 67, 6),
    (198, 82, 231),
)


def solid(colour: Bgr) -> tuple[int, int, int, int]:
    """The colour as cv2 takes it for pictures that know transparency, and for those that do not."""
    return *colour, 255


@dataclass(frozen=True, slots=True)
class Shades:
    """One person's colour: pale on the left of the body, itself in the middle, deep on the right."""

    left: Bgr
    middle: Bgr
    right: Bgr


def _shades(red: int, green: int, blue: int) -> Shades:
    middle = (blue, green, red)
    return Shades(left=_towards(255, 0.5, middle), middle=middle, right=_towards(0, 0.4, middle))


def _towards(goal: int, share: float, colour: Bgr) -> Bgr:
    blue, green, red = (round(c + share * (goal - c)) for c in colour)
    return blue, green, red


_SHADES = tuple(_shades(*colour) for colour in COLOURS)
_SIDES = Shades(left=(37, 196, 255), middle=(220, 212, 206), right=(214, 86, 20))


def shades(track_id: int, colours: Colours = "person") -> Shades:
    """The shades of one id, the same in every frame and every run."""
    if colours == "side":
        return _SIDES
    return _SHADES[(track_id - 1) % len(_SHADES) if colours == "person" else 0]
