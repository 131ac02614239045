"""How people look: the colours of the parts of their bodies, sampled at the joints that were found anyway.

Nothing is computed but a few dozen pixels a person. Positions on the body are combinations of joints, so the
same spots of shirt, sleeves and trousers are looked at however somebody stands. Colours are CIE L*a*b*
(ISO/CIE 11664-4), in which equal distances look about equally far apart.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Image, Poses

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

JOINTS = 17  #: of COCO; other skeletons look like nothing
PARTS = ("head", "chest", "belly", "upper arms", "forearms", "thighs", "shins")

#: Deviations of L*, a*, b* of one person's part from one second to another, as light and folds change:
#: medians over tracks in street clips. One in twenty is something else: an arm before the chest, a bag.
STEADY = np.array([8.0, 3.0, 3.0])
OUTLIERS = 0.05
_SAME, _OTHER = float(np.log(1 - OUTLIERS) - np.log(STEADY).sum()), float(np.log(OUTLIERS))

#: What people wear, as a mixture of normal distributions: share, mean and deviation of L*, a*, b*; fitted to
#: 18,600 parts of the labelled people in 2,900 photographs of COCO. Colourful, anything pale, and black.
WORN = np.array(
    [
        [0.28, 42.3, 13.2, 9.9, 18.1, 16.7, 20.3],
        [0.50, 44.0, 2.7, -1.0, 23.6, 4.0, 8.8],
        [0.22, 9.0, 0.6, -1.0, 6.3, 2.5, 3.0],
    ]
)

#: Parts agree with one another, as sleeves do with the chest, so their evidence is worth less than its sum:
#: on pairs of people in street clips, the odds are e^EACH for each unit beyond CHANCE.
EACH, CHANCE = 0.35, 4.0

#: Score of a joint, beside the person's best, up to which it counts as hidden, and from which as seen.
HIDDEN, SEEN = 0.45, 0.75

MEMORY = 40.0  #: whole views after which what is seen anew changes little in how somebody is known to look


class Looks(NamedTuple):
    """How N people look."""

    colours: Floats  #: (N, P, 3) mean L* (0 to 100), a*, b* of each of `PARTS`
    weights: Floats  #: (N, P) how well each was seen; 0 to 1 in one picture, their sum when seen many times

    def take(self, rows: Indices) -> Looks:
        return Looks(self.colours.take(rows, axis=0), self.weights.take(rows, axis=0))

    def learned(self, seen: Looks) -> Looks:
        """What is known of the same people, row by row, after they were `seen` once more."""
        known = np.minimum(self.weights, MEMORY)
        total = known + seen.weights
        share = seen.weights / np.maximum(total, 1e-9)
        return Looks(self.colours + share[..., None] * (seen.colours - self.colours), total)


def unseen(people: int) -> Looks:
    """Of people of whom no picture is at hand."""
    return Looks(np.zeros((people, len(PARTS), 3)), np.zeros((people, len(PARTS))))


def looks(image: Image, poses: Poses) -> Looks:
    """How the people of `poses`, N with K joints, look in their picture (H, W, 3), BGR.

    A part counts as much as its joints score beside the person's best, and less where it reaches out of the
    picture: hidden joints are guesses, and what is there is something else. Whoever is half behind somebody
    else has the other's colours there: the tracker does not ask about those.
    """
    if poses.keypoints.shape[1] != JOINTS or not len(poses):
        return unseen(len(poses))
    points = np.rint(np.einsum("sk,nkd->nsd", _SPOTS, _finite(poses.keypoints))).astype(np.int64)
    height, width = image.shape[:2]
    inside = ((points >= 0) & (points < (width, height))).all(axis=2)
    points *= inside[..., None]
    colours = cv2.cvtColor(
        image[points[..., 1], points[..., 0]].astype(np.float32) / np.float32(255), cv2.COLOR_BGR2Lab
    )
    weights = inside * _trust(poses.scores)
    each = np.einsum("ps,ns->nps", _OF_PART, weights)
    total = each.sum(axis=2)
    mean = np.einsum("nps,nsc->npc", each, colours) / np.maximum(total, 1e-9)[..., None]
    return Looks(mean, total / _OF_PART.sum(axis=1))


def evidence(known: Looks, rows: Indices, seen: Looks, columns: Indices) -> tuple[Floats, Floats]:
    """What looks say for one person rather than two: logarithm of the odds (P,), pair by pair.

    Of T people `known` those at `rows` (P,), of N people `seen` those at `columns` (P,).

    Each part counts log p(seen | known) - log p(seen | anybody), as much as it was seen both times: to wear
    the same red says more than to wear the same black. Also on how many parts it rests (P,).
    """
    if not (rows.size and seen.weights.any()):
        return np.zeros(rows.size), np.zeros(rows.size)
    gap = (seen.colours / STEADY)[columns] - (known.colours / STEADY)[rows]
    chance = _SAME - _worn(seen.colours)
    parts = np.logaddexp(_OTHER, chance[columns] - 0.5 * np.vecdot(gap, gap))
    sure = np.minimum(known.weights, 1.0)[rows] * np.minimum(seen.weights, 1.0)[columns]
    rests_on: Floats = sure.sum(axis=1)
    return EACH * (np.vecdot(sure, parts) - CHANCE * rests_on / len(PARTS)), rests_on


def _worn(colours: Floats) -> Floats:
    """Log density of colours (..., 3) among all that people wear; the same constant is left out as above."""
    share, mean, deviation = WORN[:, 0], WORN[:, 1:4], WORN[:, 4:]
    gap = (colours[..., None, :] - mean) / deviation
    density: Floats = np.exp(-0.5 * np.vecdot(gap, gap)) @ (share / deviation.prod(axis=1))
    return np.log(density + 1e-12)


def _trust(scores: Array) -> Floats:
    """How far each spot is the person's (N, S), by the scores of its joints (N, K)."""
    scores = np.where(np.isfinite(scores), scores, 0.0).clip(0.0, 1.0)
    best = scores.max(axis=1, keepdims=True)
    spots = np.einsum("sk,nk->ns", _SURE, scores)
    return np.asarray(best * np.clip((spots / np.maximum(best, 1e-9) - HIDDEN) / (SEEN - HIDDEN), 0.0, 1.0))


