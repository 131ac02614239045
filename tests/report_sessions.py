"""Sessions of known people, for the tests of the report: what is in them is decided here, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from app import grid
from app.store.about import Model, Recipe
from app.store.session import Session, open_session_file
from app.store.writer import Writer
from app.types import Result, Seen, SourceInfo, Timings
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks

PICTURE = np.zeros((4, 8, 3), np.uint8)
MODELS = (Model("detector", "finder.onnx", "ab" * 32), Model("pose", "joints.onnx", "cd" * 32))
SETTINGS = {"smooth": "live", "keypoint_threshold": 0.3}

People = Mapping[int, np.ndarray]  #: joints (K, 2) by id


def tracks(
    people: People, smoothed: People | None = None, scores: float | Mapping[int, np.ndarray] = 0.9
) -> Tracks:
    """The `people` of a frame as measured; `smoothed` are the same unless given."""
    ids = sorted(people)
    joints = len(next(iter(people.values()))) if people else len(KEYPOINTS)
    told = np.array([people[who] for who in ids], np.float32).reshape(len(ids), joints, 2)
    calm = np.array([(smoothed or people)[who] for who in ids], np.float32).reshape(told.shape)
    flesh = 0.04 * np.ptp(told[..., 1], axis=1)[:, None]
    xyxy = np.concatenate([told.min(axis=1) - flesh, told.max(axis=1) + flesh], axis=1)
    boxes = Boxes(xyxy.reshape(-1, 4).astype(np.float32), np.full(len(ids), 0.9, np.float32))
    sure = np.full(told.shape[:2], scores if isinstance(scores, float) else 0.9, np.float32)
    if not isinstance(scores, float):
        for row, who in enumerate(ids):
            sure[row] = scores.get(who, sure[row])
    return grid.settled_tracks(Tracks(np.array(ids, np.int64), boxes, told, calm, sure))


def stored(
    path: Path,
    frames: Sequence[tuple[int, float, Tracks]],
    *,
    name: str = "made up.mp4",
    live: bool = False,
    source: Path | None = None,
    size: tuple[int, int] = (1280, 720),
    keypoints: tuple[str, ...] = KEYPOINTS,
    settings: Mapping[str, str | int | float | bool] = SETTINGS,
    late: Mapping[int, float] | None = None,
) -> Path:
    """A session file of frames: index, seconds and people; `late`: how late results were, s, by index."""
    known = SourceInfo(
        name, path.stem, *size, Fraction(1, 1000), Fraction(25), len(frames), live, False, Fraction(1), ""
    )
    place = str(source.absolute()) if source else ""
    print_of = fingerprint_of(source) if source else ""
    recipe = Recipe(name, place, print_of, keypoints, settings, MODELS)
    with closing(Writer(path, known, recipe)) as writer:
        for index, time, people in frames:
            raw = Poses(people.boxes, people.measured, people.scores, people.spread)
            seen = Seen(grid.settled(raw), people)
            spent = Timings(0.0, 0.0, 0.0, 0.0)
            if late is not None and index in late:
                spent = Timings(50.0 + index, 0.0, 0.0, 0.0, done=50.0 + index + late[index])
            writer.write(Result(Frame(index, time, PICTURE), people, spent, seen=seen))
    return path


def fingerprint_of(source: Path) -> str:
    from app.store.about import fingerprint

    return fingerprint(source)


def opened(path: Path, frames: Sequence[tuple[int, float, Tracks]], **more: object) -> Session:
    return open_session_file(stored(path, frames, **more))


def exchanged(frames: Sequence[tuple[int, float, Tracks]], a: int, b: int, at_s: float):
    """The same, with two ids exchanged from then on."""
    out = []
    for index, time, people in frames:
        ids = people.ids.copy()
        if time >= at_s:
            ids[people.ids == a], ids[people.ids == b] = b, a
        order = np.argsort(ids)
        boxes = Boxes(people.boxes.xyxy[order], people.boxes.scores[order])
        parts = {n: getattr(people, n)[order] for n in ("measured", "keypoints", "scores", "predicted")}
        rest = {n: getattr(people, n)[order] for n in ("likeness", "spread")}
        out.append((index, time, replace(people, ids=ids[order], boxes=boxes, **parts, **rest)))
    return out
