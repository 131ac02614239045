"""The CSV of a run, made again from its session: byte for byte the same, many rows at once.

Also with both smoothed and measured joints (`raw`), and with a row for each joint (`long`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app import grid
from app.exports.choice import Choice
from app.exports.text import COMMA, Words, joined, number_words, pixel_words, score_words
from app.outputs.table import PERSON, columns, seconds
from app.store.session import Session, Stretch

Mask = NDArray[np.bool_]

THRESHOLD = 0.3  #: of sessions that do not tell theirs
BLANK = np.uint64(0)  #: a word without letters
END = np.frombuffer(b"\n".ljust(8, b"\0"), np.uint64)


def lines(session: Session, choice: Choice, *, raw: bool, long: bool) -> Iterator[bytes]:
    """The file piece by piece, many rows in each."""
    names = session.about.keypoints
    threshold = float(session.about.settings.get("keypoint_threshold", THRESHOLD))
    yield _header(names, raw=raw, long=long).encode()
    for stretch in choice.stretches(session):
        if not len(stretch.ids):
            continue
        people, joints = _people(stretch), _joints(stretch, threshold, raw=raw)
        end = np.broadcast_to(END, (len(people), 1))
        if not long:
            yield joined(np.concatenate([people, joints.reshape(len(people), -1), end], axis=1))
            continue
        told = (joints[..., 1] != BLANK).ravel()  # only joints that are somewhere have a row
        both = [np.repeat(people, len(names), axis=0), np.tile(_names(names), (len(people), 1))]
        table = np.concatenate(
            [*both, joints.reshape(-1, joints.shape[2]), np.repeat(end, len(names), axis=0)], axis=1
        )
        yield joined(table[told])


def _header(keypoints: Sequence[str], *, raw: bool, long: bool) -> str:
    """The first line."""
    places = ("x", "y", "raw_x", "raw_y", "score") if raw else ("x", "y", "score")
    if long:
        return ",".join((*PERSON, "joint", *places)) + "\n"
    if raw:
        return ",".join((*PERSON, *(f"{name}_{place}" for name in keypoints for place in places))) + "\n"
    return ",".join(columns(keypoints)) + "\n"


def _people(stretch: Stretch) -> Words:
    """Frame, time, id, score and box of everybody: (R, W)."""
    starts = [
        f"{index},{seconds(time)}".encode()
        for index, time in zip(stretch.frames.tolist(), stretch.times.tolist(), strict=True)
    ]
    wide = 8 * -(-max(map(len, starts), default=1) // 8)
    start = np.array(starts, f"S{wide}").view(np.uint64).reshape(-1, wide // 8)
    boxes = stretch.people.boxes.copy()
    boxes[:, 2:] -= boxes[:, :2]
    scores = score_words(stretch.people.box_scores)[:, None]
    size = pixel_words(boxes).reshape(len(boxes), -1)
    return np.concatenate(
        [np.repeat(start, stretch.counts, axis=0), number_words(stretch.ids), scores, size], axis=1
    )


def _joints(stretch: Stretch, threshold: float, *, raw: bool) -> Words:
    """Every joint of everybody: (R, K, W), blank where it is not known."""
    people = stretch.people
    finite = _somewhere(people.keypoints) & (people.scores != grid.NO_SCORE)
    foretold = people.predicted & finite
    known = (grid.from_score_steps(people.scores) >= threshold) & finite & ~foretold
    kinds = [people.keypoints, people.measured] if raw else [people.keypoints]
    places = [word for kind in kinds for word in _places(kind, known | foretold)]
    score = np.where(known, score_words(people.scores), np.uint64(COMMA))
    return np.stack([*places, score], axis=2)


def _places(steps: NDArray[np.int32], told: Mask) -> list[Words]:
    """The words of x and of y (R, K) each, two commas where they are not `told`, or nowhere."""
    there = told & _somewhere(steps)
    both = pixel_words(np.where(there[..., None], steps, 0))
    both[~there] = (COMMA, BLANK)
    return [both[..., axis, part] for axis in (0, 1) for part in (0, 1)]


def _somewhere(steps: NDArray[np.int32]) -> Mask:
    """Which of (R, K, 2) are places."""
    there: Mask = np.logical_and(steps[..., 0] != grid.NOWHERE, steps[..., 1] != grid.NOWHERE)
    return there


def _names(keypoints: Sequence[str]) -> Words:
    """The names of the joints behind a comma: (K, W)."""
    texts = [f",{name}".encode() for name in keypoints]
    wide = 8 * -(-max(map(len, texts)) // 8)
    return np.array(texts, f"S{wide}").view(np.uint64).reshape(len(texts), -1)
