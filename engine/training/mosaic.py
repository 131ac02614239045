"""What a detector is shown: parts of photographs, one or four in a picture, and the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from engine.training.boxes import Photos
from engine.types import Array, Image

FILL = 114  #: around photographs
VISIBLE = 0.25  #: the least part of a person's box in the picture; below it they do not count
LEAST_PX = 4.0  #: side of a box

Rng = np.random.Generator


class Looks(NamedTuple):
    """How photographs are varied."""

    scale: tuple[float, float] = (0.5, 1.5)  #: of their longer side, relative to the picture's
    mosaic: float = 0.5  #: part of the pictures that show four photographs
    colour: float = 0.3  #: how far brightness and each colour go from theirs
    grey: float = 0.05  #: part of them without colour


class Shown(NamedTuple):
    """One picture."""

    image: Image  #: (S, S, 3) BGR
    xyxy: Array  #: (N, 4) edges, pixels


class Cell(NamedTuple):
    """A part of the picture: its edges."""

    left: int
    top: int
    right: int
    bottom: int


def shown(sets: Sequence[Photos], weights: Sequence[float], side: int, looks: Looks, rng: Rng) -> Shown:
    """A picture of photographs drawn from the sets, from each set by its weight."""
    image = np.full((side, side, 3), FILL, np.uint8)
    boxes = [np.empty((0, 4), np.float32)]
    parts = np.array(weights) / np.sum(weights)
    for cell in cells(side, looks.mosaic, rng):
        photos = sets[rng.choice(len(sets), p=parts)]
        boxes.append(_put(photos, int(rng.integers(len(photos))), image, cell, looks, rng))
    return Shown(image, np.concatenate(boxes))


def cells(side: int, mosaic: float, rng: Rng) -> list[Cell]:
    """The whole picture, or the four parts around a point amid it."""
    if rng.random() >= mosaic:
        return [Cell(0, 0, side, side)]
    x, y = (int(each) for each in rng.integers(int(0.3 * side), int(0.7 * side) + 1, 2))
    return [Cell(0, 0, x, y), Cell(x, 0, side, y), Cell(0, y, x, side), Cell(x, y, side, side)]


def inside(xyxy: Array, cell: Cell) -> Array:
    """Boxes (N, 4) cut to a cell, without those of which too little is left."""
    cut = np.clip(xyxy, [cell.left, cell.top] * 2, [cell.right, cell.bottom] * 2)
    sides, whole = cut[:, 2:] - cut[:, :2], xyxy[:, 2:] - xyxy[:, :2]
    seen = (sides.min(axis=1, initial=np.inf) >= LEAST_PX) & (
        sides.prod(axis=1) >= VISIBLE * whole.prod(axis=1)
    )
    kept: Array = cut[seen].astype(np.float32)
    return kept


def _put(photos: Photos, number: int, image: Image, cell: Cell, looks: Looks, rng: Rng) -> Array:
    """Draw one photograph into a cell; the boxes of its people (N, 4)."""
    photo = photos.image(number)
    height, width = photo.shape[:2]
    low, high = np.log(looks.scale)
    scale = np.exp(rng.uniform(low, high)) * len(image) / max(height, width)
    room = np.array([cell.right - cell.left, cell.bottom - cell.top]) - scale * np.array([width, height])
    corner = np.array([cell.left, cell.top]) + room * rng.random(2)
    flipped = rng.random() < 0.5
    slope = np.array([-scale if flipped else scale, scale])
    start = corner + np.array([scale * width if flipped else 0.0, 0.0])
    # Edges go to slope x edge + start; OpenCV wants it of the centres of pixels.
    offset = start + 0.5 * (slope - 1) - [cell.left, cell.top]
    part = image[cell.top : cell.bottom, cell.left : cell.right]
    warp = np.array([[slope[0], 0, offset[0]], [0, slope[1], offset[1]]])
    drawn = cv2.warpAffine(
        photo,
        warp,
        (part.shape[1], part.shape[0]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(FILL, FILL, FILL),
    )
    part[:] = _tinted(np.asarray(drawn, np.uint8), looks, rng)
    edges = photos.xyxy[number] * np.tile(slope, 2) + np.tile(start, 2)
    if flipped:
        edges = edges[:, [2, 1, 0, 3]]
    return inside(edges.astype(np.float32), cell)


def _tinted(photo: Image, looks: Looks, rng: Rng) -> Image:
    """In another light, or without colour."""
    if rng.random() < looks.grey:
        photo = np.asarray(
            cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8
        )
    light = 1 + looks.colour * rng.uniform(-1, 1)
    gains = light * (1 + looks.colour / 3 * rng.uniform(-1, 1, 3))
    shift = 128 * looks.colour * rng.uniform(-1, 1)
    values = np.arange(256)[:, None] * gains + shift
    table = np.clip(values, 0, 255).astype(np.uint8)[None]
    out: Image = np.asarray(cv2.LUT(photo, table), np.uint8)
    return out