def _finite(keypoints: Array) -> Floats:
    """Joints that are no number, or far out, lie out of the picture."""
    return np.where(np.abs(keypoints) < 1e6, keypoints, -1e6).astype(np.float64)


def _spots() -> tuple[Floats, Floats]:
    """Spots on the body as combinations of the joints (S, K), and to which part each belongs (P, S)."""
    joint = np.eye(JOINTS)
    head, neck = joint[:5].mean(axis=0), joint[5:7].mean(axis=0)
    crown = 0.45 * (head - neck)
    across = np.linspace(0.2, 0.8, 4)

    def torso(down: float) -> list[Floats]:
        return [
            (1 - down) * ((1 - u) * joint[5] + u * joint[6]) + down * ((1 - u) * joint[11] + u * joint[12])
            for u in across
        ]

    def limbs(upper: int, lower: int) -> list[Floats]:
        along = np.linspace(0.2, 0.8, 4)
        return [(1 - t) * joint[upper + side] + t * joint[lower + side] for side in (0, 1) for t in along]

    parts = (
        [head, head + 0.5 * crown, head + crown],
        [spot for down in (0.1, 0.25, 0.4) for spot in torso(down)],
        [spot for down in (0.6, 0.75, 0.9) for spot in torso(down)],
        limbs(5, 7),
        limbs(7, 9),
        limbs(11, 13),
        limbs(13, 15),
    )
    belongs = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.array([spot for part in parts for spot in part]), np.arange(len(parts))[:, None] == belongs


_SPOTS, _OF_PART = _spots()
_SURE = np.abs(_SPOTS) / np.abs(_SPOTS).sum(axis=1, keepdims=True)  #: by the joints' part in each spot
