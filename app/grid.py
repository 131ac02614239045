"""The steps that measured values are told in: far below what any network can tell, and exact in a file.

Values are settled once, before anybody works with them, so that what is stored is what was used. Pixels
come in 1/512, scores and likeness in 1/10000, spreads in 1/64: whole numbers of steps, from which they come
back bit for bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.types import Array, Boxes, Poses
from trackers.types import Tracks

PIXEL = np.float32(512.0)  #: steps in a pixel
SCORE = np.float32(10_000.0)  #: steps from 0 to 1
SPREAD = np.float32(64.0)  #: steps from 0 to the usual spread
WIDEST = np.float32(1000.0)  #: spread
FAR = np.float32(2**20)  #: pixels; no place is told to be farther away
MOST = np.float32(6.5)  #: of a score, which should be 1 at most
_ZERO = np.float32(0.0)  # added, it makes a zero of a negative zero
NOWHERE, NO_SCORE = np.iinfo(np.int32).min, np.iinfo(np.uint16).max  #: stand for what is no number


def settled(poses: Poses) -> Poses:
    """The same people, in whole steps."""
    return replace(
        poses,
        boxes=_boxes(poses.boxes),
        keypoints=pixels(poses.keypoints),
        scores=scores(poses.scores),
        spread=spreads(poses.spread),
    )


def settled_tracks(tracks: Tracks) -> Tracks:
    """The same people, in whole steps."""
    return replace(
        tracks,
        boxes=_boxes(tracks.boxes),
        measured=pixels(tracks.measured),
        keypoints=pixels(tracks.keypoints),
        scores=scores(tracks.scores),
        likeness=scores(tracks.likeness),
    )


def pixels(values: Array) -> Array:
    """Rounded to steps of a pixel, not farther than FAR; what is no number stays so."""
    return np.asarray(np.clip(np.rint(values * PIXEL) / PIXEL, -FAR, FAR) + _ZERO, np.float32)


def scores(values: Array) -> Array:
    """Rounded to steps of a score, from 0 to MOST; what is no number stays so."""
    return np.asarray(np.clip(np.rint(values * SCORE) / SCORE, _ZERO, MOST) + _ZERO, np.float32)


def spreads(values: Array) -> Array:
    """Rounded to steps of a spread, never 0, and to what half precision holds."""
    steps = np.clip(np.rint(np.nan_to_num(values, nan=1.0) * SPREAD), 1.0, WIDEST * SPREAD)
    return np.asarray((steps / SPREAD).astype(np.float16), np.float32)


def pixel_steps(values: Array) -> NDArray[np.int32]:
    """Settled pixels as whole steps; NOWHERE for what is no number."""
    return np.asarray(np.where(np.isnan(values), NOWHERE, np.nan_to_num(values) * PIXEL), np.int32)


def score_steps(values: Array) -> NDArray[np.uint16]:
    """Settled scores as whole steps; NO_SCORE for what is no number."""
    return np.asarray(np.where(np.isnan(values), NO_SCORE, np.rint(np.nan_to_num(values) * SCORE)), np.uint16)


def from_pixel_steps(steps: NDArray[np.int32]) -> Array:
    """Back from `pixel_steps`."""
    values = steps.astype(np.float32) / PIXEL
    return np.where(steps == NOWHERE, np.float32(np.nan), values) if (steps == NOWHERE).any() else values


def from_score_steps(steps: NDArray[np.uint16]) -> Array:
    """Back from `score_steps`."""
    values = steps.astype(np.float32) / SCORE
    return np.where(steps == NO_SCORE, np.float32(np.nan), values) if (steps == NO_SCORE).any() else values


def _boxes(boxes: Boxes) -> Boxes:
    return Boxes(pixels(boxes.xyxy), scores(boxes.scores))
