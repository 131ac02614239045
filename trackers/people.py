"""Everyone whom a tracker knows, and everyone in one frame, as arrays with one row for each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.types import Poses
from trackers.appearance import Looks, unseen
from trackers.gates import LIMB_SPEED, appeared, believed
from trackers.kalman import (
    Motion,
    advance,
    begin,
    body_velocity,
    measurement_noise,
    process_density,
    restart,
    settle,
    slacken,
)
from trackers.matching import Bodies, box_sizes, centres
from trackers.sway import followed

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

PATIENCE = 0.15  #: seconds out of sight after which a body is taken as stiff, and its joints begin anew
LONG_STEP = 0.25  #: seconds over which swinging limbs cannot be foretold, only the body
STEADY = 0.2  #: seconds over which the velocity that carries on a hidden body is averaged
HIDING = 0.15  #: share of a box that is in another from which its colours may be the other's
FAINT = 0.3  #: score below which a joint is not seen, only guessed
FAR_OUT = 1e6  #: pixels; no picture is that large, so such a coordinate says nothing


class Sight(NamedTuple):
    """The N people of one frame who can be followed, best first."""

    rows: Indices  #: (N,) where they stand in the Poses
    looks: Looks
    certainty: Floats  #: (N,) score of the box
    boxes: Floats  #: (N, 4) left, top, right, bottom
    size: Floats  #: (N,) square root of the area of the box, pixels
    joints: Floats  #: (N, K, 2) x, y in pixels, always finite
    scores: Floats  #: (N, K)
    spread: Floats  #: (N, K) of the heatmaps, above 0
    noise: Floats  #: (N, K) variance of the joints, px^2; infinite for joints that were not measured

    def take(self, rows: Indices) -> Sight:
        columns = (column.take(rows, axis=0) for column in self[2:])
        return Sight(self.rows[rows], self.looks.take(rows), *columns)

    def bodies(self) -> Bodies:
        return Bodies(self.boxes, self.size, self.joints, self.scores, np.zeros(self.noise.shape))


def look(poses: Poses, looks: Looks | None = None) -> Sight:
    """What can be worked with: boxes less than a pixel wide or high, or far out of any picture, are nobody.

    A joint that is no number, or far out, counts as not measured: in the middle of the box, with score 0.
    `looks` are of the same N people. Who is behind somebody whose feet are nearer shows the other's colours,
    so they do not count.
    """
    boxes = poses.boxes.xyxy.astype(np.float64)
    boxes[(np.abs(boxes) < FAR_OUT).sum(axis=1) < 4] = 0.0
    sides = boxes[:, 2:] - boxes[:, :2]
    real = (sides[:, 0] >= 1.0) & (sides[:, 1] >= 1.0)
    certainty = _positive(poses.boxes.scores, 0.0)
    rows = (-certainty).argsort(kind="stable")
    rows = rows[real[rows]]
    boxes = boxes.take(rows, axis=0)
    size = box_sizes(boxes)
    joints = poses.keypoints.take(rows, axis=0).astype(np.float64)
    scores = _positive(poses.scores.take(rows, axis=0), 0.0)
    spread = _positive(poses.spread.take(rows, axis=0), 1.0)
    near = np.abs(joints) < FAR_OUT
    unmeasured = ~(near[..., 0] & near[..., 1])
    np.copyto(joints, centres(boxes)[:, None], where=unmeasured[..., None])
    scores[unmeasured] = 0.0
    noise = measurement_noise(scores, spread, size)
    noise[unmeasured] = np.inf
    shown = unseen(len(rows))
    if looks:
        shown = looks.take(rows)
        shown = shown._replace(weights=shown.weights * ~_behind(boxes)[:, None])
    return Sight(rows, shown, certainty[rows], boxes, size, joints, scores, spread, noise)


def _behind(boxes: Floats) -> Mask:
    """Who (N,) has a share of HIDING or more of the box (N, 4) in that of somebody whose feet are nearer."""
    inner = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    inner -= np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    np.maximum(inner, 0.0, out=inner)
    share = inner[..., 0] * inner[..., 1] / (box_sizes(boxes) ** 2)[:, None]
    nearer = boxes[None, :, 3] >= boxes[:, None, 3]
    np.fill_diagonal(nearer, False)
    return np.asarray(((share >= HIDING) & nearer).any(axis=1))


class People(NamedTuple):
    """The T people known, in sight or not."""

    motion: Motion
    looks: Looks  #: all that was seen of them
    ids: Indices  #: (T,) from 1; 0 while seen only once and not for certain
    boxes: Floats  #: (T, 4) as last measured, moved along with the body since
    margins: Floats  #: (T, 4) by how much the box reaches beyond the joints, in sizes; of the last detection
    size: Floats  #: (T,) square root of the area of the box, pixels
    scores: Floats  #: (T, K) as last measured
    certainty: Floats  #: (T,) score of the box, as last measured
    likeness: Floats  #: (T,) in [0, 1], of who was last measured with who was known before; at first 1
    drift: Floats  #: (T, 1, 2) velocity of the body as a whole over the last STEADY seconds in sight, px / s
    age: Floats  #: (T,) seconds from when they were first measured to when they were last
    unseen: Floats  #: (T,) seconds since they were last measured
    missed: Floats  #: (T,) the same as of the frame before: 0 for who was in sight there

    def take(self, rows: Indices) -> People:
        columns = (column.take(rows, axis=0) for column in self[3:])
        return People(self.motion.take(rows), self.looks.take(rows), self.ids[rows], *columns)

    def bodies(self) -> Bodies:
        motion = self.motion
        return Bodies(self.boxes, self.size, motion.position, self.scores, motion.variance[:, 0])

    def later(self, dt: float) -> People:
        """Everyone `dt` seconds on. Out of sight, and over long steps, a body moves as a whole."""
        motion, body = self.motion, body_velocity(self.motion, self.scores)
        density = process_density(motion, body, self.size)
        stiff = (self.unseen > PATIENCE) | (dt > LONG_STEP)
        body[stiff] = self.drift[stiff]
        motion = slacken(motion, body, dt)
        motion.velocity[stiff] = body[stiff]
        return self._replace(
            motion=advance(motion, dt, density),
            boxes=(self.boxes.reshape(-1, 2, 2) + dt * body).reshape(-1, 4),
            unseen=self.unseen + dt,
            missed=self.unseen,
        )

    def met(self, sight: Sight, alike: Floats, *, detected: bool = True) -> People:
        """The same people, row by row, after they were measured as in `sight`, which is `alike` (T,).

        Where nobody `detected` them, their boxes are fitted to their joints, as they were when somebody did.
        """
        fastest = LIMB_SPEED * sight.size
        motion = followed(self.motion, sight.joints, sight.noise, self.unseen, fastest, sight.size)
        _, motion, clear = believed(motion, sight.joints, sight.noise, sight.size)
        returned = (self.missed > PATIENCE)[:, None] & np.isfinite(sight.noise)
        if returned.any():
            fresh = begin(sight.joints, sight.noise, self.drift, fastest)
            motion = restart(motion, returned, fresh)
        motion = settle(motion, (returned | clear) & (sight.scores >= FAINT), self.unseen)
        boxes, size = sight.boxes, sight.size
        if not detected:
            boxes = self._replace(motion=motion).fitted()
            size = box_sizes(boxes)
        return self._replace(
            motion=motion,
            looks=self.looks.learned(sight.looks),
            boxes=boxes,
            margins=_margins(boxes, motion, size) if detected else self.margins,
            size=size,
            scores=sight.scores,
            certainty=sight.certainty,
            likeness=alike,
            drift=self._steady(body_velocity(motion, sight.scores)),
            age=self.age + self.unseen,
            unseen=np.zeros_like(self.unseen),
            missed=np.zeros_like(self.unseen),
        )

    def fitted(self) -> Floats:
        """Boxes (T, 4) around the joints where they are now."""
        return _extent(self.motion) + self.margins * self.size[:, None]

    def moved(self, camera: Floats) -> People:
        """As the picture shows them after the camera moved: a similarity (2, 3) of pixels, last to this."""
        turn, shift = camera[:, :2].T, camera[:, 2]
        larger = float(np.sqrt(abs(np.linalg.det(turn))))
        motion = self.motion
        middle = 0.5 * (self.boxes[:, :2] + self.boxes[:, 2:])
        half = 0.5 * larger * (self.boxes[:, 2:] - self.boxes[:, :2])
        middle = middle @ turn + shift
        return self._replace(
            motion=motion._replace(
                position=motion.position @ turn + shift,
                velocity=motion.velocity @ turn,
                variance=motion.variance * larger**2,
                shown=motion.shown @ turn + shift,
            ),
            boxes=np.concatenate([middle - half, middle + half], axis=1),
            size=self.size * larger,
            drift=self.drift @ turn,
        )

    def _steady(self, body: Floats) -> Floats:
        """The drift with the velocity `body` (T, 1, 2) of this frame in it: at first a mean, later fading."""
        share = self.unseen / np.maximum(self.age + self.unseen, 1e-9)
        share = np.maximum(share, -np.expm1(-self.unseen / STEADY))
        drift: Floats = self.drift + share[:, None, None] * (body - self.drift)
        return drift


def newcomers(sight: Sight) -> People:
    """Everyone in `sight`, without a past."""
    size, none = sight.size, np.zeros(len(sight.size))
    still = np.zeros((len(size), 1, 2))
    motion = appeared(sight.joints, sight.noise, size)
    ids = np.zeros(len(size), np.int64)
    margins = _margins(sight.boxes, motion, size)
    return People(
        motion, sight.looks, ids, sight.boxes, margins, size, sight.scores, sight.certainty,
        np.ones_like(none), still,
        none, none, none,
    )  # fmt: skip


def together(*groups: People) -> People:
    """The people of all groups, one after the other."""
    some = [group for group in groups if group.ids.size] or groups[:1]
    if len(some) == 1:
        return some[0]
    groups = tuple(some)
    motion = Motion(*map(np.concatenate, zip(*(group.motion for group in groups), strict=True)))
    looks = Looks(*map(np.concatenate, zip(*(group.looks for group in groups), strict=True)))
    return People(motion, looks, *map(np.concatenate, zip(*(group[2:] for group in groups), strict=True)))


def _extent(motion: Motion) -> Floats:
    """Boxes (T, 4) that just hold all joints; of people without joints, nothing at (0, 0)."""
    extent = np.zeros((len(motion.position), 4))
    for axis in (0, 1) if motion.position.shape[1] else ():  # in a third of the time of both at once
        motion.position[..., axis].min(axis=1, out=extent[:, axis])
        motion.position[..., axis].max(axis=1, out=extent[:, axis + 2])
    return extent


def _margins(boxes: Floats, motion: Motion, size: Floats) -> Floats:
    margins: Floats = (boxes - _extent(motion)) / size[:, None]
    return margins


def _positive(values: NDArray[np.float32], otherwise: float) -> Floats:
    """As numbers above 0; what is none is `otherwise`."""
    out = values.astype(np.float64)
    out[~((out > 0.0) & (out < np.inf))] = otherwise
    return out
