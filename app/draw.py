"""Skeletons painted on a copy of the picture.

What a viewer should see at a glance: who it is (one colour per id, and the id above the head), which side of
the body is which (left limbs pale in a dark outline, right limbs deep in a light outline; so each also stands
out on any background) and how sure the network was (limbs fade with the lower score of their two ends, and
joints that are foretold, not seen, are faint rings).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.labels import label
from app.palette import DARK, LIGHT, Bgr, shades
from app.strokes import SHIFT, Floats, Layout, Strokes, layout, measure
from engine.types import Image
from trackers.types import Tracks


def draw(image: Image, tracks: Tracks, threshold: float) -> Image:
    """A copy of `image` (H, W, 3) BGR with everyone in `tracks` painted on it.

    Joints are the smoothed ones, or foretold; others with a score below `threshold`, and those whose
    coordinates are no numbers or lie more than a picture away, are left out together with their bones.
    Skeletons other than COCO's 17 keypoints are painted as joints without bones.
    """
    painted = np.array(image, order="C")
    if len(tracks) == 0:
        return painted
    height, width = painted.shape[:2]
    joined = layout(tracks.keypoints.shape[1])
    strokes = measure(tracks, threshold, joined, width, height)
    looks = [_looks(track_id) for track_id in tracks.ids.tolist()]
    inks = _inks(image, strokes, joined, np.array(looks, np.float64))
    for n in np.argsort(strokes.size, kind="stable").tolist():  # the nearest are the largest, and come last
        _limbs(painted, strokes, n, joined, looks[n])
        _dots(painted, strokes, n, inks[n])
    label(painted, tracks.ids, strokes, joined)
    return painted


def _looks(track_id: int) -> list[tuple[Bgr, Bgr]]:
    """Outline and colour of the middle of the body, of the left and of the right: by side 0, 1, -1."""
    shade = shades(track_id)
    return [(DARK, shade.middle), (DARK, shade.left), (LIGHT, shade.right)]


def _inks(image: Image, strokes: Strokes, joined: Layout, looks: Floats) -> NDArray[np.int64]:
    """Outline and colour (N, K, 2, 3) of every dot, mixed with the pixel under it where it fades.

    A dot is small enough for one pixel to stand for what it covers, which saves a good part of the time.
    """
    height, width = image.shape[:2]
    x, y = np.rint(strokes.points).astype(np.intp).transpose(2, 0, 1)
    under = image[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].astype(np.float64)
    solid, opacity = looks[:, joined.joint_side], strokes.opacity[:, :, None, None]
    mixed: NDArray[np.int64] = np.rint(opacity * solid + (1.0 - opacity) * under[:, :, None]).astype(np.int64)
    return mixed


def _limbs(
    painted: Image, strokes: Strokes, n: int, joined: Layout, looks: Sequence[tuple[Bgr, Bgr]]
) -> None:
    """The limbs of person `n`; where one fades, what was there before shines through."""
    for drawn, side, opacity, reach, halo, core in zip(
        strokes.bones[n].tolist(),
        joined.bone_side,
        strokes.bone_opacity[n].tolist(),
        strokes.reach[n].tolist(),
        strokes.halos[n],
        strokes.cores[n],
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


def _dots(painted: Image, strokes: Strokes, n: int, inks: NDArray[np.int64]) -> None:
    """The joints of person `n`, over the ends of the limbs."""
    for drawn, hollow, centre, (outer, inner), (outline, colour) in zip(
        strokes.dots[n].tolist(),
        strokes.hollow[n].tolist(),
        strokes.centres[n].tolist(),
        strokes.radii[n].tolist(),
        inks.tolist(),
        strict=True,
    ):
        if drawn and hollow:
            cv2.circle(painted, centre, outer, colour, 1, cv2.LINE_AA, SHIFT)
        elif drawn:
            if outer > inner:
                cv2.circle(painted, centre, outer, outline, cv2.FILLED, cv2.LINE_AA, SHIFT)
            cv2.circle(painted, centre, inner, colour, cv2.FILLED, cv2.LINE_AA, SHIFT)
