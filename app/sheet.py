"""A contact sheet: each track of a run in a row of its own, cut out of the video over time.

One glance tells whether an id stayed with its person: the same face all along the row.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.outputs import check
from app.outputs.partial import put
from app.outputs.place import apart
from app.painting.palette import shades
from app.plain import printable
from app.rows import Row, read_rows
from app.sources import open_source
from app.types import SourceInfo
from engine.errors import UserError
from engine.skeleton import BONES
from engine.types import Image

CROPS = 12  #: of each track at most, from its first frame to its last
ROWS, MOST_PAGES = 20, 10  #: tracks on a page; of more than fit on all pages the longest are shown
WIDTH, HEIGHT, CAPTION, NAME = 96, 144, 18, 130  #: of a crop, of the line under it and of the id, pixels
AROUND = 0.15  #: of a box, shown on each side of it
OUTSIDE = 0.5  #: of the picture; no box of a run reaches further out
SAME_S = 1e-4  #: times this close are those of one frame
PAPER, INK, GREY = 250, (30, 30, 30), (120, 120, 120)

Cuts = Mapping[tuple[int, int], Image]  #: by id and frame


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was made."""

    files: tuple[Path, ...]
    tracks: int  #: shown
    left_out: int

    def line(self) -> str:
        """For people."""
        several = "track" if self.tracks == 1 else "tracks"
        rest = f", the {self.left_out} shortest left out" if self.left_out else ""
        return f"{self.tracks} {several}{rest} -> {', '.join(map(str, self.files))}\n"


def contact_sheet(video: str, table: Path, out: Path, *, overwrite: bool, stop: threading.Event) -> Sheet:
    """Make the PNG `out`, and beside it `<name>-2.png` and so on where one page does not hold all tracks.

    Raises UserError where the CSV `table` is not that of `video`, or a file cannot be read or written.
    """
    rows = read_rows(table)
    longest = sorted(rows, key=lambda who: (-len(rows[who]), who))[: ROWS * MOST_PAGES]
    chosen = {who: _spread(rows[who]) for who in sorted(longest)}
    ids = list(chosen)
    pages = [ids[at : at + ROWS] for at in range(0, len(ids), ROWS)]
    files = [out] + [out.with_name(f"{out.stem}-{n}{out.suffix}") for n in range(2, len(pages) + 1)]
    for file in files:
        apart(file, (Path(video), table), "sheet")
        check(file, overwrite=overwrite)
    cuts = _cut(video, table, rows, chosen, stop)
    if stop.is_set():
        return Sheet((), 0, 0)
    for file, page in zip(files, pages, strict=True):
        painted = _page({who: rows[who] for who in page}, chosen, cuts)
        put(file, cv2.imencode(".png", painted)[1].tobytes(), overwrite=overwrite)
    return Sheet(tuple(files), len(ids), len(rows) - len(ids))


def _spread(rows: Sequence[Row]) -> list[Row]:
    """At most CROPS of the rows, from the first to the last, equally far apart."""
    at = np.unique(np.linspace(0, len(rows) - 1, min(CROPS, len(rows))).round().astype(int))
    return [rows[n] for n in at.tolist()]


def _cut(
    video: str,
    table: Path,
    rows: Mapping[int, Sequence[Row]],
    chosen: Mapping[int, Sequence[Row]],
    stop: threading.Event,
) -> Cuts:
    """The pictures of the chosen rows, in one go through the video. Frames are known by their times."""
    wanted = deque(sorted((row.time, who, row.frame, row) for who, some in chosen.items() for row in some))
    cuts: dict[tuple[int, int], Image] = {}
    with closing(open_source(video, stem="sheet", stop=stop)) as source:
        info = source.info
        if info.live:
            raise UserError(f"{info.name}: a contact sheet needs the recording that the CSV was made of")
        _check_boxes(info, table, rows)
        for frame in source.frames(stop):
            while wanted and abs(wanted[0][0] - frame.time) <= SAME_S:
                _, who, number, row = wanted.popleft()
                cuts[who, number] = _crop(frame.image, row, who)
            if not wanted or wanted[0][0] < frame.time:
                break
    if wanted and not stop.is_set():
        raise UserError(
            f"{printable(table)}: is of another video than {info.name}, which has no frame at"
            f" {wanted[0][0]:g} s"
        )
    return cuts


