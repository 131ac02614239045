"""What detectors answer: the outputs for one picture -> the people in it, in pixels of the network's input.

Box edges are counted as all of these networks were taught: 0 is the outer edge of the first pixel, not its
centre.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.description import Head
from engine.errors import UserError
from engine.types import Array

Found = tuple[Array, Array]  #: boxes (N, 4) left, top, right, bottom; scores (N,)

#: Two boxes of the raw head that overlap by more are the same person; Ultralytics' own default.
MOST_OVERLAP = 0.7
HALF_UPON = 0.5  #: overlap from which a weak box is an echo of a strong one
MOST_CANDIDATES = 1000  #: of the raw head, the best; a low threshold would let thousands through


def rtmdet(outputs: Sequence[Array], person: int, threshold: float) -> Found:
    """Boxes with scores (1, N, 5) and classes (1, N), in either order; doubles are gone."""
    dets, labels = sorted(outputs, key=np.ndim, reverse=True)
    _require(labels.ndim == 2 and dets.shape[1:] == (labels.shape[1], 5), outputs, "(1, N, 5) and (1, N)")
    chosen = (labels[0] == person) & (dets[0, :, 4] >= threshold)
    return dets[0, chosen, :4], dets[0, chosen, 4]


def yolo_end2end(outputs: Sequence[Array], person: int, threshold: float) -> Found:
    """Boxes, scores and classes (1, N, 6); doubles are gone."""
    _require(outputs[0].ndim == 3 and outputs[0].shape[2] == 6, outputs, "(1, N, 6)")
    rows = outputs[0][0]
    chosen = rows[(rows[:, 5] == person) & (rows[:, 4] >= threshold)]
    return chosen[:, :4], chosen[:, 4]


def yolo_raw(outputs: Sequence[Array], person: int, threshold: float) -> Found:
    """Centres, sizes and class scores (1, 4 + classes, N), each person many times; the best is kept."""
    wanted = f"(1, {5 + person} or more, N)"
    _require(outputs[0].ndim == 3 and outputs[0].shape[1] > 4 + person, outputs, wanted)
    rows = outputs[0][0]
    scores = rows[4 + person]
    candidates = np.flatnonzero(scores >= threshold)
    best = candidates[np.argsort(-scores[candidates], kind="stable")][:MOST_CANDIDATES]
    centre, half = rows[:2, best].T, rows[2:4, best].T / 2
    xyxy = np.concatenate([centre - half, centre + half], axis=1)
    kept = _suppressed(xyxy, MOST_OVERLAP)
    return xyxy[kept], scores[best[kept]]


HEADS: dict[Head, Callable[[Sequence[Array], int, float], Found]] = {
    "rtmdet": rtmdet,
    "yolo_end2end": yolo_end2end,
    "yolo_raw": yolo_raw,
}

#: Scores from where on a box is a person: for RTMDet-nano as measured (benchmarks/detector.py), for YOLO
#: Ultralytics' own default.
THRESHOLDS: dict[Head, float] = {"rtmdet": 0.3, "yolo_end2end": 0.25, "yolo_raw": 0.25}


def _require(fits: bool, outputs: Sequence[Array], wanted: str) -> None:
    """Refuse an answer of another shape; a file that leaves its sizes open does not show it before."""
    if not fits:
        found = " and ".join(str(output.shape) for output in outputs)
        raise UserError(f"the detector answers {found}, not {wanted}; export or describe it anew")


def unechoed(found: Found, share: float) -> Found:
    """Boxes, best first, less echoes: half upon a better one, at most this share of its score.

    A network without non-maximum suppression that was trained for a short time answers a body several times.
    """
    xyxy, scores = found
    order = np.argsort(-scores, kind="stable")
    kept = order[_suppressed(xyxy[order], HALF_UPON, scores[order], share)]
    return xyxy[kept], scores[kept]


def _suppressed(
    xyxy: Array, most: float, scores: Array | None = None, share: float = 1.0
) -> NDArray[np.intp]:
    """Rows of boxes (N, 4), best first, less those that a better one overlaps by over `most` (IoU).

    With `scores` (N,), only those that score at most this `share` of the better one.
    """
    areas = np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1)
    scores = np.ones(len(xyxy), np.float32) if scores is None else scores
    waiting = np.arange(len(xyxy))
    kept: list[int] = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        low = np.maximum(xyxy[best, :2], xyxy[waiting, :2])
        high = np.minimum(xyxy[best, 2:], xyxy[waiting, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        double = shared > most * (areas[best] + areas[waiting] - shared)
        waiting = waiting[~double | (scores[waiting] > share * scores[best])]
    return np.array(kept, np.intp)
