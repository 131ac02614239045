"""People who walk as numbers: skeletons with a gait, seen by an imagined network that errs at known rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.types import Boxes, Poses
from trackers.tracker import Tracker
from trackers.types import Tracks

ALWAYS = ((-np.inf, np.inf),)

#: Head and hips over the ground, shoulders and hips to the sides, as shares of the height.
EYES, SHOULDERS, HIPS, LIMB = 0.93, 0.82, 0.53, 0.245


@dataclass(frozen=True)
class Walker:
    """Somebody of `height` pixels whose feet are at `start` + t `speed` (pixels, pixels / s)."""

    start: tuple[float, float]
    speed: tuple[float, float] = (0.0, 0.0)
    height: float = 200.0
    phase: float = 0.0
    in_view: tuple[tuple[float, float], ...] = ALWAYS  #: seconds from when to when a network could see them

    def seen(self, t: float) -> bool:
        return any(begin <= t < end for begin, end in self.in_view)

    def joints(self, t: float) -> np.ndarray:
        """The 17 COCO joints at `t` seconds, (17, 2) pixels. A step takes as long as it does for an adult."""
        pace = np.hypot(*self.speed) / self.height
        swing = min(pace, 1.0) * 0.6 * np.sin(2 * np.pi * (0.9 * t + self.phase))
        out = np.zeros((17, 2))
        out[:5] = [(0.03, 0.92), (0.01, EYES), (0.05, EYES), (-0.02, 0.91), (0.06, 0.91)]
        for side, (sign, across) in enumerate(((1.0, 0.09), (-1.0, -0.09))):
            arm, leg = sign * swing, -sign * swing
            out[5 + side] = across, SHOULDERS
            out[7 + side] = out[5 + side] + _limb(0.17, arm)
            out[9 + side] = out[7 + side] + _limb(0.16, arm + 0.3)
            out[11 + side] = 0.6 * across, HIPS
            out[13 + side] = out[11 + side] + _limb(LIMB, leg)
            out[15 + side] = out[13 + side] + _limb(LIMB, leg - 0.3 * abs(swing))
        facing = -1.0 if self.speed[0] < 0 else 1.0
        feet = np.array(self.start) + t * np.array(self.speed)
        return feet + self.height * out * (facing, -1.0)

    def box(self, t: float) -> np.ndarray:
        """Around the joints, with room for the flesh: (4,)."""
        joints, room = self.joints(t), 0.06 * self.height
        return np.concatenate([joints.min(0) - room, joints.max(0) + room])


def dozen(rng: np.random.Generator) -> list[Walker]:
    """Twelve who walk to and fro and hide one another."""
    return [
        Walker(
            (rng.uniform(0, 1200), rng.uniform(340, 560)),
            (way * rng.uniform(80, 160), 0),
            height,
            rng.random(),
        )
        for height, way in zip(np.linspace(140, 220, 12), [1, -1] * 6, strict=True)
    ]


def _limb(length: float, angle: float) -> np.ndarray:
    return length * np.array([np.sin(angle), -np.cos(angle)])


class Shot(NamedTuple):
    """One frame: what the network says, and who each of its boxes is, -1 for nobody."""

    time: float
    poses: Poses
    who: np.ndarray


def times(fps: float, seconds: float, *, dropped: float = 0.0, seed: int = 0) -> np.ndarray:
    """Frame times from 0, a share of them `dropped` by chance."""
    all_of_them = np.arange(round(fps * seconds)) / fps
    return all_of_them[np.random.default_rng(seed).random(len(all_of_them)) >= dropped]


def watch(
    walkers: Sequence[Walker],
    when: Iterable[float],
    *,
    seed: int = 1,
    tremble: float = 0.01,
    missed: float = 0.0,
    hide: bool = True,
    scale: float = 1.0,
) -> list[Shot]:
    """What a network sees of the walkers: joints and boxes err by `tremble` of the height, some are `missed`.

    People come in another order in each frame. With `hide`, who is mostly behind somebody nearer (taller) is
    not found. The picture is `scale` times as large, with the same chances.
    """
    rng, shots = np.random.default_rng(seed), []
    for t in when:
        boxes = np.array([walker.box(t) for walker in walkers])
        chance = rng.random(len(walkers))
        out = [
            i
            for i, walker in enumerate(walkers)
            if walker.seen(t) and chance[i] >= missed and not (hide and _behind(i, boxes, walkers, t))
        ]
        noise = {i: rng.normal(size=(19, 2)) * tremble * walker.height for i, walker in enumerate(walkers)}
        score = rng.uniform(0.75, 0.95, (len(walkers), 17))
        who = rng.permutation(np.array(out, int))
        joints = [walkers[i].joints(t) + noise[i][:17] for i in who]
        found = [boxes[i] + noise[i][17:].ravel() for i in who]
        shots.append(Shot(t, poses(found, joints, score[who], rng.uniform(0.7, 0.9, len(who)), scale), who))
    return shots


def _behind(i: int, boxes: np.ndarray, walkers: Sequence[Walker], t: float) -> bool:
    for j, other in enumerate(walkers):
        if other.height > walkers[i].height and other.seen(t):
            inner = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])
            if (inner > 0).all() and inner.prod() > 0.6 * (boxes[i, 2:] - boxes[i, :2]).prod():
                return True
    return False


def poses(
    boxes: Sequence[np.ndarray],
    joints: Sequence[np.ndarray],
    scores: np.ndarray,
    certainty: np.ndarray,
    scale: float = 1.0,
) -> Poses:
    """Plain lists as Poses, `scale` times as large."""
    n = len(boxes)
    return Poses(
        Boxes(scale * np.array(boxes, np.float32).reshape(n, 4), np.array(certainty, np.float32).reshape(n)),
        scale * np.array(joints, np.float32).reshape(n, 17, 2),
        np.array(scores, np.float32).reshape(n, 17),
    )


def alone(walker: Walker, t: float, *, score: float = 0.85, certainty: float = 0.8) -> Poses:
    """One walker without any error."""
    return poses([walker.box(t)], [walker.joints(t)], np.full((1, 17), score), np.array([certainty]))


def in_one_frame(*every: Poses) -> Poses:
    """The people of several Poses in one frame."""
    return Poses(
        Boxes(
            np.concatenate([each.boxes.xyxy for each in every]),
            np.concatenate([each.boxes.scores for each in every]),
        ),
        np.concatenate([each.keypoints for each in every]),
        np.concatenate([each.scores for each in every]),
    )


def follow(shots: Iterable[Shot], **settings: float) -> list[Tracks]:
    """What a new tracker makes of each frame."""
    tracker = Tracker(**settings)
    return [tracker.update(shot.poses, shot.time) for shot in shots]


def names(shots: Iterable[Shot], tracker: Tracker) -> list[dict[int, int]]:
    """Who had which id in each frame, by walker; -1 for a false box. Nobody is told of twice."""
    return [named(shot, tracker.update(shot.poses, shot.time)) for shot in shots]


def named(shot: Shot, tracks: Tracks) -> dict[int, int]:
    boxes = {box.tobytes(): int(who) for box, who in zip(shot.poses.boxes.xyxy, shot.who, strict=True)}
    return {boxes[box.tobytes()]: int(i) for box, i in zip(tracks.boxes.xyxy, tracks.ids, strict=True)}


def ids_of(told: Sequence[dict[int, int]], walker: int) -> list[int]:
    """The ids a walker had, without repetitions: [4] if it never changed, [] if never told of."""
    mine = [frame[walker] for frame in told if walker in frame]
    return [i for k, i in enumerate(mine) if k == 0 or mine[k - 1] != i]


NOBODY = poses([], [], np.zeros((0, 17)), np.zeros(0))
