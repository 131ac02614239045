"""Skeletons painted on a copy of the picture.

What a viewer should see at a glance: who it is (one colour per id, and the id above the head), which side of
the body is which (left limbs pale in a dark outline, right limbs deep in a light outline; so each also stands
out on any background) and how sure the network was (limbs fade with the lower score of their two ends, and
joints that are foretold, not seen, are faint rings).

A picture may have a fourth channel, how opaque it is; painting on one that is clear to begin with leaves
colours in it that are multiplied by that (Porter and Duff 1984).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.painting.drawing import USUAL, Drawing
from app.painting.labels import label, name_joints
from app.painting.palette import DARK, LIGHT, Colours, shades, solid
from app.painting.strokes import SHIFT, Floats, Layout, Shapes, Strokes, fixed, layout, measure, shapes
from engine.types import Image
from trackers.types import Tracks

Ink = tuple[int, int, int, int]  #: blue, green, red, opaque


NAMELESS: Mapping[int, str] = {}


def draw(image: Image, tracks: Tracks, threshold: float) -> Image:
    """A copy of `image` (H, W, 3) BGR with everyone in `tracks` painted on it as usual; see `paint`."""
    painted = np.array(image, order="C")
    paint(painted, tracks, threshold)
    return painted


def paint(
    painted: Image,
    tracks: Tracks,
    threshold: float,
    drawing: Drawing = USUAL,
    names: Mapping[int, str] = NAMELESS,
) -> None:
    """Paint everyone in `tracks` on a picture (H, W, 3) BGR or (H, W, 4), in C's order.

    Joints are the smoothed ones, or foretold; others with a score below `threshold`, and those whose
    coordinates are no numbers or lie more than a picture away, are left out together with their bones.
    Skeletons other than COCO's 17 keypoints are painted as joints without bones.
    """
    if len(tracks) == 0:
        return
    height, width = painted.shape[:2]
    joined = layout(tracks.keypoints.shape[1])
    strokes = measure(tracks, threshold, joined, width, height, drawing.line_width)
    looks = [_looks(track_id, drawing.colours) for track_id in tracks.ids.tolist()]
    if drawing.boxes:
        _boxes(painted, strokes, looks)
    if drawing.skeleton:
        _skeletons(painted, strokes, joined, looks)
    if drawing.joint_names:
        name_joints(painted, strokes, joined)
    if drawing.ids:
        label(painted, tracks.ids, strokes, joined, drawing.colours, names)


def _looks(track_id: int, colours: Colours) -> list[tuple[Ink, Ink]]:
    """Outline and colour of the middle of the body, of the left and of the right: by side 0, 1, -1."""
    shade, dark = shades(track_id, colours), solid(DARK)
    return [(dark, solid(shade.middle)), (dark, solid(shade.left)), (solid(LIGHT), solid(shade.right))]


def _boxes(painted: Image, strokes: Strokes, looks: Sequence[Sequence[tuple[Ink, Ink]]]) -> None:
    """A frame around everyone, the largest over the others."""
    corners = fixed(strokes.boxes).reshape(-1, 2, 2).tolist()
    for n in np.argsort(strokes.size, kind="stable").tolist():
        outline, colour = looks[n][0]
        first, last = corners[n]
        width = max(1, round(0.5 * float(strokes.stroke[n])))
        for ink, wide in ((outline, width + 2), (colour, width)):
            cv2.rectangle(painted, first, last, ink, wide, cv2.LINE_AA, SHIFT)


def _skeletons(
    painted: Image, strokes: Strokes, joined: Layout, looks: Sequence[Sequence[tuple[Ink, Ink]]]
) -> None:
    height, width = painted.shape[:2]
    placed = shapes(strokes, joined, width, height)
    inks = _inks(painted, strokes, joined, np.array(looks, np.float64))
    for n in np.argsort(strokes.size, kind="stable").tolist():  # the nearest are the largest, and come last
        _limbs(painted, strokes, placed, n, joined, looks[n])
        _dots(painted, strokes, placed, n, inks[n])


def _inks(image: Image, strokes: Strokes, joined: Layout, looks: Floats) -> NDArray[np.int64]:
    """Outline and colour (N, K, 2, C) of every dot, mixed with the pixel under it where it fades.

    A dot is small enough for one pixel to stand for what it covers, which saves a good part of the time.
    """
    height, width, channels = image.shape
    x, y = np.rint(strokes.points).astype(np.intp).transpose(2, 0, 1)
    under = image[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].astype(np.float64)
    full, opacity = looks[:, joined.joint_side, :, :channels], strokes.opacity[:, :, None, None]
    mixed: NDArray[np.int64] = np.rint(opacity * full + (1.0 - opacity) * under[:, :, None]).astype(np.int64)
    return mixed


def _limbs(
    painted: Image,
    strokes: Strokes,
    placed: Shapes,
    n: int,
    joined: Layout,
    looks: Sequence[tuple[Ink, Ink]],
) -> None:
    """The limbs of person `n`; where one fades, what was there before shines through."""
    for drawn, side, opacity, reach, halo, core in zip(
        strokes.bones[n].tolist(),
        joined.bone_side,
        strokes.bone_opacity[n].tolist(),
        placed.reach[n].tolist(),
        placed.halos[n],
        placed.cores[n],
        strict=True,
    ):
        left, top, right, bottom = reach
        if not drawn or left == right or top == bottom:
            continue
        outline, colour = looks[side]
        patch = painted[top:bottom, left:right]
        before = patch.copy() if opacity < 1.0 else patch
        cv2.fillConvexPoly(painted, halo, outline, cv2.LINE_AA, SHIFT)
        cv2.fillConvexPoly(painted, core, colour, cv2.LINE_AA, SHIFT)
        if opacity < 1.0:
            cv2.addWeighted(patch, opacity, before, 1.0 - opacity, 0.0, dst=patch)  # the rest stays as it is


def _dots(painted: Image, strokes: Strokes, placed: Shapes, n: int, inks: NDArray[np.int64]) -> None:
    """The joints of person `n`, over the ends of the limbs."""
    for drawn, hollow, centre, (outer, inner), (outline, colour) in zip(
        strokes.dots[n].tolist(),
        strokes.hollow[n].tolist(),
        placed.centres[n].tolist(),
        placed.radii[n].tolist(),
        inks.tolist(),
        strict=True,
    ):
        if drawn and hollow:
            cv2.circle(painted, centre, outer, colour, 1, cv2.LINE_AA, SHIFT)
        elif drawn:
            if outer > inner:
                cv2.circle(painted, centre, outer, outline, cv2.FILLED, cv2.LINE_AA, SHIFT)
            cv2.circle(painted, centre, inner, colour, cv2.FILLED, cv2.LINE_AA, SHIFT)
