"""Pictures of a recording from any time on: by its key pictures, or where those mislead from the start."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from typing import Protocol, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from app.playback.stamps import Stamps
from app.sources import open_source
from app.sources.recording import Recording, Tally
from app.sources.upright import Upright, fit
from app.types import SourceInfo
from engine.types import Image

BACK_S = (0.0, 1.0, 4.0, 16.0)  #: where no picture that early comes, decoding begins so much before


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture that is decoded, and becomes BGR only when somebody wants to see it."""

    index: int  #: place among the pictures of the recording, from 0
    time: float  #: seconds, as a run of Kinetrail gives it
    size: int  #: bytes it holds
    image: Callable[[], Image]  #: (H, W, 3) BGR, upright


class Reader(Protocol):
    """Where shots come from. One thread opens, reads and closes it."""

    def shots(self, time: float) -> Iterator[Shot]:
        """Every shot in order, beginning with one not later than `time`, or with the first of all."""
        ...

    def key_between(self, early: float, late: float) -> bool:
        """Whether `shots(late)` would begin after `early`, and so save work."""
        ...

    def close(self) -> None: ...


class _Seekable(Recording):
    """A recording that can be begun anew at a stamp."""

    def begin_at(self, stamp: int) -> None:
        self.container.seek(stamp, stream=self.stream)
        self.tally, self._last_pts = Tally(), -(2**62)


class Film:
    """A Reader of a video file whose stamps are in order: it seeks to a key picture and decodes on."""

    def __init__(self, open_container: Callable[[], InputContainer], info: SourceInfo, threads: int) -> None:
        self._open_container, self._info, self._threads = open_container, info, threads
        self._recording = _Seekable(open_container, threads)
        self._upright = Upright()
        self._ticks, self._keys = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._size = 0

    def know(self, stamps: Stamps) -> None:
        """From now on pictures are counted and found by these."""
        self._ticks, self._keys = stamps.ticks, stamps.keys

    def extent(self) -> tuple[int, float, float]:
        """Pictures in all, and the times of the first and the last; zeros while not known."""
        if not self._ticks.size:
            return 0, 0.0, 0.0
        return len(self._ticks), self._seconds(int(self._ticks[0])), self._seconds(int(self._ticks[-1]))

    def shots(self, time: float) -> Iterator[Shot]:
        """See Reader."""
        stamp = self._stamp(time)
        if self._ticks.size and stamp <= int(self._ticks[0]):
            return self._described(self._from_start())
        for back in BACK_S:
            frames = self._from_key(self._stamp(time - back))
            first = next(frames, None)
            if first is not None and _stamp(first) <= stamp:
                return self._described(chain((first,), frames))
        return self._described(self._from_start())

    def key_between(self, early: float, late: float) -> bool:
        """See Reader. Never, while the key pictures are not known."""
        found = np.searchsorted(self._keys, [self._stamp(early), self._stamp(late)], side="right")
        return bool(found[0] < found[1])

    def close(self) -> None:
        self._recording.close()

    def _from_start(self) -> Iterator[VideoFrame]:
        """The only way to begin that is right in every file is to open it."""
        self._recording.close()
        self._recording = _Seekable(self._open_container, self._threads)
        return iter(self._recording)

    def _from_key(self, stamp: int) -> Iterator[VideoFrame]:
        """Frames from the key picture before a stamp, if FFmpeg finds it; nothing where it cannot seek."""
        recording = self._recording
        try:
            recording.begin_at(stamp)
        except av.FFmpegError:
            return iter(())
        # Pictures shown before the key picture, though coded behind it, need others that were not decoded.
        decoded = iter(recording)
        key = next((frame for frame in decoded if frame.key_frame), None)
        if key is None:
            return iter(())
        return chain((key,), (frame for frame in decoded if _stamp(frame) > _stamp(key)))

    def _described(self, frames: Iterator[VideoFrame]) -> Iterator[Shot]:
        last = -(2**62)
        for frame in frames:
            stamp = _stamp(frame)
            if stamp <= last:
                continue
            self._size = self._size or sum(plane.buffer_size for plane in frame.planes)
            index = self._index(last, stamp)
            yield Shot(index, self._seconds(stamp), self._size, self._painter(frame))
            last = stamp
        self._ticks = self._ticks[: int(np.searchsorted(self._ticks, last, side="right"))]

    def _painter(self, frame: VideoFrame) -> Callable[[], Image]:
        return lambda: fit(self._upright(frame), self._info.width, self._info.height)

    def _index(self, last: int, stamp: int) -> int:
        """The number of a picture; those between it and the one before it could not be decoded."""
        if not self._ticks.size:
            return max(0, round(float(stamp * self._info.time_base * self._info.rate)))
        place = int(np.searchsorted(self._ticks, stamp))
        before = int(np.searchsorted(self._ticks, last, side="right"))
        if last > -(2**62) and before < place:
            self._ticks = np.delete(self._ticks, slice(before, place))
            return before
        return place

    def _seconds(self, stamp: int) -> float:
        return stamp * self._info.time_base.numerator / self._info.time_base.denominator

    def _stamp(self, time: float) -> int:
        return math.floor(Fraction(time) / self._info.time_base)


class Rerun:
    """A Reader of any source, from its beginning each time: slow, and right where stamps mislead."""

    def __init__(self, argument: str, threads: int) -> None:
        self._argument, self._threads = argument, threads
        self._close: Callable[[], None] = lambda: None

    def shots(self, time: float) -> Iterator[Shot]:  # noqa: ARG002 (all begins at the beginning)
        """See Reader. UserError at the end, where the source is damaged, as in a run."""
        self._close()
        source = open_source(self._argument, stem="", threads=self._threads)
        self._close = source.close
        for frame in source.frames(threading.Event()):
            yield Shot(frame.index, frame.time, frame.image.nbytes, partial(_itself, frame.image))

    def key_between(self, early: float, late: float) -> bool:  # noqa: ARG002
        """See Reader. Never: it cannot skip anything."""
        return False

    def close(self) -> None:
        self._close()


def _stamp(frame: VideoFrame) -> int:
    return cast(int, frame.pts if frame.pts is not None else frame.dts)


def _itself(image: Image) -> Image:
    return image
