"""The picture with everyone painted on it, and the sound of the source, as H.264 in an MP4.

H.264 knows nothing of transparency; pictures that do become ProRes 4444 in a QuickTime file, which is an MP4
in all that matters here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from app.outputs.coding import transparent, usual
from app.outputs.container import FINEST, longest_step, options
from app.outputs.growing import Growing, whole
from app.outputs.partial import Partial, Ready, unasked
from app.outputs.sound import Sound
from app.painting.draw import draw
from app.painting.labels import banner
from app.types import Result, SourceInfo
from engine.errors import UserError
from engine.types import Image

KEY_S = 2.0  #: longest time between pictures where playing can start, and the most that a crash costs
LATEST_START_S = 10.0  #: what begins later (a recorded broadcast counts from anywhere) begins within a second
LARGEST = 16384  #: pixels, of a side of a picture in H.264
MOST_REPEATS = 1000  #: of a frame in one pause; by then there is more of it than anyone will look at
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
        ready: Ready = unasked,
        threads: int = 2,
        clear: bool = False,
        part: bool = False,
    ) -> None:
        """Joints with a score below `threshold` are not painted; `threads` are for the encoder.

        `clear`: pictures know transparency, and come by `show`. `part`: its clock begins at the first
        picture, and so does the sound.

        `notice` gets a line about any sound that cannot come along; `ready`: see Partial.
        UserError where `path` cannot be written or the picture is too large.
        """
        if max(info.width, info.height) > LARGEST:
            raise UserError(
                f"{info.name} is {info.width} x {info.height} and an MP4 holds {LARGEST} x {LARGEST} at most;"
                " leave the video out with --no-video"
            )
        self._info = info
        self._coding = transparent() if clear else usual()
        self._threshold, self._part = threshold, part
        self._notice = notice
        self._scaler = VideoReformatter()
        self._tick = max(info.time_base, FINEST)
        self._longest = longest_step(self._tick)
        self._step = min(max(1, round(1 / (info.rate * self._tick))), self._longest)  # of the last frame
        self._shift = 0  # ticks of the source at tick 0 of the output
        self._last = self._next_key = -(2**62)  # ticks of the output
        self._frames = 0
        self._repeats: list[int] = []  # samples of the output that are no frames of the source
        with ExitStack() as undo:
            self._partial = Partial(path, overwrite=overwrite, ready=ready)
            undo.callback(self._partial.discard)
            self._growing = Growing(self._partial.file)
            self._sound = Sound(info.audio, notice)
            undo.callback(self._sound.close)
            self._open(info, threads)
            undo.pop_all()

    def _open(self, info: SourceInfo, threads: int) -> None:
        how = options(info, self._sound)
        self._output = av.open(self._growing, "w", format=self._coding.container, options=how)
        added = self._output.add_stream(self._coding.codec, rate=info.rate, options=self._coding.options)
        self._video = cast(VideoStream, added)
        self._video.width, self._video.height = info.width + info.width % 2, info.height + info.height % 2
        self._video.pix_fmt = self._coding.pixels
        context = self._video.codec_context
        if self._coding.tag:
            context.codec_tag = self._coding.tag
        context.time_base, context.thread_count = self._tick, threads
        context.sample_aspect_ratio = info.pixel_aspect
        context.color_range = ColorRange.MPEG
        context.color_primaries = context.color_trc = context.colorspace = BT709
        self._sound.join(self._output)

    def write(self, result: Result) -> None:
        """Add the frame, with everyone painted on it as usual; UserError as in `show`."""
        painted = draw(result.frame.image, result.tracks, self._threshold)
        if result.lost:
            banner(painted, "lost")
        self.show(painted, result.frame.time)

    def show(self, painted: Image, time: float) -> None:
        """Add a picture (H, W, 3) BGR, or (H, W, 4) with how opaque it is, at `time` seconds.

        UserError on a full disk, or where FFmpeg fails; the file then holds the frames that its message says.
        """
        frame = self._frame(painted)
        try:
            ticks = self._ticks(time)
            self._bridge(ticks)
            self._mux(self._placed(frame, ticks))
        except (OSError, av.FFmpegError) as error:
            raise self._salvaged(error) from error
        self._shown = frame
        self._frames += 1

    def close(self) -> None:
        """Complete the file; without a single frame there is none."""
        try:
            if self._frames and self._partial.pending:
                self._finish()
        except (OSError, av.FFmpegError) as error:
            raise self._salvaged(error) from error
        finally:
            self._sound.close()
        self._partial.discard()

    def abandon(self) -> None:
        """Leave no file."""
        self._partial.discard()

    def _frame(self, image: Image) -> VideoFrame:
        """The picture as the encoder takes it: even sides, Y'CbCr."""
        image = fitted(image, self._info.width, self._info.height)
        height, width = image.shape[:2]
        if width % 2 or height % 2:
            even: Image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
            image = even
        return self._scaler.reformat(
            VideoFrame.from_numpy_buffer(image, self._coding.taken),
            format=self._coding.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )

    def _ticks(self, time: float) -> int:
        """When to show the frame of that time, in the output."""
        ticks = round(Fraction(time) / self._tick)
        if self._frames == 0 and (self._part or not 0.0 <= time < LATEST_START_S):
            self._shift = ticks if self._part else math.floor(math.floor(time) / self._tick)
            self._sound.shift = self._shift * self._tick
            if self._part:
                self._sound.start = self._sound.shift
        excess = ticks - self._shift - self._last - MOST_REPEATS * self._longest
        if self._frames and excess > 0:
            self._shorten(excess)
        return max(ticks - self._shift, self._last + 1)

    def _shorten(self, excess: int) -> None:
        """Take so many ticks off the pause that begins; the sound ends there, it would be out of step."""
        kept = MOST_REPEATS * self._longest * self._tick
        days, left = (float(pause) / 86400 for pause in (kept + excess * self._tick, kept))
        self._notice(
            f"{self._info.name}: a pause of {days:.1f} days is cut to {left:.1f} in the MP4"
            + (", and its sound ends there" if self._sound.streams else "")
        )
        end = (self._last + self._step) * self._tick + self._sound.shift
        self._output.mux(list(self._sound.until(end)))
        self._sound.close()
        self._shift += excess

    def _bridge(self, ticks: int) -> None:
        """Repeat the last frame through a pause that is too long for one frame."""
        while self._frames and ticks - self._last > self._longest:
            self._repeats.append(self._frames + len(self._repeats))
            self._mux(self._placed(self._shown, self._last + self._longest))

    def _placed(self, frame: VideoFrame, ticks: int) -> VideoFrame:
        frame.pts, frame.time_base = ticks, self._tick
        frame.pict_type = PictureType.I if ticks >= self._next_key else PictureType.NONE
        if ticks >= self._next_key:
            self._next_key = ticks + math.ceil(KEY_S / self._tick)
        self._last = ticks
        return frame

    def _mux(self, frame: VideoFrame | None) -> None:
        """Encode, and write what comes out of the encoder together with the sound up to there."""
        for packet in self._video.encode(frame):
            packet.duration = self._step  # only that of the last counts
            now = (packet.dts or 0) * packet.time_base + self._sound.shift
            self._output.mux(packet)
            self._output.mux(list(self._sound.until(now)))

    def _finish(self) -> None:
        self._mux(None)
        shown = self._last * self._tick + self._sound.shift
        self._output.mux(list(self._sound.rest(shown, shown + self._step * self._tick)))
        try:
            self._output.close()
        except av.ArgumentError:
            if not self._growing.append_index():
                raise
        self._growing.verify()
        self._partial.publish()

    def _salvaged(self, error: OSError | av.FFmpegError) -> UserError:
        """Give the file its name with what it holds, and say why it ends there.

        What the file itself met comes first: FFmpeg only passes on that there was something.
        """
        cause = self._growing.stop(OSError(error.errno, error.strerror))
        self._sound.close()
        with suppress(OSError, av.FFmpegError):
            self._output.close()  # writes nothing any more
        try:
            end, samples = whole(self._partial.file)
        except OSError:
            return self._partial.left(cause)
        return self._partial.salvaged(cause, end, samples - sum(n < samples for n in self._repeats))


def fitted(image: Image, width: int, height: int) -> Image:
    """A picture of another size (a folder may hold many) in one of this size, in proportion, on black."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, image.shape[2]), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=method)
    return canvas