def _check_boxes(info: SourceInfo, table: Path, rows: Mapping[int, Sequence[Row]]) -> None:
    """UserError where people are far outside of the picture. Pictures of a folder may have any size."""
    size = np.array([info.width, info.height] * 2)
    boxes = np.array([row.box for some in rows.values() for row in some])
    far = (boxes < -OUTSIDE * size).any(axis=1) | (boxes > (1 + OUTSIDE) * size).any(axis=1)
    if not info.stills and far.any():
        left, top, right, bottom = boxes[far][0]
        raise UserError(
            f"{printable(table)}: is of another video than {info.name}; people are at {left:.0f},{top:.0f} to"
            f" {right:.0f},{bottom:.0f}, and the picture is {info.width} x {info.height}"
        )


def _crop(image: Image, row: Row, who: int) -> Image:
    """The person (HEIGHT, WIDTH, 3) with their bones on them, in their proportions."""
    left, top, right, bottom = row.box
    wide, high = max(1.0, right - left) * (1 + 2 * AROUND), max(1.0, bottom - top) * (1 + 2 * AROUND)
    scale = min(WIDTH / wide, HEIGHT / high)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    shift = np.array([WIDTH - 1, HEIGHT - 1]) / 2 - scale * middle
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if scale < 0.5:  # a pixel stands for many: without this it would glitter
        side = min(round(1 / scale), *image.shape[:2])
        image = np.asarray(cv2.blur(image, (side, side)), np.uint8)
    cut = cv2.warpAffine(image, warp, (WIDTH, HEIGHT), borderValue=(PAPER, PAPER, PAPER))
    joints = scale * row.joints.astype(np.float64) + shift
    colour = shades(who).middle
    for a, b in BONES:
        ends = joints[[a, b]]
        if np.isfinite(ends).all() and (np.abs(ends) < 4 * HEIGHT).all():
            start, end = (tuple(np.rint(point).astype(int).tolist()) for point in ends)
            cv2.line(cut, start, end, colour, 1, cv2.LINE_AA)
    return np.asarray(cut, np.uint8)


def _page(rows: Mapping[int, Sequence[Row]], chosen: Mapping[int, Sequence[Row]], cuts: Cuts) -> Image:
    """One track below the other (H, W, 3)."""
    most = max(len(chosen[who]) for who in rows)
    high = HEIGHT + CAPTION + 6
    page = np.full((high * len(rows) + 6, NAME + (WIDTH + 6) * most, 3), PAPER, np.uint8)
    for n, (who, track) in enumerate(rows.items()):
        top = n * high + 6
        cv2.rectangle(page, (8, top), (14, top + HEIGHT - 1), shades(who).middle, cv2.FILLED)
        _text(page, str(who), (24, top + 40), INK, 30)
        span = f"{track[0].time:.1f} - {track[-1].time:.1f} s"
        _text(page, span, (24, top + 66), GREY, 13)
        _text(page, f"{len(track)} frames", (24, top + 84), GREY, 13)
        for column, row in enumerate(chosen[who]):
            left = NAME + column * (WIDTH + 6)
            page[top : top + HEIGHT, left : left + WIDTH] = cuts[who, row.frame]
            _text(page, f"{row.time:.2f} s", (left + 2, top + HEIGHT + 14), GREY, 12)
    return page


def _text(page: Image, text: str, at: tuple[int, int], ink: tuple[int, int, int], size: int) -> None:
    cv2.putText(page, text, at, ink, cv2.FontFace("sans"), size, 500)
