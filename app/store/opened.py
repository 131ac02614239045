"""What is in a row of the table `block`, opened array by array; see blocks.py for how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from app import grid
from app.store.blocks import FAR, FRAMES, Ints, Steps, unpack
from app.store.schema import ARRAYS
from engine.types import Array, Boxes, Poses
from trackers.types import STANDING, Tracks

#: People of a block for each byte of it, at most. Where the picture stands still one takes 4 bytes and more,
#: and 0.6 where all that is known of them is one joint.
CROWDED = 4


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """When the F frames of a block are, and who the R people in them are."""

    frames: Ints  #: (F,) indices
    times: NDArray[np.float64]  #: (F,) s
    counts: Ints  #: (F,) people in each frame
    ids: Ints  #: (R,) as the tracker told
    confidences: Array  #: (R,) mean score of the joints


#: What `index` needs of a row, as SQL: columns, and the bytes of all arrays together.
INDEX = (
    *("frames", "frame", "time", "person_count", "id", "confidence"),
    " + ".join(f'length("{name}")' for name in ARRAYS),
)


def index(row: Sequence[object]) -> Index:
    """From what INDEX names. ValueError where it does not fit together."""
    frames, frame, time, counts, ids, confidence, room = row
    size = _size(frames)
    counted = unpack(_bytes(counts), np.uint16, size).astype(np.int64)
    people = int(counted.sum())
    if not isinstance(room, int) or people > CROWDED * room:
        raise ValueError(f"{people} people in a block of {room} bytes")
    return Index(
        unpack(_bytes(frame), np.int64, size),
        _finite(unpack(_bytes(time), np.float64, size)),
        counted,
        unpack(_bytes(ids), np.int32, people).astype(np.int64),
        grid.from_score_steps(unpack(_bytes(confidence), np.uint16, people)),
    )


def latencies(row: Sequence[object]) -> NDArray[np.float64]:
    """(F,) s from capture to result, from the columns `frames` and `latency`; NaN where it is not known."""
    frames, latency = row
    size = _size(frames)
    if latency == b"":
        return np.full(size, np.nan)
    known = unpack(_bytes(latency), np.float16, size).astype(np.float64)
    if (np.isinf(known) | (known < 0)).any():
        raise ValueError("a latency that is no number")
    return np.asarray(known, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The R people of a block, in whole steps (app/grid.py), frame by frame."""

    boxes: Steps  #: (R, 4) left, top, right, bottom
    box_scores: NDArray[np.uint16]  #: (R,)
    measured: Steps  #: (R, K, 2)
    keypoints: Steps  #: (R, K, 2) smoothed
    scores: NDArray[np.uint16]  #: (R, K)
    predicted: NDArray[np.bool_]  #: (R, K)
    likeness: NDArray[np.uint16]  #: (R,)
    spread: NDArray[np.float16]  #: (R, K)

    def take(self, rows: Ints) -> People:
        return People(*(getattr(self, name)[rows] for name in self.__slots__))

    def tracks(self, ids: Ints, counts: Ints, cameras: NDArray[np.float64]) -> Iterator[Tracks]:
        """Of each frame, with `counts` (F,) people who have these `ids` (R,)."""
        boxes, box_scores = grid.from_pixel_steps(self.boxes), grid.from_score_steps(self.box_scores)
        measured, keypoints = grid.from_pixel_steps(self.measured), grid.from_pixel_steps(self.keypoints)
        scores, likeness = grid.from_score_steps(self.scores), grid.from_score_steps(self.likeness)
        spread, end = self.spread.astype(np.float32), 0
        still = np.all(cameras == STANDING, axis=(1, 2))
        for count, camera, stands in zip(counts.tolist(), cameras, still.tolist(), strict=True):
            a, b = end, end + count
            end = b
            yield Tracks(
                ids[a:b],
                Boxes(boxes[a:b], box_scores[a:b]),
                measured[a:b],
                keypoints[a:b],
                scores[a:b],
                self.predicted[a:b],
                likeness[a:b],
                STANDING if stands else camera,
                spread[a:b],
            )


