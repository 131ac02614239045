"""Joints of rendered walkers over time, exact, without their flesh and without a picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scene import coco_points
from scene_body import COCO_BONE, HEIGHT
from scene_gait import Motion, Spin, Walker, pose, turn
from scene_stories import BLUE, RED, Story, crossing, demo

from trackers.rts import Path


def turning() -> Story:
    """One turns twice to the left, stops, and one and a half times back; the other spins faster."""
    here = ((0.0, -0.9, 4.8), (1.0, -0.9, 4.8))
    there = ((0.0, 0.9, 5.2), (1.0, 0.9, 5.2))
    spins = (Spin(0.5, 2.5, 2), Spin(3.0, 4.0, -1.5))
    return Story((Walker(1, here, BLUE, spins=spins), Walker(2, there, RED, spins=(Spin(1.0, 4.5, -4),))))


STORIES = {"demo": (demo, 10.0), "crossing": (crossing, 2.0), "turning": (turning, 5.0)}


@lru_cache
def truths(story: str, fps: float) -> list[Path]:
    """The walkers of a story as they are, whether in sight or not."""
    make, seconds = STORIES[story]
    film, when = make(), np.arange(round(fps * seconds)) / fps
    paths = []
    for walker in film.walkers:
        motion = Motion(walker)
        joints = np.array([film.camera.on_film(skeleton(walker, motion, t), t)[:, :2] for t in when.tolist()])
        flesh = 0.1 * np.ptp(joints[..., 1], axis=1, keepdims=True)
        size = np.sqrt(np.prod(np.ptp(joints, axis=1) + flesh, axis=1))
        scores = np.full(joints.shape[:2], 0.85)
        paths.append(Path(when, joints, scores, np.ones_like(scores), size))
    return paths


def skeleton(walker: Walker, motion: Motion, t: float) -> np.ndarray:
    """COCO's joints in the world (17, 3), metres, as `scene.bent` has them."""
    step = motion.at(t)
    rotation, shift = pose(walker.swing, step)
    bones, face = list(COCO_BONE), turn(yaw=np.degrees(step.heading))
    points = (rotation[bones] @ coco_points()[..., None])[..., 0] + shift[bones]
    return points @ face.T * (walker.look.height / HEIGHT) + (step.x, 0, step.z)


def seen(path: Path, seed: int, *, tremble: float = 0.012) -> Path:
    """The path as a network errs, by `tremble` of the size."""
    noise = np.random.default_rng(seed).normal(size=path.measured.shape) * tremble
    return path._replace(measured=path.measured + noise * path.size[:, None, None])
