"""An imagined network: boxes and joints as a real one gives them, from the truth, with errors at known rates.

Lengths are in sizes: the square root of the area of somebody's box. So the tracker is measured apart from any
network. The same seed gives the same errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scene_truth import HIDDEN, VISIBLE, Truth
from walkers import Shot, Walker, poses

from engine.skeleton import OKS_SIGMAS, PAIRS

IN_VIEW = 0.3  #: share of a body from which it can be found, and counts as there to be found
DRIFTING = 1.0  #: seconds after which a slow error is another one
SWAPPED = 0.25  #: seconds for which left and right stay exchanged
CARE = OKS_SIGMAS.astype(np.float64) / OKS_SIGMAS.mean()  #: how much each joint errs, the mean being 1
MIRROR = np.arange(17)
for _left, _right in PAIRS:
    MIRROR[[_left, _right]] = _right, _left


@dataclass(frozen=True)
class Network:
    """How it errs.

    As measured of a small network on a rendered clip: joints seen tremble by .012 sizes at heatmap peaks of
    .8 and by .037 at .5, and are off by twice that, slowly changing.
    """

    tremble: float = 0.012  #: sizes, of a joint that is seen, other in each frame
    drift: float = 0.02  #: sizes, the same, slowly changing
    missed: float = 0.01  #: share of people in full view it does not find
    false: float = 0.0  #: boxes of nobody a frame
    doubled: float = 0.0  #: share of people it finds twice
    swapped: float = 0.0  #: how often it exchanges somebody's left and right for a moment, times a second
    spikes: float = 0.004  #: share of joints that are somewhere else

    def peak(self) -> float:
        """Mean score of a joint that is seen."""
        return float(np.clip(0.8 - 12 * (self.tremble - 0.012), 0.3, 0.95))


@dataclass
class _Errors:
    """What stays wrong about somebody from frame to frame."""

    drift: np.ndarray  #: (17, 2) of deviation 1
    swapped_until: float = -1.0


@dataclass
class Watcher:
    """The network at work on one film, frame after frame."""

    network: Network
    size: tuple[int, int]  #: of the picture: width, height
    seed: int = 0
    rng: np.random.Generator = field(init=False)
    errors: dict[int, _Errors] = field(default_factory=dict)
    time: float = 0.0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def watch(self, frames: Iterable[tuple[float, Truth]]) -> list[Shot]:
        return [self.see(t, truth) for t, truth in frames]

    def see(self, t: float, truth: Truth) -> Shot:
        """What it says of a frame, in no order, and who that is: -1 for nobody."""
        found: list[tuple[int, np.ndarray, np.ndarray, np.ndarray, float]] = []
        dt, self.time = t - self.time, t
        for row, who in enumerate(truth.ids.tolist()):
            joints, scores = self.joints(who, truth, row, t, dt)
            if self.rng.random() >= self.chance(float(truth.seen[row])):
                continue
            found.append((who, self.box(truth, row, 1.0), joints, scores, self.score(float(truth.seen[row]))))
            if self.rng.random() < self.network.doubled:
                beside = joints + self.rng.normal(0, 0.02 * size_of(truth.boxes[row]), (17, 2))
                found.append((-1, self.box(truth, row, 4.0), beside, 0.7 * scores, 0.6 * found[-1][4]))
        found += [self.nobody() for _ in range(self.rng.poisson(self.network.false))]
        found = [found[i] for i in self.rng.permutation(len(found))]
        who, boxes, joints, scores, certainty = zip(*found, strict=True) if found else [()] * 5
        said = poses(boxes, joints, np.reshape(scores, (-1, 17)), np.array(certainty))
        return Shot(t, said, np.array(who, np.int64))

    def chance(self, seen: float) -> float:
        """Of finding somebody of whom so much is seen."""
        if seen < IN_VIEW:
            return 0.0
        return min(0.5 + (seen - IN_VIEW) / 0.4, 1.0) * (1 - self.network.missed)

    def score(self, seen: float) -> float:
        return float(np.clip(0.88 * (0.4 + 0.6 * seen) + self.rng.normal(0, 0.04), 0.05, 0.98))

    def box(self, truth: Truth, row: int, worse: float) -> np.ndarray:
        """The whole body's, the worse the less of it is seen; inside the picture."""
        box, seen = truth.boxes[row].astype(float), float(truth.seen[row])
        sides = np.tile(box[2:] - box[:2], 2)
        box = box + self.rng.normal(size=4) * sides * (0.012 + 0.05 * (1 - seen)) * worse
        width, height = self.size
        return np.clip(box, -0.5, (width - 0.5, height - 0.5, width - 0.5, height - 0.5))

    def joints(self, who: int, truth: Truth, row: int, t: float, dt: float) -> tuple[np.ndarray, np.ndarray]:
        """Joints (17, 2) and their scores (17,). Hidden ones are guessed, and score low."""
        network, rng, visible = self.network, self.rng, truth.visibility[row]
        errors = self.errors.setdefault(who, _Errors(rng.normal(size=(17, 2))))
        kept = np.exp(-max(dt, 0.0) / DRIFTING)
        errors.drift = errors.drift * kept + rng.normal(size=(17, 2)) * np.sqrt(1 - kept**2)
        worse = np.where(visible == VISIBLE, 1.0, 3.0) * CARE * size_of(truth.boxes[row])
        off = rng.normal(size=(17, 2)) * network.tremble + errors.drift * network.drift
        joints = truth.keypoints[row] + off * worse[:, None]
        level = np.choose(visible, (0.12, 0.35, network.peak()))
        scores = np.clip(level + rng.normal(size=17) * np.where(visible == HIDDEN, 0.1, 0.06), 0.02, 0.98)
        spiked = rng.random(17) < network.spikes
        joints[spiked] += rng.normal(size=(spiked.sum(), 2)) * 0.35 * size_of(truth.boxes[row])
        scores[spiked] *= rng.uniform(0.3, 0.9, spiked.sum())
        if rng.random() < network.swapped * max(dt, 0.0):
            errors.swapped_until = t + SWAPPED
        if t < errors.swapped_until:
            joints, scores = joints[MIRROR], scores[MIRROR]
        return joints, scores

    def nobody(self) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, float]:
        """A box with a skeleton where there is nobody, here now and gone in the next frame."""
        width, height = self.size
        tall = self.rng.uniform(0.15, 0.6) * height
        feet = (self.rng.uniform(0, width), self.rng.uniform(0.4, 1.0) * height)
        somebody = Walker(feet, (0, 0), tall)
        joints = somebody.joints(0.0) + self.rng.normal(0, 0.08 * tall, (17, 2))
        box = np.clip(somebody.box(0.0), -0.5, (width - 0.5, height - 0.5, width - 0.5, height - 0.5))
        return -1, box, joints, self.rng.uniform(0.05, 0.4, 17), float(self.rng.uniform(0.25, 0.65))


def size_of(box: np.ndarray) -> float:
    return float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
