"""What some options mean: text in, meaning out; ValueError says what was expected. Imports nothing heavy."""

from __future__ import annotations

import math

AUTO = 0  #: frames between two looks for people: as many as goes well
MOST_FRAMES = 1000  #: somebody new would not be seen for half a minute
FOLLOW = "the number of a person (3), or a place and a time (640,360@2.5: x, y in pixels, seconds)"

Target = int | tuple[float, float, float]  #: an id, or x, y in pixels and the time in seconds


def rhythm(text: str) -> int:
    """Every how many frames people are looked for; AUTO for "auto"."""
    if text == "auto":
        return AUTO
    if not text.isdecimal() or not text.isascii() or len(text) > 4 or not 1 <= int(text) <= MOST_FRAMES:
        raise ValueError(f"auto or a whole number from 1 to {MOST_FRAMES}")
    return int(text)


def target(text: str) -> Target:
    """Whom to follow."""
    if text.isdecimal() and text.isascii() and len(text) < 10 and int(text) > 0:
        return int(text)
    place, _, moment = text.partition("@")
    try:
        x, y = map(float, place.split(","))
        seconds = float(moment.removesuffix("s"))
    except ValueError:
        raise ValueError(FOLLOW) from None
    if not all(math.isfinite(number) for number in (x, y, seconds)):
        raise ValueError(FOLLOW)
    return x, y, seconds


def smoothing(text: str) -> str:
    """How joints are smoothed."""
    from trackers.smoothing import LONGEST_LAG, smoother  # bring numpy

    try:
        smoother(text)
    except ValueError:
        raise ValueError(
            f"live, one-euro, lag:0.3s (any seconds up to {LONGEST_LAG:g}), full or off"
        ) from None
    return text
