"""Where the strokes of a skeleton lie, how wide and how solid they are: everything but the painting.

Worked out for all people of a frame at once. Widths grow with the person, and with the picture only so far
that small people in a large picture stay people; limits are for 1280 x 720 and scale with the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.skeleton import BONES, KEYPOINTS, PAIRS
from trackers.types import Tracks

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

SURE = 0.7  #: score from which a joint is solid
FAINTEST = 0.35  #: opacity of a joint whose score just reaches the threshold
FACE_FROM_PX = 160.0  #: people smaller than this get no face: it would be a blob
DOTS_FROM_PX = 110.0  #: people smaller than this get no dots on the ends of their bones
SHIFT = 4  #: cv2 takes coordinates in sixteenths of a pixel
SMOOTHING_PX = 1.4  #: width that anti-aliasing adds to a polygon, measured; a line of width 1 is as wide


class Layout:
    """Which joints are joined, and the side that each joint and bone is on: 1 left, -1 right, 0 neither."""

    def __init__(self, bones: Sequence[tuple[int, int]], joint_side: Sequence[int], face: int) -> None:
        sides = [max(-1, min(1, joint_side[a] + joint_side[b])) for a, b in bones]
        order = np.argsort(
            sides, kind="stable"
        )  # the left over the right, so that crossed limbs cross cleanly
        ends = np.array(bones, np.intp).reshape(-1, 2)[order]
        joints = np.arange(len(joint_side))
        self.start, self.end = ends[:, 0], ends[:, 1]
        self.bone_side = [sides[n] for n in order.tolist()]
        self.joint_side = joint_side
        self.face_bone = self.start < face
        self.face_joint = joints < face  #: the first `face` joints belong to the face
        self.joined = np.isin(joints, ends)


_LEFT, _RIGHT = zip(*PAIRS, strict=True)
_COCO = Layout(BONES, [(k in _LEFT) - (k in _RIGHT) for k in range(len(KEYPOINTS))], face=5)


def layout(joints: int) -> Layout:
    """COCO's skeleton for 17 joints, points without bones for any other number."""
    return _COCO if joints == len(KEYPOINTS) else Layout((), (0,) * joints, face=0)


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """N people of K joints and B bones, in pixels."""

    size: Floats  #: (N,) longer side of the box
    boxes: Floats  #: (N, 4) left, top, right, bottom, finite
    points: Floats  #: (N, K, 2) 0 where not seen
    seen: Bools  #: (N, K) sure enough or foretold, and not a picture or more away
    hollow: Bools  #: (N, K) foretold, not seen in this picture
    bones: Bools  #: (N, B) bones to draw: both ends are seen
    bone_opacity: Floats  #: (N, B) in [0, 1]
    dots: Bools  #: (N, K) joints to mark
    opacity: Floats  #: (N, K) in [0, 1]
    stroke: Floats  #: (N,) width of limbs
    outline: Floats  #: (N,) width of the outlines around them


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """The same as cv2 takes it: whole numbers, pixels << SHIFT where not told otherwise."""

    reach: Ints  #: (N, B, 4) left, top, right, bottom of the pixels that a limb may touch, as slices have it
    halos: Ints  #: (N, B, 4, 2) corners of the limb with its outline
    cores: Ints  #: (N, B, 4, 2) corners of the limb
    centres: Ints  #: (N, K, 2) of the joints
    radii: Ints  #: (N, K, 2) of the joints, with and without the outline


def measure(
    tracks: Tracks, threshold: float, joined: Layout, width: int, height: int, line_width: float = 1.0
) -> Strokes:
    """Everyone's strokes in a picture of `width` x `height`; lines are `line_width` times the usual ones."""
    unit = math.sqrt(width * height / (1280 * 720))
    points, boxes = tracks.keypoints.astype(np.float64), tracks.boxes.xyxy.astype(np.float64)
    scores, predicted, size = tracks.scores, tracks.predicted, (width, height)
    return placed(points, boxes, scores, predicted, threshold, joined, size, unit, line_width)


