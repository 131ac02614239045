"""The sound that belongs to a picture, copied packet by packet."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from app.containers import open_file

Piece: TypeAlias = "Packet[Stream]"

GIVE_UP_AFTER = 50  #: errors in a row from the container before reading ends
LONGEST_STEP = 2**31 - 2  #: samples from one packet to the next: FFmpeg refuses more in an MP4


class Sound:
    """Every audio stream of the file at `path` that an MP4 can hold; none when `path` is "".

    Times are seconds on the clock of that file. `notice` gets a line about whatever is left out.
    """

    def __init__(self, path: str, notice: Callable[[str], None]) -> None:
        self._name = Path(path).name
        self._notice = notice
        self._files = ExitStack()
        self._copies: dict[int, AudioStream] = {}  # in the output, by their index in the source
        self._dts: dict[int, int] = {}  # of the last packet read of each stream
        self._told: set[int] = set()
        self._filters: dict[int, BitStreamFilterContext] = {}
        self._ahead: deque[Piece] = deque()  # read, not taken
        self._last_picture = Fraction(-(2**62))  # time of the last one met between the packets of sound
        self._pieces: Iterator[Piece] = iter(())
        self.shift = Fraction(0)  #: seconds that the output's clock is behind the source's
        self.start = Fraction(-(2**62))  #: what is over by then does not come along
        self.streams: tuple[AudioStream, ...] = ()
        if path:
            self._open(path)

    def join(self, output: OutputContainer) -> None:
        """Add the streams to `output`."""
        for stream in self.streams:
            copy = output.add_stream_from_template(stream)
            copy.metadata["language"] = stream.language or "und"
            self._copies[stream.index] = copy
            if stream.codec_context.name == "aac" and not stream.codec_context.extradata:
                # Transport streams say with each packet what an MP4 says once. FFmpeg would see to that by
                # itself, but not together with its option delay_moov.
                self._filters[stream.index] = BitStreamFilterContext("aac_adtstoasc", stream)

    def until(self, time: Fraction) -> Iterator[Piece]:
        """The packets that begin before `time` and were not taken yet, marked for the output."""
        while self._ahead or self._read():
            if _begin(self._ahead[0]) >= time:
                return
            yield from self._marked(self._ahead.popleft())

    def rest(self, shown: Fraction, end: Fraction) -> Iterator[Piece]:
        """What is left when the last picture of the output was shown at `shown` and lasts until `end`.

        Everything, if the source has no later picture; otherwise the run was stopped before the end, and the
        sound ends with the picture.
        """
        yield from self.until(end)
        while self._last_picture <= shown and self._read():
            pass
        if self._last_picture <= shown:
            while self._ahead:
                yield from self._marked(self._ahead.popleft())

    def close(self) -> None:
        """Let nothing more come."""
        self._pieces = iter(())
        self._ahead.clear()
        self._files.close()

    def _open(self, path: str) -> None:
        try:
            source = self._files.enter_context(open_file(path))
        except av.FFmpegError as error:
            self._notice(f"{self._name}: its sound cannot be read and is left out ({error.strerror})")
            return
        self.streams = tuple(s for n, s in enumerate(source.streams.audio) if self._fits(path, n, s))
        if self.streams:
            picture = source.streams.best("video")
            self._pieces = self._demuxed(source, [*self.streams, *([picture] if picture else [])])

    def _fits(self, path: str, number: int, stream: AudioStream) -> bool:
        """Whether an MP4 can hold the stream, found out with its first packet."""
        try:
            with open_file(path) as source, av.open(io.BytesIO(), "w", format="mp4") as trial:
                copied = source.streams.audio[number]
                first = next((piece for piece in source.demux(copied) if piece.size), None)
                if first is None:
                    return False
                first.stream = trial.add_stream_from_template(copied)
                trial.mux(first)
        except (av.FFmpegError, ValueError):
            kind = stream.codec_context.name if stream.codec_context else "unknown"
            self._notice(f"{self._name}: an MP4 cannot hold {kind} sound, so that is left out")
            return False
        return True

    def _demuxed(self, source: InputContainer, streams: list[Stream]) -> Iterator[Piece]:
        failures = 0
        while failures < GIVE_UP_AFTER:
            try:
                for piece in source.demux(streams):
                    failures = 0
                    yield piece
                return
            except av.FFmpegError:
                failures += 1
        self._notice(f"{self._name}: its sound is damaged and ends early")

    def _read(self) -> bool:
        """Add the next packet of sound to those read; False at the end. Pictures on the way are noted."""
        for piece in self._pieces:
            if piece.dts is None:  # a sign to flush
                continue
            index = piece.stream.index
            if index not in self._copies:
                if not piece.is_discard:
                    self._last_picture = max(self._last_picture, _begin(piece))
                continue
            step = piece.dts - self._dts.get(index, piece.dts - 1)
            if step * piece.time_base * self._copies[index].codec_context.sample_rate > LONGEST_STEP:
                self._notice(f"{self._name}: its sound pauses for longer than an MP4 can say, and ends there")
                self._pieces = iter(())
                return False
            if step <= 0:
                self._skipped(index)
                continue
            self._dts[index] = piece.dts
            if _begin(piece) + (piece.duration or 0) * piece.time_base > self.start:
                self._ahead.append(piece)
                return True
        return False

    def _skipped(self, index: int) -> None:
        if index not in self._told:
            self._told.add(index)
            self._notice(f"{self._name}: its sound steps back in time; what it repeats is left out")

    def _marked(self, piece: Piece) -> Iterator[Piece]:
        index, time_base = piece.stream.index, piece.time_base
        if index in self._filters:
            try:
                (piece,) = self._filters[index].filter(piece)
            except av.FFmpegError:
                self._notice(f"{self._name}: its sound is damaged and ends early")
                self.close()
                return
            piece.time_base = time_base
        piece.stream = self._copies[index]
        if self.shift and piece.dts is not None:
            ticks = round(self.shift / piece.time_base)
            piece.dts -= ticks
            piece.pts = None if piece.pts is None else piece.pts - ticks
        yield piece


def _begin(piece: Piece) -> Fraction:
    ticks = piece.dts if piece.pts is None else piece.pts
    return (ticks or 0) * piece.time_base
