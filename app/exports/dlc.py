"""DeepLabCut's CSV: a row for each frame of the source, and the joints of everybody side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from app.exports.joints import called, formatted, joints, spans
from app.exports.writing import quoted, stretches, whole
from engine.errors import UserError

if TYPE_CHECKING:
    from app.exports import Work

SCORER = "Kinetrail"
COORDS = ("x", "y", "likelihood")
TOGETHER = 128  #: lines
MOST = 1_000_000  #: frames that may be missing at once, ten hours of a camera


def write(work: Work) -> list[Path]:
    """The CSV, of one person in the layout of one animal. UserError where it cannot be written."""
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[str]:
    lines = _lines(work)
    while piece := "".join(islice(lines, TOGETHER)):
        yield piece


def _lines(work: Work) -> Iterator[str]:
    keypoints = work.session.about.keypoints
    people = list(spans(work.session, work.choice))
    yield _header(keypoints, list(called(work.session, people).values()) if len(people) > 1 else [])
    column = {who: number for number, who in enumerate(people)}
    pattern = ",%.3f,%.3f,%.4f" * len(keypoints)
    blank = "," * 3 * len(keypoints)
    empty = [blank] * max(len(people), 1)
    following = -1  # the frame that comes next; before the first: any
    for stretch in stretches(work):
        every = joints(work.session, stretch).every()
        texts = iter(formatted(pattern, every))
        ids = iter(stretch.ids.tolist())
        for frame, count in zip(stretch.frames.tolist(), stretch.counts.tolist(), strict=True):
            yield from _missing(following, frame, "".join(empty))
            row = empty.copy()
            for _ in range(count):
                row[column[next(ids)]] = next(texts).replace("nan", "")
            told = "".join(row)
            if following < 0 and not told.strip(","):
                told = ",nan" + told[1:]  # pandas takes a blank row below several of a header for one more
            yield f"{frame}{told}\n"
            following = frame + 1


def _header(keypoints: Sequence[str], people: Sequence[str]) -> str:
    """Three lines for one person, four where there are several."""
    places = [(who, name, part) for who in people or [""] for name in keypoints for part in COORDS]
    lines = [("scorer", *[SCORER] * len(places))]
    if people:
        lines.append(("individuals", *(quoted(who) for who, _, _ in places)))
    lines.append(("bodyparts", *(name for _, name, _ in places)))
    lines.append(("coords", *(part for _, _, part in places)))
    return "".join(",".join(line) + "\n" for line in lines)


def _missing(start: int, end: int, blank: str) -> Iterator[str]:
    """Rows of the frames that a camera dropped, because readers count rows and take that for the frame."""
    if start < 0:
        return
    if end - start > MOST:
        raise UserError(
            f"{end - start} frames are missing before frame {end}; export a range without that gap"
        )
    for frame in range(start, end):
        yield f"{frame}{blank}\n"
