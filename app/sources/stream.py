"""One connection to a stream on the network, through FFmpeg, holding back as little as possible."""

from __future__ import annotations

import errno
import time
from fractions import Fraction
from typing import Any, cast

import av
from av.codec.context import Flags

from app.containers import ON_THE_NETWORK
from app.sources.live import AGAIN_S, Lost
from app.sources.recording import picture_stream
from app.sources.upright import Upright
from engine.errors import UserError
from engine.types import Image

# Not "fflags": "nobuffer": that throws away what is read while the stream is examined, and with it the key
# frame, so that nothing can be decoded until the next one, which may be ten seconds off.
OPTIONS = {
    **ON_THE_NETWORK,
    "analyzeduration": "500000",  # microseconds, of 5 s by default; the size is in the first key frame
    "probesize": "500000",
    "rtsp_transport": "tcp",  # packets lost over UDP smear the picture until the next key frame
    "allowed_media_types": "video",
    "overrun_nonfatal": "1",
}


class Stream:
    """A Connection over any protocol FFmpeg speaks: RTSP, HTTP, RTMP, UDP, ...

    `patience_s` bounds opening as a whole. Looking up the name of the host is outside FFmpeg's control;
    see `app.sources.open_source`.
    """

    def __init__(self, address: str, patience_s: float, threads: int) -> None:
        until = _Until(time.monotonic() + patience_s)
        limits = cast(Any, (until, AGAIN_S))
        try:
            self._container = av.open(address, options=OPTIONS, timeout=limits, metadata_errors="replace")
        except av.FFmpegError as error:
            raise Lost(_reason(error, patience_s, timed_out=not float(until))) from None
        try:
            self._stream = picture_stream(self._container, threads)
        except UserError as error:
            self._container.close()
            raise Lost(str(error)) from None
        # Threads then share a frame; taking one each they would hold back as many frames.
        self._stream.codec_context.flags |= Flags.low_delay
        self.rate = self._stream.guessed_rate or self._stream.average_rate or Fraction(25)
        #: a recording or a picture, which has an end, rather than a camera
        self.finite = self._container.duration is not None or self._container.format.name.endswith("_pipe")
        # All streams, because waiting for a picture while only sound comes would know no time limit.
        self._packets = self._container.demux()
        self._upright = Upright()

    def read(self) -> list[Image]:
        """See Connection.read. What cannot be decoded is passed over: the next key frame mends it."""
        try:
            packet = next(self._packets, None)
        except av.FFmpegError as error:
            raise Lost(_reason(error, AGAIN_S)) from None
        if packet is None:
            raise Lost("the other side ended it")
        if packet.stream is not self._stream or not packet.size:
            return []
        try:
            return [self._upright(frame) for frame in self._stream.decode(packet)]
        except av.FFmpegError:
            return []

    def close(self) -> None:
        self._packets = iter(())
        self._container.close()


class _Until:
    """The seconds left until a moment.

    PyAV applies its opening time limit to connecting and to examining the stream, each anew; it asks for
    the number each time, and so both together keep within the one limit.
    """

    def __init__(self, moment: float) -> None:
        self._moment = moment

    def __float__(self) -> float:
        return max(0.0, self._moment - time.monotonic())


def _reason(error: av.FFmpegError, waited_s: float, *, timed_out: bool = False) -> str:
    """What went wrong, in words that never hold the address: str(error) would."""
    if timed_out or isinstance(error, av.error.ExitError | TimeoutError):
        return f"no answer within {waited_s:g} s"
    if isinstance(error, av.error.InvalidDataError):
        return "what comes is not a video stream"
    if error.errno == errno.EIO:
        return "the host cannot be found, or the connection failed"
    return str(error.strerror)
