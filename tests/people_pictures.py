"""Random pictures of people in random poses, and the exact truth of them.

World, pixels and truth are those of the scene modules. `picture(seed, index, size)` is always the same,
whatever was drawn before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from people_looks import random_look
from people_photos import Window, photo
from people_places import Tilted, backdrop, filmed, lit, random_light
from people_poses import proportions, random_pose
from scene_body import COCO_BONE, HEIGHT, Look, coco_points
from scene_film import overlay
from scene_gait import turn
from scene_mesh import Mesh, halves
from scene_noise import Array, ripple
from scene_paint import paint
from scene_raster import Patch, blend, nearest, rasterise
from scene_truth import HIDDEN, OUTSIDE, Posed, Truth, truth_of

from engine.types import Image

PEOPLE = ((0, 0.03), (1, 0.42), (2, 0.25), (3, 0.15), (4, 0.09), (5, 0.06))  #: how many, and how often
TALL = (40.0, 300.0)  #: pixels that 1.7 m take at the foremost person's place
CLOSEST = 1.6  #: metres between the camera and the middle of anybody
APART = 0.45  #: metres between the middles of two people
STEEP = 40.0  #: degrees down at most
CLOSE_UPS = 0.1  #: share of pictures in which they may be twice as tall
COVERED = 0.25  #: share of pictures with something in front of the people
SEATS = 0.6  #: share of those who sit that have something to sit on
PHOTOS = 0.7  #: share of backgrounds from photographs, where there are any
FACE = 5  #: keypoints of the face, the first ones
GRIP = 0.12  #: a joint further outside what is seen of its person (times its longer side) is not labelled


class Figure(NamedTuple):
    """Somebody or something in a picture."""

    posed: Posed
    look: Look | None  #: None of a thing
    colour: Array  #: (3,) of a thing


def picture(
    seed: int, index: int, size: tuple[int, int], windows: Sequence[Window] = ()
) -> tuple[Image, Truth]:
    """A picture of `size` (width, height), (height, width, 3) BGR, and its truth; ids count from 1.

    With `windows`, most backgrounds are parts of photographs.
    """
    rng = np.random.default_rng((seed, index))
    camera, people = view(rng, size)
    figures = [figure for number, spot in enumerate(people, 1) for figure in person(rng, seed, number, spot)]
    if figures and rng.random() < COVERED:
        figures.append(obstacle(rng, people))
    return drawn(rng, camera, figures, windows)


def drawn(
    rng: np.random.Generator, camera: Tilted, figures: list[Figure], windows: Sequence[Window]
) -> tuple[Image, Truth]:
    """The figures before a random backdrop in random light."""
    bodies = [figure.posed for figure in figures]
    width, height = camera.size
    on_film = [camera.on_film(body.points, 0) for body in bodies]
    patches = [
        rasterise(points, body.mesh.triangles, width, height)
        for points, body in zip(on_film, bodies, strict=True)
    ]
    depth, owner = nearest(patches, width, height)
    colour, light = np.zeros((height, width, 3), np.uint8), random_light(rng)
    for number, (figure, points, patch) in enumerate(zip(figures, on_film, patches, strict=True), 1):
        rows, cols = np.nonzero(patch.inside(owner) == number)
        mesh = figure.posed.mesh
        carried = np.column_stack([mesh.rest, figure.posed.normals, mesh.head, mesh.shade])
        values = blend(points, mesh.triangles, patch, rows, cols, carried)
        albedo = coloured(figure, number, values)
        patch.inside(colour)[rows, cols] = lit(light, albedo, values[:, 3:6], values[:, 7])
    back = photo(rng, windows, camera.size) if windows and rng.random() < PHOTOS else backdrop(rng, camera)
    image = filmed(rng, overlay(back, colour, owner))
    return image, as_annotated(truth_of(camera, 0, bodies, patches, owner, depth), bodies, patches, owner)


def coloured(figure: Figure, number: int, values: Array) -> Array:
    """Albedo (N, 3) of a figure's samples; `values` start with the spot on the resting surface."""
    if figure.look is not None:
        return paint(figure.look, values[:, :3], values[:, 6], number)
    return figure.colour * (1 + 0.12 * ripple(values[:, :3], number, (0.1, 0.3, 0.1)))[:, None]