def placed(
    keypoints: Floats,
    corners: Floats,
    scores: NDArray[np.float32],
    predicted: Bools,
    threshold: float,
    joined: Layout,
    picture: tuple[int, int],
    unit: float,
    line_width: float = 1.0,
) -> Strokes:
    """Strokes by joints (N, K, 2) and boxes (N, 4) in a picture of that width and height.

    Limits of widths are `unit` times those for 1280 x 720. No coordinate, however wild, is an error.
    """
    largest = max(picture)
    farthest = 2.0 * largest
    boxes = np.fmin(np.fmax(corners, -farthest), farthest)  # where NaN loses
    near = (np.abs(keypoints) < farthest).all(axis=2)  # NaN is near nothing
    seen = ((scores >= threshold) | predicted) & near
    points = np.where(seen[..., None], keypoints, 0.0)
    believed = np.where(seen & ~predicted, scores.astype(np.float64), 0.0)
    opacity = _opacity(believed, threshold)
    size = np.minimum(np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1), 1.0), largest)
    stroke, outline = widths(size, unit)
    small, tiny = (size < FACE_FROM_PX)[:, None], (size < DOTS_FROM_PX)[:, None]
    return Strokes(
        size=size,
        boxes=boxes,
        points=points,
        seen=seen,
        hollow=seen & predicted,
        bones=seen[:, joined.start] & seen[:, joined.end] & ~(small & joined.face_bone),
        bone_opacity=np.minimum(opacity[:, joined.start], opacity[:, joined.end]),
        dots=seen & ~(small & joined.face_joint) & ~(tiny & joined.joined),
        opacity=opacity,
        stroke=line_width * stroke,
        outline=line_width * outline,
    )


def shapes(strokes: Strokes, joined: Layout, width: int, height: int) -> Shapes:
    """The strokes as cv2 paints them, in a picture of `width` x `height`."""
    stroke, outline = strokes.stroke[:, None], strokes.outline[:, None]
    start, end = strokes.points[:, joined.start], strokes.points[:, joined.end]
    core = stroke * np.where(joined.face_bone, 0.6, 1.0)
    halo = core + outline * np.where(joined.face_bone, 1.2, 2.0)
    inner = stroke * np.where(joined.face_joint, 0.5, 0.8)
    outer = inner + outline * np.where(joined.face_joint, 0.0, 0.6)
    return Shapes(
        reach=_reach(np.minimum(start, end), np.maximum(start, end), halo, width, height),
        halos=_bars(start, end, halo),
        cores=_bars(start, end, core),
        centres=fixed(strokes.points),
        radii=fixed(np.maximum(np.stack([outer, inner], axis=2) - SMOOTHING_PX / 2, 0.0)),
    )


def fixed(pixels: Floats) -> Ints:
    """Pixels as cv2 takes them: whole numbers, shifted left by SHIFT."""
    whole: Ints = np.rint(pixels * (1 << SHIFT)).astype(np.int32)
    return whole


def _reach(low: Floats, high: Floats, spread: Floats, width: int, height: int) -> Ints:
    margin = np.ceil(spread + 2.0)[..., None]
    edges = np.concatenate([low - margin, high + margin], axis=2)
    reach: Ints = np.clip(edges, 0, (width, height, width, height)).astype(np.int32)
    return reach


def _opacity(scores: Floats, threshold: float) -> Floats:
    """From FAINTEST at the threshold, in a straight line, to 1 at SURE."""
    top = max(SURE, threshold + 0.05)
    certainty = np.minimum(np.maximum((scores - threshold) / (top - threshold), 0.0), 1.0)
    return np.asarray(FAINTEST + (1.0 - FAINTEST) * certainty)


def widths(size: Floats, unit: float) -> tuple[Floats, Floats]:
    """Widths (N,) of limbs and of the outlines around them, for people of `size` (N,)."""
    wanted = np.minimum(np.maximum(0.014 * size, 1.5 * unit), 0.03 * size)
    stroke = np.minimum(np.maximum(wanted, 1.0), max(1.0, 6.0 * unit))
    return stroke, np.minimum(np.maximum(0.35 * stroke, 0.75), max(0.75, 1.5 * unit))


def _bars(start: Floats, end: Floats, width: Floats) -> Ints:
    """Corners (N, B, 4, 2) of bars from `start` to `end` (N, B, 2), `width` (N, B) once anti-aliased."""
    along = end - start
    length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-6)
    half = np.maximum(width - SMOOTHING_PX, 0.0) / 2.0
    aside = along[..., ::-1] * (-1.0, 1.0) * (half / length)[..., None]
    corners = np.stack([start + aside, end + aside, end - aside, start - aside], axis=2)
    return fixed(corners)
