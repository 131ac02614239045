"""Joints of rendered walkers over time, exact, without a picture of them."""

from __future__ import annotations

import numpy as np
from scene import Scene
from scene_gait import Spin, Walker
from scene_stories import BLUE, RED, Story, crossing, demo

from trackers.rts import Path


def turning() -> Story:
    """One turns twice to the left, stops, and one and a half times back; the other spins faster."""
    here = ((0.0, -0.9, 4.8), (1.0, -0.9, 4.8))
    there = ((0.0, 0.9, 5.2), (1.0, 0.9, 5.2))
    spins = (Spin(0.5, 2.5, 2), Spin(3.0, 4.0, -1.5))
    return Story((Walker(1, here, BLUE, spins=spins), Walker(2, there, RED, spins=(Spin(1.0, 4.5, -4),))))


STORIES = {"demo": (demo, 10.0), "crossing": (crossing, 2.0), "turning": (turning, 5.0)}


def truths(story: str, fps: float) -> list[Path]:
    """The walkers of a story as they are, whether in sight or not."""
    make, seconds = STORIES[story]
    scene, when = Scene(make()), np.arange(round(fps * seconds)) / fps
    people: list[list[np.ndarray]] = []
    sizes: list[list[float]] = []
    for t in when:
        posed = [body for body in scene.posed(float(t)) if body.id]
        people.append([scene.story.camera.on_film(body.joints, float(t))[:, :2] for body in posed])
        films = [scene.story.camera.on_film(body.points, float(t))[:, :2] for body in posed]
        sizes.append([float(np.sqrt(np.prod(np.ptp(film, axis=0)))) for film in films])
    joints, size = np.array(people), np.array(sizes)
    scores = np.full(joints.shape[:1] + joints.shape[2:3], 0.85)
    return [Path(when, joints[:, i], scores, size[:, i]) for i in range(joints.shape[1])]


def seen(path: Path, seed: int, *, tremble: float = 0.012) -> Path:
    """The path as a network errs, by `tremble` of the size."""
    noise = np.random.default_rng(seed).normal(size=path.measured.shape) * tremble
    return path._replace(measured=path.measured + noise * path.size[:, None, None])
