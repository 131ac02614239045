"""OpenPose's JSON, a file for each frame, with the 25 places of its model BODY_25 (its doc/02_output.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.exports.folder import Folder
from app.exports.joints import Floats, formatted, index_of, joints
from app.exports.writing import harmless, stretches

if TYPE_CHECKING:
    from app.exports import Work

NECK, MID_HIP = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
#: Joints by their names, or the two that they are in the middle of. Six places of the feet are behind them.
BODY_25: tuple[str | tuple[str, str], ...] = (
    "nose", NECK, "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    MID_HIP, "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
FEET = 6
OWN = re.compile(r".*_\d{12,}_keypoints\.json")

_OTHERS = "".join(
    f',"{part}_keypoints_{dimensions}":[]'
    for dimensions in ("2d", "3d")
    for part in ("pose", "face", "hand_left", "hand_right")
    if (part, dimensions) != ("pose", "2d")
)
_PERSON = (
    '{"person_id":[%d],"pose_keypoints_2d":['
    + ",".join(["%.3f,%.3f,%.4f"] * (len(BODY_25) + FEET))
    + "]"
    + _OTHERS
    + "}"
)


def write(work: Work) -> list[Path]:
    """The folder. UserError where it cannot be written."""
    stem = harmless(work.session.about.stem)
    with Folder(work.out, OWN, overwrite=work.overwrite) as folder:
        for stretch in stretches(work):
            body = body_25(joints(work.session, stretch).seen(), work.session.about.keypoints)
            people, end = formatted(_PERSON, stretch.ids, np.nan_to_num(body)), 0
            for frame, count in zip(stretch.frames.tolist(), stretch.counts.tolist(), strict=True):
                text = ",".join(people[end : end + count])
                end += count
                folder.append(f"{stem}_{frame:012d}_keypoints.json", f'{{"version":1.3,"people":[{text}]}}\n')
        if work.stop.is_set():
            return []
        folder.publish()
    return [work.out]


def body_25(seen: Floats, keypoints: Sequence[str]) -> Floats:
    """x, y and score (R, 25, 3) of joints (R, K, 3); NaN where they are not known."""
    body = np.full((len(seen), len(BODY_25) + FEET, 3), np.nan)
    for place, source in enumerate(BODY_25):
        body[:, place] = middle(seen, keypoints, (source, source) if isinstance(source, str) else source)
    return body


def middle(seen: Floats, keypoints: Sequence[str], pair: tuple[str, str]) -> Floats:
    """Between two joints, with the lower of their scores (R, 3); NaN where one of them is not known."""
    one, other = (index_of(keypoints, name) for name in pair)
    if min(one, other) < 0:
        return np.full((len(seen), 3), np.nan)
    between = (seen[:, one] + seen[:, other]) / 2
    between[:, 2] = np.minimum(seen[:, one, 2], seen[:, other, 2])
    return between
