"""Random places: backgrounds, the light, and what a cheap camera makes of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from people_looks import colour
from scene_camera import Camera
from scene_noise import Array, cloud
from scene_street import HIGH, panorama

from engine.types import Image

STREETS = 4  #: views along a street, each drawn once
FIRST_STREET = 900  #: their seeds; nowhere else used
DENSITY = 260.0  #: pixels a radian


@dataclass(frozen=True)
class Tilted(Camera):
    """A camera that is also rolled."""

    roll: float = 0.0  #: degrees clockwise

    def axes(self, yaw: float) -> Array:
        right, down, forward = super().axes(yaw)
        c, s = np.cos(np.radians(self.roll)), np.sin(np.radians(self.roll))
        return np.array([c * right + s * down, c * down - s * right, forward])


class Light(NamedTuple):
    """Where the light comes from."""

    towards: Array  #: (3,) the sun or lamp
    lights: Array  #: (3, 3) its colour, the sky's and the ground's
    gamma: float


def random_light(rng: np.random.Generator) -> Light:
    towards = rng.normal(size=3) * (1, 0.4, 1) + (0, rng.uniform(0.2, 1.6), -0.3)
    tint = rng.normal(1, 0.06, (3, 3))
    strength = np.array([rng.uniform(0.05, 1.0), rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.4)])
    strength *= rng.uniform(0.8, 1.5)
    return Light(towards / np.linalg.norm(towards), tint * strength[:, None], rng.uniform(0.7, 1.0))


def lit(light: Light, albedo: Array, normal: Array, shade: Array) -> Array:
    """Grey levels (N, 3) of a surface."""
    normal = normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9)
    facing, up = np.clip(normal @ light.towards * 0.92 + 0.08, 0, 1), 0.5 * normal[:, 1]
    amount = np.stack([facing, (0.5 + up) * shade, (0.5 - up) * shade], 1) @ light.lights
    return np.clip(np.clip(albedo * amount, 0, 1) ** light.gamma * 255, 0, 255)


def backdrop(rng: np.random.Generator, camera: Camera) -> Array:
    """Something to stand before, float (height, width, 3) in grey levels."""
    kind = rng.random()
    if kind < 0.3:
        back = street(rng, camera)
    elif kind < 0.9:
        back = room(rng, camera)
    else:
        back = np.full((camera.size[1], camera.size[0], 3), 255 * np.array(colour(rng)), np.float32)
    back = back * rng.uniform(0.6, 1.2) * rng.normal(1, 0.05, 3)
    soft = rng.uniform(0.2, 4) if rng.random() < 0.4 else 0.3
    return cv2.GaussianBlur(back.astype(np.float32), (0, 0), soft)


def horizon(camera: Camera) -> float:
    """Its height in the middle of the picture, pixels from the top."""
    return camera.size[1] / 2 - np.tan(np.radians(camera.pitch)) * camera.focal * camera.size[0]


def street(rng: np.random.Generator, camera: Camera) -> Array:
    """Part of a street, its horizon where the camera's is."""
    width, height = camera.size
    view = panorama(FIRST_STREET + int(rng.integers(STREETS)), 1.6, 1.25, DENSITY)
    zoom = camera.focal * width / DENSITY * rng.uniform(0.8, 1.3)
    left = rng.uniform(0, max(view.shape[1] * zoom - width, 1))
    move = np.array([[zoom, 0, -left], [0, zoom, horizon(camera) - HIGH * DENSITY * zoom]])
    if rng.random() < 0.5:
        view = view[:, ::-1]
    out = cv2.warpAffine(view, move, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    return out.astype(np.float32)


def room(rng: np.random.Generator, camera: Camera) -> Array:
    """Ground and wall, with things on and before them."""
    width, height = camera.size
    back = surface(rng, height, width)
    foot = int(np.clip(horizon(camera) + rng.uniform(0, 0.35) * height, 0, height))
    back[foot:] = surface(rng, height - foot, width) if foot < height else back[foot:]
    for _ in range(int(rng.integers(0, 22))):
        thing(rng, back, foot)
    return back


def surface(rng: np.random.Generator, height: int, width: int) -> Array:
    """Grey levels of a wall or ground: a run of two colours, stains, grain, perhaps boards."""
    one, other = np.array(colour(rng)), np.array(colour(rng))
    across = np.linspace(0, 1, height)[:, None, None] * rng.uniform(-0.6, 0.6)
    tone = 1 + rng.uniform(0, 0.25) * cloud(rng, (height, width), rng.uniform(15, 90))
    tone += rng.uniform(0, 0.15) * cloud(rng, (height, width), rng.uniform(1, 6))
    if rng.random() < 0.35:
        period, column = rng.uniform(6, 50), rng.random() < 0.6
        wave = np.arange(width)[None] if column else np.arange(height)[:, None]
        tone *= np.where((wave % period) < rng.uniform(1, 0.5 * period), rng.uniform(0.6, 1.2), 1)
    return np.clip((one + (other - one) * np.abs(across)) * tone[..., None] * 255, 0, 255).astype(np.float32)


def thing(rng: np.random.Generator, back: Array, foot: int) -> None:
    """A box, ball, bar or board in a random colour, many of them standing on the ground."""
    height, width = back.shape[:2]
    paint = tuple(255 * np.array(colour(rng)))
    x, y = int(rng.uniform(0, width)), int(rng.normal(foot, 0.25 * height))
    w, h = (int(s * np.exp(rng.normal(0, 0.8))) + 1 for s in (0.1 * width, 0.15 * height))
    shape = rng.random()
    if shape < 0.4:
        cv2.rectangle(back, (x, y - h), (x + w, y), paint, -1)
        if rng.random() < 0.5:
            cv2.rectangle(back, (x, y - h), (x + w, y), tuple(255 * np.array(colour(rng))), max(1, w // 10))
    elif shape < 0.6:
        cv2.ellipse(back, (x, y), (w // 2 + 1, h // 2 + 1), rng.uniform(0, 180), 0, 360, paint, -1)
    elif shape < 0.8:
        far = (int(x + rng.normal(0, 0.3 * width)), int(y + rng.normal(0, 0.3 * height)))
        cv2.line(back, (x, y), far, paint, int(rng.uniform(1, 12)), cv2.LINE_AA)
    else:
        corners = rng.normal((x, y), (w, h), (int(rng.integers(3, 7)), 2)).astype(np.int32)
        cv2.fillPoly(back, [corners], paint, cv2.LINE_AA)


def filmed(rng: np.random.Generator, picture: Array) -> Image:
    """What arrives of a picture (H, W, 3): light, contrast, softness, movement, grain."""
    contrast, level = rng.uniform(0.7, 1.25), rng.uniform(-15, 30)
    picture = (picture.astype(np.float32) - 110) * contrast + 110 + level
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 1.1))
    if rng.random() < 0.12:
        reach, slope = int(rng.integers(1, 4)), int(rng.integers(-3, 4))
        streak = np.zeros((7, 7), np.float32)
        for end in (-1, 1):  # the same to both sides, so that nothing is moved
            cv2.line(streak, (3, 3), (3 + end * reach, 3 + end * slope), 1.0)
        picture = cv2.filter2D(picture, -1, streak / streak.sum())
    if rng.random() < 0.04:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    grain = rng.standard_normal(picture.shape[:2], np.float32)[..., None] * rng.uniform(0, 7)
    if rng.random() < 0.5:
        grain = grain + rng.standard_normal(picture.shape, np.float32) * rng.uniform(0, 3)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)
