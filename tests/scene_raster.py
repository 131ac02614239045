"""A z-buffer in numpy: meshes to samples of the picture. Screen points count from the picture's corner."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scene_camera import NEAREST
from scene_noise import Array

TOO_CLOSE = 0.3  #: metres; a mesh with a vertex nearer than this is not drawn
DEPTH_STEPS = 2**28  #: of one over a metre


class Patch(NamedTuple):
    """One mesh's z-buffer in its own rectangle of the picture."""

    x: int
    y: int
    depth: Array  #: (h, w) one over metres, 0 where empty
    face: Array  #: (h, w) the triangle

    def inside(self, picture: Array) -> Array:
        """This rectangle of a picture, as a view."""
        h, w = self.depth.shape
        return picture[self.y : self.y + h, self.x : self.x + w]


def rasterise(screen: Array, triangles: Array, width: int, height: int) -> Patch:
    """z-buffer of one mesh of screen points (V, 3); 0 x 0 when none of it can be in the picture.

    Every triangle is spread into the rows it covers, every row into its samples.
    """
    xy, inverse = screen[:, :2] - 0.5, 1 / np.maximum(screen[:, 2], NEAREST)
    x0, y0 = np.maximum(np.floor(xy.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(xy.max(0)) + 1, (width, height)).astype(int)
    if x1 <= x0 or y1 <= y0 or screen[:, 2].min() < TOO_CLOSE:
        return Patch(0, 0, np.zeros((0, 0), np.float32), np.zeros((0, 0), np.int64))
    w, h = x1 - x0, y1 - y0
    row, col, face, z = samples((xy - (x0, y0))[triangles], inverse[triangles], w, h)
    key = np.zeros(h * w, np.int64)
    np.maximum.at(key, row * w + col, (z * DEPTH_STEPS).astype(np.int64) << 32 | face)
    depth = ((key >> 32) / DEPTH_STEPS).astype(np.float32)
    return Patch(int(x0), int(y0), depth.reshape(h, w), (key & 0xFFFFFFFF).reshape(h, w))


def samples(p: Array, inverse: Array, w: int, h: int) -> tuple[Array, Array, Array, Array]:
    """Row, column, triangle and one over depth of every sample of triangles (T, 3, 2) that face us."""
    e1, e2 = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    area = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    top = np.maximum(np.ceil(p[..., 1].min(1)), 0).astype(int)
    bottom = np.minimum(np.floor(p[..., 1].max(1)), h - 1).astype(int)
    face, step = spread(np.where(area > 1e-9, np.maximum(bottom - top + 1, 0), 0))
    y = top[face] + step
    origin, area, dy = p[face, 0], area[face], y - p[face, 0, 1]
    # Barycentric coordinates at the row's x = origin, and how they change along x.
    u, du = -dy * e2[face, 0] / area, e2[face, 1] / area
    v, dv = dy * e1[face, 0] / area, -e1[face, 1] / area
    low, high = -origin[:, 0], w - 1 - origin[:, 0]
    for at, slope in ((u, du), (v, dv), (1 - u - v, -du - dv)):
        root = -at / np.where(slope == 0, 1e-12, slope)
        low = np.where(slope > 0, np.maximum(low, root), low)
        high = np.where(slope < 0, np.minimum(high, root), high)
    start = np.ceil(low + origin[:, 0] - 1e-6).astype(int)
    end = np.floor(high + origin[:, 0] + 1e-6).astype(int)
    row, step = spread(np.maximum(end - start + 1, 0))
    x = start[row] + step
    z = inverse[face]
    along_u, along_v = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    at_origin, change = z[:, 0] + u * along_u + v * along_v, du * along_u + dv * along_v
    return y[row], x, face[row], at_origin[row] + (x - origin[row, 0]) * change[row]


def spread(counts: Array) -> tuple[Array, Array]:
    """Each index as often as its count says, and a running number within it."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)


def blend(screen: Array, triangles: Array, patch: Patch, rows: Array, cols: Array, values: Array) -> Array:
    """Vertex values (V, C) at samples of the patch -> (N, C)."""
    corner = triangles[patch.face[rows, cols]]
    p = (screen[:, :2] - (patch.x + 0.5, patch.y + 0.5)).astype(np.float32)[corner]
    e1, e2 = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    d = np.column_stack([cols, rows]).astype(np.float32) - p[:, 0]
    area = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    u = (d[:, 0] * e2[:, 1] - d[:, 1] * e2[:, 0]) / area
    v = (d[:, 1] * e1[:, 0] - d[:, 0] * e1[:, 1]) / area
    return np.einsum("nk,nkc->nc", np.stack([1 - u - v, u, v], 1), values.astype(np.float32)[corner])


def nearest(patches: list[Patch], width: int, height: int) -> tuple[Array, Array]:
    """All patches in one picture: one over depth (height, width), and whose sample it is, counted from 1."""
    depth, owner = np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8)
    for number, patch in enumerate(patches, 1):
        ahead = patch.inside(depth)
        patch.inside(owner)[patch.depth > ahead] = number
        np.maximum(ahead, patch.depth, out=ahead)
    return depth, owner
