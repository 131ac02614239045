"""How late somebody who starts to walk is shown: what lag is measured by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackers.kalman import CALM, advance, begin, correct, measurement_noise, settle
from trackers.sway import followed

Floats = NDArray[np.float64]

STILL, START = 5.0, 0.7  #: seconds that somebody stands, and takes to start walking
PACE = 1.8  #: sizes / s^2, about 2 m / s^2


def start(dt: float) -> tuple[Floats, Floats]:
    """Somebody who stands, then is evenly faster, frame after frame of `dt` seconds.

    Speed (F,) in sizes a second and place (F,) in sizes: in the end about 1.4 m / s.
    """
    since = np.arange(-STILL, START, dt).clip(min=0.0)
    return PACE * since, 0.5 * PACE * since * since


def lateness(speed: Floats, place: Floats, shown: Floats) -> float:
    """The shift in time, seconds, that best explains that somebody at `place` was `shown` elsewhere."""
    return float(speed @ (place - shown) / (speed @ speed))


def live_lag(dt: float, score: float = 0.8) -> float:
    """Seconds by which the joints that the tracker shows are late, in frames of `dt` seconds.

    They are seen with `score`. Who moves evenly is shown without delay, and a joint that swings within its
    body is followed more closely than the body as a whole.
    """
    speed, places = start(dt)
    noise = measurement_noise(np.full((1, 1), score), np.ones((1, 1)), np.ones(1))
    motion = begin(np.zeros((1, 1, 2)), noise, np.zeros((1, 1, 2)), np.ones(1))
    shown = []
    for place in places:
        seen = np.full((1, 1, 2), place), noise
        motion = advance(motion, dt, np.full((1, 1), CALM))
        motion = followed(motion, *seen, np.full(1, dt), np.full(1, np.inf), np.ones(1))
        motion = settle(correct(motion, *seen, noise > 0.0), noise > 0.0, np.full(1, dt))
        shown.append(motion.shown[0, 0, 0])
    return lateness(speed, places, np.array(shown))
