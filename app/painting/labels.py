"""Who is who on a small plate above the head, or beside it where there is no room above; names of joints."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.painting.palette import DARK, LIGHT, Colours, shades, solid
from app.painting.strokes import SHIFT, Floats, Ints, Layout, Strokes, fixed
from engine.skeleton import KEYPOINTS
from engine.types import Image

Rectangle = tuple[float, float, float, float]  #: left, top, right, bottom, pixels

LONGEST = 24  #: letters of a name; of longer ones the beginning is shown
NAMED_FROM_PX = 200.0  #: joints of people smaller than this are not named: nobody could read it
FACE_NAMED_FROM_PX = 700.0  #: nor those of the face, which lie close together
_SMALL, _CLEAR = 11.0, 0.7  # letters of what joints are called, pixels of 720p; opacity of the plate behind
_FONT = "sans"  # comes with OpenCV, so every machine writes alike
_WEIGHT = 700  # bold
_DIGIT = 0.72  # height of a digit over the size of the letters
_TURNS = np.arange(16) * (np.pi / 8) + np.pi / 16
_ROUND = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)  # unit circle, four points to a quarter
_CORNER = np.sign(_ROUND)  # the corner of a plate that each of them rounds off


def label(
    painted: Image,
    ids: NDArray[np.int64],
    strokes: Strokes,
    joined: Layout,
    colours: Colours,
    names: Mapping[int, str],
) -> None:
    """Write everyone's name, else their id, on `painted`.

    Lower ids choose their place first, so that those seen long stay in place.
    """
    height, width = painted.shape[:2]
    unit = math.sqrt(width * height / (1280 * 720))
    smallest = 10.0 * max(1.0, unit**0.75)
    letters = np.rint(np.clip(0.07 * strokes.size, smallest, max(smallest, 20.0 * unit))).astype(int).tolist()
    around: list[Rectangle] = [tuple(head) for head in heads(strokes, joined).tolist()]
    texts = [called(track_id, names) for track_id in ids.tolist()]
    lengths = [_length(text, size) for text, size in zip(texts, letters, strict=True)]
    plates = around.copy()
    taken: list[Rectangle] = []
    for n in np.argsort(ids, kind="stable").tolist():
        size = lengths[n] + 0.6 * letters[n], 1.1 * letters[n]
        plates[n] = place(around[n], size, taken, width, height)
        taken.append(plates[n])
    fills = [solid(shades(track_id, colours).middle) for track_id in ids.tolist()]
    _write(painted, np.array(plates), fills, texts, lengths, letters)


def called(track_id: int, names: Mapping[int, str]) -> str:
    """The name of a person as far as there is room for it, else their number."""
    name = unicodedata.normalize("NFC", names.get(track_id, "")) or str(track_id)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def name_joints(painted: Image, strokes: Strokes, joined: Layout) -> None:
    """Write beside every joint what it is called."""
    unit = max(1.0, math.sqrt(painted.shape[0] * painted.shape[1] / (1280 * 720)))
    letters = round(_SMALL * unit)
    face, high = cv2.FontFace(_FONT), 1.45 * letters

    def size(text: str) -> tuple[float, float]:
        return _length(text, letters) + 0.7 * letters, high

    for text, plate in beside_joints(strokes, joined, np.bool_(True), size, unit):
        left, top, right, bottom = np.rint(plate).astype(int).tolist()
        height, width = painted.shape[:2]
        if left < 0 or top < 0 or right > width or bottom > height:
            continue
        patch = painted[top:bottom, left:right]
        before = patch.copy()
        corners = _rounded(np.array([plate]), np.zeros(1))[0]
        cv2.fillConvexPoly(painted, corners, solid(DARK), cv2.LINE_AA, SHIFT)
        cv2.addWeighted(patch, _CLEAR, before, 1.0 - _CLEAR, 0.0, dst=patch)
        origin = round(plate[0] + 0.35 * letters), round((plate[1] + plate[3] + _DIGIT * letters) / 2)
        cv2.putText(painted, text, origin, solid(LIGHT), face, letters, _WEIGHT)


def beside_joints(
    strokes: Strokes,
    joined: Layout,
    wanted: NDArray[np.bool_] | np.bool_,
    size: Callable[[str], tuple[float, float]],
    unit: float,
) -> Iterator[tuple[str, Rectangle]]:
    """What joints are called, and the places for that: beside them, away from the body.

    Of those who are `wanted` (N,), and large enough: sizes are for lines of 1 / `unit` pixels.

    Of two that would lie over each other one goes to the other side, and else is left out.
    """
    taken: list[Rectangle] = []
    for n in np.flatnonzero((strokes.size >= NAMED_FROM_PX * unit) & wanted).tolist():
        dots = strokes.dots[n] & ((strokes.size[n] >= FACE_NAMED_FROM_PX * unit) | ~joined.face_joint)
        middle = float(strokes.points[n, strokes.seen[n], 0].mean()) if strokes.seen[n].any() else 0.0
        gap = 6.0 * unit + float(strokes.stroke[n])
        for joint in np.flatnonzero(dots).tolist():
            x, y = strokes.points[n, joint].tolist()
            text = joint_name(joint, len(joined.joint_side))
            wide, high = size(text)
            right = x + gap, y - high / 2, x + gap + wide, y + high / 2
            left = x - gap - wide, y - high / 2, x - gap, y + high / 2
            places = (right, left) if x >= middle else (left, right)
            free = [at for at in places if not any(_touch(at, other) for other in taken)]
            for at in free[:1]:
                taken.append(at)
                yield text, at


def joint_name(joint: int, joints: int) -> str:
    """COCO's names in words, numbers for any other skeleton."""
    return KEYPOINTS[joint].replace("_", " ") if joints == len(KEYPOINTS) else str(joint)


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
    fills: Sequence[tuple[int, int, int, int]],
    texts: Sequence[str],
    lengths: Sequence[int],
    letters: Sequence[int],
) -> None:
    face, dark = cv2.FontFace(_FONT), solid(DARK)
    centres = (plates[:, :2] + plates[:, 2:]) / 2
    borders = _rounded(plates, np.zeros(len(plates)))
    fields = _rounded(plates, np.maximum(1.0, 0.08 * np.array(letters)))
    for n, (x, y) in enumerate(centres.tolist()):
        cv2.fillConvexPoly(painted, borders[n], dark, cv2.LINE_AA, SHIFT)
        cv2.fillConvexPoly(painted, fields[n], fills[n], cv2.LINE_AA, SHIFT)
        origin = (round(x - lengths[n] / 2), round(y + _DIGIT / 2 * letters[n]))
        cv2.putText(painted, texts[n], origin, dark, face, letters[n], _WEIGHT)


def _rounded(plates: Floats, inset: Floats) -> Ints:
    """Corners (N, 16, 2), in pixels << SHIFT, of rounded plates `inset` (N,) smaller on each side."""
    centre = (plates[:, :2] + plates[:, 2:]) / 2
    half = (plates[:, 2:] - plates[:, :2]) / 2 - inset[:, None]
    radius = (0.6 * half[:, 1])[:, None]
    points = centre[:, None] + _CORNER * (half - radius)[:, None] + _ROUND * radius[:, None]
    return fixed(points)
