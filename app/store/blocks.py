"""Frames as a row of the table `block`: arrays of whole numbers, their bytes sorted by weight and deflated.

A block holds up to FRAMES frames one after the other, so that a long session is read in few steps and stored
close. What is usual takes no room: an array that says what another says already is left empty.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from app import grid
from app.types import Seen
from engine.types import Array, Poses
from trackers.types import STANDING, Tracks

FRAMES = 128  #: of a block; only the last one of a session has fewer
LEVEL = 1  #: of zlib; more takes twice the time for a hundredth of the room
FAR = np.iinfo(
    np.int16
).min  #: in `smoothed`: too far from the measured joint; the place is in `smoothed_far`
LATEST = float(np.finfo(np.float16).max)  #: s; no result is told to be later
LEAN, SWELL = 1 << 20, 256  #: see `unpack`

Ints = NDArray[np.int64]
Steps = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A frame and what was measured in it."""

    index: int
    time: float
    seen: Seen
    latency: float = math.nan  #: s from capture to result, NaN where it is not known


def encoded(moments: Sequence[Moment], joints: int) -> dict[str, bytes]:
    """The arrays of a block, by the names of their columns; everybody has so many `joints`."""
    poses, tracks = [m.seen.poses for m in moments], [m.seen.tracks for m in moments]
    raw, told = _raw(poses, joints), _told(tracks, joints)
    origins = [origin(m.seen.poses, m.seen.tracks) for m in moments]
    starts = np.cumsum([0, *map(len, poses)])
    rows = np.concatenate([start + found for start, found in zip(starts, origins, strict=False)])
    usual = {"box": "pose_box", "measured": "pose_joint", "score": "pose_score"}
    same = {name: told[name][:0] for name, of in usual.items() if np.array_equal(told[name], raw[of][rows])}
    latencies = np.array([m.latency for m in moments]).clip(0.0, LATEST).astype(np.float16)
    cameras = np.array([each.camera for each in tracks], np.float32).reshape(-1, 6)
    counts: dict[str, NDArray[Any]] = {
        "frame": np.array([m.index for m in moments], np.int64),
        "time": np.array([m.time for m in moments], np.float64),
        "looked": np.array([m.seen.looked for m in moments], np.uint8),
        "camera": cameras[:0] if (cameras == STANDING.ravel()).all() else cameras,
        "pose_count": np.array([len(each) for each in poses], np.uint16),
        "person_count": np.array([len(each) for each in tracks], np.uint16),
        "pose": np.concatenate(origins).astype(np.uint16),
        "latency": latencies[:0] if np.isnan(latencies).all() else latencies,
    }
    smoothed = _smoothed(told.pop("keypoint"), told["measured"])
    arrays = {**counts, **raw, **told, **smoothed, **same}
    return {name: pack(values) for name, values in arrays.items()}


def pack(values: NDArray[Any]) -> bytes:
    """The first byte of every value, then every second byte, and so on, deflated."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if not flat.size:
        return b""
    little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    return zlib.compress(
        np.ascontiguousarray(little.view(np.uint8).reshape(flat.size, -1).T).tobytes(), LEVEL
    )


def unpack(packed: bytes, kind: DTypeLike, *shape: int) -> NDArray[Any]:
    """Back from `pack`. ValueError where it is no array of that shape.

    A small file may promise much: zlib makes 1 MB of 1 kB. Of arrays beyond LEAN bytes none of ours is
    SWELL times as large as it was packed, not even where a picture stands still with a crowd in it.
    """
    kind = np.dtype(kind)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if size > max(LEAN, SWELL * len(packed)):
        raise ValueError(f"{len(packed)} bytes where {size} are promised")
    inflater = zlib.decompressobj()
    content = inflater.decompress(packed, size + 1) if packed else b""
    if len(content) != size:
        raise ValueError(f"{len(content)} bytes where {size} were expected")
    values = np.empty((size // kind.itemsize, kind.itemsize), np.uint8)
    for weight, sorted_bytes in enumerate(np.frombuffer(content, np.uint8).reshape(kind.itemsize, -1)):
        values[:, weight] = sorted_bytes  # one by one takes a third of the time of all at once
    return values.view(kind).reshape(shape)


def origin(poses: Poses, tracks: Tracks) -> Ints:
    """Which of the `poses` each of the `tracks` (N,) was made of: that with the same scores and places."""
    if not len(tracks):
        return np.zeros(0, np.int64)
    same = (poses.scores[None] == tracks.scores[:, None]).sum(axis=2)
    same += (poses.keypoints[None] == tracks.measured[:, None]).all(axis=3).sum(axis=2)
    same += 1000 * (poses.boxes.scores[None] == tracks.boxes.scores[:, None])
    rows = np.zeros(len(tracks), np.int64)
    for row, alike in enumerate(same):
        rows[row] = alike.argmax()
        same[:, rows[row]] = -1  # two people are never made of one
    return rows


def _raw(poses: Sequence[Poses], joints: int) -> dict[str, NDArray[Any]]:
    spread = _joined([each.spread for each in poses], joints).astype(np.float16)
    return {
        "pose_box": grid.pixel_steps(_joined([each.boxes.xyxy for each in poses], 4)),
        "pose_box_score": grid.score_steps(_joined([each.boxes.scores for each in poses])),
        "pose_joint": grid.pixel_steps(_joined([each.keypoints for each in poses], joints, 2)),
        "pose_score": grid.score_steps(_joined([each.scores for each in poses], joints)),
        "pose_spread": spread[:0] if (spread == 1).all() else spread,
    }


def _told(tracks: Sequence[Tracks], joints: int) -> dict[str, NDArray[Any]]:
    scores = _joined([each.scores for each in tracks], joints)
    predicted = np.concatenate([each.predicted.reshape(-1, joints) for each in tracks])
    mean = scores.mean(axis=1) if joints else np.zeros(len(scores), np.float32)
    return {
        "id": np.concatenate([each.ids for each in tracks]).astype(np.int32),
        "confidence": grid.score_steps(grid.scores(mean)),
        "likeness": grid.score_steps(_joined([each.likeness for each in tracks])),
        "predicted": predicted.astype(np.uint8) if predicted.any() else np.zeros(0, np.uint8),
        "box": grid.pixel_steps(_joined([each.boxes.xyxy for each in tracks], 4)),
        "measured": grid.pixel_steps(_joined([each.measured for each in tracks], joints, 2)),
        "score": grid.score_steps(scores),
        "keypoint": grid.pixel_steps(_joined([each.keypoints for each in tracks], joints, 2)),
    }


def _smoothed(keypoints: Steps, measured: Steps) -> dict[str, NDArray[Any]]:
    """How far the smoothed joints are from the measured ones, and where those are that are too far off."""
    off = keypoints.astype(np.int64) - measured.astype(np.int64)
    far = np.abs(off) > np.iinfo(np.int16).max
    near = np.where(far, FAR, off).astype(np.int16)
    return {"smoothed": near if off.any() else near[:0], "smoothed_far": keypoints[far]}


def _joined(arrays: Sequence[Array], *shape: int) -> Array:
    return np.concatenate([each.reshape(-1, *shape) for each in arrays])
