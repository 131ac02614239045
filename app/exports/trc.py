"""Marker files as Sports2D writes them, one for each person; y upwards, a thousand pixels to the metre.

Layout: OpenSim's "Marker (.trc) Files", without the empty sixth line, which Sports2D leaves out as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.exports.folder import Folder
from app.exports.joints import Floats, formatted, joints, spans
from app.exports.openpose import MID_HIP, NECK, middle
from app.exports.writing import harmless, stretches
from app.outputs.table import seconds
from app.store.about import About

if TYPE_CHECKING:
    from app.exports import Work
    from app.store.session import Stretch

METRE = 1000.0  #: pixels
MIDDLES = {"Neck": NECK, "Hip": MID_HIP}
OWN = re.compile(r".*_person\d+(_.*)?\.trc")


@dataclass(frozen=True, slots=True)
class _Marked:
    """The file of a person."""

    name: str
    first: int  #: place in the times of the session
    last: int


def write(work: Work) -> list[Path]:
    """The folder. UserError where it cannot be written."""
    session, (position, _) = work.session, work.choice.places(work.session)
    people = _people(work)
    with Folder(work.out, OWN, overwrite=work.overwrite) as folder:
        for each in people.values():
            folder.append(each.name, _header(session.about, each))
        for stretch in stretches(work):
            table = _markers(joints(session, stretch).told(), session.about)
            end = position + len(stretch.frames)
            for who, each in people.items():
                if each.first < end and position <= each.last:
                    inside = slice(
                        max(each.first - position, 0), min(each.last + 1 - position, end - position)
                    )
                    folder.append(each.name, _rows(stretch, table, who, inside))
            position = end
        if work.stop.is_set():
            return []
        folder.publish()
    return [work.out]


def _people(work: Work) -> dict[int, _Marked]:
    stem = harmless(work.session.about.stem)
    known = {person.id: person.name for person in work.session.people()}
    found = {}
    for who, (first, last) in spans(work.session, work.choice).items():
        name = f"{stem}_person{who:02d}" + (f"_{harmless(known[who])}" if known[who] else "")
        found[who] = _Marked(f"{name}.trc", first, last)
    return found


def marker(keypoint: str) -> str:
    """What Pose2Sim calls it: LKnee for left_knee."""
    words = keypoint.replace("left_", "l_").replace("right_", "r_").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _header(about: About, each: _Marked) -> str:
    names = [*map(marker, about.keypoints), *MIDDLES]
    rate, frames = f"{float(about.rate):g}", str(each.last - each.first + 1)
    axes = [f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ"]
    lines = (
        ("PathFileType", "4", "(X/Y/Z)", each.name),
        ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame",
         "OrigNumFrames"),
        (rate, rate, frames, str(len(names)), "m", rate, "0", frames),
        ("Frame#", "Time", "\t\t\t".join(names), "", ""),
        ("", "", *axes),
    )  # fmt: skip
    return "".join("\t".join(line) + "\n" for line in lines)


def _markers(told: Floats, about: About) -> Floats:
    """x, y and z in metres (R, M, 3) of all markers; NaN where they are not known."""
    middles = [middle(told, about.keypoints, pair) for pair in MIDDLES.values()]
    points: Floats = np.concatenate([told, np.stack(middles, axis=1)], axis=1)
    points[..., 0] /= METRE
    points[..., 1] = (about.height - 1 - points[..., 1]) / METRE
    points[..., 2] *= 0.0  # NaN stays
    return points


def _rows(stretch: Stretch, table: Floats, who: int, inside: slice) -> str:
    """The lines of a person in those frames of a stretch; NaN in frames without them."""
    theirs = np.full((len(stretch.frames), *table.shape[1:]), np.nan)
    which = np.repeat(np.arange(len(stretch.frames)), stretch.counts)
    own = stretch.ids == who
    theirs[which[own]] = table[own]
    frames, times = stretch.frames[inside].tolist(), stretch.times[inside].tolist()
    texts = formatted("\t%.6f\t%.6f\t%.1f" * table.shape[1], theirs[inside])
    lines = zip(frames, times, texts, strict=True)
    return "".join(f"{frame}\t{seconds(time)}{text.replace('nan', 'NaN')}\n" for frame, time, text in lines)
