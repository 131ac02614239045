"""Kinetrail and others on the twenty stories, fed with the same boxes and joints."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import NamedTuple

import numpy as np
from stories import Tale
from stories_film import Film, films
from walkers import Shot

from benchmarks.tracking_others import others
from benchmarks.tracking_scores import (
    Followed,
    Ids,
    Joints,
    Raw,
    Told,
    ids_of,
    joints_of,
    measured,
    overlap,
    summed,
)
from trackers.appearance import looks
from trackers.camera import Camera
from trackers.smoothing import smoother
from trackers.tracker import Tracker
from trackers.types import Tracks

SMOOTHINGS = ("off", "one-euro", "live", "lag:0.3s", "full")
OURS, POSSIBLE = "Kinetrail", "possible"
SAME = 0.5  #: overlap from which a track is about somebody


class Results(NamedTuple):
    """By story, then by who or what did it; the story `TOTAL` is all of them as one."""

    ids: dict[str, dict[str, Ids]]
    joints: dict[str, dict[str, Joints]]
    given: dict[str, tuple[int, int]]  #: ids given, people there were
    frame_ms: float  #: the tracker's median, looks and camera not included


TOTAL = "total"


def results(
    tales: Sequence[Tale], folder: Path, *, seed: int = 0, alone: bool = False
) -> tuple[Results, str]:
    """Of all tales; and a line that says why the others are missing, or none."""
    every = films(list(tales), folder)
    shots = {film.tale.name: film.shots(seed) for film in every}
    told: dict[str, dict[str, list[Told]]] = {name: {POSSIBLE: perfect(each)} for name, each in shots.items()}
    spent: list[float] = []
    tracks = {film.tale.name: follow(film, shots[film.tale.name], spent) for film in every}
    for name, frames in tracks.items():
        told[name][OURS] = [Told(each.ids, each.boxes.xyxy.astype(float)) for each in frames]
    why = "" if alone else add_others(told, shots, folder)
    raw: dict[str, dict[str, dict[str, Raw]]] = {
        film.tale.name: {who: measured(film.truths, said) for who, said in told[film.tale.name].items()}
        for film in every
    }
    ids = {name: {who: ids_of(one) for who, one in by.items()} for name, by in raw.items()}
    ids[TOTAL] = {
        who: ids_of(summed({name: by[who] for name, by in raw.items()})) for who in next(iter(raw.values()))
    }
    people = {film.tale.name: smoothed(film, tracks[film.tale.name]) for film in every}
    joints = {name: {way: joints_of(each) for way, each in by.items()} for name, by in people.items()}
    joints[TOTAL] = {way: joints_of([p for by in people.values() for p in by[way]]) for way in SMOOTHINGS}
    given = {film.tale.name: counted(film, tracks[film.tale.name]) for film in every}
    return Results(ids, joints, given, 1e3 * float(np.median(spent))), why


def follow(film: Film, shots: Sequence[Shot], spent: list[float]) -> list[Tracks]:
    """What Kinetrail says of a film, fed as the program feeds it; `spent` gets the tracker's seconds."""
    tracker, camera, told = Tracker(), Camera(), []
    for image, shot in zip(film.images(), shots, strict=True):
        seen, moved = looks(image, shot.poses), camera.moved(image, shot.poses.boxes)
        began = time.thread_time()
        told.append(tracker.update(shot.poses, shot.time, looks=seen, camera=moved))
        spent.append(time.thread_time() - began)
    return told


def perfect(shots: Sequence[Shot]) -> list[Told]:
    """The most that can be made of what the network says: every true box, with whose it is."""
    return [Told(s.who[s.who >= 0], s.poses.boxes.xyxy[s.who >= 0].astype(float)) for s in shots]


def add_others(told: dict[str, dict[str, list[Told]]], shots: dict[str, list[Shot]], folder: Path) -> str:
    try:
        answers = others(shots, folder)
    except CalledProcessError as failed:
        last = failed.stderr.decode(errors="replace").strip().splitlines()[-1:] or [str(failed)]
        return f"ByteTrack and OC-SORT are left out; they could not be installed or run: {last[0]}"
    for name, by in answers.items():
        told[name] |= by
    return ""


def counted(film: Film, tracks: Sequence[Tracks]) -> tuple[int, int]:
    """Ids given, and people there were."""
    shown = {int(i) for each in tracks for i in each.ids}
    return len(shown), len({int(i) for truth in film.truths for i in truth.ids[truth.seen > 0.5]})


def smoothed(film: Film, tracks: Sequence[Tracks]) -> dict[str, list[Followed]]:
    """Everyone's joints, by the way they are smoothed."""
    out = {}
    for way in SMOOTHINGS:
        filter_ = smoother(way)
        frames = [
            done for each, t in zip(tracks, film.times, strict=True) for done in filter_.push(each, float(t))
        ]
        out[way] = followed(film, [*frames, *filter_.finish()])
    return out


def followed(film: Film, tracks: Sequence[Tracks]) -> list[Followed]:
    """Everyone of the truth where somebody was told of at the same place, joints and all."""
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for frame, (truth, each) in enumerate(zip(film.truths, tracks, strict=True)):
        shared = overlap(truth.boxes.astype(float), each.boxes.xyxy.astype(float))
        for track, person in enumerate(shared.argmax(axis=0).tolist() if len(truth) else ()):
            if shared[person, track] >= SAME and shared[person].argmax() == track:
                rows.setdefault(int(truth.ids[person]), []).append((frame, person, track))
    return [_person(film, tracks, places) for places in rows.values()]


def _person(film: Film, tracks: Sequence[Tracks], places: list[tuple[int, int, int]]) -> Followed:
    truths = [(film.truths[frame], person) for frame, person, _ in places]
    boxes = np.array([truth.boxes[person] for truth, person in truths], float)
    return Followed(
        film.times[[frame for frame, _, _ in places]],
        film.indices[[frame for frame, _, _ in places]],
        np.array([truth.keypoints[person] for truth, person in truths], float),
        np.array([truth.visibility[person] for truth, person in truths]),
        (boxes[:, 2:] - boxes[:, :2]).prod(axis=1),
        np.array([tracks[frame].keypoints[track] for frame, _, track in places], float),
    )
