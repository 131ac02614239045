"""Kinds of poses, as ranges of the angles of the joints, in degrees.

Round figures within the limits of the joints. What is not said is as in standing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Range = tuple[float, float]


class Arm(NamedTuple):
    """Of the upper arm: forward and up, to the side, about its own axis (inward); of the elbow."""

    lift: Range = (-15, 20)
    out: Range = (2, 18)
    spin: Range = (-10, 50)
    elbow: Range = (3, 50)


class Leg(NamedTuple):
    """Of the thigh: forward and up, to the side, about its own axis (outward); of the knee and the ankle."""

    hip: Range = (-8, 10)
    out: Range = (0, 9)
    spin: Range = (-5, 18)
    knee: Range = (0, 12)
    ankle: Range = (-10, 10)


ANY_ARM = Arm((-45, 175), (-20, 95), (-40, 80), (0, 140))
RAISED = Arm((110, 178), (0, 35), (-30, 60), (0, 100))
FORWARD = Arm((45, 110), (-15, 40), (-20, 70), (0, 100))
SIDEWAYS = Arm((-10, 30), (55, 105), (-60, 60), (0, 120))
ON_HIP = Arm((-35, -10), (30, 55), (55, 85), (75, 110))
FOLDED = Arm((15, 45), (-5, 15), (50, 85), (80, 120))
LAP = Arm((5, 50), (-5, 20), (5, 60), (15, 100))
DOWN = Arm()


@dataclass(frozen=True)
class Kind:
    """One kind of pose; of the arms, any pair of `arms` is taken for each side on its own."""

    share: float
    legs: tuple[Leg, Leg] = (Leg(), Leg())
    arms: tuple[Arm, ...] = (DOWN,)
    bend: Range = (-6, 12)  #: of the spine, forward
    side: Range = (-6, 6)
    twist: Range = (-12, 12)
    nod: Range = (-15, 25)
    tip: Range = (-3, 6)  #: of the whole body, forward
    roll: Range = (-3, 3)  #: of the whole body, to its right
    air: Range = (0, 0)  #: metres above the ground
    gait: bool = False  #: legs and arms of somebody who walks


_FREE = (DOWN, ANY_ARM, ANY_ARM, RAISED, FORWARD, SIDEWAYS, ON_HIP, FOLDED)
_RUNS = (Leg((25, 80), (-2, 8), (-5, 10), (40, 115), (-15, 15)), Leg((-28, 5), (-2, 8), (-5, 10), (5, 105)))
PUMP = (Arm((10, 60), (0, 20), (0, 45), (60, 115)), Arm((-60, -10), (0, 25), (0, 45), (50, 115)))
_SEATED = Leg((70, 105), (0, 25), (-15, 20), (55, 115), (-10, 15))
_LIES = Leg((-15, 80), (0, 35), (-10, 40), (0, 110), (-30, 10))
_KNEELS = Leg((-10, 25), (0, 15), (-5, 10), (85, 130), (-40, 0))

_DANCES = (
    Leg((-25, 90), (-8, 50), (-15, 40), (0, 100), (-40, 15)),
    Leg((-15, 25), (-5, 25), (-10, 35), (0, 50)),
)
_BENDS = Leg((20, 85), knee=(0, 45))

KINDS = {
    "walk": Kind(0.13, gait=True),
    "stand": Kind(0.10, arms=(DOWN, DOWN, ON_HIP, FOLDED, LAP)),
    "gesture": Kind(0.17, arms=_FREE, bend=(-10, 20), side=(-12, 12), twist=(-30, 30), nod=(-30, 40)),
    "run": Kind(0.09, _RUNS, PUMP, (0, 25), (-6, 6), (-20, 20), (-10, 25), (0, 15), (-6, 6), (0, 0.15)),
    "sit": Kind(0.13, (_SEATED, _SEATED), (LAP, LAP, *_FREE), (-12, 40), nod=(-20, 40), tip=(-20, 10)),
    "squat": Kind(
        0.06,
        (Leg((60, 125), (5, 35), (0, 35), (70, 145), (0, 30)),) * 2,
        (FORWARD, LAP, *_FREE),
        (0, 45),
        tip=(0, 30),
    ),
    "lunge": Kind(
        0.07,
        (Leg((40, 100), (-5, 15), (-5, 15), (30, 110)), Leg((-30, 5), (0, 20), (-5, 30), (0, 80), (0, 30))),
        _FREE,
        (-5, 35),
        (-20, 20),
        (-35, 35),
        tip=(0, 25),
    ),
    "bend": Kind(0.06, (_BENDS,) * 2, _FREE, (25, 75), (-20, 20), (-30, 30), tip=(0, 25)),
    "jump": Kind(
        0.05,
        (Leg((-25, 100), (0, 45), (-5, 30), (0, 120), (-45, 5)),) * 2,
        (RAISED, *_FREE),
        (-15, 25),
        (-15, 15),
        (-30, 30),
        tip=(-15, 20),
        roll=(-15, 15),
        air=(0.1, 0.6),
    ),
    "dance": Kind(
        0.08,
        _DANCES,
        (ANY_ARM, RAISED, SIDEWAYS),
        (-20, 35),
        (-28, 28),
        (-45, 45),
        (-35, 40),
        (-15, 20),
        (-18, 18),
    ),
    "kneel": Kind(0.03, (_KNEELS, Leg((-10, 95), (0, 20), (-5, 15), (80, 130), (-30, 5))), _FREE, (-5, 45)),
    "lie": Kind(
        0.04,
        (_LIES,) * 2,
        (DOWN, LAP, ANY_ARM, RAISED, SIDEWAYS),
        (-20, 40),
        (-20, 20),
        (-30, 30),
        (-25, 30),
    ),
}
