"""Surfaces: a person meshed from the signed distances of their limbs, and a round pillar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scene_body import PARENT, Limb, Look, body_limbs, hair_edge, head_limbs
from scene_noise import Array, ripple


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the resting pose."""

    rest: Array  #: (V, 3) metres
    normal: Array  #: (V, 3)
    shade: Array  #: (V,) share of the ambient light that gets there
    weights: Array  #: (V, 19) how much each bone carries a vertex; (V, 0) where nothing moves
    head: Array  #: (V,) 1 on the head
    triangles: Array  #: (T, 3) vertex numbers


@dataclass(frozen=True)
class Pillar:
    """A round pillar standing on the ground, metres."""

    x: float
    z: float
    radius: float = 0.3
    height: float = 3.6


@dataclass(frozen=True, eq=False)
class Solid:
    """The smooth union of limbs, with folds in its surface."""

    limbs: list[Limb]
    soft: float  #: metres over which limbs melt into each other
    fold: Callable[[Array], Array]

    def __call__(self, p: Array) -> Array:
        """Signed distance of points (N, 3) -> (N,) metres, negative inside."""
        near = np.exp(-np.clip(distances(self.limbs, p), -0.3, 0.6) / self.soft)
        return -self.soft * np.log(near.sum(0)) + self.fold(p)

    def bounds(self, margin: float) -> tuple[Array, Array]:
        """Opposite corners of a box around all limbs."""
        reach = [max(s.ra, s.rb) * s.scale for s in self.limbs]
        low = np.min([np.minimum(s.a, s.b) - r for s, r in zip(self.limbs, reach, strict=True)], 0)
        high = np.max([np.maximum(s.a, s.b) + r for s, r in zip(self.limbs, reach, strict=True)], 0)
        return low - margin, high + margin


def distances(limbs: list[Limb], p: Array) -> Array:
    """Signed distance of points (N, 3) from each limb -> (limbs, N) metres."""
    out = np.empty((len(limbs), len(p)), np.float32)
    for row, s in zip(out, limbs, strict=True):
        q, a = p / s.scale, s.a / s.scale
        axis = s.b / s.scale - a
        u = np.clip((q - a) @ axis / (axis @ axis), 0, 1)
        away = np.linalg.norm(q - a - u[:, None] * axis, axis=1)
        row[:] = (away - s.ra - (s.rb - s.ra) * u) * s.scale.min()
        if s.cut is not None:
            np.maximum(row, s.cut(p), out=row)
    return out


@lru_cache(maxsize=32)
def person_mesh(look: Look, seed: int) -> Mesh:
    """The clothed body and, finer, the head."""

    def cloth(p: Array) -> Array:
        return 0.0024 * ripple(p, seed, (0.045, 0.08, 0.045)) * (p[:, 1] > 0.1)

    def strands(p: Array) -> Array:
        return 0.002 * ripple(p, seed + 1, (0.01, 0.05, 0.02)) * (p[:, 1] > hair_edge(look, p) + 0.01)

    body = mesh_of(Solid(body_limbs(look), 0.014, cloth), 0.02)
    head = mesh_of(Solid(head_limbs(look), 0.007, strands), 0.011)
    return Mesh(
        np.concatenate([body.rest, head.rest]),
        np.concatenate([body.normal, head.normal]),
        np.concatenate([body.shade, head.shade]),
        np.concatenate([body.weights, head.weights]),
        np.repeat([0.0, 1.0], [len(body.rest), len(head.rest)]),
        np.concatenate([body.triangles, head.triangles + len(body.rest)]),
    )


