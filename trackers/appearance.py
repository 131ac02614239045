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

JOINTS = 17  #: of COCO; other skeletons look like nothing
PARTS = ("head", "chest", "belly", "upper arms", "forearms", "thighs", "shins")

#: A difference in L* and in a*, b* at which two colours of a part are as likely one person's as two people's.
#: Light falls differently on who turns round or walks on, which changes L* more than hue.
LIGHT, HUE = 20.0, 9.0
_UNITS = np.array([LIGHT, HUE, HUE])

MEMORY = 40.0  #: whole views after which what is seen anew changes little in how somebody is known to look


class Looks(NamedTuple):
    """How N people look."""

    colours: Floats  #: (N, P, 3) mean L* (0 to 100), a*, b* of each of `PARTS`
    weights: Floats  #: (N, P) how well each was seen; 0 to 1 in one picture, their sum when seen many times

    def take(self, rows: NDArray[np.int64]) -> Looks:
        return Looks(self.colours[rows], self.weights[rows])

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

    A part counts as much as its joints score, and less where it reaches out of the picture. Whoever is half
    behind somebody else has the other's colours there: the tracker does not ask about those who overlap.
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
    weights = inside * np.einsum("sk,nk->ns", _SURE, poses.scores.clip(0.0, 1.0))
    each = np.einsum("ps,ns->nps", _OF_PART, weights)
    total = each.sum(axis=2)
    mean = np.einsum("nps,nsc->npc", each, colours) / np.maximum(total, 1e-9)[..., None]
    return Looks(mean, total / _OF_PART.sum(axis=1))


def resemblance(a: Looks, b: Looks) -> tuple[Floats, Floats]:
    """How alike people look, 0 to 1, and on how many parts that rests, row by row: P and P -> (P,), (P,).

    Each part counts exp(-d^2 / 2), d being the colours' distance in units of LIGHT and HUE, as much as it was
    seen of both. Where nothing was, likeness is 0 and rests on nothing.
    """
    gap = (a.colours - b.colours) / _UNITS
    sure = np.minimum(a.weights, 1.0) * np.minimum(b.weights, 1.0)
    rests_on: Floats = sure.sum(axis=1)
    alike = np.vecdot(np.exp(-0.5 * np.vecdot(gap, gap)), sure) / np.maximum(rests_on, 1e-9)
    return alike, rests_on


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