class Block:
    """One row of the table, opened array by array as they are asked for."""

    def __init__(self, row: Mapping[str, object], joints: int) -> None:
        """ValueError, here and later, where it is damaged."""
        self._row, self._joints = row, joints
        self.frames = _size(row["frames"])
        self.pose_counts = self._array("pose_count", np.uint16, self.frames).astype(np.int64)
        self.person_counts = self._array("person_count", np.uint16, self.frames).astype(np.int64)
        if (self.person_counts > self.pose_counts).any():
            raise ValueError("more people than were measured")
        self._poses, self._people = int(self.pose_counts.sum()), int(self.person_counts.sum())

    def indices(self) -> Ints:
        """(F,) of the frames."""
        return np.asarray(self._array("frame", np.int64, self.frames), np.int64)

    def times(self) -> NDArray[np.float64]:
        """(F,) s"""
        return _finite(self._array("time", np.float64, self.frames))

    def cameras(self) -> NDArray[np.float64]:
        """(F, 2, 3) how the camera moved, to seven digits."""
        if not self._row["camera"]:
            return np.broadcast_to(STANDING, (self.frames, 2, 3))
        return _finite(self._array("camera", np.float32, self.frames, 2, 3))

    def looked(self) -> NDArray[np.bool_]:
        """(F,) whether people were looked for."""
        return self._array("looked", np.uint8, self.frames).astype(np.bool_)

    def latencies(self) -> NDArray[np.float64]:
        """(F,) see `latencies`."""
        return latencies((self.frames, self._row["latency"]))

    def poses(self) -> list[Poses]:
        """Of each frame, as the network gave them."""
        n, k = self._poses, self._joints
        boxes = grid.from_pixel_steps(self._steps("pose_box", n, 4))
        box_scores = grid.from_score_steps(self._scores("pose_box_score", n))
        keypoints = grid.from_pixel_steps(self._steps("pose_joint", n, k, 2))
        scores = grid.from_score_steps(self._scores("pose_score", n, k))
        spread = self._spread().astype(np.float32)
        ends = np.cumsum(self.pose_counts).tolist()
        return [
            Poses(Boxes(boxes[a:b], box_scores[a:b]), keypoints[a:b], scores[a:b], spread[a:b])
            for a, b in zip([0, *ends], ends, strict=False)
        ]

    def people(self, *, bare: bool = False) -> People:
        """Everybody with an id; `bare`: their spread is not read and stands as 1."""
        n, k = self._people, self._joints
        first = np.repeat(np.cumsum(self.pose_counts) - self.pose_counts, self.person_counts)
        rows = first + self._array("pose", np.uint16, n)
        box, joints, scores = (
            self._steps("pose_box", self._poses, 4),
            self._steps("pose_joint", self._poses, k, 2),
            self._scores("pose_score", self._poses, k),
        )
        measured = self._steps("measured", n, k, 2) if self._row["measured"] else joints[rows]
        predicted = np.zeros((n, k), np.uint8)
        if self._row["predicted"]:
            predicted = self._array("predicted", np.uint8, n, k)
        return People(
            self._steps("box", n, 4) if self._row["box"] else box[rows],
            self._scores("pose_box_score", self._poses)[rows],
            measured,
            self._keypoints(measured),
            self._scores("score", n, k) if self._row["score"] else scores[rows],
            predicted.astype(np.bool_),
            self._scores("likeness", n),
            np.broadcast_to(np.float16(1), (n, k)) if bare else self._spread()[rows],
        )

    def _keypoints(self, measured: Steps) -> Steps:
        if not self._row["smoothed"]:
            return measured
        off = self._array("smoothed", np.int16, *measured.shape)
        told = measured + off
        if self._row["smoothed_far"]:
            far = off == FAR
            told[far] = self._steps("smoothed_far", int(far.sum()))
        return np.asarray(told, np.int32)

    def _spread(self) -> NDArray[np.float16]:
        if not self._row["pose_spread"]:
            return np.ones((self._poses, self._joints), np.float16)
        return np.asarray(self._array("pose_spread", np.float16, self._poses, self._joints), np.float16)

    def _array(self, name: str, kind: DTypeLike, *shape: int) -> NDArray[Any]:
        return unpack(_bytes(self._row[name]), kind, *shape)

    def _steps(self, name: str, *shape: int) -> Steps:
        return self._array(name, np.int32, *shape)

    def _scores(self, name: str, *shape: int) -> NDArray[np.uint16]:
        return self._array(name, np.uint16, *shape)


def _size(frames: object) -> int:
    if not isinstance(frames, int) or not 0 < frames <= FRAMES:
        raise ValueError(f"a block of {frames!r} frames")
    return frames


def _bytes(blob: object) -> bytes:
    if not isinstance(blob, bytes):
        raise ValueError(f"{type(blob).__name__} where bytes were expected")
    return blob


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a time that is no number")
    return numbers
