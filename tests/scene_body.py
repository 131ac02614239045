"""The resting body: joints, and the tapered limbs that clothe them.

A body at rest is 1.75 m tall, stands on y = 0, faces +z and has its left side at -x. Metres. Colours are
BGR, 0 to 1. `side` is -1 for the person's left and 1 for the right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scene_noise import Array

Colour = tuple[float, float, float]
Point = tuple[float, float, float] | Array

#: The joint that carries each of the 19 joints; a bone has the number of the joint it turns about.
PARENT = (-1, 0, 1, 2, 3, 2, 5, 6, 2, 8, 9, 0, 11, 12, 13, 0, 15, 16, 17)
PELVIS, WAIST, CHEST, NECK, HEAD = range(5)
L_ARM, R_ARM, L_LEG, R_LEG = 5, 8, 11, 15  #: first joint of shoulder-elbow-wrist, hip-knee-ankle-toe
LIMBS = ((-1, L_ARM, L_LEG), (1, R_ARM, R_LEG))  #: side, arm, leg

ARM_TILT = np.radians(35.0)  #: of the resting arm, from the vertical
ARM = np.array([np.sin(ARM_TILT), -np.cos(ARM_TILT), 0])  #: direction of the resting right arm
HEIGHT = 1.75

#: COCO's 17 keypoints in the order of engine.skeleton.KEYPOINTS: the bone that carries each, and those of
#: the face, which are no joints.
COCO_BONE = (HEAD,) * 5 + (5, 8, 6, 9, 7, 10, 11, 15, 12, 16, 13, 17)
COCO_FACE = np.array(
    [
        (0, 1.605, 0.118),
        (-0.033, 1.642, 0.09),
        (0.033, 1.642, 0.09),
        (-0.083, 1.625, -0.005),
        (0.083, 1.625, -0.005),
    ]
)


@dataclass(frozen=True)
class Look:
    """Body shape and clothes."""

    height: float = HEIGHT
    build: float = 1.0  #: girth
    skin: Colour = (0.42, 0.55, 0.78)
    hair: Colour = (0.05, 0.07, 0.11)
    long_hair: bool = False
    top: Colour = (0.45, 0.25, 0.15)
    inner: Colour | None = None  #: the shirt under an open jacket
    stripes: Colour | None = None
    bottom: Colour = (0.28, 0.2, 0.17)
    shoes: Colour = (0.12, 0.12, 0.13)
    sleeve: float = 0.52  #: metres from the shoulder
    cuff: float = 0.085  #: height at which the trousers end
    waist: float = 1.0  #: girth of the waist alone


class Limb(NamedTuple):
    """A tapered capsule from a (radius ra) to b (radius rb), stretched by scale, cut where `cut` > 0."""

    a: Array
    b: Array
    ra: float
    rb: float
    bone: int
    scale: Array
    cut: Callable[[Array], Array] | None


def vec(x: float, y: float, z: float) -> Array:
    return np.array((x, y, z), float)


def limb(
    a: Point,
    b: Point,
    ra: float,
    rb: float,
    bone: int,
    scale: Point = (1, 1, 1),
    cut: Callable[[Array], Array] | None = None,
) -> Limb:
    return Limb(np.asarray(a, float), np.asarray(b, float), ra, rb, bone, np.asarray(scale, float), cut)


def rest_joints() -> Array:
    """The 19 joints of the resting body, (19, 3) metres."""
    spine = [(0, 0.94, 0), (0, 1.06, -0.01), (0, 1.22, -0.015), (0, 1.47, -0.02), (0, 1.56, -0.005)]
    shoulder = np.array([0.178, 1.425, -0.015])
    arm = [shoulder, shoulder + ARM * 0.29, shoulder + ARM * 0.545]
    leg = [(0.092, 0.92, 0), (0.105, 0.5, 0.01), (0.118, 0.085, -0.025), (0.125, 0.03, 0.085)]
    flip = np.array([-1, 1, 1])
    return np.array([*spine, *(flip * j for j in arm), *arm, *(flip * j for j in leg), *leg], float)


def coco_points() -> Array:
    """COCO's 17 keypoints of the resting body, (17, 3) metres."""
    return np.concatenate([COCO_FACE, rest_joints()[list(COCO_BONE[5:])]])


def body_limbs(look: Look) -> list[Limb]:
    """The clothed body below the neck."""
    limbs = torso(look)
    joints = rest_joints()
    for side, arm, leg in LIMBS:
        limbs += [*arm_limbs(look, side, joints[arm : arm + 3], arm), *leg_limbs(look, side, joints, leg)]
    return limbs


def torso(look: Look) -> list[Limb]:
    girth, waist = look.build, look.waist
    wide = (1.5, 1, 1)
    return [
        limb((0, 0.94, -0.012), (0, 1.0, -0.006), 0.1 * girth, 0.094 * girth, PELVIS, wide),
        limb((0, 1.04, -0.003), (0, 1.16, 0), 0.09 * girth * waist, 0.092 * girth * waist, WAIST, wide),
        limb((0, 1.2, 0), (0, 1.31, -0.012), 0.1 * girth, 0.1 * girth, CHEST, wide),
        limb((-0.125, 1.4, -0.02), (0.125, 1.4, -0.02), 0.062, 0.062, CHEST, (1, 1, 1.1)),
        limb((0, 1.4, -0.02), (0, 1.56, 0), 0.062, 0.052, NECK),
        limb((0, 0.88, -0.015), (0, 1.0, -0.01), 0.106 * girth, 0.095 * girth, PELVIS, (1.6, 1, 1), hem),
    ]


