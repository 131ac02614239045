"""What a camera makes of a scene: the street behind it, softness, grain and compression."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from scene_camera import Camera
from scene_light import ground_shadow
from scene_noise import Array
from scene_street import HIGH, panorama


class Backdrop:
    """The street as a turning camera sees it."""

    def __init__(self, camera: Camera, seed: int) -> None:
        self.camera = camera
        width, height = camera.size
        focal_px = camera.focal * width
        self.density = focal_px * 1.15
        widest_pan = np.radians(np.abs([degrees for _, degrees in camera.pan]).max())
        limit = widest_pan + np.arctan(0.5 / camera.focal) + 0.15
        self.street = panorama(seed, camera.height, float(limit), self.density)
        self.limit = float(limit)
        x, y = np.meshgrid(np.arange(width) - width / 2 + 0.5, np.arange(height) - height / 2 + 0.5)
        self.ray = np.stack([x, y, np.full_like(x, focal_px)], -1)
        self.column, self.row = self.looks(0.0)

    def looks(self, t: float) -> tuple[Array, Array]:
        """Where each pixel looks on the panorama while the camera's pan is 0: columns and rows."""
        # A nod turns what the camera sees; its inverse turns where it looks.
        nods = tuple((when, -degrees) for when, degrees in self.camera.nods)
        ray = replace(self.camera, nods=nods).nodded(self.ray, t) @ self.camera.axes(0)
        slope = ray[..., 1] / np.hypot(ray[..., 0], ray[..., 2])
        column = ((np.arctan2(ray[..., 0], ray[..., 2]) + self.limit) * self.density).astype(np.float32)
        return column, ((HIGH - slope) * self.density).astype(np.float32)

    def at(self, t: float, casters: list[Array]) -> Array:
        """Grey levels (height, width, 3) at time t, with shadows of the casters' points (V, 3)."""
        column, row = self.looks(t) if self.camera.nods else (self.column, self.row)
        column = column + np.float32(self.camera.yaw(t) * self.density)
        street = cv2.remap(self.street, column, row, cv2.INTER_LINEAR)
        dark = ground_shadow(self.camera, t, casters)
        return street * (1 - dark[..., None] * np.array([0.92, 0.97, 1], np.float32))


def overlay(back: Array, colour: Array, owner: Array) -> Array:
    """`back` (height, width, 3) with colour where there is an owner, each pixel the mean of its samples."""
    height, width = back.shape[:2]
    side = len(owner) // height
    used = np.flatnonzero(owner.any(1)) // side
    if not len(used):
        return back
    first, end = used[0], used[-1] + 1
    fine = slice(first * side, end * side)

    def shrink(picture: Array) -> Array:
        small = cv2.resize(picture[fine], (width, int(end - first)), interpolation=cv2.INTER_AREA)
        return np.asarray(small)

    cover = shrink((owner > 0).astype(np.float32))[..., None]
    back[first:end] = back[first:end] * (1 - cover) + shrink(colour)
    return back


def filmed(picture: Array, rng: np.random.Generator, blur: float, noise: float, jpeg: int) -> Array:
    """Softened by `blur` pixels, with grain of `noise` grey levels, packed as JPEG -> uint8 (H, W, 3)."""
    height, width = picture.shape[:2]
    grain = rng.standard_normal((height // 2 + 1, width, 1), np.float32) * noise
    grain = np.concatenate([grain, -grain[:, ::-1]])[:height]
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), blur) + grain
    packed = cv2.imencode(".jpg", soft.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, jpeg])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
