"""Whether an engine answers what its ONNX answers: the same pictures through both, joint by joint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from engine.crop import normalise, to_frame
from engine.description import DetectorModel, PoseModel
from engine.detector import LONG_SIDE, NetworkDetector, fitted
from engine.errors import UserError
from engine.heads import THRESHOLDS
from engine.heatmap import decode
from engine.recognition import gives_joints, takes_pixels
from engine.session import Session
from engine.types import Array, Image

#: How far joints or box edges may lie apart in the mean, in pixels of the network's input.
LIMITS_PX = {"fp32": 0.1, "fp16": 0.1, "int8": 1.0}
SCORE_LIMITS = {"fp32": 0.05, "fp16": 0.05, "int8": 0.2}  #: how far their scores may, which go up to about 1
BOX_LIMITS_PX = {"fp32": 0.5, "fp16": 0.5, "int8": 2.0}
#: What to do instead of using an engine that was found wanting.
INSTEAD = {
    "fp32": "run the ONNX file itself",
    "fp16": "pass --precision fp32",
    "int8": "pass --precision fp16, or calibrate with more pictures and other ones",
}
SURE = 0.3  #: score of the joints that count: where a network sees nothing, rounding decides what it answers
DISTINCT = 32  #: people that are looked at; a larger batch holds them several times
ALONE = 4  #: of them are run one by one
TIMES = 5  #: runs whose middle is the time of one
MARGIN = 0.1  #: above the threshold from where a box has to be found by both
SAME = 0.5  #: overlap (intersection over union) of two boxes of one person


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it."""

    figures: dict[str, float | str]
    refused: str = ""  #: why the engine is not to be used


def prove_pose(
    onnx: Session,
    engine: Session,
    model: PoseModel,
    crops: Image,
    typical: int,
    precision: str,
    going: Callable[[], None] = lambda: None,
) -> Proof:
    """Hold an engine against its ONNX on crops (N, h, w, 3): N is its largest batch, `typical` another.

    `going` is called between runs; what it raises ends the proof.
    """
    count = len(crops)
    distinct = crops[:DISTINCT]
    wanted, scores, onnx_ms = _timed(onnx, model, distinct, going)
    again = np.arange(count) % len(distinct)
    wanted, scores = wanted[again], scores[again]
    apart = np.zeros((0, *wanted.shape[1:2]))
    expected, given = [], []
    for rows in _batches(count, typical):
        going()
        found, scored = joints(engine, model, crops[again[rows]])
        apart = np.concatenate([apart, np.linalg.norm(found - wanted[rows], axis=2)])
        expected.append(scores[rows])
        given.append(scored)
    score, differs = np.concatenate(expected), np.concatenate(given) - np.concatenate(expected)
    sure = score >= SURE if (score >= SURE).any() else np.ones(score.shape, bool)
    counted, off = apart[sure], float(np.abs(differs[sure]).mean())
    ms = median(_timed(engine, model, crops[:typical], going)[2] for _ in range(TIMES))
    moved = _moved(engine, model, crops) if count > 1 else 0.0
    mean = float(counted.mean())
    figures: dict[str, float | str] = {
        "mean_px": mean,
        "max_px": float(counted.max()),
        "mean_score": off,
        "joints": int(counted.size),
        "identical_rows_px": moved,
        "onnx_ms": onnx_ms,
        "engine_ms": ms,
    }
    limit = LIMITS_PX[precision]
    refused = ""
    if not mean <= limit:
        refused = f"its joints lie {mean:.2f} px from the ONNX's in the mean, more than {limit} px"
    elif not moved <= limit:
        refused = (
            f"the same person gets joints {moved:.2f} px apart at different places of a batch, more than"
            f" {limit} px"
        )
    elif not off <= SCORE_LIMITS[precision]:
        refused = f"its scores lie {off:.2f} from the ONNX's in the mean, more than {SCORE_LIMITS[precision]}"
    return Proof(figures, refused and f"{refused}; {INSTEAD[precision]}")


