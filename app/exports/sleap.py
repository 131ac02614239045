"""SLEAP's analysis CSV: a row for each instance in each frame, as SLEAP and sleap-io write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.exports.joints import called, formatted, joints, rows
from app.exports.writing import quoted, stretches, whole

if TYPE_CHECKING:
    from app.exports import Work


def write(work: Work) -> list[Path]:
    """The CSV. UserError where it cannot be written."""
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[str]:
    keypoints = work.session.about.keypoints
    label = {who: quoted(name) for who, name in called(work.session).items()}
    nodes = [f"{name}.{part}" for name in keypoints for part in ("x", "y", "score")]
    yield ",".join(("track", "frame_idx", "instance.score", *nodes)) + "\n"
    pattern = ",%.3f,%.3f,%.4f" * len(keypoints)
    for stretch in stretches(work):
        told = joints(work.session, stretch).told()
        lines = zip(
            stretch.ids.tolist(),
            rows(stretch, stretch.frames).tolist(),
            (stretch.people.box_scores / 10_000.0).tolist(),
            formatted(pattern, told),
            strict=True,
        )
        yield "".join(
            f"{label[who]},{frame},{score:.4f}{text.replace('nan', '')}\n"
            for who, frame, score, text in lines
        )
