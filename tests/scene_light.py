"""Sun, sky and shadow."""

from __future__ import annotations

import cv2
import numpy as np
from scene_camera import Camera
from scene_gait import turn
from scene_noise import Array

SUN = np.array([-0.48, 0.72, -0.5]) / np.linalg.norm([-0.48, 0.72, -0.5])  #: towards it
LIGHTS = np.array([(0.72, 0.8, 0.86), (0.52, 0.47, 0.43), (0.2, 0.22, 0.24)], np.float32)  #: sun, sky, ground
CELL = 0.03  #: metres, of the map of shadows on the ground
GROUND = (480, 800)  #: cells of that map along z and x
CORNER = (12, -0.5)  #: metres from the map's first cell to the camera, along x and z


def sunlight(bodies: list[Array]) -> list[Array]:
    """How much sun reaches each vertex, 0 to 1: a coarse depth map of all bodies seen from the sun."""
    if not bodies:
        return []
    side = np.cross(SUN, (0, 1, 0))
    side /= np.linalg.norm(side)
    every = np.concatenate(bodies)
    uv, near = np.column_stack([every @ side, every @ np.cross(side, SUN)]) / 0.025, every @ SUN
    uv = (uv - uv.min(0)).astype(int) + 1
    depth = np.full(uv.max(0) + 2, -1e9)
    np.maximum.at(depth, (uv[:, 0], uv[:, 1]), near)
    depth = cv2.dilate(depth.astype(np.float32), np.ones((2, 2)))
    around = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    blocked = sum(depth[uv[:, 0] + a, uv[:, 1] + b] > near + 0.07 for a, b in around) / 5
    return np.split(1 - blocked, np.cumsum([len(b) for b in bodies])[:-1])


def lit(albedo: Array, normal: Array, shade: Array, sun: Array) -> Array:
    """Grey levels (N, 3) of a surface under the sun, the sky and the light from the ground."""
    normal = normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9)
    facing = np.clip(normal @ SUN.astype(np.float32) * 0.92 + 0.08, 0, 1)
    up = 0.5 * normal[:, 1]
    light = np.stack([facing * sun, (0.5 + up) * shade, (0.5 - up) * shade], 1) @ LIGHTS
    return np.clip((albedo * light).astype(np.float32) ** 0.87 * 255, 0, 255)


def ground_shadow(camera: Camera, t: float, casters: list[Array]) -> Array:
    """Darkness (height, width), 0 to 1, that the casters' points (V, 3) throw on the ground in view."""
    ground = np.zeros((2, *GROUND), np.float32)
    for p in casters:
        for layer, q in enumerate((p - SUN * (p[:, 1:2] / SUN[1]), p[p[:, 1] < 0.25])):
            col, row = ((q[:, [0, 2]] + CORNER) / CELL).astype(int).T
            ok = (col >= 0) & (col < GROUND[1]) & (row >= 0) & (row < GROUND[0])
            ground[layer, row[ok], col[ok]] = 1
    cast = cv2.GaussianBlur(cv2.dilate(ground[0], np.ones((3, 3))), (0, 0), 1.6)
    contact = np.minimum(cv2.GaussianBlur(ground[1], (0, 0), 2.2) * 1.3, 1)
    dark = 1 - (1 - 0.52 * cast) * (1 - 0.45 * contact)
    square = np.array([(-3, 0, 3), (3, 0, 3), (3, 0, 14), (-3, 0, 14)], float)
    square = square @ turn(yaw=np.degrees(camera.yaw(t))).T
    on_map = ((square[:, [0, 2]] + CORNER) / CELL - 0.5).astype(np.float32)
    in_frame = camera.project(square, t)[:, :2].astype(np.float32)
    to_frame = cv2.getPerspectiveTransform(on_map, in_frame)
    return np.asarray(cv2.warpPerspective(dark, to_frame, camera.size, flags=cv2.INTER_LINEAR))
