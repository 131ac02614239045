"""The people of a session painted on its video once more, on black, or on nothing at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.exports.painter import Painter, straight
from app.outputs.mp4 import LARGEST, Mp4
from app.plain import printable
from app.sources import open_source
from app.store.footage import footage, same
from app.types import Source, SourceInfo
from engine.errors import UserError
from engine.types import Frame

if TYPE_CHECKING:
    from app.exports import Work
    from app.store.session import Session

DECODERS = 4  #: threads
SAME_S = 1e-6  #: times of a picture and of its measurements differ by less


def write(work: Work) -> list[Path]:
    """The MP4, with its sound; or the MOV, without, where it is transparent. A part begins at 0.

    UserError where the video is needed and is not what was measured.
    """
    clear = work.style.background == "transparent"
    if clear and work.out.suffix.lower() != ".mov":
        raise UserError(
            f"{printable(work.out.name)} cannot be transparent: H.264 knows nothing of that; give it a name"
            " that ends with .mov"
        )
    if work.style.background != "video" and not work.session.about.stills:
        return _written(work, _info(work), _blank(work))
    with closing(_opened(work.session, work.style.source)) as source:
        frames = source.frames(work.stop)
        if work.session.about.live:
            frames = _as_measured(work.session, frames)
        return _written(work, source.info, frames)


def _as_measured(session: Session, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Those of a recorded camera that were measured, with the numbers they had then; known by their times.

    The recording has numbers of its own: also what nobody had time to measure is in it.
    """
    times, indices = session.times(), session.indices()
    for frame in frames:
        place = int(np.searchsorted(times, frame.time - SAME_S))
        if place < len(times) and times[place] <= frame.time + SAME_S:
            yield replace(frame, index=int(indices[place]))


def _written(work: Work, info: SourceInfo, frames: Iterator[Frame]) -> list[Path]:
    """Of those frames the ones that are wanted, painted."""
    session, clear = work.session, work.style.background == "transparent"
    first, last = work.choice.places(session)
    part = (first, last) != (0, len(session.times()))
    indices, cores = session.indices(), len(os.sched_getaffinity(0))
    info = replace(info, frames=last - first, audio="" if clear else info.audio)
    painter = Painter(session, work.choice, work.style, first)
    made = Mp4(
        work.out,
        info,
        0.0,
        notice=work.notice,
        overwrite=work.overwrite,
        threads=cores,
        clear=clear,
        part=part,
    )
    with closing(made) as video:
        for frame in frames:
            place = int(np.searchsorted(indices, frame.index))
            if place >= last:
                break
            if place < first or indices[place] != frame.index:
                continue
            painted = painter.picture(place, frame)
            video.show(straight(painted) if clear else painted, frame.time)
            work.show(place + 1 - first, last - first)
        if work.stop.is_set():
            video.abandon()
            return []
    return [work.out]


def _blank(work: Work) -> Iterator[Frame]:
    """The frames of the session without their pictures: nothing is decoded, and the video may be gone."""
    about, session = work.session.about, work.session
    nothing = np.broadcast_to(np.uint8(0), (about.height, about.width, 3))
    for index, time in zip(session.indices().tolist(), session.times().tolist(), strict=True):
        if work.stop.is_set():
            return
        yield Frame(index, time, nothing)


def _info(work: Work) -> SourceInfo:
    """Of what was measured; with its sound where the video is still there."""
    about = work.session.about
    if not (0 < about.width <= LARGEST and 0 < about.height <= LARGEST):
        raise UserError(
            f"{about.name} is {about.width} x {about.height}, and a video is 1 to {LARGEST} pixels each way"
        )
    known = {entry.name: getattr(about, entry.name) for entry in fields(SourceInfo) if entry.name != "audio"}
    silent = SourceInfo(**known, audio="")
    if not work.style.source and not (about.place and same(about, Path(about.place))):
        return silent
    with closing(_opened(work.session, work.style.source)) as source:
        return replace(silent, audio=source.info.audio)


def _opened(session: Session, given: str) -> Source:
    """The video that was measured. UserError where it is not there, or another."""
    about, path = session.about, footage(session, given)
    source = open_source(str(path), stem=about.stem, threads=DECODERS)
    if about.live and (source.info.width, source.info.height) != (about.width, about.height):
        source.close()  # what a camera showed has no fingerprint
        raise UserError(f"{printable(path)} is not the video that was measured: its size is another")
    return source
