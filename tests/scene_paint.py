"""Colour of skin, hair, clothes and concrete by place on the resting surface. Albedo is BGR, 0 to 1."""

from __future__ import annotations

import numpy as np
from scene_body import ARM_TILT, Colour, Look, hair_edge
from scene_noise import Array, ripple


def concrete(p: Array, seed: int) -> Array:
    """Albedo (N, 3) of a pillar at points (N, 3): grain, and a joint every 1.2 m."""
    grain = 0.08 * ripple(p, seed, (0.3, 0.5, 0.3), 6) + 0.05 * ripple(p, seed, (0.04, 0.05, 0.04), 12)
    grain = grain - 0.3 * (np.abs(p[:, 1] % 1.2 - 0.6) < 0.008)
    return np.array([0.5, 0.54, 0.57]) * (1 + grain)[:, None]


class Coat:
    """Points of a resting body while they are painted, one layer over the other."""

    def __init__(self, look: Look, p: Array, head: Array, seed: int) -> None:
        self.look, self.seed, self.p = look, seed, p
        self.x, self.y, self.z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
        self.head = head > 0.5
        s, c = np.sin(ARM_TILT), np.cos(ARM_TILT)
        self.along = (self.x - 0.178) * s + (1.425 - self.y) * c  # metres down the arm
        off = (self.x - 0.178) * c - (1.425 - self.y) * s
        self.arm = (np.abs(off) < 0.1) & (self.along > 0.05) & (head < 0.5)
        self.upper = self.y > 0.87
        self.soft = ripple(p, seed + 2, (0.03, 0.07, 0.03), 8)[:, None]
        self.rough = ripple(p, seed + 3, (0.006, 0.006, 0.006), 6)[:, None]
        cloth = np.where(self.upper[:, None], look.top, look.bottom)
        self.albedo = cloth * (1 + 0.07 * self.soft + 0.05 * self.rough)

    def put(self, where: Array, colour: Colour | Array, amount: float = 1.0) -> None:
        self.albedo[where] += (np.asarray(colour) - self.albedo[where]) * amount

    def oval(self, cx: float, cy: float, rx: float, ry: float) -> Array:
        """Where the face lies inside an ellipse, in front and on both sides."""
        inside = ((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2 < 1
        return self.head & (self.z > 0.03) & inside


def paint(look: Look, p: Array, head: Array, seed: int) -> Array:
    """Albedo (N, 3) of points (N, 3) of the resting body; `head` (N,) is 1 on the head."""
    coat = Coat(look, p, head, seed)
    paint_clothes(coat)
    paint_skin(coat)
    paint_shoes(coat)
    paint_face(coat)
    paint_hair(coat)
    return np.clip(coat.albedo, 0.01, 1)


def paint_clothes(c: Coat) -> None:
    look, x, y, z = c.look, c.x, c.y, c.z
    if look.stripes:
        c.put(c.upper & (np.sin(np.where(c.arm, c.along, y) * 120) > 0.2), look.stripes, 0.9)
    if look.inner:
        c.put(c.upper & (x < 0.035 + 0.05 * (y - 0.9)) & (z > 0.02) & ~c.arm, look.inner)
    hem, pocket = c.upper & (y < 0.9) & ~c.arm, (np.abs(y - 0.93) < 0.02) & (np.abs(x - 0.1) < 0.05)
    fly, side_seam = (x < 0.006) & (z > 0.04) & (y < 0.87) & (y > 0.8), (np.abs(z) < 0.006) & (y < 0.86)
    c.put(hem, np.multiply(look.top, 0.75))
    c.put(pocket & (z > 0.05), np.multiply(look.top, 0.7))
    c.put(fly, np.multiply(look.bottom, 0.6))
    c.put(side_seam & ~c.arm, np.multiply(look.bottom, 0.8))


def paint_skin(c: Coat) -> None:
    look, x, y = c.look, c.x, c.y
    skin = np.asarray(look.skin) * (1 + 0.04 * c.soft + 0.03 * c.rough)
    throat = (y > 1.455 + 0.5 * np.maximum(x - 0.05, 0) - 0.2 * c.z) & (x < 0.09)
    bare = (c.arm & (c.along > look.sleeve)) | ((y < look.cuff) & ~c.arm) | c.head | throat
    c.albedo[bare] = skin[bare]
    c.put(c.arm & (np.abs(c.along - look.sleeve) < 0.012), np.multiply(look.top, 0.7))


def paint_shoes(c: Coat) -> None:
    look, y = c.look, c.y
    c.put((y < 0.14) & (y > 0.085) & (look.cuff > 0.13), (0.75, 0.75, 0.75))
    c.put((y < 0.088) & (y > 0.02), look.shoes)
    c.put((y < 0.105) & (y > 0.07) & (c.z > -0.01), np.multiply(look.shoes, 0.7))
    c.put(y < 0.022, (0.6, 0.6, 0.6) if look.cuff > 0.2 else (0.1, 0.1, 0.1))


def paint_face(c: Coat) -> None:
    skin, hair = c.look.skin, c.look.hair
    c.put(c.oval(0.034, 1.644, 0.026, 0.018), np.multiply(skin, (0.62, 0.66, 0.76)), 0.7)  # eye socket
    c.put(c.oval(0.033, 1.641, 0.0155, 0.0072), (0.8, 0.82, 0.84))
    c.put(c.oval(0.033, 1.641, 0.0075, 0.0078), (0.06, 0.07, 0.09))
    c.put(c.oval(0.034, 1.6485, 0.018, 0.0032), (0.05, 0.05, 0.07), 0.85)  # lashes
    c.put(c.oval(0.035, 1.664, 0.021, 0.0048), np.multiply(hair, 0.8), 0.85)  # brow
    c.put(c.oval(0, 1.566, 0.025, 0.0075), np.multiply(skin, (0.55, 0.5, 0.8)), 0.9)  # lips
    c.put(c.oval(0, 1.5665, 0.025, 0.0016), (0.1, 0.08, 0.2), 0.8)
    c.put(c.oval(0.009, 1.5955, 0.0045, 0.003), (0.1, 0.12, 0.22), 0.8)  # nostrils
    c.put(c.oval(0.045, 1.6, 0.02, 0.02), np.multiply(skin, (0.85, 0.85, 1.06)), 0.5)  # cheeks


def paint_hair(c: Coat) -> None:
    strands = np.asarray(c.look.hair) * (1 + 0.3 * ripple(c.p, c.seed + 4, (0.006, 0.05, 0.008), 8)[:, None])
    ear = (c.x > 0.07) & (((c.y - 1.625) / 0.038) ** 2 + ((c.z + 0.004) / 0.026) ** 2 < 1)
    hair = c.head & (c.y > hair_edge(c.look, c.p))
    if not c.look.long_hair:
        hair &= ~ear
    c.albedo[hair] = strands[hair]
