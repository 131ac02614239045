"""Small pictures of what was found, cut out of the video with the skeletons in question on them."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer

from app.painting.draw import draw
from app.playback.film import Film, Rerun
from app.playback.reel import Reel
from app.playback.stamps import Stamps, scan
from app.report.findings import Suspicion
from app.report.measure import threshold_of
from app.sources import open_source
from app.store.footage import Missing, footage
from app.store.session import Session
from engine.errors import UserError
from engine.types import Boxes, Image
from trackers.types import Tracks

MOST = 24  #: pictures of a report
MOST_OF = {"exchange": 8, "handover": 6, "jump": 8, "swap": 8, "spike": 8, "mended": 4}
HIGH, WIDE = 220, 320  #: of a picture at most, pixels
LARGER = 3.0  #: times a small person is blown up at most
AROUND = 0.25  #: of the boxes, shown on each side
SAME_S = 1e-4  #: times closer together are those of one frame
QUALITY = 80  #: of the JPEG
MARK = (60, 60, 255)  #: BGR, around joints that jumped


def video_of(session: Session, given: str) -> tuple[str, str]:
    """The video that was measured, and why there is none: one of the two is "".

    UserError where one is `given` that is not it.
    """
    try:
        return str(footage(session, given)), ""
    except UserError as error:
        if given:
            raise
        if not session.about.place:
            return "", "The source was no file, so there are no pictures."
        where = "The video is not" if isinstance(error, Missing) else "Another video is"
        return "", f"{where} where it was, so there are no pictures; --source says where it is now."


def chosen(suspicions: Sequence[Suspicion]) -> list[int]:
    """Which of them get a picture: the worst, not too many of a kind, none of the same moment twice."""
    kinds: Counter[str] = Counter()
    seen: set[tuple[int, tuple[int, ...]]] = set()
    out: list[int] = []
    for number, each in enumerate(suspicions):
        moment, kind = (each.place, each.people), "mended" if each.mended else each.kind
        if kinds[kind] < MOST_OF[kind] and moment not in seen and len(out) < MOST:
            kinds[kind] += 1
            seen.add(moment)
            out.append(number)
    return out


def thumbnails(
    session: Session, suspicions: Sequence[Suspicion], video: str, stop: threading.Event
) -> Mapping[int, str]:
    """A data address of a JPEG for each of the `chosen`, by its number, without those that cannot be read."""
    wanted = sorted(chosen(suspicions), key=lambda number: suspicions[number].place)
    threshold = threshold_of(session.about)
    times, made = session.times(), {}
    try:
        reel = _reel(video, stop)
    except UserError:  # the report says so; it is about the session
        return {}
    with closing(reel):
        for number in wanted:
            each = suspicions[number]
            time = float(times[each.place])
            shots = reel.seek(time, stop.is_set)
            if stop.is_set():
                break
            if shots and abs(shots[0].time - time) <= SAME_S:
                picture = cut(shots[0].image(), session.tracks(each.place), each, threshold)
                if picture.size:
                    made[number] = address(picture)
    return made


def cut(image: Image, tracks: Tracks, about: Suspicion, threshold: float) -> Image:
    """The people in question (H, W, 3), as measured or, where it is about who they are, as smoothed."""
    rows = np.flatnonzero(np.isin(tracks.ids, about.people))
    boxes = tracks.boxes.xyxy[rows].astype(np.float64)
    if not len(rows) or not np.isfinite(boxes).all():
        return np.zeros((0, 0, 3), np.uint8)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    margin = AROUND * (high - low).max()
    size = np.array(image.shape[1::-1], np.float64)
    low, high = np.floor((low - margin).clip(0, size - 2)), np.ceil((high + margin).clip(2, size))
    if (high - low < 2).any():
        return np.zeros((0, 0, 3), np.uint8)
    scale = float(min(WIDE / (high - low)[0], HIGH / (high - low)[1], LARGER))
    part = image[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])]
    wide, tall = (max(1, round(float(side) * scale)) for side in high - low)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(part, (wide, tall), interpolation=how), np.uint8)
    joints = tracks.measured if about.joints else tracks.keypoints
    shift = low.astype(np.float32)
    moved = (joints[rows] - shift) * np.float32(scale)
    placed = np.tile(low, 2)
    those = tracks.take(rows)
    there = replace(
        those,
        boxes=Boxes(((boxes - placed) * scale).astype(np.float32), those.boxes.scores),
        measured=moved,
        keypoints=moved,
        predicted=np.zeros_like(those.predicted) if about.joints else those.predicted,
    )
    painted = draw(small, there, threshold)
    if about.kind == "spike":
        for x, y in moved[0][list(about.joints)].tolist():
            if abs(x) < 1e4 and abs(y) < 1e4:
                cv2.circle(painted, (round(x), round(y)), 9, MARK, 2, cv2.LINE_AA)
    return painted


def address(picture: Image) -> str:
    """The picture itself as an address, for a page that needs no other file."""
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode()


def _reel(video: str, stop: threading.Event) -> Reel:
    """The video, to be gone through by time. UserError where it cannot be opened."""
    with closing(open_source(video, stem="", stop=stop)) as source:
        info = source.info
    if info.stills or not Path(video).is_file():
        return Reel(Rerun(video, 1))

    def container() -> InputContainer:
        return av.open(f"file:{video}", metadata_errors="replace")

    try:
        stamps = scan(container, stop)
    except av.FFmpegError:
        stamps = Stamps(np.zeros(0, np.int64), np.zeros(0, np.int64), False, 0)
    if not stamps.ordered:  # only reading on from the start is right
        return Reel(Rerun(video, 2))
    film = Film(container, info, 2)
    film.know(stamps)
    return Reel(film)
