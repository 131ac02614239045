"""COCO keypoint results (cocodataset.org/#format-results), one entry for each person and frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.exports.joints import Floats, boxes, formatted, joints, rows
from app.exports.writing import stretches, whole

if TYPE_CHECKING:
    from app.exports import Work

COUNTS = 0.2  #: joints that score more count in the score of a person, as in HRNet's own evaluation


def write(work: Work) -> list[Path]:
    """The JSON. UserError where it cannot be written."""
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[str]:
    about = work.session.about
    named = {who.id: f',"name":{json.dumps(who.name)}}}' for who in work.session.people() if who.name}
    pattern = (
        '{"image_id":%d,"category_id":1,"keypoints":['
        + ",".join(["%.3f,%.3f,%.4f"] * len(about.keypoints))
        + '],"bbox":[%.3f,%.3f,%.3f,%.3f],"score":%.4f,"track_id":%d'
    )
    yield "["
    between = "\n"
    for stretch in stretches(work):
        every, around = joints(work.session, stretch).every(), boxes(stretch)
        score = _score(every[..., 2], around[:, 4])
        frames, told = rows(stretch, stretch.frames), map(np.nan_to_num, (every, around[:, :4], score))
        texts = formatted(pattern, frames, *told, stretch.ids)
        people = [text + named.get(who, "}") for text, who in zip(texts, stretch.ids.tolist(), strict=True)]
        if people:
            yield between + ",\n".join(people)
            between = ",\n"
    yield "\n]\n"


def _score(scores: Floats, box_scores: Floats) -> Floats:
    """How sure it is that there is a person, and where (R,): the box times the mean of the clear joints."""
    clear = scores > COUNTS
    mean = np.where(clear, scores, 0.0).sum(axis=1) / np.maximum(clear.sum(axis=1), 1)
    whole_score: Floats = box_scores * mean
    return whole_score
