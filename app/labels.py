"""The id of each person on a small plate above the head, or beside it where there is no room above."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.palette import DARK, LIGHT, shades
from app.strokes import SHIFT, Floats, Ints, Layout, Strokes, fixed
from engine.types import Image

Rectangle = tuple[float, float, float, float]  #: left, top, right, bottom, pixels

_FONT = "sans"  # comes with OpenCV, so every machine writes alike
_WEIGHT = 700  # bold
_DIGIT = 0.72  # height of a digit over the size of the letters
_TURNS = np.arange(16) * (np.pi / 8) + np.pi / 16
_ROUND = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)  # unit circle, four points to a quarter
_CORNER = np.sign(_ROUND)  # the corner of a plate that each of them rounds off


def label(painted: Image, ids: NDArray[np.int64], strokes: Strokes, joined: Layout) -> None:
    """Write everyone's id on `painted`; lower ids choose first, so that those seen long stay in place."""
    height, width = painted.shape[:2]
    unit = math.sqrt(width * height / (1280 * 720))
    smallest = 10.0 * max(1.0, unit**0.75)
    letters = np.rint(np.clip(0.07 * strokes.size, smallest, max(smallest, 20.0 * unit))).astype(int).tolist()
    around: list[Rectangle] = [tuple(head) for head in heads(strokes, joined).tolist()]
    texts = [str(track_id) for track_id in ids.tolist()]
    lengths = [_length(text, size) for text, size in zip(texts, letters, strict=True)]
    plates = around.copy()
    taken: list[Rectangle] = []
    for n in np.argsort(ids, kind="stable").tolist():
        size = lengths[n] + 0.6 * letters[n], 1.1 * letters[n]
        plates[n] = place(around[n], size, taken, width, height)
        taken.append(plates[n])
    _write(painted, np.array(plates), ids, texts, lengths, letters)


def banner(painted: Image, text: str) -> None:
    """Write a word that nobody overlooks on `painted`, in the middle at the top."""
    height, width = painted.shape[:2]
    letters = max(12, round(0.045 * math.sqrt(width * height)))
    face, long = cv2.FontFace(_FONT), _length(text, letters)
    plate = np.array([[width - long, letters, width + long, 3.0 * letters]]) / 2
    plate += np.array([-0.6, 0.0, 0.6, 0.6]) * letters
    cv2.fillConvexPoly(painted, _rounded(plate, np.zeros(1))[0], DARK, cv2.LINE_AA, SHIFT)
    origin = round((width - long) / 2), round(plate[0, 1::2].mean() + _DIGIT / 2 * letters)
    cv2.putText(painted, text, origin, LIGHT, face, letters, _WEIGHT)


@lru_cache(maxsize=4096)
def _length(text: str, letters: int) -> int:
    """Width of the text, pixels."""
    (_, _, width, _) = cv2.getTextSize((0, 0), text, (0, 0), cv2.FontFace(_FONT), letters, _WEIGHT)
    return width


def heads(strokes: Strokes, joined: Layout) -> Floats:
    """Rectangles (N, 4) around everyone's head: from the joints of the face, else the top of the box."""
    left, top, right, _ = strokes.boxes.T
    seen = (strokes.seen & joined.face_joint)[..., None]
    low = np.where(seen, strokes.points, np.inf).min(axis=1)
    high = np.where(seen, strokes.points, -np.inf).max(axis=1)
    faceless = ~seen.any(axis=(1, 2))
    radius = 0.065 * strokes.size
    low[faceless] = high[faceless] = np.stack([(left + right) / 2, top + radius], axis=1)[faceless]
    radius = np.maximum(radius, 0.75 * (high - low).max(axis=1))
    x, y = ((low + high) / 2).T
    crown = np.clip(top, y - 1.5 * radius, y - 0.9 * radius)  # boxes end with the hair, or with a raised hand
    return np.stack([x - radius, crown, x + radius, y + radius], axis=1)


def place(
    head: Rectangle, size: tuple[float, float], taken: list[Rectangle], width: int, height: int
) -> Rectangle:
    """The first place in the picture that is free, else the first that leaves the face free."""
    fallback: list[Rectangle] = []
    for x, y in _corners(head, *size):
        place = _inside(x, y, *size, width, height)
        if not _touch(place, head):
            if not any(_touch(place, other) for other in taken):
                return place
            fallback.append(place)
    return fallback[0] if fallback else _inside(head[0], head[1], *size, width, height)


def _corners(head: Rectangle, wide: float, high: float) -> Iterator[tuple[float, float]]:
    """Left top corners: above the head, leaning to either side, right and left of it, and higher still."""
    left, top, right, bottom = head
    gap = 0.2 * high
    middle, above, beside = (left + right - wide) / 2, top - gap - high, (top + bottom - high) / 2
    yield middle, above
    yield middle + 0.6 * wide, above
    yield middle - 0.6 * wide, above
    yield right + gap, beside
    yield left - gap - wide, beside
    yield middle, above - 1.1 * high


def _inside(x: float, y: float, wide: float, high: float, width: int, height: int) -> Rectangle:
    x, y = max(0.0, min(x, width - 1.0 - wide)), max(0.0, min(y, height - 1.0 - high))
    return x, y, x + wide, y + high


def _touch(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _write(
    painted: Image,
    plates: Floats,
    ids: NDArray[np.int64],
    texts: Sequence[str],
    lengths: Sequence[int],
    letters: Sequence[int],
) -> None:
    face = cv2.FontFace(_FONT)
    centres = (plates[:, :2] + plates[:, 2:]) / 2
    borders = _rounded(plates, np.zeros(len(plates)))
    fields = _rounded(plates, np.maximum(1.0, 0.08 * np.array(letters)))
    for n, (x, y) in enumerate(centres.tolist()):
        cv2.fillConvexPoly(painted, borders[n], DARK, cv2.LINE_AA, SHIFT)
        cv2.fillConvexPoly(painted, fields[n], shades(int(ids[n])).middle, cv2.LINE_AA, SHIFT)
        origin = (round(x - lengths[n] / 2), round(y + _DIGIT / 2 * letters[n]))
        cv2.putText(painted, texts[n], origin, DARK, face, letters[n], _WEIGHT)


def _rounded(plates: Floats, inset: Floats) -> Ints:
    """Corners (N, 16, 2), in pixels << SHIFT, of rounded plates `inset` (N,) smaller on each side."""
    centre = (plates[:, :2] + plates[:, 2:]) / 2
    half = (plates[:, 2:] - plates[:, :2]) / 2 - inset[:, None]
    radius = (0.6 * half[:, 1])[:, None]
    points = centre[:, None] + _CORNER * (half - radius)[:, None] + _ROUND * radius[:, None]
    return fixed(points)
