"""Joints to heatmaps and back: one place for both, so that training and inference agree.

Positions are heatmap cells; the centre of the first cell is (0, 0). `engine.crop.to_frame` takes them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.spread import rings, spread_of
from engine.types import Array

Decoder = Literal["argmax", "quarter", "dark", "udp"]
Cells = NDArray[np.intp]

_REACH = 3  #: standard deviations from the joint to the edge of a target
LEAST = 1e-10  #: below this a blurred heatmap has no logarithm worth taking
STEP = 2.0  #: cells; a longer Taylor step says that the heatmap is not the bell it was taken for


class Fit(NamedTuple):
    """How a Gaussian is fitted around the highest cell."""

    blur: tuple[float, ...]  #: weights of the blur before it, along each axis
    spacing: int  #: between the cells of the second differences
    still: int  #: columns and rows at each border where nothing moves


#: What OpenCV takes for a Gaussian of 7 cells, as in the authors' code: a deviation of 1.37.
_UDP = Fit((2 / 64, 7 / 64, 14 / 64, 18 / 64, 14 / 64, 7 / 64, 2 / 64), spacing=1, still=0)


class Joints(NamedTuple):
    """What is read off heatmaps (N, K, H, W)."""

    cells: Array  #: (N, K, 2) x, y
    scores: Array  #: (N, K) in [0, 1]
    spread: Array  #: (N, K) how much stands around the peak, over what is usual; see `engine.types.Poses`


def decode(heatmaps: Array, method: Decoder = "quarter", *, sigma: float = 2.0) -> Joints:
    """Heatmaps (N, K, H, W) -> where each joint is, a score, and how far its heatmap spreads.

    The score is the value of the highest cell (the first of equals), clipped. A joint whose heatmap has
    nothing above 0, or a value that is no number, is at (0, 0) with score 0 and spread 1. `sigma` is that of
    the training targets, in cells. From the highest cell:

    - `argmax`: no further.
    - `quarter`: a quarter cell along each axis towards the higher neighbour, as the official HRNet repository
      does it (`get_final_preds`): neither axis moves in the first two and the last column and row.
    - `dark`: to the top of the Gaussian that fits there (Zhang et al., "Distribution-Aware Coordinate
      Representation for Human Pose Estimation", CVPR 2020, equations 5 to 9). In the two outermost columns
      and rows nothing moves, as in the authors' code.
    - `udp`: the same with a lighter blur (7 cells) and from the next neighbours only, for networks trained
      and cropped with the unbiased transform (Huang et al., "The Devil is in the Details", CVPR 2020; `post`
      in the authors' code).

    Where no Gaussian fits (a singular or indefinite Hessian, a step of over two cells) nothing moves. Near
    the border the blur is cut to what fits. Those of the authors reach beyond, into zeros or a mirror image,
    which shifts joints: on real heatmaps by 0.34 cells (DARK, third column) and 0.88 (UDP, second), against
    0.12 and 0.10 here.
    """
    n, k, height, width = heatmaps.shape
    maps = np.ascontiguousarray(heatmaps, np.float32).reshape(n * k, height, width)
    flat = maps.reshape(n * k, height * width)
    best = flat.argmax(axis=1)
    first = np.arange(n * k) * (height * width)
    peaks = maps.reshape(-1).take(first + best)
    y, x = np.divmod(best, width)
    xy = np.empty((n * k, 2), np.float32)
    xy[:, 0], xy[:, 1] = x, y
    if method == "quarter":
        xy += _quarter(maps, x, y, first + best)
    elif method != "argmax":
        xy += _taylor(maps, x, y, fit_of(method, sigma))
    seen = peaks > 0
    np.maximum(xy, -0.5, out=xy)
    np.minimum(xy, np.array([width - 0.5, height - 0.5], np.float32), out=xy)
    xy[~seen] = 0
    scores = np.where(seen, np.minimum(peaks, 1), np.float32(0))
    spread = np.where(seen, spread_of(flat, best, first, peaks, rings(sigma, width)), np.float32(1))
    return Joints(xy.reshape(n, k, 2), scores.reshape(n, k), spread.reshape(n, k))


def fit_of(method: Literal["dark", "udp"], sigma: float) -> Fit:
    """How that decoder fits its Gaussian; `sigma` is the deviation of the training targets, cells."""
    return _UDP if method == "udp" else Fit(_gaussian(sigma), spacing=2, still=2)


def encode(
    xy: NDArray[np.floating],
    visible: NDArray[np.bool_],
    heatmap_size: tuple[int, int],
    sigma: float = 2.0,
    *,
    unbiased: bool = True,
) -> Array:
    """Joints (N, K, 2) in cells -> what a perfect network answers, Gaussians of height 1: (N, K, H, W).

    `unbiased` centres each Gaussian on the joint (Zhang et al. 2020, section 3.2): `dark` and `udp` take it
    back to 0.01 cell away from the border, `quarter` to a quarter of a cell. Without it the centre is the
    nearest cell and the Gaussian is cut to a square of three deviations to each side, as in the official
    HRNet repository (`generate_target`). All 0 for a joint not `visible` (N, K) or three deviations outside.
    """
    height, width = heatmap_size
    at = np.where(visible[..., None], xy, 0.0)
    cell = np.floor(at + 0.5)
    inside = (cell >= -_REACH * sigma) & (cell < np.array([width, height]) + _REACH * sigma)
    drawn = visible & inside.all(axis=-1)
    profiles = []
    for axis, length in enumerate((width, height)):
        away = np.arange(length) - (at if unbiased else cell)[..., axis, None]
        profile = np.exp(-(away**2) / (2 * sigma**2))
        profiles.append(profile if unbiased else profile * (np.abs(away) <= _REACH * sigma))
    across, down = profiles
    down *= drawn[..., None]
    out: Array = np.multiply(down[..., :, None], across[..., None, :], dtype=np.float32, casting="same_kind")
    return out


def flip_back(heatmaps: Array, pairs: Sequence[tuple[int, int]], *, shift: bool) -> Array:
    """The answer to a mirrored input, as if to the input itself: (N, K, H, W) -> the same shape, a new array.

    Mirrors each heatmap and exchanges the channels of each pair (left, right). In the classic transform with
    heatmaps a quarter the size of the input, the result lies three quarters of a cell too far left; `shift`
    moves it one cell to the right, leaving the first column, as the official HRNet repository does
    (SHIFT_HEATMAP). In the unbiased transform it lies right.
    """
    n, k, height, width = heatmaps.shape
    order = np.arange(k)
    for left, right in pairs:
        order[[left, right]] = right, left
    swapped = np.take(heatmaps, order, axis=1).reshape(n * k * height, width)
    out = np.empty_like(swapped)
    out[:, :1] = swapped[:, width - 1 :]
    still = 1 if shift else 0
    if out[:, still:].size:
        cv2.flip(swapped[:, still:], 1, dst=out[:, still:])
    return out.reshape(n, k, height, width)


@lru_cache(maxsize=16)
def bands(length: int, fit: Fit) -> Array:
    """(length, 2 spacing + 1, length): [i] times a line is the blurred line, `spacing` each side of i.

    At the ends it is that around the nearest cell with so many to each side. The blur reaches as far as it
    can for all of them within the line: a narrower one shifts no Gaussian, one cut off on one side does.
    """
    radius, window = len(fit.blur) // 2, np.arange(-fit.spacing, fit.spacing + 1)
    centre = np.clip(np.arange(length), fit.spacing, length - 1 - fit.spacing)
    room = np.minimum(centre, length - 1 - centre) - fit.spacing
    away = np.arange(-radius, radius + 1)
    weights = np.array(fit.blur) * (np.abs(away) <= room[:, None])
    weights /= weights.sum(axis=1, keepdims=True)
    reads = centre[:, None, None] + window[:, None] + away
    padded = np.zeros((length, len(window), length + 2 * radius), np.float32)
    np.put_along_axis(padded, reads + radius, np.broadcast_to(weights[:, None], reads.shape), axis=2)
    out = padded[:, :, radius : radius + length].copy()
    out.setflags(write=False)
    return out


@lru_cache(maxsize=2)
def differences(spacing: int) -> Array:
    """((2 spacing + 1)^2, 5): the cells around the highest, row by row, times this are d/dx, d/dy, d2/dx2,
    d2/dy2 and d2/dxdy there, by the differences that the authors of DARK (spacing 2) and UDP (1) take.
    """
    c, end = spacing, 2 * spacing
    out = np.zeros((end + 1, end + 1, 5), np.float32)
    out[c, [c - 1, c + 1], 0] = out[[c - 1, c + 1], c, 1] = [-0.5, 0.5]
    out[c, [0, c, end], 2] = out[[0, c, end], c, 3] = np.array([1, -2, 1]) / spacing**2
    if spacing == 1:
        out[:, :, 4] = np.array([[1, -1, 0], [-1, 2, -1], [0, -1, 1]]) / 2
    else:
        out[c - 1 : c + 2, c - 1 : c + 2, 4] = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]]) / 4
    table = out.reshape(-1, 5)
    table.setflags(write=False)
    return table


def _quarter(maps: Array, x: Cells, y: Cells, cell: Cells) -> Array:
    """The official quarter-cell step from cells x, y of maps (M, H, W), `cell` of all: (M, 2)."""
    height, width = maps.shape[1:]
    moves = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
    around = cell[:, None] + np.array([1, width, -1, -width])
    values = maps.reshape(-1).take(around, mode="clip")
    # Compared, not subtracted: the difference of infinities is no number, that of large values overflows.
    higher, lower = values[:, :2] > values[:, 2:], values[:, :2] < values[:, 2:]
    signs = np.subtract(higher, lower, dtype=np.float32)
    return np.where(moves[:, None], signs * np.float32(0.25), np.float32(0))


def _taylor(maps: Array, x: Cells, y: Cells, fit: Fit) -> Array:
    """The step from cells x, y of maps (M, H, W) to the top of the Gaussian that fits there: (M, 2).

    Zhang et al. 2020 blur the heatmap, scale it so that its maximum is what it was, and expand its logarithm
    at the highest cell to second order (Taylor): the top is where the gradient vanishes, -Hessian^-1 gradient
    away. Only the few cells around the highest need blurring, and a separable blur of them is a product with
    a band of rows on the left and one of columns on the right. The scaling is left out: log(c h) is
    log(c) + log(h), and no difference of logarithms sees the constant log(c).
    """
    m, height, width = maps.shape
    if min(height, width) <= 2 * fit.spacing:
        return np.zeros((m, 2), np.float32)
    rows, columns = bands(height, fit)[y], bands(width, fit)[x]
    with np.errstate(all="ignore"):  # what comes out without being a number fails every comparison below
        near = rows @ maps @ columns.transpose(0, 2, 1)
        logs = np.log(np.maximum(near, LEAST)).reshape(m, near.shape[1] * near.shape[2])
        dx, dy, dxx, dyy, dxy = (logs @ differences(fit.spacing)).T
        det = dxx * dyy - dxy * dxy
        step = np.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], axis=1) / det[:, None]
        cell = np.stack([x, y], axis=1)
        last = np.array([width - 1, height - 1])
        step += np.clip(cell, fit.spacing, last - fit.spacing) - cell
        fits = (dxx < 0) & (det > 0) & (np.abs(step) <= STEP).all(axis=1)
    fits &= ((cell >= fit.still) & (cell <= last - fit.still)).all(axis=1)
    return np.where(fits[:, None], step, np.float32(0))


@lru_cache(maxsize=16)
def _gaussian(sigma: float) -> tuple[float, ...]:
    """The weights of a Gaussian blur out to 2.5 deviations: 11 of them for a deviation of 2."""
    radius = round(2.5 * sigma)
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    return tuple((weights / weights.sum()).tolist())
