"""Movement: where a walker is, how far through the gait cycle, and how that bends the body.

World: metres, x to the right, y up, z away from the camera. Angles in degrees unless said otherwise. The
joint angles of level walking are round figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scene_body as body
from scene_acts import Jump, Spin, act
from scene_body import ARM_TILT, HEIGHT, LIMBS, PARENT, Look, rest_joints
from scene_noise import Array

STRIDE = 1.33  #: metres a gait cycle carries a body of 1.75 m
TICK = 0.02  #: seconds between the samples of a motion


@dataclass(frozen=True)
class Walker:
    """Someone who walks a path."""

    id: int
    path: tuple[tuple[float, float, float], ...]  #: (time, x, z), walked at steady pace and round corners
    look: Look = field(default_factory=Look)
    phase: float = 0.0  #: of the gait where the path begins, 0 to 1
    swing: float = 1.0  #: of the arms
    wave: tuple[float, float] | None = None  #: from when to when the right arm waves, seconds
    ease: float = 0.5  #: seconds before and after a corner, a start or a stop in which it is rounded
    jumps: tuple[Jump, ...] = ()
    spins: tuple[Spin, ...] = ()
    fall: float | None = None  #: when they begin to fall forward, to stay down, seconds


class Step(NamedTuple):
    """A walker at one moment."""

    x: float
    z: float
    heading: float  #: radians, 0 away from the camera, then to the right
    phase: float
    pace: float  #: 1 at an ordinary walk, 0 standing
    lift: float  #: of the waving arm, 0 to 1
    shake: float  #: degrees
    crouch: float = 0.0  #: 0 upright, 1 with the knees bent by 105 degrees
    rise: float = 0.0  #: metres above the ground
    tip: float = 0.0  #: degrees forward from upright


class Motion:
    """Where a walker is, where they face and how far through the gait: a function of time."""

    def __init__(self, walker: Walker) -> None:
        keys, self.wave, self.walker = np.asarray(walker.path, float), walker.wave, walker
        ease = max(round(walker.ease / TICK), 1)
        self.times = np.arange(keys[0, 0] - 1, keys[-1, 0] + 1, TICK)
        self.x, self.z = (smooth(np.interp(self.times, keys[:, 0], keys[:, i]), ease) for i in (1, 2))
        dx, dz = np.gradient(self.x, TICK), np.gradient(self.z, TICK)
        speed = np.hypot(dx, dz)
        self.pace = smooth(np.clip(speed / 1.15, 0, 1.12), 15)
        stride = STRIDE * walker.look.height / HEIGHT * np.clip(self.pace, 0.45, 2)
        self.phase = phase_after(walker.phase + np.cumsum(speed / stride) * TICK)
        self.heading = heading(dx, dz, speed > 0.1)

    def at(self, t: float) -> Step:
        curves = (self.x, self.z, self.heading, self.phase, self.pace)
        x, z, towards, phase, pace = (float(np.interp(t, self.times, v)) for v in curves)
        lift = np.clip(min(t - self.wave[0], self.wave[1] - t) / 0.5, 0, 1) if self.wave else 0.0
        lift, shake = lift * lift * (3 - 2 * lift), 18 * np.sin(9 * t)
        now = act(t, self.walker.jumps, self.walker.spins, self.walker.fall)
        return Step(x, z, towards + now.turned, phase, pace, lift, shake, now.crouch, now.rise, now.tip)


def phase_after(strides: Array) -> Array:
    """How far the gait is after so many strides of ground (N,), so that the standing foot does not slide.

    A foot does not go back under the body evenly. Phase and strides agree wherever a heel strikes.
    """
    phase, ground = covered()
    steps, rest = np.divmod(strides, 0.5)
    return steps * 0.5 + np.interp(rest, ground, phase)


@lru_cache(maxsize=1)
def covered() -> tuple[Array, Array]:
    """Phases from 0 to 0.5, one step, and the share of a stride the body has gone by then."""
    phase = np.linspace(0, 0.5, 101)
    feet = np.array([contacts(*pose(1.0, Step(0, 0, 0, p, 1.0, 0, 0))) for p in phase])
    lowest = feet[:, :, 1].argmin(axis=1)
    speed = -np.gradient(feet[:, :, 2], phase, axis=0)[np.arange(len(phase)), lowest]
    ground = np.cumsum(smooth(speed, 4))
    return phase, 0.5 * (ground - ground[0]) / (ground[-1] - ground[0])


def smooth(v: Array, n: int) -> Array:
    """Weighted mean over n samples to each side."""
    mean: Array = np.convolve(np.pad(v, n, mode="edge"), np.hanning(2 * n + 1) / n, "valid")
    return mean


def heading(dx: Array, dz: Array, walks: Array) -> Array:
    """Radians; whoever stands keeps facing where they went, or will go, or the camera if they never move."""
    if not walks.any():
        return np.full(len(dx), np.pi)
    last = np.maximum.accumulate(np.where(walks, np.arange(len(walks)), 0))
    last = np.where(last > 0, last, np.argmax(walks))
    return smooth(np.unwrap(np.arctan2(dx, dz)[last]), 15)


def turn(flex: float = 0, yaw: float = 0, roll: float = 0) -> Array:
    """Rotation: a hanging limb forward (flex), the body to its right (yaw), a hanging limb right (roll)."""
    a, b, c = np.cos(np.radians([flex, yaw, roll]))
    i, j, k = np.sin(np.radians([flex, yaw, roll]))
    return (
        np.array([(b, 0, j), (0, 1, 0), (-j, 0, b)])
        @ np.array([(1, 0, 0), (0, a, i), (0, -i, a)])
        @ np.array([(c, -k, 0), (k, c, 0), (0, 0, 1)])
    )


def leg_angles(u: float) -> tuple[float, float, float]:
    """Hip flexion, knee flexion and ankle dorsiflexion a part u (0 to 1) after heel strike."""
    at = (0, 0.08, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.85, 0.95)
    hip = (29, 26, 22, 6, -3, -10, -4, 14, 22, 32, 30)
    knee = (5, 14, 18, 9, 5, 11, 36, 60, 58, 32, 4)
    ankle = (0, -6, -1, 5, 9, 5, -15, -10, -2, 2, 1)
    around = (u + np.linspace(-0.04, 0.04, 5)) % 1
    h, k, a = (float(np.interp(around, at, v, period=1).mean()) for v in (hip, knee, ankle))
    return h, k, a


def pose(swing: float, step: Step) -> tuple[Array, Array]:
    """Rotation (19, 3, 3) and shift (19, 3) that take the resting body into the pose.

    It stands on the ground at the origin and faces +z.
    """
    local = np.tile(np.eye(3), (len(PARENT), 1, 1))
    bend_spine(local, step)
    for side, arm, leg in LIMBS:
        phase = step.phase if side < 0 else step.phase + 0.5
        bend_arm(local, step, side, arm, phase, step.pace * swing)
        bend_leg(local, step, side, leg, phase)
    rotation, shift = carried(local)
    stand(rotation, shift)
    shift[:, 0] -= 0.018 * step.pace * np.sin(2 * np.pi * step.phase)
    return rotation, shift


def bend_spine(local: Array, step: Step) -> None:
    pace, around = step.pace, 2 * np.pi * step.phase
    twist, sway = np.cos(around), 3 * np.sin(around + 0.6) * pace
    local[body.PELVIS] = turn(0, 5 * twist * pace, sway)
    local[body.WAIST] = turn(-1 - 2 * pace, -4 * twist * pace, -sway)
    local[body.CHEST] = turn(-2, -7 * twist * pace)
    local[body.NECK] = turn(-3, 3 * twist * pace)
    local[body.HEAD] = turn(5 + 1.5 * np.cos(4 * np.pi * step.phase) * pace, 3 * twist * pace)


def bend_arm(local: Array, step: Step, side: int, arm: int, phase: float, swing: float) -> None:
    tilt = np.degrees(ARM_TILT)
    back, lift = np.cos(2 * np.pi * (phase - 0.03)), step.lift if side > 0 else 0.0
    local[arm] = turn((1 - 19 * swing * back) * (1 - lift), 0, side * (7 - tilt + 72 * lift))
    elbow = turn((11 + 8 * swing * (1 - back)) * (1 - lift), side * 8)
    raised = turn(0, 0, side * (tilt + lift * (78 + step.shake)))
    local[arm + 1] = raised @ elbow @ turn(0, 0, -side * tilt)


def bend_leg(local: Array, step: Step, side: int, leg: int, phase: float) -> None:
    bent = step.crouch * np.array((60, 105, 45))
    hip, knee, ankle = step.pace * np.array(leg_angles(phase % 1)) + bent
    local[leg] = turn(hip, side * 4, -side * 2.2)
    local[leg + 1] = turn(-knee - 2)
    local[leg + 2] = turn(ankle + 2)
    local[leg + 3] = turn(np.clip(-(hip - knee + ankle) - 5, 0, 45))


def carried(local: Array) -> tuple[Array, Array]:
    """Each joint's own rotation, carried along the chain of its parents: p -> rotation @ p + shift."""
    joints = rest_joints()
    rotation, shift = np.zeros((len(PARENT), 3, 3)), np.zeros((len(PARENT), 3))
    for i, up in enumerate(PARENT):
        base, moved = (np.eye(3), np.zeros(3)) if up < 0 else (rotation[up], shift[up])
        rotation[i] = base @ local[i]
        shift[i] = base @ joints[i] + moved - rotation[i] @ joints[i]
    return rotation, shift


def stand(rotation: Array, shift: Array) -> None:
    """Lift the body so that the lowest of heels and balls touches the ground, handing over softly."""
    lowest = contacts(rotation, shift)[:, 1]
    shift[:, 1] += 0.012 * np.log(np.exp(-lowest / 0.012).sum()) - 0.004


def contacts(rotation: Array, shift: Array) -> Array:
    """Heel and ball of the left and of the right foot, (4, 3) metres."""
    joints, points = rest_joints(), []
    for foot in (body.L_LEG + 2, body.R_LEG + 2):
        for z in (-0.05, 0.1):
            under = joints[foot] * (1, 0, 1) + (0, 0, z)
            points.append(rotation[foot] @ under + shift[foot])
    return np.array(points)
