"""One row of comma-separated values for each person and frame; docs/formats.md says what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from app.outputs.partial import Partial
from app.types import Result

PERSON = ("frame", "time_s", "track_id", "person_score", "bbox_x", "bbox_y", "bbox_w", "bbox_h")
_PERSON_FORMAT = "%d,%s,%d,%.4f,%.3f,%.3f,%.3f,%.3f"
_JOINT_FORMAT = ",%.3f,%.3f,%.4f"
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

    def __init__(self, path: Path, keypoints: Sequence[str], threshold: float) -> None:
        """Joints with a score below `threshold` stay blank. UserError where `path` cannot be written."""
        self._threshold = threshold
        self._partial = Partial(path)
        self._frames = 0
        self._end = 0  # of the last frame that is in the file as a whole
        self._append(",".join(columns(keypoints)) + "\n")

    def write(self, result: Result) -> None:
        """Add everyone in the frame. UserError on a full disk; the file then ends with the frame before."""
        tracks, time = result.tracks, seconds(result.frame.time)
        rows = zip(
            tracks.ids.tolist(),
            tracks.boxes.scores.tolist(),
            tracks.boxes.xyxy.tolist(),
            tracks.keypoints.tolist(),
            tracks.scores.tolist(),
            strict=True,
        )
        self._append("".join(self._row(result.frame.index, time, *row) for row in rows))
        self._frames += 1

    def close(self) -> None:
        if self._partial.pending:
            self._partial.publish()

    def _row(
        self,
        index: int,
        time: str,
        track_id: int,
        score: float,
        box: Sequence[float],
        points: Sequence[tuple[float, float]],
        scores: Sequence[float],
    ) -> str:
        left, top, right, bottom = box
        pieces = [_PERSON_FORMAT % (index, time, track_id, score, left, top, right - left, bottom - top)]
        for (x, y), sure in zip(points, scores, strict=True):
            known = sure >= self._threshold and math.isfinite(x) and math.isfinite(y)
            pieces.append(_JOINT_FORMAT % (x, y, sure) if known else _BLANK)
        return "".join(pieces) + "\n"

    def _append(self, text: str) -> None:
        rest = memoryview(text.encode())
        try:
            while rest:
                rest = rest[self._partial.file.write(rest) :]
        except OSError as error:
            raise self._partial.salvaged(error, self._end, self._frames) from error
        self._end += len(text.encode())