def hem(p: Array) -> Array:
    """The top ends 0.86 m above the ground."""
    return 0.86 - p[:, 1]


def sole(p: Array) -> Array:
    """Shoes are flat below."""
    return 0.004 - p[:, 1]


def arm_limbs(look: Look, side: int, joints: Array, arm: int) -> list[Limb]:
    """Shoulder, sleeve and hand; `joints` are shoulder, elbow and wrist."""
    shoulder, elbow, wrist = joints
    along, girth = ARM * (side, 1, 1), look.build
    loose = 0.01 * (look.sleeve > 0.3)
    hand = arm + 2
    neck_side = (side * 0.03, 1.505, -0.025)
    return [
        limb(shoulder * (0.68, 1, 1) + vec(0, -0.005, 0), neck_side, 0.052, 0.047, CHEST),
        limb(shoulder, shoulder + along * 0.08, 0.064, 0.06, arm),
        limb(shoulder, elbow, 0.055 * girth + 0.006, 0.043 * girth + loose, arm),
        limb(elbow, wrist, 0.041 * girth + loose, 0.029 + loose, arm + 1),
        limb(wrist - along * 0.02, wrist + along * 0.05, 0.02, 0.019, hand, (1, 1, 1.4)),
        limb(wrist + along * 0.06, wrist + along * 0.14 + vec(0, 0, 0.015), 0.018, 0.011, hand, (1, 1, 1.7)),
        limb(
            wrist + along * 0.03 + vec(0, 0, 0.02),
            wrist + along * 0.085 + vec(0, 0, 0.042),
            0.012,
            0.009,
            hand,
        ),
    ]


def leg_limbs(look: Look, side: int, joints: Array, leg: int) -> list[Limb]:
    """Buttock, trouser leg and shoe."""
    hip, knee, ankle, toe = joints[leg : leg + 4]
    girth = look.build
    baggy = 0.014 * (look.cuff < 0.3)
    shin, foot = leg + 1, leg + 2
    calf = (knee * (1, 0.84, 1) + vec(0, 0, -0.02), knee * (1, 0.6, 1) + vec(0, 0, -0.022))
    heel, tip = ankle + vec(0, -0.04, -0.04), toe + vec(side * 0.01, 0.006, 0.075)
    return [
        limb((side * 0.065, 0.91, -0.04), (side * 0.07, 0.88, -0.035), 0.078 * girth, 0.076 * girth, PELVIS),
        limb(hip, knee, 0.088 * girth, 0.06 * girth + baggy / 2, leg),
        limb(knee, ankle + vec(0, 0.03, 0), 0.056 * girth + baggy / 2, 0.037 + baggy * 1.5, shin),
        limb(*calf, 0.05 * girth, 0.045 * girth, shin),
        limb(ankle + vec(0, -0.01, 0), ankle + vec(0, -0.04, -0.035), 0.042, 0.045, foot),
        limb(heel, toe + vec(0, 0.012, 0), 0.043, 0.043, foot, (1, 1, 1), sole),
        limb(toe + vec(0, 0.01, 0), tip, 0.045, 0.034, leg + 3, (1, 0.95, 1), sole),
    ]


def head_limbs(look: Look) -> list[Limb]:
    """Skull, jaw, chin, nose, neck, cap of hair, ears, and long hair if any."""

    def hairline(p: Array) -> Array:
        return (hair_edge(look, p) - p[:, 1]) * 0.7

    limbs = [
        limb((0, 1.66, -0.008), (0, 1.66, -0.009), 1, 1, HEAD, (0.076, 0.098, 0.096)),
        limb((0, 1.6, 0.02), (0, 1.59, 0.022), 1, 1, HEAD, (0.06, 0.075, 0.074)),
        limb((0, 1.545, 0.05), (0, 1.54, 0.058), 0.034, 0.03, HEAD),
        limb((0, 1.655, 0.082), (0, 1.607, 0.1), 0.009, 0.014, HEAD),
        limb((-0.012, 1.603, 0.088), (0.012, 1.603, 0.088), 0.012, 0.012, HEAD),
        limb((0, 1.47, -0.02), (0, 1.58, -0.005), 0.056, 0.05, NECK),
        limb((0, 1.67, -0.012), (0, 1.67, -0.013), 1, 1, HEAD, (0.091, 0.105, 0.108), hairline),
    ]
    limbs += [
        limb((x, 1.645, -0.008), (x * 0.96, 1.605, 0), 0.019, 0.012, HEAD, (0.6, 1, 1))
        for x in (-0.079, 0.079)
    ]
    strands = (-0.04, 0, 0.04) if look.long_hair else ()
    return limbs + [
        limb((x, 1.66, -0.05), (x * 0.9, 1.44, -0.075), 0.055, 0.04, HEAD, (1, 1, 0.8)) for x in strands
    ]


def hair_edge(look: Look, p: Array) -> Array:
    """Height above which a head has hair, at points (N, 3) -> (N,)."""
    long = (1.4, 1.4, 1.6, 1.655, 1.69, 1.712)
    short = (1.555, 1.575, 1.64, 1.665, 1.69, 1.705)
    return np.interp(p[:, 2], (-0.1, -0.035, -0.015, 0.03, 0.06, 0.09), long if look.long_hair else short)
