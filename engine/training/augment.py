"""Crops as a network in training sees them: mirrored, turned, scaled, and now and then only half the body.

What happens to a person is one affine from its canvas to the input, so that every pixel is interpolated once.
The ranges are those of the paper (arXiv 1902.09212, section 4.1) and of its authors' code.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.crop import Affines, Size
from engine.skeleton import KEYPOINTS, PAIRS
from engine.training.data import CANVAS, NOMINAL, Crops
from engine.types import Array, Image

_UPPER = np.array([not name.endswith(("hip", "knee", "ankle")) for name in KEYPOINTS])
_HALF = 8  #: labelled joints from which on half a body is enough to learn from
_HALF_PADDING = 1.5  #: how much wider and higher than the joints of half a body its crop is


@dataclass(frozen=True, slots=True)
class Ranges:
    """How far crops are changed; all 0 leaves them as the program would see them."""

    flip: float = 0.5  #: probability
    rotation: float = 45.0  #: degrees, largest
    rotated: float = 0.6  #: probability
    scale: float = 0.35  #: smallest 1 - scale, largest 1 + scale
    half_body: float = 0.3  #: probability, of those with more than 8 labelled joints
    colour: float = 0.0  #: gain and offset of each channel, largest, 1 being the whole range


PLAIN = Ranges(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """How N people are seen: which, from canvas to input pixels, and where their joints come to lie."""

    rows: NDArray[np.intp]  #: (N,) of the crops
    affines: Affines  #: (N, 2, 3) canvas -> input
    gains: Array  #: (N, 3) of each channel
    offsets: Array  #: (N, 3) added then, of 0 to 255
    joints: Array  #: (N, K, 2) input pixels
    weights: Array  #: (N, K), 0 for those out of sight


def views(
    crops: Crops,
    rows: NDArray[np.intp],
    size: Size,
    ranges: Ranges,
    rng: np.random.Generator,
    *,
    unbiased: bool,
) -> Views:
    """Draw how the people of these rows are seen at `size`; `unbiased` as in `engine.crop`."""
    n = len(rows)
    joints, weights, labelled = crops.joints[rows], crops.weights[rows], crops.labelled[rows]
    centre, zoom = _half_bodies(joints, labelled, ranges, rng)
    zoom /= np.clip(1 + ranges.scale * rng.standard_normal(n), 1 - ranges.scale, 1 + ranges.scale)
    angle = np.radians(np.clip(rng.standard_normal(n) * ranges.rotation, -ranges.rotation, ranges.rotation))
    angle *= rng.random(n) < ranges.rotated
    mirrored = rng.random(n) < ranges.flip
    warps = _affines(centre, zoom, angle, mirrored, size, unbiased)
    moved = joints @ warps[:, :, :2].transpose(0, 2, 1) + warps[:, None, :, 2]
    moved[mirrored] = moved[mirrored][:, _mirror()]
    weights = np.where(mirrored[:, None], weights[:, _mirror()], weights)
    inside = ((moved > -0.5) & (moved < np.array(size[::-1]) - 0.5)).all(axis=-1)
    gains = 1 + ranges.colour * rng.uniform(-1, 1, (n, 1)) + ranges.colour / 2 * rng.uniform(-1, 1, (n, 3))
    offsets = 255 * ranges.colour * rng.uniform(-1, 1, (n, 1)).repeat(3, axis=1)
    return Views(
        rows,
        warps,
        gains.astype(np.float32),
        offsets.astype(np.float32),
        moved.astype(np.float32),
        (weights * inside).astype(np.float32),
    )


def pictures(canvases: Image, seen: Views, size: Size) -> Tensor:
    """What is seen of canvases (M, *CANVAS, 3): (N, 3, h, w) float, BGR, 0 to 255; black beyond them."""
    height, width = size
    out = np.empty((len(seen.rows), height, width, 3), np.uint8)
    warped = np.empty((height, width, 4), np.uint8)
    for picture, row, affine in zip(out, seen.rows, seen.affines, strict=True):
        canvas = cv2.cvtColor(canvases[row], cv2.COLOR_BGR2BGRA)  # four channels are warped faster than three
        cv2.warpAffine(canvas, affine, (width, height), dst=warped)
        cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR, dst=picture)
    return _coloured(torch.from_numpy(out).permute(0, 3, 1, 2).float(), seen)


def pictures_on(canvases: Tensor, seen: Views, size: Size) -> Tensor:
    """The same on the device where the canvases (M, *CANVAS, 3) lie as uint8."""
    height, width = size
    rows = torch.from_numpy(seen.rows).to(canvases.device)
    people = canvases[rows].permute(0, 3, 1, 2).float()
    x, y = torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")
    inputs = torch.stack([x, y, torch.ones_like(x)], dim=-1).to(canvases.device, torch.float32)
    back = torch.from_numpy(_inverse(seen.affines)).to(canvases.device, torch.float32)
    at = torch.einsum("hwc,ndc->nhwd", inputs, back)
    span = torch.tensor([CANVAS[1] - 1, CANVAS[0] - 1], device=canvases.device)
    warped = functional.grid_sample(people, 2 * at / span - 1, align_corners=True)
    return _coloured(warped, seen)


def _coloured(people: Tensor, seen: Views) -> Tensor:
    gains, offsets = (torch.from_numpy(each).to(people.device) for each in (seen.gains, seen.offsets))
    return (people * gains[..., None, None] + offsets[..., None, None]).clamp_(0, 255)


def _affines(
    centre: NDArray[np.float64],
    zoom: NDArray[np.float64],
    angle: NDArray[np.float64],
    mirrored: NDArray[np.bool_],
    size: Size,
    unbiased: bool,
) -> Affines:
    """(N, 2, 3) that bring `centre` to the middle of the input, larger by `zoom`, turned, and then mirrored.

    The middle and the size of the input are as in `engine.crop.affines`.
    """
    span = np.array([size[1] - unbiased, size[0] - unbiased], np.float64)
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    turn = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], axis=-2)
    out = np.zeros((len(centre), 2, 3))
    out[:, :, :2] = turn * (span / np.array(NOMINAL[::-1]))[:, None]
    out[:, :, 2] = span / 2 - (out[:, :, :2] @ centre[..., None])[..., 0]
    # A mirror exchanges the centres of the first and the last pixel, whatever the transform.
    out[mirrored, 0] *= -1
    out[mirrored, 0, 2] += size[1] - 1
    return out


def _half_bodies(
    joints: Array, labelled: NDArray[np.bool_], ranges: Ranges, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where on its canvas the middle of each crop is (N, 2), and how much larger than usual it is (N,)."""
    n = len(joints)
    middle = np.tile(np.array([CANVAS[1], CANVAS[0]], np.float64) / 2, (n, 1))
    chosen, upper = rng.random(n) < ranges.half_body, rng.random(n) < 0.5
    zoom = np.ones(n)
    for person in np.flatnonzero(chosen & (labelled.sum(axis=1) > _HALF)):
        half = labelled[person] & (upper[person] == _UPPER)
        if half.sum() <= 2:
            continue
        points = joints[person, half]
        width, height = _HALF_PADDING * np.maximum(points.max(axis=0) - points.min(axis=0), 1)
        middle[person] = points.mean(axis=0)
        larger = min(NOMINAL[1] / width, NOMINAL[0] / height)
        zoom[person] = np.clip(larger, 1.0, 3.0)
    return middle, zoom


def _mirror() -> NDArray[np.intp]:
    """The joint whose place each joint takes in a mirror: (K,)."""
    order = np.arange(len(KEYPOINTS))
    for left, right in PAIRS:
        order[[left, right]] = right, left
    return order


def _inverse(affines: Affines) -> Affines:
    linear = np.linalg.inv(affines[:, :, :2])
    return np.concatenate([linear, -linear @ affines[:, :, 2:]], axis=2)
