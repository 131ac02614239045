"""Skeletons painted on a copy of the picture.

What a viewer should see at a glance: who it is (one colour per id, and the id above the head), which side of
the body is which (left limbs pale in a dark outline, right limbs deep in a light outline; so each also stands
out on any background) and how sure the network was (limbs fade with the lower score of their two ends).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

import cv2
import numpy as np

from app.labels import label
from app.palette import DARK, LIGHT, Bgr, shades
from app.strokes import SHIFT, Ints, Layout, Strokes, layout, measure
from engine.types import Image
from trackers.types import Tracks

P = ParamSpec("P")


def draw(image: Image, tracks: Tracks, threshold: float) -> Image:
    """A copy of `image` (H, W, 3) BGR with everyone in `tracks` painted on it.

    Joints are the smoothed ones; those with a score below `threshold`, or whose coordinates are no numbers or
    lie more than a picture away, are left out together with their bones. Skeletons other than COCO's 17
    keypoints are painted as joints without bones.
    """
    painted = np.array(image, order="C")
    if len(tracks) == 0:
        return painted
    height, width = painted.shape[:2]
    joined = layout(tracks.keypoints.shape[1])
    strokes = measure(tracks, threshold, joined, width, height)
    for n in np.argsort(strokes.size, kind="stable").tolist():  # the nearest are the largest, and come last
        _paint(painted, strokes, n, joined, int(tracks.ids[n]))
    label(painted, tracks.ids, strokes, joined)
    return painted


def _paint(painted: Image, strokes: Strokes, n: int, joined: Layout, track_id: int) -> None:
    """Person `n`: the limbs, then dots over their ends."""
    shade = shades(track_id)
    looks = {1: (shade.left, DARK), 0: (shade.middle, DARK), -1: (shade.right, LIGHT)}
    for drawn, side, opacity, reach, halo, core in zip(
        strokes.bones[n].tolist(),
        joined.bone_side,
        strokes.bone_opacity[n].tolist(),
        strokes.bone_reach[n].tolist(),
        strokes.halos[n],
        strokes.cores[n],
        strict=True,
    ):
        if drawn:
            _faded(_limb, painted, reach, opacity, halo, core, *looks[side])
    for drawn, side, opacity, reach, centre, radii in zip(
        strokes.dots[n].tolist(),
        joined.joint_side,
        strokes.opacity[n].tolist(),
        strokes.dot_reach[n].tolist(),
        strokes.centres[n].tolist(),
        strokes.radii[n].tolist(),
        strict=True,
    ):
        if drawn:
            _faded(_dot, painted, reach, opacity, centre, radii, *looks[side])


def _faded(
    paint: Callable[Concatenate[Image, P], None],
    painted: Image,
    reach: Sequence[int],
    opacity: float,
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Let `paint` paint and then what was there before shine through; `reach` bounds what it may touch."""
    left, top, right, bottom = reach
    if left == right or top == bottom:
        return
    if opacity == 1.0:
        paint(painted, *args, **kwargs)
        return
    patch = painted[top:bottom, left:right]
    before = patch.copy()
    paint(painted, *args, **kwargs)
    cv2.addWeighted(patch, opacity, before, 1.0 - opacity, 0.0, dst=patch)  # changes painted pixels only


def _limb(painted: Image, halo: Ints, core: Ints, colour: Bgr, outline: Bgr) -> None:
    cv2.fillConvexPoly(painted, halo, outline, cv2.LINE_AA, SHIFT)
    cv2.fillConvexPoly(painted, core, colour, cv2.LINE_AA, SHIFT)


def _dot(painted: Image, centre: Sequence[int], radii: Sequence[int], colour: Bgr, outline: Bgr) -> None:
    if radii[0] > radii[1]:
        cv2.circle(painted, centre, radii[0], outline, cv2.FILLED, cv2.LINE_AA, SHIFT)
    cv2.circle(painted, centre, radii[1], colour, cv2.FILLED, cv2.LINE_AA, SHIFT)
