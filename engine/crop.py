"""From a box in the frame to the network's input, and from its answer back to the frame.

Two conventions exist for how long a picture is. In the classic one (the official HRNet repository:
`COCODataset._xywh2cs`, `get_affine_transform`, `transform_preds`) it is as long as it has pixels, so that
cell x of a heatmap a quarter the size lies at input pixel 4 x. In the unbiased one (UDP: Huang et al., "The
Devil is in the Details", CVPR 2020) it reaches from the centre of its first pixel to the centre of its last,
which is one less. A network wants the one that it was trained with, and the same for the way there and back.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Image

Affines = NDArray[np.float64]
Size = tuple[int, int]  #: height, width

PADDING = 1.25  #: how much wider and higher than the person the network sees
_FAR = 1e6  #: pixels; no frame reaches so far, and the arithmetic stays finite up to here
_WIDE = 16  #: source pixels per crop pixel from where on a fourth channel costs more than it gains


def affines(
    xyxy: NDArray[np.floating], input_size: Size, *, unbiased: bool = False, padding: float = PADDING
) -> Affines:
    """Boxes (N, 4) -> (N, 2, 3): frame pixels -> network input pixels; `input_size` is (height, width).

    The box keeps its centre, is brought to the proportions of the input by lengthening its shorter side, and
    grows by `padding`; nothing is turned or stretched (only `unbiased` stretches, by less than 1 in 100).
    A side below 1 px counts as 1 px, a coordinate that is no number as 0: every box gives an affine that
    can be inverted.
    """
    height, width = input_size
    boxes = np.clip(np.nan_to_num(np.asarray(xyxy, np.float64)), -_FAR, _FAR)
    low, high = boxes[:, :2], boxes[:, 2:]
    sides = np.maximum(high - low, 1.0)
    seen_width = padding * np.maximum(sides[:, 0], sides[:, 1] * (width / height))
    span = np.array([width, height], np.float64) - unbiased
    scale = span / (seen_width[:, None] * np.array([1.0, height / width]))
    out = np.zeros((len(boxes), 2, 3))
    out[:, [0, 1], [0, 1]] = scale
    out[:, :, 2] = span / 2 - scale * (low + high) / 2
    return out


def crops(image: Image, affines: Affines, input_size: Size) -> Image:
    """What the network sees of a frame (H, W, 3): (N, h, w, 3) BGR, bilinear, black beyond the frame.

    Positions are exact: each value is within 0.51 of the exact interpolation (OpenCV 4 rounded positions to
    1/32 px, OpenCV 5 does not). A person larger than the input is sampled with gaps, as in the reference,
    where the networks learned to see.

    OpenCV warps four channels 2.7 times as fast as three, with the same result to the bit; so the part of the
    frame that a crop reads gets a fourth one first.
    """
    height, width = input_size
    out = np.empty((len(affines), height, width, 3), np.uint8)
    warped = np.empty((height, width, 4), np.uint8)
    sources = _sources(affines, input_size, image.shape)
    for crop, affine, (left, top, right, bottom) in zip(out, affines, sources, strict=True):
        source = image[top:bottom, left:right]
        if not source.size:
            crop.fill(0)
            continue
        moved = affine.copy()
        moved[:, 2] += affine[:, :2] @ (left, top)
        if right - left > _WIDE * width * height / (bottom - top):
            cv2.warpAffine(source, moved, (width, height), dst=crop)
        else:
            cv2.warpAffine(cv2.cvtColor(source, cv2.COLOR_BGR2BGRA), moved, (width, height), dst=warped)
            cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR, dst=crop)
    return out


def normalise(crops: Image, mean: Sequence[float] | Array, std: Sequence[float] | Array, rgb: bool) -> Array:
    """(N, h, w, 3) uint8 BGR -> (N, 3, h, w) float32, (value - mean) / std.

    `mean` and `std` are for values of 0 to 255, in the network's channel order: red first if `rgb`.
    """
    n, height, width, _ = crops.shape
    scale = 1.0 / np.asarray(std, np.float64)[:, None, None]
    gain, offset = scale.astype(np.float32), (-scale * np.asarray(mean)[:, None, None]).astype(np.float32)
    out = np.empty((n, 3, height, width), np.float32)
    planes = np.empty((3, height, width), np.uint8)
    blue_first = list(planes[::-1] if rgb else planes)
    for crop, result in zip(crops, out, strict=True):  # one person's planes stay in the cache for all three
        cv2.split(crop, blue_first)
        np.multiply(planes, gain, out=result)
        np.add(result, offset, out=result)
    return out


def to_frame(
    cells: Array, affines: Affines, input_size: Size, heatmap_size: Size, *, unbiased: bool = False
) -> Array:
    """Heatmap cells (N, K, 2) -> frame pixels (N, K, 2), for crops made with affines (N, 2, 3)."""
    inputs, heatmap = np.array(input_size[::-1], np.float64), np.array(heatmap_size[::-1], np.float64)
    stride = (inputs - unbiased) / np.maximum(heatmap - unbiased, 1)
    pixels = cells * stride - affines[:, None, :, 2]
    back = np.linalg.inv(affines[:, :, :2]).transpose(0, 2, 1)
    return (pixels @ back).astype(np.float32)


def _sources(affines: Affines, input_size: Size, frame_shape: Sequence[int]) -> list[list[int]]:
    """What each crop reads of the frame: N times left, top, right, bottom, ends excluded, perhaps empty."""
    height, width = input_size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - affines[:, None, :, 2]
    frame = corners @ np.linalg.inv(affines[:, :, :2]).transpose(0, 2, 1)
    low, high = np.floor(frame.min(axis=1)) - 1, np.ceil(frame.max(axis=1)) + 2
    limits = np.array(frame_shape[1::-1])
    ends: list[list[int]] = np.clip(np.hstack([low, high]), 0, np.tile(limits, 2)).astype(int).tolist()
    return ends
