"""The video once more, with the people of a session painted on it."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.outputs.mp4 import Mp4
from app.plain import printable
from app.sources import open_source, unheard
from app.store.about import About, fingerprint
from app.types import Result, Source, Timings
from engine.errors import UserError

if TYPE_CHECKING:
    from app.exports import Work

DECODERS = 4  #: threads
NO_WORK = Timings(0.0, 0.0, 0.0, 0.0)


def write(work: Work) -> list[Path]:
    """The MP4, with its sound unless it is a part. UserError where the video is not what was measured."""
    session, about = work.session, work.session.about
    first, last = work.choice.places(session)
    whole = (first, last) == (0, len(session.times()))
    indices = session.indices()
    threshold, cores = float(about.settings.get("keypoint_threshold", 0.3)), len(os.sched_getaffinity(0))
    with closing(_opened(about, work.style.source)) as source:
        info = source.info if whole else replace(source.info, audio="")
        made = Mp4(work.out, info, threshold, notice=unheard, overwrite=work.overwrite, threads=cores)
        with closing(made) as video:
            for frame in source.frames(work.stop):
                place = int(np.searchsorted(indices, frame.index))
                if place >= last:
                    break
                if place < first or indices[place] != frame.index:
                    continue
                video.write(Result(frame, work.choice.only(session.tracks(place)), NO_WORK))
                work.show(place + 1 - first, last - first)
            if work.stop.is_set():
                video.abandon()
                return []
    return [work.out]


def _opened(about: About, given: str) -> Source:
    """The video that was measured. UserError where it is not there, or another."""
    place = given or about.place
    if not place:
        raise UserError(f"{about.name} is no file, so there is no video to paint on; pass one with --source")
    path = Path(place)
    if not path.exists():
        raise UserError(f"{printable(path)} is not there any more; say with --source where it is now")
    known, now = about.fingerprint.split("-"), fingerprint(path).split("-")
    if (known[0], known[-1]) != (now[0], now[-1]):  # a copy has another time
        raise UserError(
            f"{printable(path)} is not the video that was measured; say with --source where that is"
        )
    return open_source(str(path), stem=about.stem, threads=DECODERS)
