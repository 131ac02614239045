"""The street behind the people, drawn once on a cylinder round a camera that only turns.

Colours are BGR, 0 to 1. Textures are flat and 40 m wide: the ground at 2 cm a cell, the fronts and trees at
2 cm, the far hedge at 5.6 cm. A fourth channel is cover.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from scene_noise import Array, cloud

HIGH, LOW = 0.62, -0.85  #: slopes of the panorama's first and last row
WALLS = (
    (0.45, 0.5, 0.62), (0.3, 0.36, 0.55), (0.62, 0.68, 0.7),
    (0.5, 0.5, 0.5), (0.35, 0.45, 0.6), (0.58, 0.6, 0.52),
)  # fmt: skip
GAP = 3  #: the number of the house that is missing


@lru_cache(maxsize=8)
def panorama(seed: int, eye: float, limit: float, density: float) -> Array:
    """The street from `eye` metres above the ground, uint8 (rows, columns, 3).

    Columns are angles from -limit to limit radians, rows are slopes from HIGH down to LOW, `density` of them
    to a radian.
    """
    rng = np.random.default_rng(seed)
    angle = np.arange(-limit, limit, 1 / density).astype(np.float32)[None]
    slope = np.arange(HIGH, LOW, -1 / density).astype(np.float32)[:, None]
    out = sky(rng, slope, angle)
    below = slope[:, 0] < 0
    out[below] = ground(rng, slope, angle, eye)[below]
    layers = (
        (hedge(rng), 26.0, 18),
        (houses(rng), 15.0, 50),
        (trees(rng), 12.3, 50),
    )
    for texture, far, finer in layers:
        u = (np.tan(angle) * far + 20) * finer % 2000 + 0 * slope
        v = 400 - (eye + slope * far / np.cos(angle)) * finer
        layer = cv2.remap(texture, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
        out += (layer[..., :3] - out) * layer[..., 3:]
    return (cv2.GaussianBlur(np.clip(out, 0, 1), (0, 0), 1.1) * 255).astype(np.uint8)


def sky(rng: np.random.Generator, slope: Array, angle: Array) -> Array:
    out = np.array([0.9, 0.8, 0.68]) + slope[..., None] * np.array([0.1, -0.2, -0.5])
    out = out + np.zeros((len(slope), angle.size, 1))
    return (out + 0.05 * cloud(rng, out.shape[:2], 220)[..., None]).astype(np.float32)


def ground(rng: np.random.Generator, slope: Array, angle: Array, eye: float) -> Array:
    """The paving in perspective, fading into the haze 14 m away."""
    away = eye / np.maximum(-slope, 0.02)
    x, z = (np.sin(angle) * away + 20) * 50, np.cos(angle) * away * 50
    near = cv2.remap(
        paving(rng),
        x.astype(np.float32),
        z.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    haze = np.array([0.3, 0.42, 0.38], np.float32)
    return near + (haze - near) * np.clip(away / 12 - 1.2, 0, 1)[..., None]


def paving(rng: np.random.Generator) -> Array:
    """40 x 30 m of ground: slabs with fallen leaves, a kerb, grass."""
    h, w = 1500, 2000
    row, col = np.divmod(np.arange(h)[:, None] * 1 + np.zeros((1, w), int), 24)
    column, inset = np.divmod(np.arange(w)[None] + 18 * (row % 2), 36)
    tone = rng.normal(0, 0.035, (100, 100))[row % 100, column % 100]
    joint = (col < 1) | (inset < 1)
    grain = 0.04 * cloud(rng, (h, w), 90) + 0.03 * cloud(rng, (h, w), 12) + 0.035 * cloud(rng, (h, w), 1.5)
    slab = np.array([0.5, 0.55, 0.58]) * (1 + tone + grain)[..., None] * np.where(joint, 0.72, 1)[..., None]
    lawn = 1 + 0.12 * cloud(rng, (h, w), 60) + 0.25 * cloud(rng, (h, w), 2.5)
    kerb, end = 470, 486
    slab[kerb:end] = np.array([0.6, 0.62, 0.63]) * (1 + grain[kerb:end])[..., None]
    slab[end:] = (np.array([0.16, 0.36, 0.3]) * lawn[..., None])[end:]
    for _ in range(250):
        x, y = int(rng.uniform(0, w)), int(rng.uniform(0, 620))
        leaf = rng.uniform(0, 180)
        colour = tuple(np.array([0.15, 0.4, 0.55]) * rng.uniform(0.5, 1.1))
        cv2.ellipse(slab, (x, y), (3, 2), leaf, 0, 360, colour, -1)
    return slab.astype(np.float32)


def houses(rng: np.random.Generator) -> Array:
    """40 x 8 m of fronts with cover, the ground at the bottom."""
    h, w = 400, 2000
    out = np.zeros((h, w, 4), np.float32)
    x = 0
    for number, colour in enumerate(WALLS):
        wide = int(rng.uniform(280, 420))
        if number != GAP:
            wall = front(rng, int(rng.uniform(300, 400)), wide, np.array(colour) * 0.85)
            part = out[h - len(wall) :, x : x + wide]
            part[..., :3], part[..., 3] = wall[:, : part.shape[1]], 1
        x += wide
    return out


def front(rng: np.random.Generator, tall: int, wide: int, colour: Array) -> Array:
    """A brick wall with two rows of windows, (tall, wide, 3)."""
    rows, cols = np.mgrid[0:tall, 0:wide]
    brick = ((rows % 5 == 0) | ((cols + 6 * (rows // 5 % 2)) % 12 == 0)) * 0.1
    tone = 1 - brick + 0.05 * cloud(rng, (tall, wide), 40) + 0.05 * cloud(rng, (tall, wide), 3)
    wall = colour * tone[..., None]
    for floor in range(2):
        for x in range(25, wide - 70, 95):
            window(rng, wall, x, tall - 135 - 150 * floor, 80 if floor else 110)
    wall[-25:] *= 0.6
    wall[:8] *= 1.25
    return wall


def window(rng: np.random.Generator, wall: Array, x: int, y: int, tall: int) -> None:
    """A framed pane with a reflection, 60 cells wide; none where the wall is too low."""
    glass = np.array([0.3, 0.26, 0.22]) * rng.uniform(0.5, 1.5)
    if y < 10:
        return
    frame = (0.7, 0.72, 0.74)
    cv2.rectangle(wall, (x - 5, y - 5), (x + 65, y + tall + 5), (0.75, 0.78, 0.8), -1)
    cv2.rectangle(wall, (x, y), (x + 60, y + tall), tuple(glass), -1)
    wall[y : y + tall, x : x + 60] += np.linspace(0.22, 0, tall)[:, None, None] * rng.uniform(0.2, 1)
    cv2.line(wall, (x + 30, y), (x + 30, y + tall), frame, 3)
    cv2.line(wall, (x, y + 35), (x + 60, y + 35), frame, 3)


def hedge(rng: np.random.Generator) -> Array:
    return greenery(rng, 3.2, range(0))


def trees(rng: np.random.Generator) -> Array:
    return greenery(rng, 6.5, range(120, 2000, 430))


def greenery(rng: np.random.Generator, leaf: float, trunks: range) -> Array:
    """A hedge, and a tree on each trunk, of leaves `leaf` cells long, (400, 2000, 4)."""
    h, w = 400, 2000
    out = np.zeros((h, w, 4), np.float32)
    for x in trunks:
        cv2.line(out, (x, h), (x + 8, 150), (0.16, 0.2, 0.25, 1), 16)
    along = rng.uniform(0, w, int(240000 / leaf**2))
    blobs = [
        (x, h - 62 * rng.beta(1, 1.3) * (1 + 0.12 * np.sin(x / 23) + 0.1 * np.sin(x / 7.7))) for x in along
    ]
    for x in trunks:
        clumps = [(x + rng.normal(0, 55), 100 + rng.normal(0, 35), rng.uniform(25, 48)) for _ in range(9)]
        for cx, cy, r in clumps:
            spread = rng.normal(size=(int(9000 / leaf**2), 2))
            spread /= np.maximum(np.linalg.norm(spread, axis=1, keepdims=True) / 1.6, 1)
            blobs += [(cx + a * r * 0.7, cy + b * r * 0.5) for a, b in spread]
    for x, y in sorted(blobs, key=lambda b: b[1] + rng.normal(0, 12), reverse=True):
        tone = rng.uniform(0.35, 0.8) + 0.45 * (rng.random() < 0.3)
        axes = (int(leaf * rng.uniform(0.4, 1)), max(1, int(leaf * 0.5)))
        turned = rng.uniform(0, 180)
        colour = (0.13 * tone, 0.34 * tone, 0.26 * tone * rng.uniform(0.8, 1.2), 1)
        cv2.ellipse(out, (int(x), int(y)), axes, turned, 0, 360, colour, -1)
    return out
