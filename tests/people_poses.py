"""Random poses: what people do with their joints, far beyond walking, within the limits of the joints.

Frames of reference as in scene_body: the resting body faces +z, its left side is at -x. Each pose is drawn
evenly from the ranges of its kind, with either leg as the first.
"""

from __future__ import annotations

import numpy as np
import scene_body as body
from people_kinds import ANY_ARM, KINDS, PUMP, Arm, Kind, Leg
from scene_body import ARM, ARM_TILT, LIMBS, PARENT, rest_joints
from scene_gait import Step, bend_arm, bend_leg, bend_spine, turn
from scene_noise import Array

TRIES = 12  #: poses drawn until one has no limb inside the body
NOISE = 4.0  #: degrees, deviation of every joint of the trunk


def local_pose(rng: np.random.Generator, name: str) -> tuple[Array, Array, float]:
    """A pose of a kind: rotations of the joints (19, 3, 3) and of the whole body (3, 3); metres in air."""
    kind = KINDS[name]
    local = np.tile(np.eye(3), (len(PARENT), 1, 1))
    if kind.gait:
        step = Step(0, 0, 0, rng.uniform(), rng.uniform(0.6, 1.12), 0, 0)
        bend_spine(local, step)
        swing = rng.uniform(0, 1.4)
    legs = rng.permutation(2)
    for side, arm, leg in LIMBS:
        if kind.gait:
            phase = step.phase if side < 0 else step.phase + 0.5
            bend_arm(local, step, side, arm, phase, step.pace * swing)
            bend_leg(local, step, side, leg, phase)
        which = legs[int(side > 0)]
        if not kind.gait:
            thigh(rng, local, side, leg, kind.legs[which])
        if not kind.gait or rng.random() < 0.3:
            shape = kind.arms[1 - which] if kind.arms is PUMP else kind.arms[rng.integers(len(kind.arms))]
            upper_arm(rng, local, side, arm, ANY_ARM if kind.gait else shape)
    if not kind.gait:
        spine(rng, local, kind)
    local[body.HEAD] = turn(rng.uniform(-15, 15), rng.uniform(-45, 45)) @ local[body.HEAD]
    tip, roll = lying(rng) if name == "lie" else (rng.uniform(*kind.tip), rng.uniform(*kind.roll))
    return local, turn(-tip, 0, -roll), rng.uniform(*kind.air)


def lying(rng: np.random.Generator) -> tuple[float, float]:
    """How somebody on the ground, or on the way there, is tipped forward and rolled to the right, degrees."""
    over, little = rng.choice([-1, 1]) * rng.uniform(60, 100), rng.uniform(-25, 25)
    return (over, little) if rng.random() < 0.7 else (little, over)


def spine(rng: np.random.Generator, local: Array, kind: Kind) -> None:
    """A bend of the trunk, spread over its joints."""
    bend, side, twist = (rng.uniform(*r) for r in (kind.bend, kind.side, kind.twist))
    for joint, part in ((body.WAIST, 0.55), (body.CHEST, 0.45)):
        some = rng.normal(0, NOISE, 3) * 0.5
        local[joint] = turn(-bend * part + some[0], twist * part + some[1], -side * part + some[2])
    local[body.PELVIS] = turn(*rng.normal(0, NOISE, 3))
    local[body.NECK] = turn(-rng.uniform(*kind.nod) * 0.5, 0, rng.normal(0, NOISE * 1.5))


def upper_arm(rng: np.random.Generator, local: Array, side: int, arm: int, shape: Arm) -> None:
    """Arm, elbow and hand of a side; the resting arm hangs askew, which is turned away first."""
    lift, out, spin, elbow = (rng.uniform(*r) for r in shape)
    tilt = np.degrees(ARM_TILT) * side
    hang, back = turn(roll=-tilt), turn(roll=tilt)
    local[arm] = turn(lift) @ turn(roll=side * out) @ turn(yaw=-side * spin) @ hang
    local[arm + 1] = back @ turn(elbow) @ hang
    local[arm + 2] = back @ turn(rng.uniform(-40, 40), 0, rng.uniform(-15, 15)) @ hang


