"""Small clips with known pictures and known times, made where a test needs them.

Every maker writes one file and returns the presentation time of each of its frames in seconds, exact and in
order. Picture number i of a clip is `picture(i, width, height)` unless the maker says otherwise, and `number`
reads i back from a decoded picture, so a test can tell which frame it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

Image = NDArray[np.uint8]

NTSC = Fraction(30000, 1001)
WIDTH, HEIGHT = 128, 96
BITS = 10  #: a picture carries numbers up to 1023
TOP_LEFT, TOP_RIGHT = (0, 0, 255), (0, 255, 0)  #: BGR: red, green
BOTTOM_LEFT, BOTTOM_RIGHT = (255, 0, 0), (255, 255, 255)  #: BGR: blue, white


def picture(index: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """(H, W, 3) BGR: grey, a colour in each corner, `index` as black and white bars in the middle third."""
    image = np.full((height, width, 3), 110, np.uint8)
    v, h = height // 4, width // 4
    image[:v, :h], image[:v, -h:] = TOP_LEFT, TOP_RIGHT
    image[-v:, :h], image[-v:, -h:] = BOTTOM_LEFT, BOTTOM_RIGHT
    edges = np.linspace(0, width, BITS + 1).round().astype(int)
    for bit, (left, right) in enumerate(pairwise(edges)):
        image[height // 3 : 2 * height // 3, left:right] = 255 * (index >> bit & 1)
    return image


def number(image: Image) -> int:
    """The index that `picture` wrote, read from the middle of each bar."""
    height, width = image.shape[:2]
    centres = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    bars = image[height // 2, centres].mean(axis=1) > 127
    return int((bars << np.arange(BITS)).sum())


def write(
    path: Path,
    pictures: Iterable[Image],
    ticks: Sequence[int],
    *,
    time_base: Fraction = Fraction(1, 90000),
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    pixel_aspect: Fraction = Fraction(1),
    colorspace: Colorspace | None = None,
    full_range: bool = False,
    turned: tuple[float, bool, bool] | None = None,
    audio_s: float = 0.0,
) -> list[Fraction]:
    """One clip, frame i at `ticks[i]` x `time_base`; H.264 in a short GOP without B-frames by default.

    `turned` is (degrees counter-clockwise to show the picture upright, mirrored left-right, mirrored
    top-bottom); `audio_s` seconds of a 440 Hz tone go along as AAC.
    """
    if options is None:
        options = {"preset": "ultrafast", "qp": "12", "g": "10", "bf": "0"} if codec == "libx264" else {}
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        context = stream.codec_context
        context.time_base, context.thread_count = time_base, 1
        stream.pix_fmt = pix_fmt
        context.sample_aspect_ratio = pixel_aspect
        context.color_range = 2 if full_range else 1
        if colorspace is not None:
            tag = {Colorspace.ITU709: 1, Colorspace.ITU601: 6}[colorspace]
            context.colorspace = context.color_primaries = context.color_trc = tag
        if turned is not None:
            stream.set_display_rotation(turned[0], hflip=turned[1], vflip=turned[2])
        audio = container.add_stream("aac", rate=44100, layout="mono") if audio_s else None
        for image, tick in zip(pictures, ticks, strict=True):
            if not context.is_open:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(
                format=pix_fmt,
                dst_colorspace=colorspace or Colorspace.ITU601,
                dst_color_range="JPEG" if full_range else "MPEG",
                threads=1,
            )
            frame.pts, frame.time_base = tick, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            _tone(container, audio, audio_s)
    return [tick * time_base for tick in ticks]


def _tone(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    step = 1024
    for start in range(0, int(44100 * seconds), step):
        wave = 0.2 * np.sin(2 * np.pi * 440 / 44100 * np.arange(start, start + step))
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _pictures(count: int, width: int = WIDTH, height: int = HEIGHT) -> Iterable[Image]:
    return (picture(i, width, height) for i in range(count))


def constant(path: Path, frames: int = 30, *, width: int = WIDTH, height: int = HEIGHT) -> list[Fraction]:
    """29.97 frames a second exactly, MP4 with faststart."""
    return write(
        path,
        _pictures(frames, width, height),
        [1001 * i for i in range(frames)],
        time_base=Fraction(1, 30000),
        rate=NTSC,
        container_options={"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {},
    )


def variable_rate_with_audio(path: Path) -> list[Fraction]:
    """40 frames of irregular length, as phones write them, with B-frames and two seconds of sound."""
    steps = np.random.default_rng(3).integers(900, 9000, 39)
    ticks = [0, *(int(t) for t in np.cumsum(steps))]
    return write(
        path,
        _pictures(40),
        ticks,
        rate=Fraction(30),
        audio_s=2.0,
        options=_options(bf=2),
    )


def with_audio(path: Path) -> list[Fraction]:
    """25 frames a second for two seconds, with sound."""
    return write(path, _pictures(50), [3600 * i for i in range(50)], audio_s=2.0)


def with_b_frames(path: Path) -> list[Fraction]:
    """Coded in another order than shown, so the decoder holds frames back until it is flushed."""
    return write(path, _pictures(30), [3600 * i for i in range(30)], options=_options(bf=3))


def late_start(path: Path) -> list[Fraction]:
    """The first frame is shown at 1.5 s."""
    return write(path, _pictures(20), [135000 + 3600 * i for i in range(20)])


def odd_size(path: Path, width: int = 127, height: int = 95) -> list[Fraction]:
    """Odd width and height, which 4:2:0 cannot hold: 4:4:4."""
    return write(path, _pictures(10, width, height), [3600 * i for i in range(10)], pix_fmt="yuv444p")


def rotated(path: Path, degrees: float, *, mirrored: bool = False, width: int = WIDTH) -> list[Fraction]:
    """Stored as `picture(i)`; the container asks for a turn by `degrees` counter-clockwise, then mirror."""
    ticks = [3600 * i for i in range(8)]
    return write(path, _pictures(8, width), ticks, turned=(degrees, mirrored, False))


def anamorphic(path: Path) -> list[Fraction]:
    """Pixels one and a half times as wide as high."""
    return write(path, _pictures(10), [3600 * i for i in range(10)], pixel_aspect=Fraction(3, 2))


def flat(
    path: Path, bgr: tuple[int, int, int], colorspace: Colorspace, *, full_range: bool
) -> list[Fraction]:
    """Four frames of one colour, tagged with how it is coded."""
    image = np.full((64, 64, 3), bgr, np.uint8)
    return write(
        path,
        [image] * 4,
        [3600 * i for i in range(4)],
        colorspace=colorspace,
        full_range=full_range,
        codec="libx264",
    )


CONTAINERS = {
    ".mp4": ("libx264", "yuv420p"),
    ".mkv": ("libx264", "yuv420p"),
    ".webm": ("libvpx-vp9", "yuv420p"),
    ".avi": ("mpeg4", "yuv420p"),
    ".mov": ("mjpeg", "yuvj420p"),
    ".ts": ("libx264", "yuv420p"),
}  #: file ending -> codec and pixel format that such files often hold


def in_container(path: Path, frames: int = 20) -> list[Fraction]:
    """25 frames a second in the kind of file that the ending of `path` names; see CONTAINERS."""
    codec, pix_fmt = CONTAINERS[path.suffix]
    time_base = Fraction(1, 25)
    quality = {
        "mpeg4": {"qscale": "3"},
        "mjpeg": {"qscale": "2"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    }
    return write(
        path,
        _pictures(frames),
        range(frames),
        time_base=time_base,
        codec=codec,
        pix_fmt=pix_fmt,
        full_range=pix_fmt.startswith("yuvj"),
        options=quality.get(codec),
    )


def in_pixel_format(path: Path, pix_fmt: str, codec: str = "ffv1") -> list[Fraction]:
    """Ten frames in `pix_fmt`, lossless: gray, gray16le, yuv420p10le, yuva420p, bgra, ..."""
    return write(path, _pictures(10), range(10), time_base=Fraction(1, 25), codec=codec, pix_fmt=pix_fmt)


def without_video(path: Path) -> None:
    """Sound only."""
    with av.open(str(path), "w") as container:
        _tone(container, container.add_stream("aac", rate=44100, layout="mono"), 1.0)


def without_frames(path: Path) -> None:
    """A video stream that is declared and never filled."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()


