"""A street with believable people, drawn in software (numpy and OpenCV), and the exact truth of every frame.

World: metres, x to the right, y up, z away from the camera. A story is a function of time, so any frame rate
works: `Scene(demo()).frame(2.5)` gives the picture and the truth at 2.5 s. `scene_clips` makes clips of it.
"""

from __future__ import annotations

import numpy as np
from scene_acts import Jump, Spin
from scene_body import COCO_BONE, HEIGHT, PARENT, Look, coco_points
from scene_camera import Camera
from scene_film import Backdrop, filmed, overlay
from scene_gait import Motion, Walker, pose, turn
from scene_light import lit, sunlight
from scene_mesh import Mesh, Pillar, person_mesh, pillar_mesh
from scene_noise import Array
from scene_paint import concrete, paint
from scene_raster import Patch, blend, nearest, rasterise
from scene_stories import Story, crossing, crowd, demo, hidden, nobody
from scene_truth import Posed, Truth, truth_of

from engine.types import Image

__all__ = [
    "Camera", "Jump", "Look", "Pillar", "Scene", "Spin", "Story", "Truth", "Walker",
    "crossing", "crowd", "demo", "hidden", "nobody",
]  # fmt: skip


class Scene:
    """Draws a story's frames. What does not move is built once, here: 1 to 4 seconds."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.people = [(w, person_mesh(w.look, w.id), Motion(w)) for w in story.walkers]
        meshes = [pillar_mesh(p) for p in story.pillars]
        self.pillars = [Posed(m, m.rest, m.normal, np.empty((0, 3)), 0, 1.0) for m in meshes]
        self.backdrop = Backdrop(story.camera, story.seed)

    def posed(self, t: float) -> list[Posed]:
        """Everything that throws a shadow at time t, walkers first, in the order of the story."""
        return [bent(w, mesh, motion, t) for w, mesh, motion in self.people] + self.pillars

    def frame(self, t: float) -> tuple[Image, Truth]:
        """The picture (height, width, 3) BGR and the truth at time t in seconds."""
        story, camera, side = self.story, self.story.camera, self.story.samples
        width, height = camera.size[0] * side, camera.size[1] * side
        bodies = self.posed(t)
        screens = [camera.on_film(b.points, t) * (side, side, 1) for b in bodies]
        patches = [
            rasterise(s, b.mesh.triangles, width, height) for s, b in zip(screens, bodies, strict=True)
        ]
        depth, owner = nearest(patches, width, height)
        colour = self.coloured(bodies, screens, patches, owner)
        picture = overlay(self.backdrop.at(t, [b.points for b in bodies]), colour, owner)
        rng = np.random.default_rng((story.seed, round(t * 1e4)))
        image = filmed(picture, rng, story.blur, story.noise, story.jpeg)
        return image, truth_of(camera, t, bodies, patches, owner, depth)

    def coloured(
        self, bodies: list[Posed], screens: list[Array], patches: list[Patch], owner: Array
    ) -> Array:
        """The lit surface at every sample that has an owner, uint8 (height, width, 3)."""
        colour = np.zeros((*owner.shape, 3), np.uint8)
        suns = sunlight([b.points for b in bodies])
        for i, (body, screen, patch, sun) in enumerate(zip(bodies, screens, patches, suns, strict=True)):
            rows, cols = np.nonzero(patch.inside(owner) == i + 1)
            mesh = body.mesh
            carried = np.column_stack([mesh.rest, body.normals, mesh.head, mesh.shade, sun])
            values = blend(screen, mesh.triangles, patch, rows, cols, carried)
            spot, normal, (head, shade, light) = values[:, :3], values[:, 3:6], values[:, 6:].T
            look = self.story.walkers[i].look if body.id else None
            albedo = paint(look, spot, head, body.id) if look else concrete(spot, i)
            patch.inside(colour)[rows, cols] = lit(albedo, normal, shade, light)
        return colour


def bent(walker: Walker, mesh: Mesh, motion: Motion, t: float) -> Posed:
    """A walker's mesh and keypoints at time t, by linear blending of the bones."""
    step = motion.at(t)
    rotation, shift = pose(walker.swing, step)
    face, scale = turn(yaw=np.degrees(step.heading)), walker.look.height / HEIGHT
    rotation, shift = face @ rotation, shift @ face.T
    if step.tip:
        fallen = face @ turn(flex=-step.tip) @ face.T
        rotation, shift = fallen @ rotation, shift @ fallen.T
    bones, ground = list(COCO_BONE), np.array([step.x, step.rise, step.z])
    blended = (mesh.weights @ rotation.reshape(len(PARENT), 9)).reshape(-1, 3, 3)
    points = (blended @ mesh.rest[..., None])[..., 0] + mesh.weights @ shift
    normals = (blended @ mesh.normal[..., None])[..., 0]
    joints = (rotation[bones] @ coco_points()[..., None])[..., 0] + shift[bones]
    if step.tip:
        ground[1] -= points[:, 1].min() * scale  # who lies, lies on the ground
    return Posed(mesh, points * scale + ground, normals, joints * scale + ground, walker.id, scale)
