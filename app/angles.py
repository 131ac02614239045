"""Joint angles in degrees and speed, from COCO's 17 joints in the plane of the picture.

docs/angles.md says, with a drawing, what each angle is and what a flat picture cannot say. Angles at joints
go from 0 to 180 and have no sign, so nothing can make them jump: no turn of the camera, no guess at where
somebody faces. Leans against the vertical have the sign of the side of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.skeleton import KEYPOINTS
from engine.types import Array
from trackers.types import Tracks

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ANGLES = (
    "left_knee", "right_knee", "left_hip", "right_hip", "left_elbow", "right_elbow",
    "left_shoulder", "right_shoulder", "left_thigh", "right_thigh", "trunk",
)  # fmt: skip
SPEEDS = ("speed_px_s", "speed_heights_s")
#: Columns of a table of angles, one row a person and frame: as `angles` and `speeds` give them.
COLUMNS = (*(f"{name}_deg" for name in ANGLES), *SPEEDS)

HALF_S = 0.3  #: seconds to each side of a moment over which speed is the slope of a line
SLOWEST_S = 1.0  #: at most so many where pictures are seldom; at least three of them make a slope
BLOCK = 2048  #: rows that are summed up together

#: Parts of the standing height, after Drillis and Contini as in Winter, "Biomechanics and Motor Control of
#: Human Movement" (2009), figure 4.1: hip to shoulder, and hip over the knee to the ankle.
TRUNK, LEG = 0.818 - 0.530, 0.530 - 0.039

_INDEX = {name: number for number, name in enumerate(KEYPOINTS)}
_SHOULDERS, _HIPS = len(KEYPOINTS), len(KEYPOINTS) + 1  # centres, put behind the joints


def _bends() -> NDArray[np.intp]:
    """Start and end of the two segments between which each joint's angle lies (8, 4)."""
    rows = []
    for angle in ANGLES[:8]:
        side, joint = angle.split("_")
        at = {
            name: _INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        }
        rows.append(
            {
                "knee": (at["hip"], at["knee"], at["knee"], at["ankle"]),
                "hip": (_SHOULDERS, _HIPS, at["hip"], at["knee"]),
                "elbow": (at["shoulder"], at["elbow"], at["elbow"], at["wrist"]),
                "shoulder": (_SHOULDERS, _HIPS, at["shoulder"], at["elbow"]),
            }[joint]
        )
    return np.array(rows)


_BENDS = _bends()
#: Start and end of the segments that lean, and the way they point in somebody upright: thighs down, trunk up.
_LEANS = np.array(
    [(_INDEX[f"{side}_hip"], _INDEX[f"{side}_knee"]) for side in ("left", "right")] + [(_HIPS, _SHOULDERS)]
)
_UPRIGHT = np.array([1.0, 1.0, -1.0])


def measured(tracks: Tracks, threshold: float) -> Bools:
    """Which joints (N, K) of a frame count: scored `threshold` or more, and not foretold."""
    return (tracks.scores >= threshold) & ~tracks.predicted


def angles(joints: Array | Floats, known: Bools) -> Floats:
    """Degrees (..., 11) in the order of ANGLES, of joints (..., 17, 2) in pixels, y downwards.

    NaN where a joint is not `known` (..., 17), is no finite number, or lies on its neighbour. All NaN for
    skeletons of any other number of joints.
    """
    if joints.shape[-2] != len(KEYPOINTS):
        return np.full((*joints.shape[:-2], len(ANGLES)), np.nan)
    points = _with_centres(joints, known)
    one, other = (points[..., _BENDS[:, k + 1], :] - points[..., _BENDS[:, k], :] for k in (0, 2))
    cross = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    dot = (one * other).sum(axis=-1)
    bend = np.arctan2(np.abs(cross), np.where((cross == 0) & (dot == 0), np.nan, dot))
    along = points[..., _LEANS[:, 1], :] - points[..., _LEANS[:, 0], :]
    nowhere = (along == 0).all(axis=-1)
    lean = np.arctan2(along[..., 0], np.where(nowhere, np.nan, along[..., 1] * _UPRIGHT))
    degrees: Floats = np.degrees(np.concatenate([bend, lean], axis=-1))
    return degrees


