"""The picture with everyone painted on it, and the sound of the source, as H.264 in an MP4."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from app.draw import draw
from app.outputs.growing import Growing, whole
from app.outputs.partial import Partial
from app.outputs.sound import Sound
from app.types import Result, SourceInfo
from engine.errors import UserError
from engine.types import Image

PRESET, QUALITY = "superfast", "21"  #: x264's preset and constant rate factor
KEY_S = 2.0  #: longest time between pictures where playing can start, and the most that a crash costs
LATEST_START_S = 10.0  #: what begins later (a recorded broadcast counts from anywhere) begins within a second
LARGEST = 16384  #: pixels, of a side of a picture in H.264
UNKNOWN_LENGTH = 50_000  #: frames for whose index there is room where nobody knows how many will come
BT709 = 1  #: in each table of ITU-T H.273: primaries, transfer and matrix


class Mp4:
    """A Sink. The file can be played at any moment while it grows, and a kill costs KEY_S at most."""

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        threshold: float,
        *,
        notice: Callable[[str], None],
        overwrite: bool = False,
        threads: int = 2,
    ) -> None:
        """Joints with a score below `threshold` are not painted; `threads` are for x264.

        `notice` gets a line about any sound that cannot come along. UserError where `path` cannot be written
        or the picture is too large.
        """
        if max(info.width, info.height) > LARGEST:
            raise UserError(
                f"{info.name} is {info.width} x {info.height} and an MP4 holds {LARGEST} x {LARGEST} at most;"
                " leave the video out with --no-video"
            )
        self._info = info
        self._threshold = threshold
        self._scaler = VideoReformatter()
        self._step = max(1, round(1 / (info.rate * info.time_base)))  # ticks that the last frame lasts
        self._shift = 0  # ticks of the source at tick 0 of the output
        self._last = self._next_key = -(2**62)  # ticks of the output
        self._frames = 0
        with ExitStack() as undo:
            self._partial = Partial(path, overwrite=overwrite)
            undo.callback(self._partial.discard)
            self._growing = Growing(self._partial.file)
            self._sound = Sound(info.audio, notice)
            undo.callback(self._sound.close)
            self._open(info, threads)
            undo.pop_all()

    def _open(self, info: SourceInfo, threads: int) -> None:
        options = _container_options(info, self._sound)
        self._output = av.open(self._growing, "w", format="mp4", options=options)
        self._video = self._output.add_stream("libx264", rate=info.rate, options=_encoder_options())
        self._video.width, self._video.height = info.width + info.width % 2, info.height + info.height % 2
        self._video.pix_fmt = "yuv420p"
        context = self._video.codec_context
        context.time_base, context.thread_count = info.time_base, threads
        context.sample_aspect_ratio = info.pixel_aspect
        context.color_range = ColorRange.MPEG
        context.color_primaries = context.color_trc = context.colorspace = BT709
        self._sound.join(self._output)

    def write(self, result: Result) -> None:
        """Add the frame. UserError on a full disk; the file then holds the frames that its message says."""
        image = draw(result.frame.image, result.tracks, self._threshold)
        frame = self._frame(image, result.frame.time)
        try:
            self._mux(frame)
        except (OSError, av.FFmpegError):
            self._salvage()
            raise
        self._frames += 1

    def close(self) -> None:
        """Complete the file; without a single frame there is none."""
        try:
            if self._frames and self._partial.pending:
                self._finish()
            self._partial.discard()
        except (OSError, av.FFmpegError):
            self._salvage()
            raise
        finally:
            self._sound.close()

    def _frame(self, image: Image, time: float) -> VideoFrame:
        """The picture as x264 takes it: even sides, Y'CbCr, and its time in ticks of the source."""
        image = fitted(image, self._info.width, self._info.height)
        height, width = image.shape[:2]
        if width % 2 or height % 2:
            even: Image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
            image = even
        frame = self._scaler.reformat(
            VideoFrame.from_numpy_buffer(image, "bgr24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        ticks = round(Fraction(time) / self._info.time_base)
        if self._frames == 0 and not 0.0 <= time < LATEST_START_S:
            self._shift = math.floor(math.floor(time) / self._info.time_base)
            self._sound.shift = self._shift * self._info.time_base
        self._last = max(ticks - self._shift, self._last + 1)
        frame.pts, frame.duration, frame.time_base = self._last, self._step, self._info.time_base
        if self._last >= self._next_key:
            frame.pict_type = PictureType.I
            self._next_key = self._last + math.ceil(KEY_S / self._info.time_base)
        return frame

    def _mux(self, frame: VideoFrame | None) -> None:
        """Encode, and write what comes out of the encoder together with the sound up to there."""
        for packet in self._video.encode(frame):
            now = (packet.dts or 0) * packet.time_base + self._sound.shift
            self._output.mux(packet)
            self._output.mux(list(self._sound.until(now)))

    def _finish(self) -> None:
        self._mux(None)
        shown = self._last * self._info.time_base + self._sound.shift
        self._output.mux(list(self._sound.rest(shown, shown + self._step * self._info.time_base)))
        try:
            self._output.close()
        except av.ArgumentError:
            if not self._growing.append_index():
                raise
        self._growing.verify()
        self._partial.publish()

    def _salvage(self) -> None:
        """If the file could not be written, give it its name with what it holds, and raise the UserError."""
        try:
            self._growing.verify()
        except OSError as error:
            self._sound.close()
            with suppress(OSError, av.FFmpegError):
                self._output.close()  # writes nothing any more
            raise self._partial.salvaged(error, *whole(self._partial.file)) from error


def fitted(image: Image, width: int, height: int) -> Image:
    """A picture of another size (a folder may hold many) in one of this size, in proportion, on black."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=method)
    return canvas


def _container_options(info: SourceInfo, sound: Sound) -> dict[str, str]:
    """Fragments that begin with a key picture, an index in front at the end, and times kept exactly.

    An edit list says when each stream begins, in ticks of the movie (ISO/IEC 14496-12, 8.6.6): the ticks of
    every stream have to be multiples of them, or the beginnings are rounded.
    """
    rates = [stream.codec_context.sample_rate for stream in sound.streams]
    ticks = math.lcm(info.time_base.denominator, *rates)
    return {
        "movflags": "hybrid_fragmented+frag_keyframe+delay_moov+default_base_moof",
        "movie_timescale": str(ticks if ticks < 2**31 else info.time_base.denominator),
        "moov_size": str(_index_room(info, sound)),
        "max_interleave_delta": "1000000",  # microseconds; packets come in order here and need not wait
    }


def _index_room(info: SourceInfo, sound: Sound) -> int:
    """Bytes to keep free for the index: a little more than it is going to take.

    For a frame it holds 8 bytes each for duration and delay and 4 for size; for a packet of sound 8 and 4;
    and some for each fragment. Where the length is not known, long recordings get their index at the end.
    """
    frames = info.frames or UNKNOWN_LENGTH
    packets = sum(max(stream.frames, math.ceil(100 * frames / info.rate)) for stream in sound.streams)
    setup = sum(4096 + len(stream.codec_context.extradata or b"") for stream in sound.streams)
    return 8192 + setup + 24 * frames + 16 * packets


def _encoder_options() -> dict[str, str]:
    return {"preset": PRESET, "crf": QUALITY, "g": "600"}  # _frame asks for key pictures more often than that
