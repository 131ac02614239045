"""What is exactly known of a rendered frame.

Pixels as everywhere in Kinetrail: the centre of the first one is (0, 0). Boxes are continuous edges, so one
that holds exactly the first pixel is (-0.5, -0.5, 0.5, 0.5), and the whole of a picture is (-0.5, -0.5,
width - 0.5, height - 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scene_body import COCO_BONE, PARENT
from scene_camera import Camera
from scene_mesh import Mesh
from scene_noise import Array
from scene_raster import Patch

from engine.types import Array as Float32
from engine.types import Boxes, Poses, freeze

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2
SCORES = np.array([0.0, 0.3, 0.9], np.float32)  #: what a good network says of each visibility

#: Metres of own flesh in front of a joint that still counts as seen: face, shoulders, elbows, wrists, hips,
#: knees, ankles.
COVER = np.array(
    [0.035, *[0.03] * 4, *[0.1] * 2, *[0.075] * 2, *[0.06] * 2, *[0.16] * 2, *[0.1] * 2, *[0.13] * 2]
)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The people in a frame, hidden ones too, in the order of the story's walkers."""

    ids: NDArray[np.int64]  #: (N,)
    keypoints: Float32  #: (N, 17, 2) frame pixels, exact wherever they are
    visibility: NDArray[np.int64]  #: (N, 17) COCO's: 0 outside the picture, 1 hidden, 2 visible
    boxes: Float32  #: (N, 4) left, top, right, bottom of the whole body, hidden or not, cut at the edge
    seen: Float32  #: (N,) share of the body that is in the picture and not covered by others

    def __post_init__(self) -> None:
        n = len(self.ids)
        freeze(self, ids=(n,), keypoints=(n, 17, 2), visibility=(n, 17), boxes=(n, 4), seen=(n,))

    def __len__(self) -> int:
        return len(self.ids)

    def poses(self, seen: float = 0.0) -> Poses:
        """As a perfect network would tell it, of those at least so much seen; scores follow visibility."""
        kept = self.seen >= seen
        boxes = Boxes(self.boxes[kept], self.seen[kept])
        return Poses(boxes, self.keypoints[kept], SCORES[self.visibility[kept]])


class Posed(NamedTuple):
    """A mesh in the world at one moment."""

    mesh: Mesh
    points: Array  #: (V, 3) metres
    normals: Array  #: (V, 3)
    joints: Array  #: (17, 3) COCO's keypoints; (0, 3) for a pillar
    id: int  #: of the walker; 0 for a pillar
    scale: float  #: of the resting body


class Person(NamedTuple):
    """One row of a truth."""

    id: int
    keypoints: Array
    visibility: Array
    box: Array
    seen: float


def truth_of(
    camera: Camera, t: float, bodies: list[Posed], patches: list[Patch], owner: Array, depth: Array
) -> Truth:
    """The truth of a frame from its z-buffers; `bodies` are walkers first, then pillars.

    `owner` and `depth` (height, width) in samples are the nearest mesh, counted from 1, and one over metres.
    """
    side = len(owner) // camera.size[1]
    people = []
    for number, (body, patch) in enumerate(zip(bodies, patches, strict=True), 1):
        if not body.id or not patch.depth.any():
            continue
        mine = patch.inside(owner) == number
        keypoints = camera.on_film(body.joints, t)
        visible = visibility(body, patch, (patch.inside(depth), mine), keypoints, camera.size, side)
        pictured = in_picture(camera.on_film(body.points, t), camera.size).mean()
        seen = pictured * mine.sum() / (patch.depth > 0).sum()
        people.append(Person(body.id, keypoints[:, :2] - 0.5, visible, box_of(patch, side), seen))
    return Truth(
        np.array([p.id for p in people], np.int64),
        np.array([p.keypoints for p in people], np.float32).reshape(-1, 17, 2),
        np.array([p.visibility for p in people], np.int64).reshape(-1, 17),
        np.array([p.box for p in people], np.float32).reshape(-1, 4),
        np.array([p.seen for p in people], np.float32),
    )


def in_picture(on_film: Array, size: tuple[int, int]) -> Array:
    """Which points (N, 3) lie inside the picture -> bool (N,)."""
    x, y = on_film[:, 0], on_film[:, 1]
    return (x >= 0) & (y >= 0) & (x < size[0]) & (y < size[1])


def box_of(patch: Patch, side: int) -> Array:
    """Edges around a mesh's samples in frame pixels, (4,)."""
    rows, cols = np.nonzero(patch.depth)
    edges = (cols.min() + patch.x, rows.min() + patch.y, cols.max() + 1 + patch.x, rows.max() + 1 + patch.y)
    return np.array(edges) / side - 0.5


def visibility(
    body: Posed,
    patch: Patch,
    nearest: tuple[Array, Array],
    keypoints: Array,
    size: tuple[int, int],
    side: int,
) -> Array:
    """COCO's visibility (17,) of keypoints (17, 3) on film.

    A joint is seen when the flesh in front of it is its own, and nothing else stands before that.
    `nearest` is the picture's z-buffer in the patch, and where this body is what is seen.
    """
    depth, mine = nearest
    x, y, z = keypoints.T
    h, w = patch.depth.shape
    row = np.clip((y * side).astype(int) - patch.y, 0, h - 1)
    col = np.clip((x * side).astype(int) - patch.x, 0, w - 1)
    bones, limb, ankle = np.array(COCO_BONE), np.arange(17) >= 7, np.arange(17) >= 15
    ahead = body.mesh.weights[body.mesh.triangles[patch.face[row, col], 0]].argmax(1)
    joined = (ahead == bones) | (ahead == np.array(PARENT)[bones]) | ((ahead == bones + 1) & ankle)
    within = patch.depth[row, col] * (z - COVER * body.scale) < 1
    free = mine[row, col] | (depth[row, col] * z < 1)
    seen = ((limb & joined) | within) & free
    return np.where(in_picture(keypoints, size), np.where(seen, VISIBLE, HIDDEN), OUTSIDE)