def as_annotated(truth: Truth, bodies: list[Posed], patches: list[Patch], owner: Array) -> Truth:
    """As people would: boxes around what is seen; hidden joints of the face or far outside have no label."""
    boxes, visibility = truth.boxes.copy(), truth.visibility.copy()
    numbers = [number for number, body in enumerate(bodies, 1) if body.id and patches[number - 1].depth.any()]
    for i, number in enumerate(numbers):
        rows, cols = np.nonzero(owner == number)
        if len(rows):
            boxes[i] = cols.min() - 0.5, rows.min() - 0.5, cols.max() + 0.5, rows.max() + 0.5
        margin = GRIP * (boxes[i, 2:] - boxes[i, :2]).max()
        points = truth.keypoints[i]
        unknown = ((points < boxes[i, :2] - margin) | (points > boxes[i, 2:] + margin)).any(1)
        unknown[:FACE] = True
        visibility[i, unknown & (visibility[i] == HIDDEN)] = OUTSIDE
    return Truth(truth.ids, truth.keypoints, visibility, boxes, truth.seen)


def view(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Tilted, Array]:
    """A camera and where people stand before it, (N, 2) metres x and z."""
    width, height = size
    focal = rng.uniform(0.75, 1.7) * max(size)
    tall = TALL[0] * (TALL[1] / TALL[0]) ** rng.uniform() ** 0.55
    tall *= rng.uniform(1, 2) if rng.random() < CLOSE_UPS else 1
    away = max(1.7 * focal / tall, CLOSEST)
    eye = rng.uniform(0.3, 2.2) if rng.random() < 0.75 else rng.uniform(2.2, 4.0)
    eye = min(eye, 0.9 + away * np.tan(np.radians(STEEP)))
    down = np.arctan2(eye - 0.85, away)
    # Who does not fit is cut off below more often than above.
    below = rng.normal(0, 0.12) * height + max(0, tall - height) * rng.uniform(-0.5, 0.3)
    pitch = float(np.degrees(down + np.arctan2(below, focal)))
    camera = Tilted(height=eye, pitch=pitch, focal=focal / width, size=size, roll=rng.normal(0, 3))
    return camera, spots(rng, away, width / focal)


def spots(rng: np.random.Generator, away: float, wide: float) -> Array:
    """Where people stand, (N, 2): one `away` metres from the camera, which sees `wide` metres at 1 m."""
    many = int(rng.choice([n for n, _ in PEOPLE], p=[share for _, share in PEOPLE]))
    out: list[Array] = []
    for _ in range(many * 6):
        z = max(away * (np.exp(rng.uniform(-0.2, 0.6)) if out else 1), CLOSEST)
        side = 0.5 if out and rng.random() < 0.5 else 0.35
        spot = np.array([rng.uniform(-side, side) * wide * z, z])
        if len(out) < many and all(np.linalg.norm(spot - other) > APART for other in out):
            out.append(spot)
    return np.array(out).reshape(-1, 2)


def person(rng: np.random.Generator, seed: int, number: int, spot: Array) -> list[Figure]:
    """Somebody in some pose, facing anywhere, on the ground or in the air; and what they sit on."""
    look, mesh = random_look(rng, seed)
    name, bones, shift, air = random_pose(rng, proportions(rng))
    heading = rng.uniform(-180, 180) if rng.random() < 0.5 else 180 + rng.normal(0, 50)
    posed = placed(look, mesh, (bones, shift), (heading, air), number, spot)
    seated = name == "sit" and rng.random() < SEATS
    return [Figure(posed, look, np.zeros(3)), *(seat(rng, posed, heading) if seated else ())]