def prove_detector(
    onnx: Session,
    engine: Session,
    model: DetectorModel,
    pictures: Sequence[Image],
    precision: str,
    going: Callable[[], None] = lambda: None,
) -> Proof:
    """Hold an engine against its ONNX on pictures (H, W, 3), box by box."""
    low = model.threshold or THRESHOLDS[model.head]
    both = [NetworkDetector(session, model) for session in (onnx, engine)]
    apart, missing, people = [np.zeros(0)], 0, 0
    spent: tuple[list[float], list[float]] = ([], [])
    for picture in pictures:
        going()
        found = []
        for detector, times in zip(both, spent, strict=True):
            began = time.perf_counter()
            found.append(detector.detect([picture])[0])
            times.append((time.perf_counter() - began) * 1e3)
        frame = (picture.shape[0], picture.shape[1])
        fit = fitted(frame, model.input_size, multiple=model.multiple, long_side=LONG_SIDE)
        scale = fit.size[0] / frame[0]
        for one, other in (found, found[::-1]):
            overlap = _overlaps(one.xyxy, other.xyxy)
            near = overlap.argmax(axis=1) if len(other) else np.zeros(len(one), int)
            met = overlap.max(axis=1, initial=0) >= SAME
            apart.append(scale * np.abs(one.xyxy[met] - other.xyxy[near[met]]).ravel())
            missing += int((~met & (one.scores >= low + MARGIN)).sum())
        people += len(found[0])
    edges = np.concatenate(apart)
    mean, most = (float(edges.mean()), float(edges.max())) if edges.size else (0.0, 0.0)
    figures: dict[str, float | str] = {
        "mean_px": mean,
        "max_px": most,
        "boxes": people,
        "missing": missing,
        "onnx_ms": median(spent[0]),
        "engine_ms": median(spent[1]),
    }
    if missing:
        told = f"{missing} people are found by only one of engine and ONNX; {INSTEAD[precision]}"
        return Proof(figures, told)
    if not edges.size:
        return Proof(
            figures,
            "neither of them finds anybody on these pictures, which proves nothing; pass --calibrate DIR with"
            " pictures that it finds people on, or --no-verify",
        )
    if not mean <= BOX_LIMITS_PX[precision]:
        limit = BOX_LIMITS_PX[precision]
        told = f"its boxes lie {mean:.2f} px from the ONNX's in the mean, more than {limit} px"
        return Proof(figures, f"{told}; {INSTEAD[precision]}")
    return Proof(figures)


def joints(session: Session, model: PoseModel, crops: Image) -> tuple[Array, Array]:
    """Crops (N, h, w, 3) -> joints (N, K, 2) in their pixels, and scores (N, K)."""
    size, unbiased = model.input_size, model.decoder == "udp"
    batch: Array | Image = crops
    if not takes_pixels(session.signature):
        batch = normalise(crops, model.mean, model.std, model.rgb)
    parts = [batch[start : start + session.max_batch] for start in range(0, len(batch), session.max_batch)]
    outputs = [np.concatenate(each) for each in zip(*map(session.run, parts), strict=True)]
    if gives_joints(session.signature):
        return outputs[0], outputs[1]
    (heatmaps,) = outputs
    if heatmaps.ndim != 4 or heatmaps.shape[1] != len(model.keypoints):
        raise UserError(
            f"the pose network answers {heatmaps.shape}, not {len(model.keypoints)} heatmaps each"
        )
    cells, scores, _ = decode(heatmaps, model.decoder, sigma=model.sigma)
    still = np.tile(np.eye(2, 3), (len(crops), 1, 1))
    return to_frame(cells, still, size, (heatmaps.shape[2], heatmaps.shape[3]), unbiased=unbiased), scores


def _batches(count: int, typical: int) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Which rows make up the batches: alone, typical, largest, and mixed in size and order."""
    rows = np.arange(count)
    for row in rows[:ALONE]:
        yield rows[row : row + 1]
    yield rows[:typical]
    yield rows
    mixed = np.random.default_rng(0).permutation(rows)
    if count > 2:
        yield from np.split(mixed, [count // 3 + 1])


def _timed(
    session: Session, model: PoseModel, crops: Image, going: Callable[[], None]
) -> tuple[Array, Array, float]:
    """Joints, scores, and the milliseconds that a person took."""
    going()
    began = time.perf_counter()
    found, scores = joints(session, model, crops)
    return found, scores, (time.perf_counter() - began) * 1e3 / len(crops)


def _moved(engine: Session, model: PoseModel, crops: Image) -> float:
    """How far the joints of one person in middle and last place lie from those in the first, in the mean."""
    places = sorted({0, len(crops) // 2, len(crops) - 1})
    mixed = crops[::-1].copy()
    mixed[places] = crops[0]
    found, scores = joints(engine, model, mixed)
    apart = np.linalg.norm(found[places[1:]] - found[places[0]], axis=2)
    sure = scores[places[0]] >= SURE
    return float(apart[:, sure if sure.any() else slice(None)].mean())


def _overlaps(one: Array, other: Array) -> Array:
    """Intersection over union of boxes (N, 4) and (M, 4): (N, M)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    overlaps: Array = both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)
    return overlaps