def truncated(path: Path, frames: int = 60, keep: float = 0.5) -> list[Fraction]:
    """The first `keep` of a file whose index stands at the front, as a broken download leaves it.

    Returns the times of all `frames` that the index promises.
    """
    times = constant(path, frames)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    return times


def without_index(path: Path) -> None:
    """An MP4 whose recorder died before it could write the index at the end."""
    write(path, _pictures(20), [3600 * i for i in range(20)])
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"moov") - 4])


def corrupt_middle(path: Path, frames: int = 60) -> tuple[list[Fraction], range]:
    """Noise in place of the middle packets; returns every time and the numbers of the damaged frames.

    Each frame is coded on its own, so no other frame suffers.
    """
    times = write(
        path, _pictures(frames), [3600 * i for i in range(frames)], options=_options(g=1), rate=Fraction(25)
    )
    damaged = range(frames // 2, frames // 2 + 5)
    with av.open(str(path)) as container:
        spans = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(5)
    for position, size in spans[damaged.start : damaged.stop]:
        content[position : position + size] = noise.bytes(size)
    path.write_bytes(content)
    return times, damaged


def _options(*, bf: int = 0, g: int = 10) -> dict[str, str]:
    return {"preset": "ultrafast", "qp": "12", "g": str(g), "bf": str(bf)}