def placed(
    look: Look,
    mesh: Mesh,
    pose: tuple[Array, Array],
    stance: tuple[float, float],
    number: int,
    spot: Array,
) -> Posed:
    """A mesh bent by its bones; `stance` is the heading in degrees and the height above the ground."""
    face, scale = turn(yaw=stance[0]), look.height / HEIGHT
    bones, shift = face @ pose[0], pose[1] @ face.T
    blended = (mesh.weights @ bones.reshape(-1, 9)).reshape(-1, 3, 3)
    points = ((blended @ mesh.rest[..., None])[..., 0] + mesh.weights @ shift) * scale
    normals = (blended @ mesh.normal[..., None])[..., 0]
    carriers = list(COCO_BONE)
    joints = ((bones[carriers] @ coco_points()[..., None])[..., 0] + shift[carriers]) * scale
    middle = (points.min(0) + points.max(0)) / 2
    ground = np.array([spot[0] - middle[0], stance[1] - points[:, 1].min(), spot[1] - middle[2]])
    return Posed(mesh, points + ground, normals, joints + ground, number, scale)


def seat(rng: np.random.Generator, posed: Posed, heading: float) -> list[Figure]:
    """A box under somebody who sits, perhaps with a back."""
    hips = posed.joints[11:13].mean(0)
    behind = turn(yaw=heading) @ np.array([0, 0, -1.0])
    high, colour = hips[1] - 0.11 * posed.scale, random_albedo(rng)
    if high < 0.15:
        return []
    wide, deep = rng.uniform(0.3, 0.9), rng.uniform(0.28, 0.4)
    at = hips * (1, 0, 1) + behind * 0.06
    out = [block((wide, high, deep), heading, at, colour)]
    if rng.random() < 0.4:
        tall = high + rng.uniform(0.2, 0.6)
        out.append(block((wide, tall, 0.05), heading, at + behind * (deep / 2 + 0.06), colour))
    return out


def obstacle(rng: np.random.Generator, people: Array) -> Figure:
    """A post, table or beam between the camera and one of the people's spots (N, 2)."""
    x, z = people[rng.integers(len(people))]
    near, kind = z - rng.uniform(0.5, 0.7), rng.random()
    at = np.array([x * near / z + rng.normal(0, 0.35), 0, near])
    size = (rng.uniform(0.08, 0.3), 3.0, rng.uniform(0.05, 0.2))
    if kind < 0.6:
        size = (rng.uniform(0.3, 1.8), rng.uniform(0.3, 1.1), rng.uniform(0.05, 0.3))
    if kind < 0.1:
        at[1], size = rng.uniform(0.6, 1.6), (3.0, rng.uniform(0.05, 0.25), 0.05)
    return block(size, rng.uniform(-30, 30), at, random_albedo(rng))


def random_albedo(rng: np.random.Generator) -> Array:
    return rng.uniform(0.05, 0.9, 3) * rng.uniform(0.4, 1)


def block(size: tuple[float, float, float], heading: float, at: Array, colour: Array) -> Figure:
    """A box of `size` (width, height, depth) that stands on the point `at`."""
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    sides = [np.insert(square, axis, sign, axis=1) for axis in range(3) for sign in (-1, 1)]
    rest = np.concatenate(sides) * np.array(size) / 2
    rest[:, 1] += size[1] / 2
    normal = np.repeat([sign * np.eye(3)[axis] for axis in range(3) for sign in (-1, 1)], 4, axis=0)
    quads = np.arange(24).reshape(6, 4)
    triangles = halves(np.concatenate([quads, quads[:, ::-1]]))
    mesh = Mesh(rest, normal, np.ones(24), np.zeros((24, 0)), np.zeros(24), triangles)
    face = turn(yaw=heading)
    return Figure(Posed(mesh, rest @ face.T + at, normal @ face.T, np.empty((0, 3)), 0, 1.0), None, colour)