def mesh_of(solid: Solid, step: float) -> Mesh:
    """The surface of a solid on a grid of `step` metres, each vertex carried by the bones nearest to it."""
    low, high = solid.bounds(3 * step)
    size = np.ceil((high - low) / step).astype(int)
    grid = np.moveaxis(np.indices(tuple(size)), 0, -1).reshape(-1, 3)
    points, quads = surface_net(solid(grid * step + low).reshape(size))
    p = points * step + low
    normal = np.stack([solid(p + e) - solid(p - e) for e in np.eye(3) * 0.004], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    p = p - normal * np.clip(solid(p), -0.3 * step, 0.3 * step)[:, None]
    shade = np.clip(np.mean([solid(p + normal * h) / h for h in (0.03, 0.08, 0.15)], 0), 0.25, 1)
    near = np.exp(-np.maximum(distances(solid.limbs, p), -0.02) / 0.018) + 1e-9
    bones = np.array([s.bone for s in solid.limbs])
    weights = np.stack([near[bones == b].sum(0) for b in range(len(PARENT))], 1)
    weights /= weights.sum(1, keepdims=True)
    return Mesh(p, normal, shade, weights, np.zeros(len(p)), halves(quads))


def surface_net(d: Array) -> tuple[Array, Array]:
    """Zero surface of a grid of signed distances by naive surface nets (after Gibson 1998).

    One vertex in each cell the surface passes, at the mean of its crossings of the cell's edges: (V, 3) in
    grid steps; one quadrilateral for each grid edge that is crossed: (Q, 4) vertex numbers.
    """
    corners = np.indices((2, 2, 2)).reshape(3, 8).T
    inside = d < 0
    views = [tuple(slice(o, n - 1 + o) for o, n in zip(c, d.shape, strict=True)) for c in corners]
    count = np.sum([inside[view] for view in views], axis=0)
    cells = np.argwhere((count > 0) & (count < 8))
    value = np.stack([d[tuple((cells + c).T)] for c in corners], 1)
    total, crossings = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for i, j in combinations(range(8), 2):
        if np.abs(corners[i] - corners[j]).sum() > 1:
            continue
        cross = (value[:, i] < 0) != (value[:, j] < 0)
        u = np.where(cross, value[:, i] / np.where(cross, value[:, i] - value[:, j], 1), 0)
        total += cross[:, None] * (corners[i] + u[:, None] * (corners[j] - corners[i]))
        crossings += cross
    number = np.full(d.shape, -1)
    number[tuple(cells.T)] = np.arange(len(cells))
    quads = np.concatenate([crossed_edges(inside, number, axis) for axis in range(3)])
    return cells + total / crossings[:, None], quads


def crossed_edges(inside: Array, number: Array, axis: int) -> Array:
    """Quadrilaterals (Q, 4) around the grid edges along `axis` that leave or enter the solid, facing out."""
    first, second = np.eye(3, dtype=int)[(axis + 1) % 3], np.eye(3, dtype=int)[(axis + 2) % 3]
    at = np.argwhere(inside != np.roll(inside, -1, axis))
    ring = (0 * first, first, first + second, second)
    quads = np.stack([number[tuple((at - o).T)] for o in ring], 1)
    return np.where(inside[tuple(at.T)][:, None], quads, quads[:, ::-1])


def halves(quads: Array) -> Array:
    """Quadrilaterals (Q, 4) as triangles (2 Q, 3)."""
    return np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])


def pillar_mesh(pillar: Pillar) -> Mesh:
    """32 faces around and 24 up, a little wider at the foot."""
    sides, rows = 32, 24
    around, up = np.meshgrid(
        np.linspace(0, 2 * np.pi, sides + 1), np.linspace(0, pillar.height, rows + 1), indexing="ij"
    )
    normal = np.stack([np.sin(around), 0 * up, np.cos(around)], -1).reshape(-1, 3)
    radius = pillar.radius * np.where(up < 0.3, 1.15, 1).reshape(-1, 1)
    p = normal * radius + np.stack([0 * up + pillar.x, up, 0 * up + pillar.z], -1).reshape(-1, 3)
    i = (np.arange(sides)[:, None] * (rows + 1) + np.arange(rows)).ravel()
    triangles = halves(np.stack([i, i + rows + 1, i + rows + 2, i + 1], 1))
    shade = np.clip(0.6 + up.ravel(), 0, 1)
    return Mesh(p, normal, shade, np.zeros((len(p), 0)), np.zeros(len(p)), triangles)