def speeds(times: Floats, joints: Array | Floats, known: Bools) -> Floats:
    """Speed (M, 2) of one person in pixels and in body heights a second, at `times` (M,) that never fall.

    That of the middle of the hips, or of the shoulders where the hips are not known. Slope of the line
    through what is known up to HALF_S before and after, so it takes any rate of pictures; single stray joints
    are taken out before by a median of three. At the ends of a track, and live, the line has one side only.
    NaN where fewer than three places are known.
    """
    if not len(times) or joints.shape[-2] != len(KEYPOINTS):
        return np.full((len(times), len(SPEEDS)), np.nan)
    points = _with_centres(joints, known)
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    half = 1e-6 + min(max(HALF_S, 1.6 * usual), SLOWEST_S)  # rounded times leave nobody out at the edges
    centres = points[:, [_HIPS, _SHOULDERS]]
    velocity = _slopes(times, _without_strays(times, centres, half), half)
    pace = np.hypot(velocity[..., 0], velocity[..., 1])
    of_hips = np.isfinite(centres[:, 0, 0])
    pixels = np.where(of_hips, pace[:, 0], pace[:, 1])
    return np.stack([pixels, pixels / _heights(times, points)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Angles and speed of one person over time."""

    times: Floats  #: (M,) seconds
    angles: Floats  #: (M, 11) degrees, as ANGLES
    speeds: Floats  #: (M, 2) as SPEEDS

    def __len__(self) -> int:
        return len(self.times)

    def at(self, time: float) -> int:
        """The row nearest to that time; -1 where there is none."""
        after = int(np.searchsorted(self.times, time))
        rows = range(max(after - 1, 0), min(after + 1, len(self)))
        return min(rows, key=lambda row: abs(float(self.times[row]) - time), default=-1)

    def with_gaps(self) -> Course:
        """The same with a row of NaN wherever times are farther apart than mostly: there is no line."""
        steps = np.diff(self.times)
        if not len(steps):
            return self
        after = np.flatnonzero(steps > max(0.1, 3.0 * float(np.median(steps)))) + 1
        return Course(
            np.insert(self.times, after, (self.times[after - 1] + self.times[after]) / 2),
            np.insert(self.angles, after, np.nan, axis=0),
            np.insert(self.speeds, after, np.nan, axis=0),
        )


def course(times: Floats, joints: Array | Floats, known: Bools) -> Course:
    """Angles and speed of one person: times (M,), joints (M, 17, 2) in pixels, which are known (M, 17)."""
    return Course(np.asarray(times, np.float64), angles(joints, known), speeds(times, joints, known))


def _with_centres(joints: Array | Floats, known: Bools) -> Floats:
    """Joints and the middles of shoulders and hips (..., 19, 2), NaN where not known."""
    there = known[..., None] & np.isfinite(joints).all(axis=-1, keepdims=True)
    points = np.where(there, joints.astype(np.float64), np.nan)
    middles = [
        (points[..., _INDEX[f"left_{j}"], :] + points[..., _INDEX[f"right_{j}"], :]) / 2
        for j in ("shoulder", "hip")
    ]
    whole: Floats = np.concatenate([points, np.stack(middles, axis=-2)], axis=-2)
    return whole


def _without_strays(times: Floats, places: Floats, half: float) -> Floats:
    """Median of each place (M, C, 2) and its neighbours, where both are known and near in time."""
    calm = places.copy()
    if len(times) > 2:
        three = np.stack([places[:-2], places[1:-1], places[2:]])
        whole = np.isfinite(three).all(axis=0) & (np.diff(times)[:-1] < half)[:, None, None]
        whole &= (np.diff(times)[1:] < half)[:, None, None]
        calm[1:-1] = np.where(whole, np.sort(three, axis=0)[1], places[1:-1])
    return calm


def _slopes(times: Floats, places: Floats, half: float) -> Floats:
    """Least squares: pixels a second (M, C, 2) of places (M, C, 2), over `half` seconds to each side.

    From running sums, begun anew for every block, whose first time is its 0: so digits do not run out.
    """
    slopes = np.full(places.shape, np.nan)
    for start in range(0, len(times), BLOCK):
        rows = slice(start, min(start + BLOCK, len(times)))
        reach = times[rows.start] - half, times[rows.stop - 1] + half
        low, high = np.searchsorted(times, reach[0]), np.searchsorted(times, reach[1], side="right")
        after = (times[low:high] - times[start])[:, None, None]
        known = np.isfinite(places[low:high])
        where = np.where(known, places[low:high], 0.0)
        terms = np.stack([known, known * after, known * after**2, where, where * after])
        sums = np.concatenate([np.zeros_like(terms[:, :1]), terms.cumsum(axis=1)], axis=1)
        ends = (np.searchsorted(times, times[rows] + half, side="right") - low).clip(0, high - low)
        begins = (np.searchsorted(times, times[rows] - half) - low).clip(0)
        count, first, second, moved, tilted = sums[:, ends] - sums[:, begins]
        spread = second * count - first**2
        enough = (count >= 3) & (spread > 1e-9) & np.isfinite(places[rows])
        slopes[rows] = np.where(enough, tilted * count - first * moved, np.nan) / np.where(
            enough, spread, 1.0
        )
    return slopes


def _heights(times: Floats, points: Floats) -> Floats:
    """Standing height (M,) in pixels of points (M, 19, 2): trunk and the longer leg, unrolled.

    So nobody shrinks by sitting down. What points at the camera looks short, so it is the upper fifth of each
    whole second that counts, with straight lines between the middles of seconds.
    """

    def length(*chain: int) -> Floats:
        steps = np.diff(points[:, chain], axis=1)
        total: Floats = np.hypot(steps[..., 0], steps[..., 1]).sum(axis=1)
        return total

    trunk = length(_SHOULDERS, _HIPS)
    legs = (length(*(_INDEX[f"{side}_{j}"] for j in ("hip", "knee", "ankle"))) for side in ("left", "right"))
    leg = np.fmax(*legs)
    tall = np.where(np.isfinite(leg), (trunk + leg) / (TRUNK + LEG), trunk / TRUNK)
    tall = np.where(tall > 0, tall, np.nan)
    use = np.flatnonzero(np.isfinite(tall))
    if not use.size:
        return np.full(len(times), np.nan)
    second = np.floor(times[use])
    order = use[np.lexsort((tall[use], second))]
    which, start, count = np.unique(second, return_index=True, return_counts=True)
    upper = tall[order[start + (0.8 * (count - 1)).round().astype(np.intp)]]
    heights: Floats = np.interp(times, which + 0.5, upper)
    return heights
