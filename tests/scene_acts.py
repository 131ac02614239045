"""What walkers do besides walking: they jump, turn on the spot, fall: functions of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GRAVITY = 9.81
READY = 0.35  #: seconds somebody bends the knees before a jump, and after it
TOPPLING = 0.9  #: seconds from the first lean to the ground
LYING = 88.0  #: degrees


class Jump(NamedTuple):
    """Straight up, from bent knees, and down again."""

    at: float  #: when the feet leave the ground, seconds
    height: float = 0.4  #: metres

    def flight(self) -> float:
        """Seconds in the air."""
        return float(2 * np.sqrt(2 * self.height / GRAVITY))


class Spin(NamedTuple):
    """Turning on the spot."""

    begin: float
    end: float
    turns: float  #: to their right


class Act(NamedTuple):
    """How somebody's acts bend and move them at one moment."""

    crouch: float  #: 0 upright, 1 with the knees bent by 105 degrees
    rise: float  #: metres the body is lifted
    turned: float  #: radians to their right
    tip: float  #: degrees from upright, forward


def act(
    t: float, jumps: tuple[Jump, ...] = (), spins: tuple[Spin, ...] = (), fall: float | None = None
) -> Act:
    """At time t in seconds; `fall` is when somebody begins to fall, to stay down."""
    crouch = rise = turned = tip = 0.0
    for jump in jumps:
        since, flight = t - jump.at, jump.flight()
        if -READY < since < 0 or flight < since < flight + READY:
            crouch += np.sin(np.pi * (since if since < 0 else since - flight) / READY) ** 2
        elif 0 <= since <= flight:
            rise += GRAVITY / 2 * since * (flight - since)
    for spin in spins:
        u = np.clip((t - spin.begin) / (spin.end - spin.begin), 0, 1)
        turned += 2 * np.pi * spin.turns * u * u * (3 - 2 * u)
    if fall is not None:
        u = float(np.clip((t - fall) / TOPPLING, 0, 1))
        tip, crouch = LYING * u**2.2, crouch + 0.6 * np.sin(np.pi * u)
    return Act(float(crouch), float(rise), float(turned), tip)
