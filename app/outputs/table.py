"""One row of comma-separated values for each person and frame; docs/formats.md says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.outputs.partial import Partial, Ready, unasked
from app.types import Result

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

PERSON = ("frame", "time_s", "track_id", "person_score", "bbox_x", "bbox_y", "bbox_w", "bbox_h")
_PERSON = "%d,%.4f,%.3f,%.3f,%.3f,%.3f"
_JOINT = ",%.3f,%.3f,%.4f"
_FORETOLD = ",%.3f,%.3f,"
_BLANK = ",,,"


def columns(keypoints: Sequence[str]) -> tuple[str, ...]:
    """The names in the first line."""
    return PERSON + tuple(f"{name}_{part}" for name in keypoints for part in ("x", "y", "score"))


def seconds(time: float) -> str:
    """At most nine decimals, and no zeros at the end but the first: 0.0, 1.5, 0.033366667."""
    text = f"{time:.9f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


class Csv:
    """A Sink. Rows reach the file together with their frame, so a crash loses none that were written."""

    def __init__(
        self,
        path: Path,
        keypoints: Sequence[str],
        threshold: float,
        *,
        overwrite: bool = False,
        ready: Ready = unasked,
    ) -> None:
        """Joints with a score below `threshold` stay blank; foretold ones have a place, and no score.

        `ready`: see Partial. UserError where `path` cannot be written.
        """
        self._threshold = threshold
        self._partial = Partial(path, overwrite=overwrite, ready=ready)
        self._frames = 0
        self._end = 0  # of the last frame that is in the file as a whole
        self._append(",".join(columns(keypoints)) + "\n")

    def write(self, result: Result) -> None:
        """Add everyone in the frame. UserError on a full disk; the file then ends with the frame before."""
        tracks = result.tracks
        values = np.concatenate([tracks.keypoints, tracks.scores[..., None]], axis=2, dtype=np.float64)
        finite = np.isfinite(values).all(axis=2)
        foretold = tracks.predicted & finite
        known = (tracks.scores >= self._threshold) & finite & ~foretold
        start = f"{result.frame.index},{seconds(result.frame.time)},"
        people = zip(
            tracks.ids.tolist(),
            tracks.boxes.scores.tolist(),
            tracks.boxes.xyxy.tolist(),
            known,
            foretold,
            values,
            strict=True,
        )
        self._append("".join(start + _row(*person) for person in people))
        self._frames += 1

    def close(self) -> None:
        if self._partial.pending:
            self._partial.publish()

    def _append(self, text: str) -> None:
        content = text.encode()
        try:
            self._partial.add(content)
        except OSError as error:
            raise self._partial.salvaged(error, self._end, self._frames) from error
        self._end += len(content)


def _row(
    track_id: int, score: float, box: Sequence[float], known: Bools, foretold: Bools, joints: Floats
) -> str:
    left, top, right, bottom = box
    person = _PERSON % (track_id, score, left, top, right - left, bottom - top)
    if not foretold.any():
        pattern = "".join([_JOINT if one else _BLANK for one in known.tolist()])
        return person + pattern % tuple(joints[known].ravel().tolist()) + "\n"
    kinds = [_JOINT if a else _FORETOLD if b else _BLANK for a, b in zip(known, foretold, strict=True)]
    told = np.stack([known | foretold, known | foretold, known], axis=1)
    return person + "".join(kinds) % tuple(joints[told].tolist()) + "\n"
