"""Recorded video: every frame once, in order, at the time its container says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from app.containers import ON_THE_NETWORK, open_file
from app.sources.clock import Clock
from app.sources.naming import readable
from app.sources.recording import Recording
from app.sources.upright import Upright, fit
from app.types import SourceInfo
from engine.errors import UserError
from engine.types import Frame

START_S = 3.0  #: longest wait in one step of opening an address
READ_S = 1.8  #: longest wait for the next piece of data from an address


class VideoFile:
    """A Source that yields every frame of a recording, upright, BGR, all of the size of the first.

    Timestamps are mended where they do not increase (see Clock). What cannot be decoded is left out; once
    everything else was delivered, `frames` raises UserError saying how much was lost.
    """

    def __init__(
        self, open_container: Callable[[], InputContainer], *, name: str, stem: str, audio: str, threads: int
    ) -> None:
        self._recording = Recording(open_container, threads)
        self._upright = Upright()
        decoded = iter(self._recording)
        first = next(decoded, None)
        if first is None:
            self._recording.close()
            raise UserError("there is a video stream in it, but not one picture can be read")
        self._decoded: Iterator[VideoFrame] = chain((first,), decoded)
        self.info = self._described(first, name, stem, audio)
        self._clock = Clock(self.info.time_base, self.info.rate)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Every frame that can be decoded; see Source.frames."""
        for index, frame in enumerate(self._decoded):
            if stop.is_set():
                return
            seconds = self._clock.seconds(frame.pts if frame.pts is not None else frame.dts)
            image = fit(self._upright(frame), self.info.width, self.info.height)
            yield Frame(index, seconds, image)
        if not stop.is_set() and (verdict := self._recording.verdict()):
            raise UserError(f"{self.info.name} {verdict}")

    def close(self) -> None:
        self._decoded = iter(())
        self._recording.close()

    def _described(self, first: VideoFrame, name: str, stem: str, audio: str) -> SourceInfo:
        stream = self._recording.stream
        height, width = self._upright(first).shape[:2]
        swapped, _, _ = self._upright.orientation
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return SourceInfo(
            name=name,
            stem=stem,
            width=width,
            height=height,
            time_base=stream.time_base or Fraction(1, 90000),
            rate=stream.guessed_rate or stream.average_rate or Fraction(25),
            frames=self._recording.expected(),
            live=False,
            stills=False,
            pixel_aspect=1 / aspect if swapped else aspect,
            audio=audio if self._recording.container.streams.audio else "",
        )


def open_video(path: Path, *, stem: str, threads: int) -> VideoFile:
    """A video file as a Source. UserError says what is there instead when it is none."""
    name = readable(path)

    try:
        return VideoFile(partial(open_file, path), name=name, stem=stem, audio=str(path), threads=threads)
    except av.FFmpegError as error:
        raise UserError(f"{name}: {_found(path, error)}") from error
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def open_recording(address: str, *, name: str, stem: str, threads: int) -> VideoFile:
    """A recording on a web server as a Source, read to its end like a file; its sound is left where it is.

    A pause of the server that lasts longer than READ_S counts as damage: there is no way to wait longer
    and still look at `stop`.
    """

    def open_container() -> InputContainer:
        options = {**ON_THE_NETWORK, "reconnect": "1", "reconnect_delay_max": "1"}
        return av.open(address, options=options, timeout=(START_S, READ_S), metadata_errors="replace")

    try:
        return VideoFile(open_container, name=name, stem=stem, audio="", threads=threads)
    except av.FFmpegError as error:  # its text would hold the address, and that a password
        raise UserError(f"{name}: cannot be read ({error.strerror})") from None
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _found(path: Path, error: av.FFmpegError) -> str:
    """What lies where a video was expected."""
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as failure:
        return f"it cannot be read ({failure.strerror})"
    if not head:
        return "the file is empty"
    if head[4:8] == b"ftyp":
        return "its index (moov) is missing or incomplete: the recording or the download was cut off"
    if not set(head) & set(b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x7f"):
        return "this is text, not a video"
    if isinstance(error, av.ArgumentError):
        return "not a kind of file that is opened here; make it an MP4 or MKV"
    return f"not a video that can be read ({error.strerror})"