def thigh(rng: np.random.Generator, local: Array, side: int, leg: int, shape: Leg) -> None:
    """Thigh, knee and foot of a side."""
    hip, out, spin, knee, ankle = (rng.uniform(*r) for r in shape)
    local[leg] = turn(hip) @ turn(roll=side * out) @ turn(yaw=side * spin)
    local[leg + 1] = turn(-knee)
    local[leg + 2] = turn(ankle)


def proportions(rng: np.random.Generator) -> Array:
    """How each bone is stretched along the resting body's axes, (19, 3, 3): limbs, girth, head."""
    stretch = np.tile(np.eye(3), (len(PARENT), 1, 1))
    girth = rng.uniform(0.9, 1.12)
    trunk, arms, thighs, shins = rng.uniform(0.92, 1.08, 4)
    wide = rng.uniform(0.92, 1.1)
    child = rng.random() < 0.12
    stretch[[body.PELVIS, body.WAIST, body.CHEST]] = np.diag([wide * girth, trunk, girth])
    stretch[[body.NECK, body.HEAD]] *= rng.uniform(0.95, 1.06) * (1.3 if child else 1)
    for side, arm, leg in LIMBS:
        along = ARM * (side, 1, 1)
        line = np.outer(along, along)
        stretch[arm : arm + 2] = girth * np.eye(3) + (arms - girth) * line
        stretch[arm + 2] *= rng.uniform(0.9, 1.1)
        stretch[leg] = np.diag([girth, thighs, girth])
        stretch[leg + 1] = np.diag([girth, shins, girth])
    return stretch


def carried(local: Array, stretch: Array) -> tuple[Array, Array]:
    """Each bone's stretch and rotation along the chain of its parents: p -> linear @ p + shift."""
    joints = rest_joints()
    rotation, linear, shift = np.zeros_like(local), np.zeros_like(local), np.zeros((len(PARENT), 3))
    for i, up in enumerate(PARENT):
        at = joints[i] if up < 0 else linear[up] @ joints[i] + shift[up]
        rotation[i] = local[i] if up < 0 else rotation[up] @ local[i]
        linear[i] = rotation[i] @ stretch[i]
        shift[i] = at - linear[i] @ joints[i]
    return linear, shift


def clear(linear: Array, shift: Array) -> bool:
    """Whether elbows, wrists and hands stay out of the trunk and head, and the legs out of each other."""
    joints = rest_joints()
    at = np.einsum("nij,nj->ni", linear, joints) + shift
    tips = [linear[a + 2] @ (joints[a + 2] + ARM * (s, 1, 1) * 0.12) + shift[a + 2] for s, a, _ in LIMBS]
    limbs = np.array([*at[[6, 9, 7, 10]], *tips])
    crown = linear[body.HEAD] @ np.array([0, 1.66, 0]) + shift[body.HEAD]
    trunk = np.linspace(at[body.PELVIS] + 0.3 * (at[body.PELVIS] - at[body.WAIST]), at[body.NECK], 8)
    away = np.linalg.norm(limbs[:, None] - trunk, axis=-1).min()
    head = np.linalg.norm(limbs - crown, axis=-1).min()
    thighs = [np.linspace(at[leg], at[leg + 1], 4)[1:] for _, _, leg in LIMBS]
    shins = [np.linspace(at[leg + 1], at[leg + 2], 4) for _, _, leg in LIMBS]
    legs = [np.concatenate(pair) for pair in zip(thighs, shins, strict=True)]
    between = np.linalg.norm(legs[0][:, None] - legs[1], axis=-1).min()
    hands = np.linalg.norm(limbs[2:, None] - np.concatenate(legs), axis=-1).min()
    return bool(away > 0.15 and head > 0.1 and between > 0.1 and hands > 0.08)


def random_pose(rng: np.random.Generator, stretch: Array) -> tuple[str, Array, Array, float]:
    """A kind's name; bones (19, 3, 3), (19, 3) that take the resting body into the pose; metres in air."""
    names = list(KINDS)
    share = np.array([kind.share for kind in KINDS.values()])
    name = str(rng.choice(names, p=share / share.sum()))
    for _ in range(TRIES):
        local, whole, air = local_pose(rng, name)
        linear, shift = carried(local, stretch)
        if clear(linear, shift):
            break
    return name, whole @ linear, shift @ whole.T, air
