"""What a container holds, decoded as far as it can be, with an account of what could not."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.errors import UserError

GIVE_UP_AFTER = 50  #: errors in a row from the container before reading ends
MISSING_S = 1.0  #: a recording that ends that much before its declared length lacks its end


@dataclass
class Tally:
    """What came out of a container, and in which state."""

    packets: int = 0  #: coded pictures that are meant to be shown
    frames: int = 0  #: pictures decoded
    broken: int = 0  #: reads and packets that failed
    partial: int = 0  #: pictures that are damaged somewhere
    marked: int = 0  #: packets the container calls incomplete; so it does where two files were joined
    end_s: float = 0.0  #: where the last packet of any stream ends
    why: str = ""  #: what the disk had to say, where it was its fault

    def verdict(self, promised: int, promised_s: float, likely: int) -> str:
        """What to tell about a damaged recording, and why where that is known; "" about a sound one."""
        told = self._verdict(promised, promised_s, likely)
        return f"{told} ({self.why})" if told and self.why else told

    def _verdict(self, promised: int, promised_s: float, likely: int) -> str:
        """The same without the reason.

        promised: coded pictures the container announced; promised_s: its length; 0 where it did not say.
        likely: number of pictures by length and rate, which counts only where packets are incomplete.
        """
        if self.packets < promised:
            return f"is cut off: {self.frames} of {promised} frames could be read"
        if self.end_s + MISSING_S < promised_s:
            return (
                f"is cut off after {self.end_s:.1f} of {promised_s:.1f} s: {self.frames} frames could be read"
            )
        whole = max(self.packets, self.frames, likely if self.marked else 0)
        if self.broken or self.partial or (self.marked and self.frames < whole):
            partly = f", {self.partial} of them only in part" if self.partial else ""
            return f"is damaged: {self.frames} of {whole} frames could be read{partly}"
        return ""


class Recording:
    """Iterates the pictures of a container once, in the order they are shown.

    Packets that cannot be decoded are left out and counted; reading goes on behind them. `open_container`
    opens the same container anew each time it is called; the first is opened here, and closed by `close`.
    """

    def __init__(self, open_container: Callable[[], InputContainer], threads: int) -> None:
        self._open_container = open_container
        self._threads = threads
        self._last_pts = -(2**62)
        self.tally = Tally()
        self.container = open_container()
        try:
            self.stream = picture_stream(self.container, threads)
        except UserError:
            self.container.close()
            raise

    def __iter__(self) -> Iterator[VideoFrame]:
        for packet in self._packets():
            yield from self._decoded(self.stream, packet)
        yield from self._decoded(self.stream, None)
        if self._threads > 1 and self.tally.frames < self.tally.packets:
            yield from self._tail()

    def expected(self) -> int:
        """Number of pictures to come, estimated where the container does not say; 0 when nobody knows."""
        rate = self.stream.guessed_rate or self.stream.average_rate or Fraction(25)
        if not self.stream.frames:
            duration, start = self.container.duration or 0, self.container.start_time or 0
            if "matroska" in self.container.format.name and 0 < start < duration:
                duration -= start  # there FFmpeg takes what is declared for the length, and writes the end
            return round(duration * rate / 1_000_000)
        return self._indexed() or self.stream.frames

    def verdict(self) -> str:
        """What is wrong with the recording, once it has been read to the end; "" when nothing is."""
        declared = 0.0
        if "matroska" in self.container.format.name:
            declared = (self.container.duration or 0) / 1e6
        elif self.container.format.name == "avi" and self.stream.guessed_rate:
            declared = float(self.stream.frames / self.stream.guessed_rate)
        return self.tally.verdict(self._indexed(), declared, self.expected())

    def close(self) -> None:
        self.container.close()

    def _indexed(self) -> int:
        """Pictures listed in the index of an MP4 or MOV; other containers list only some, or none: 0."""
        if not self.container.format.name.startswith("mov"):
            return 0
        return sum(not entry.is_discard for entry in self.stream.index_entries)

    def _packets(self) -> Iterator[Packet[Stream]]:
        failures = 0
        while failures < GIVE_UP_AFTER:
            try:
                for packet in self.container.demux():
                    failures = 0
                    self._note_end(packet)
                    # An empty packet is the container's sign to flush, or a frame the recorder dropped.
                    if packet.stream is self.stream and packet.size:
                        self.tally.packets += not packet.is_discard
                        self.tally.marked += packet.is_corrupt
                        yield packet
                return
            except av.FFmpegError as error:
                failures += 1
                self.tally.broken += 1
                if error.errno and error.errno in errno.errorcode:  # all others are FFmpeg's own
                    self.tally.why = os.strerror(error.errno)

    def _note_end(self, packet: Packet[Stream]) -> None:
        stamps = [stamp for stamp in (packet.dts, packet.pts) if stamp is not None]
        if stamps and packet.time_base:
            end = (max(stamps) + (packet.duration or 0)) * packet.time_base
            self.tally.end_s = max(self.tally.end_s, float(end))

    def _decoded(self, stream: VideoStream, packet: Packet[Any] | None) -> Iterator[VideoFrame]:
        try:
            frames = stream.decode(packet)
        except av.FFmpegError:
            self.tally.broken += 1
            return
        for frame in frames:
            if stream is not self.stream and (frame.pts is None or frame.pts <= self._last_pts):
                continue  # seen before
            self.tally.frames += 1
            self.tally.partial += frame.is_corrupt
            self._last_pts = max(self._last_pts, frame.pts if frame.pts is not None else self._last_pts)
            yield frame

    def _tail(self) -> Iterator[VideoFrame]:
        """The pictures behind a damaged one among the last few.

        While a decoder with several threads is emptied, an error hides what comes after it; so the end is
        read once more with one thread, which does not hold anything back.
        """
        try:
            with self._open_container() as again:
                stream = picture_stream(again, threads=1)
                again.seek(self._last_pts, stream=stream)
                for packet in again.demux(stream):
                    yield from self._decoded(stream, packet if packet.size else None)
        except av.FFmpegError:
            self.tally.broken += 1


def picture_stream(container: InputContainer, threads: int) -> VideoStream:
    """The main video stream, not the cover of an album, ready to be decoded."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or Disposition.attached_pic in stream.disposition:
        kinds = sorted({s.type for s in container.streams} - {"video"})
        raise UserError(f"there is no video in it{', only ' + ' and '.join(kinds) if kinds else ''}")
    if stream.codec_context is None:
        raise UserError("FFmpeg has no decoder for its video")
    stream.codec_context.thread_count = threads
    stream.codec_context.thread_type = "AUTO" if threads > 1 else "NONE"
    return stream
