"""How right a tracker is, against the truth of a story: who is who, and where the joints are.

HOTA, IDF1, MOTA and switches are TrackEval's, with boxes that overlap by half (HOTA: by 5 to 95 %). Who is
there to be found is who is at least 30 % in view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scene_truth import VISIBLE, Truth
from stories_network import IN_VIEW
from trackeval.metrics import CLEAR, HOTA, Identity

from engine.skeleton import oks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Raw = dict[str, Any]

METRICS = {
    "HOTA": HOTA({"PRINT_CONFIG": False}),
    "Identity": Identity({"PRINT_CONFIG": False}),
    "CLEAR": CLEAR({"PRINT_CONFIG": False}),
}


class Told(NamedTuple):
    """What a tracker says of one frame."""

    ids: Ints  #: (N,)
    boxes: Floats  #: (N, 4)


class Ids(NamedTuple):
    """How well identities hold, 0 to 1, and how often an id changed."""

    hota: float
    idf1: float
    mota: float
    switches: int


def measured(truths: Sequence[Truth], told: Sequence[Told]) -> dict[str, Raw]:
    """What TrackEval counts in one story, by metric."""
    wanted = [truth.seen >= IN_VIEW for truth in truths]
    true_ids = _numbered([truth.ids[row] for truth, row in zip(truths, wanted, strict=True)])
    ids = _numbered([frame.ids for frame in told])
    overlaps = [
        overlap(truth.boxes[row].astype(float), frame.boxes)
        for truth, row, frame in zip(truths, wanted, told, strict=True)
    ]
    story = {
        "num_timesteps": len(told),
        "gt_ids": true_ids,
        "tracker_ids": ids,
        "similarity_scores": overlaps,
        "num_gt_ids": 1 + max((int(i.max()) for i in true_ids if len(i)), default=-1),
        "num_tracker_ids": 1 + max((int(i.max()) for i in ids if len(i)), default=-1),
        "num_gt_dets": sum(map(len, true_ids)),
        "num_tracker_dets": sum(map(len, ids)),
    }
    return {name: metric.eval_sequence(story) for name, metric in METRICS.items()}


def summed(stories: Mapping[str, dict[str, Raw]]) -> dict[str, Raw]:
    """Several stories as one."""
    return {
        name: metric.combine_sequences({story: raw[name] for story, raw in stories.items()})
        for name, metric in METRICS.items()
    }


def ids_of(raw: dict[str, Raw]) -> Ids:
    hota = float(np.mean(raw["HOTA"]["HOTA"]))
    clear, identity = raw["CLEAR"], raw["Identity"]
    return Ids(hota, float(identity["IDF1"]), float(clear["MOTA"]), int(clear["IDSW"]))


def _numbered(frames: Sequence[Ints]) -> list[Ints]:
    """The same ids, counted from 0 without gaps."""
    known = np.unique(np.concatenate([np.zeros(0, np.int64), *frames]))
    return [np.searchsorted(known, ids) for ids in frames]


def overlap(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes (N, 4) and (M, 4): (N, M)."""
    inner = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(
        one[:, None, :2], other[None, :, :2]
    )
    both = inner.clip(0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (one, other)]
    shares: Floats = both / np.maximum(areas[0][:, None] + areas[1] - both, 1e-9)
    return shares


# ------------------------------------------------------------------ joints


class Joints(NamedTuple):
    """How right joints are."""

    oks: float  #: mean, 0 to 1
    accel: float  #: thousandths of the person's size a frame^2: mean error of the second difference
    lag: float  #: seconds


class Followed(NamedTuple):
    """A person of the truth, in the frames in which a tracker told of them."""

    times: Floats  #: (F,) seconds
    frames: Ints  #: (F,) their numbers
    truth: Floats  #: (F, 17, 2)
    visible: NDArray[np.int64]  #: (F, 17) COCO's
    area: Floats  #: (F,) of the true box
    joints: Floats  #: (F, 17, 2) as told


def joints_of(people: Sequence[Followed]) -> Joints:
    """Over all of them."""
    alike, accel, behind, moved = [], [], 0.0, 0.0
    for person in people:
        alike += [
            oks(
                j[None].astype(np.float32), k[None].astype(np.float32), np.array([a], np.float32), v[None] > 0
            )
            for j, k, a, v in zip(person.joints, person.truth, person.area, person.visible, strict=True)
        ]
        accel.append(_accelerations(person))
        against, along = _lateness(person)
        behind, moved = behind + against, moved + along
    trembling = np.concatenate([np.zeros(0), *accel])
    return Joints(
        float(np.mean(alike)) if alike else float("nan"),
        float(1e3 * trembling.mean()) if len(trembling) else float("nan"),
        behind / moved if moved else float("nan"),
    )


def _accelerations(person: Followed) -> Floats:
    """Of every joint that is visible in three frames on end, the error over the person's size."""
    error, t = person.joints - person.truth, person.times
    before, after = np.diff(t)[:-1, None, None], np.diff(t)[1:, None, None]
    usual = np.minimum(before, after)
    # Second difference of unequal steps, as it would be of equal ones.
    second = 2 * usual**2 * (np.diff(error, axis=0)[1:] / after - np.diff(error, axis=0)[:-1] / before)
    size = np.sqrt(person.area)[1:-1, None]
    length: Floats = np.linalg.norm(second / (before + after), axis=-1) / size
    return length[_in_a_row(person)]


def _lateness(person: Followed) -> tuple[float, float]:
    """Two sums whose ratio is the lag: where joints move at v and err by e, the best fit of e = -lag v."""
    if len(person.times) < 3:
        return 0.0, 0.0
    error = (person.joints - person.truth)[1:-1]
    speed = (person.truth[2:] - person.truth[:-2]) / (person.times[2:] - person.times[:-2])[:, None, None]
    row = _in_a_row(person)
    return -float((error * speed)[row].sum()), float((speed * speed)[row].sum())


def _in_a_row(person: Followed) -> NDArray[np.bool_]:
    """Which joints (F - 2, 17) are visible in a frame and its two neighbours, all of them told of."""
    seen, frames = person.visible == VISIBLE, person.frames
    row: NDArray[np.bool_] = seen[:-2] & seen[1:-1] & seen[2:] & (frames[2:] - frames[:-2] == 2)[:, None]
    return row
