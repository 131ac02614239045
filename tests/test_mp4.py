"""The MP4 has every frame at its own time, the sound as it was, and is valid however a run ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import clips
import cv2
import numpy as np
import pytest
from figures import nobody, result, standing, tracks
from test_csv import files_no_larger_than

from app.outputs import mp4
from app.outputs.mp4 import Mp4
from app.sources.video import open_video
from app.types import SourceInfo
from engine.errors import UserError
from engine.types import Image

Piece = tuple[Fraction, Fraction, Fraction, bytes]  #: presentation, decoding time, duration, content


def info(width: int = clips.WIDTH, height: int = clips.HEIGHT, **said: object) -> SourceInfo:
    known = {
        "name": "made up",
        "stem": "made-up",
        "width": width,
        "height": height,
        "time_base": Fraction(1, 90000),
        "rate": Fraction(25),
        "frames": 0,
        "live": False,
        "stills": False,
        "pixel_aspect": Fraction(1),
        "audio": "",
    }
    return SourceInfo(**{**known, **said})  # type: ignore[arg-type]


def film(
    path: Path, source: SourceInfo, times: Iterable[Fraction], images: Iterable[Image] | None = None
) -> list[str]:
    """Write a frame for each time, `clips.picture` unless told otherwise; what was noticed on the way."""
    noticed: list[str] = []
    pictures = iter(images) if images is not None else None
    with closing(Mp4(path, source, 0.3, notice=noticed.append, overwrite=True)) as sink:
        for index, time in enumerate(times):
            image = next(pictures) if pictures else clips.picture(index, source.width, source.height)
            sink.write(result(index, float(time), image))
    return noticed


def frames(path: Path) -> list[tuple[Fraction, Image]]:
    """Every frame as FFmpeg decodes it, and when it is shown."""
    with av.open(str(path)) as container:
        return [(f.pts * f.time_base, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]


def times_of(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sound(path: Path, number: int = 0) -> list[Piece]:
    """The packets of an audio stream."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=number) if p.size]
        return [
            (p.pts * p.time_base, p.dts * p.time_base, p.duration * p.time_base, bytes(p)) for p in packets
        ]


def boxes(path: Path) -> list[str]:
    """Kinds of the boxes a file is made of, as ISO/IEC 14496-12 section 4.2 lays them out; no empty ones."""
    content, position, kinds = path.read_bytes(), 0, []
    while position < len(content):
        size = int.from_bytes(content[position : position + 4], "big")
        kinds.append(content[position + 4 : position + 8].decode())
        position += int.from_bytes(content[position + 8 : position + 16], "big") if size == 1 else size
    assert position == len(content)
    return [kind for kind in kinds if kind != "free"]


def every(ticks: int, count: int, base: int = 90000) -> list[Fraction]:
    return [Fraction(ticks * i, base) for i in range(count)]


# ---------------------------------------------------------------- time


def test_variable_rate_and_sound_come_through_exactly(tmp_path: Path) -> None:
    times = clips.variable_rate_with_audio(tmp_path / "in.mp4")
    noticed = film(tmp_path / "out.mp4", info(frames=40, audio=str(tmp_path / "in.mp4")), times)
    found = frames(tmp_path / "out.mp4")
    assert [time for time, _ in found] == times
    assert [clips.number(image) for _, image in found] == list(range(40))
    assert sound(tmp_path / "in.mp4")[0][0] < 0, "the encoder's priming, before the first sample to be heard"
    assert sound(tmp_path / "out.mp4") == sound(tmp_path / "in.mp4")
    assert noticed == []


@pytest.mark.parametrize(
    ("time_base", "steps"),
    [
        (Fraction(1, 30000), [1001] * 40),  # 29.97
        (Fraction(1001, 30000), [1] * 40),  # the same, as AVI says it
        (Fraction(1, 1000), [16, 17, 17] * 10),  # as Matroska rounds 60 frames a second
        (Fraction(1, 12800), [1, 12800 * 9, 512, 3, 512]),  # a pause of nine seconds
        (Fraction(1, 1_000_000), [33333, 33334, 1, 5_000_000]),
        (Fraction(1, 2), [1] * 6),  # slides
    ],
)
def test_every_time_base_keeps_every_tick(tmp_path: Path, time_base: Fraction, steps: Sequence[int]) -> None:
    ticks = np.cumsum([0, *steps]).tolist()
    times = [tick * time_base for tick in ticks]
    rate = Fraction(len(steps), 1) / (times[-1] - times[0])
    film(tmp_path / "out.mp4", info(time_base=time_base, rate=rate), times)
    assert times_of(tmp_path / "out.mp4") == times


def test_the_last_frame_lasts_as_long_as_the_rate_says(tmp_path: Path) -> None:
    film(tmp_path / "out.mp4", info(rate=Fraction(25)), every(3600, 50))
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == 2
        assert container.duration == 2_000_000


def test_a_source_that_starts_late_keeps_its_start_and_its_sound_in_step(tmp_path: Path) -> None:
    ticks = [135003 + 3600 * i for i in range(50)]
    images = [clips.picture(i) for i in range(50)]
    times = clips.write(tmp_path / "in.mp4", images, ticks, audio_s=3.0)
    film(tmp_path / "out.mp4", info(frames=50, audio=str(tmp_path / "in.mp4")), times)
    assert times_of(tmp_path / "out.mp4") == times
    assert sound(tmp_path / "out.mp4") == sound(tmp_path / "in.mp4")


def moved(source: Path, target: Path, seconds: int, **options: str) -> None:
    """A copy whose clock is `seconds` ahead."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        copies = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.pts += round(seconds / packet.time_base)
                packet.dts += round(seconds / packet.time_base)
                packet.stream = copies[packet.stream.index]
                new.mux(packet)


@pytest.mark.parametrize("seconds", [1000, 95443])
def test_a_clock_that_counts_from_anywhere_starts_near_zero_with_the_sound_in_step(
    tmp_path: Path, seconds: int
) -> None:
    times = clips.with_audio(tmp_path / "zero.mp4")
    moved(tmp_path / "zero.mp4", tmp_path / "in.mkv", seconds)
    late = [time + seconds + Fraction(1, 2) for time in times]
    film(tmp_path / "out.mp4", info(frames=50, audio=str(tmp_path / "in.mkv")), late)
    assert times_of(tmp_path / "out.mp4") == [time - seconds for time in late]
    source = [piece[0] - seconds for piece in sound(tmp_path / "in.mkv")]
    found = [piece[0] for piece in sound(tmp_path / "out.mp4")]
    assert max(abs(a - b) for a, b in zip(source, found, strict=True)) <= Fraction(1, 44100)


def test_frames_before_zero_are_kept(tmp_path: Path) -> None:
    times = [time - Fraction(3, 25) for time in every(3600, 20)]
    film(tmp_path / "out.mp4", info(), times)
    assert times_of(tmp_path / "out.mp4") == [time + 1 for time in times]


HOUR = 3600 * 90000


@pytest.mark.parametrize("before", [1, 2, 3, 30])
def test_a_pause_of_many_hours_is_kept(tmp_path: Path, before: int) -> None:
    """A camera that comes back after a night: FFmpeg takes 2^31 ticks at most from one frame to the next."""
    ticks = [3600 * i for i in range(before)]
    ticks += [ticks[-1] + 30 * HOUR + 3600 * i for i in range(30)]
    times = [Fraction(tick, 90000) for tick in ticks]
    film(tmp_path / "out.mp4", info(frames=len(times)), times)
    found = frames(tmp_path / "out.mp4")
    assert [time for time, _ in found if time in times] == times
    assert [clips.number(image) for time, image in found if time in times] == list(range(len(times)))
    assert {clips.number(image) for time, image in found if time not in times} == {before - 1}
    assert boxes(tmp_path / "out.mp4") == ["ftyp", "moov", "mdat"]


@pytest.mark.parametrize("time_base", [Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 2)])
def test_every_time_base_keeps_a_pause_of_a_week(tmp_path: Path, time_base: Fraction) -> None:
    week = round(7 * 86400 / time_base)
    times = [tick * time_base for tick in (0, 1, week, week + 1, week + 3)]
    film(tmp_path / "out.mp4", info(time_base=time_base, rate=Fraction(1, 100_000)), times)
    found = times_of(tmp_path / "out.mp4")
    assert [time for time in found if time in times] == times
    assert len(found) < 40


def test_frames_that_come_closer_and_closer_are_all_there(tmp_path: Path) -> None:
    """With B-frames, FFmpeg would leave out the last ones here."""
    times = [Fraction(second) for second in (0, 10, 20, 30, 33, 36, 39)]
    film(tmp_path / "out.mp4", info(), times)
    assert times_of(tmp_path / "out.mp4") == times


def test_sound_stays_in_step_after_a_pause_of_hours(tmp_path: Path) -> None:
    noticed, out = film_of_two_parts(tmp_path, 7 * 3600)
    assert noticed == []
    assert times_of(out) == times_of(tmp_path / "in.mkv")
    before, after = sound(tmp_path / "in.mkv"), sound(out)
    assert before[-1][0] > 7 * 3600
    assert max(abs(a[0] - b[0]) for a, b in zip(after, before, strict=True)) <= Fraction(1, 44100)


@pytest.mark.parametrize(
    ("days", "kept", "said"),
    [
        (1, Fraction(86400) + Fraction(1, 25), "in.mkv: its sound pauses for longer than an MP4 can say"),
        (60, Fraction(2**32, 16000), "made up: a pause of 60.0 days is cut to 3.1 in the MP4, and its sound"),
    ],
)
def test_sound_ends_before_a_pause_that_an_mp4_cannot_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, kept: Fraction, said: str
) -> None:
    monkeypatch.setattr(mp4, "MOST_REPEATS", 4)
    noticed, out = film_of_two_parts(tmp_path, days * 86400)
    assert [line[: len(said)] for line in noticed].count(said) == 1
    before, after = times_of(tmp_path / "in.mkv"), times_of(out)
    assert after[:25] == before[:25]
    assert after[-25:] == [time - before[25] + before[24] + kept for time in before[25:]]
    copied = sound(out)
    assert 0.9 < copied[-1][0] < 1.1
    assert [piece[3] for piece in copied] == [p[3] for p in sound(tmp_path / "in.mkv")[: len(copied)]]


def film_of_two_parts(folder: Path, pause: int) -> tuple[list[str], Path]:
    """A film of two seconds with sound and a pause of so many seconds between them."""
    images = [clips.picture(i) for i in range(50)]
    clips.write(folder / "zero.mp4", images, [3600 * i for i in range(50)], audio_s=2.0)
    with av.open(str(folder / "zero.mp4")) as old, av.open(str(folder / "in.mkv"), "w") as new:
        copies = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                later = round(pause / packet.time_base) if packet.dts * packet.time_base >= 1 else 0
                packet.pts, packet.dts = packet.pts + later, packet.dts + later
                packet.stream = copies[packet.stream.index]
                new.mux(packet)
    source = info(frames=50, time_base=Fraction(1, 1000), audio=str(folder / "in.mkv"))
    return film(folder / "out.mp4", source, times_of(folder / "in.mkv")), folder / "out.mp4"


def test_a_clock_finer_than_a_microsecond_is_rounded_to_it(tmp_path: Path) -> None:
    ticks = [0, 333_333_333, 1_000_000_400, 4_000_000_000]
    film(tmp_path / "out.mp4", info(time_base=Fraction(1, 10**9)), [Fraction(tick, 10**9) for tick in ticks])
    assert times_of(tmp_path / "out.mp4") == [
        Fraction(microseconds, 10**6) for microseconds in (0, 333_333, 1_000_000, 4_000_000)
    ]


def test_frames_hours_apart_keep_little_room_for_an_index(tmp_path: Path) -> None:
    """Ten frames in four and a half days are guessed to be ten million."""
    times = every(12 * HOUR, 10)
    film(tmp_path / "out.mp4", info(frames=9_720_001), times)
    assert set(times_of(tmp_path / "out.mp4")) >= set(times)
    assert (tmp_path / "out.mp4").stat().st_size < 20_000_000


def test_a_recording_stamped_with_the_date_is_written_and_its_length_known(tmp_path: Path) -> None:
    decade = 3650 * 86400
    times = clips.with_audio(tmp_path / "zero.mp4")
    moved(tmp_path / "zero.mp4", tmp_path / "in.mkv", decade)
    with closing(open_video(tmp_path / "in.mkv", stem="in", threads=1)) as source:
        assert source.info.frames == pytest.approx(50, abs=3)
        film(tmp_path / "out.mp4", source.info, [time + decade for time in times])
    assert times_of(tmp_path / "out.mp4") == times
    assert sound(tmp_path / "out.mp4")[0][0] == pytest.approx(0, abs=0.05)


# ---------------------------------------------------------------- sound


def test_sound_longer_than_the_picture_is_kept_to_its_end(tmp_path: Path) -> None:
    images = [clips.picture(i) for i in range(25)]
    times = clips.write(tmp_path / "in.mp4", images, range(25), time_base=Fraction(1, 25), audio_s=4.0)
    film(tmp_path / "out.mp4", info(frames=25, audio=str(tmp_path / "in.mp4")), times)
    assert sound(tmp_path / "out.mp4") == sound(tmp_path / "in.mp4")


@pytest.mark.parametrize("written", [1, 20, 49])
def test_a_run_that_is_stopped_ends_its_sound_with_its_picture(tmp_path: Path, written: int) -> None:
    times = clips.with_audio(tmp_path / "in.mp4")
    film(tmp_path / "out.mp4", info(frames=50, audio=str(tmp_path / "in.mp4")), times[:written])
    assert times_of(tmp_path / "out.mp4") == times[:written]
    kept = sound(tmp_path / "out.mp4")
    assert kept == sound(tmp_path / "in.mp4")[: len(kept)]
    end = times[written - 1] + Fraction(1, 25)
    assert end <= kept[-1][0] + kept[-1][2] < end + Fraction(1024, 44100)


def with_sounds(path: Path, *codecs: tuple[str, int]) -> None:
    """One second of picture, and a tone in each codec, given with its rate."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        streams = [container.add_stream(codec, rate=rate, layout="stereo") for codec, rate in codecs]
        for number, stream in enumerate(streams):
            stream.metadata["language"] = ("eng", "deu", "fra")[number]
        for index in range(25):
            blank = av.VideoFrame(64, 48, "yuv420p")
            blank.pts, blank.time_base = index, Fraction(1, 25)
            container.mux(video.encode(blank))
        container.mux(video.encode(None))
        for stream in streams:
            size = stream.codec_context.frame_size or 1024
            for start in range(0, stream.rate, size):
                frame = av.AudioFrame(format=stream.format.name, layout="stereo", samples=size)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.sample_rate, frame.pts, frame.time_base = stream.rate, start, Fraction(1, stream.rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


SECOND = every(3600, 25)


@pytest.mark.parametrize(
    ("ending", "codec", "rate"),
    [
        ("mkv", "libopus", 48000),
        ("mkv", "flac", 48000),
        ("mkv", "libmp3lame", 48000),
        ("mkv", "ac3", 48000),
        ("mov", "pcm_s16le", 48000),
        ("mov", "alac", 48000),
        ("avi", "libmp3lame", 44100),
    ],
)
def test_whatever_sound_an_mp4_can_hold_is_copied(tmp_path: Path, ending: str, codec: str, rate: int) -> None:
    source = tmp_path / f"in.{ending}"
    with_sounds(source, (codec, rate))
    shown = times_of(source)
    noticed = film(tmp_path / "out.mp4", info(64, 48, frames=25, audio=str(source)), shown)
    before, after = sound(source), sound(tmp_path / "out.mp4")
    assert noticed == []
    assert b"".join(piece[3] for piece in after) == b"".join(piece[3] for piece in before)
    if codec != "pcm_s16le":  # has no packets of its own
        shifts = [a[0] - b[0] for a, b in zip(after, before, strict=True)]
        assert max(map(abs, shifts)) <= Fraction(1, rate)
    assert times_of(tmp_path / "out.mp4") == shown


def test_the_sound_of_a_transport_stream_comes_along(tmp_path: Path) -> None:
    """There AAC carries a header with each packet, which MP4 keeps once."""
    with_sounds(tmp_path / "in.ts", ("aac", 44100))
    start = times_of(tmp_path / "in.ts")[0]
    shown = [start + time for time in SECOND]
    film(tmp_path / "out.mp4", info(64, 48, frames=25, audio=str(tmp_path / "in.ts")), shown)
    before, after = sound(tmp_path / "in.ts"), sound(tmp_path / "out.mp4")
    assert all(b[3].endswith(a[3]) for a, b in zip(after, before, strict=True))
    assert max(abs(a[0] - b[0]) for a, b in zip(after, before, strict=True)) <= Fraction(1, 44100)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= 44100


def test_every_sound_comes_along_with_its_language(tmp_path: Path) -> None:
    with_sounds(tmp_path / "in.mkv", ("aac", 48000), ("flac", 48000))
    film(tmp_path / "out.mp4", info(64, 48, frames=25, audio=str(tmp_path / "in.mkv")), SECOND)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.codec_context.name for s in container.streams.audio] == ["aac", "flac"]
        assert [s.language for s in container.streams.audio] == ["eng", "deu"]
    for number in (0, 1):
        contents = [[piece[3] for piece in sound(tmp_path / name, number)] for name in ("in.mkv", "out.mp4")]
        assert contents[0] == contents[1]


def test_sound_an_mp4_cannot_hold_is_left_out_with_a_word(tmp_path: Path) -> None:
    with_sounds(tmp_path / "in.mov", ("pcm_mulaw", 44100), ("aac", 44100))
    noticed = film(tmp_path / "out.mp4", info(64, 48, frames=25, audio=str(tmp_path / "in.mov")), SECOND)
    assert noticed == ["in.mov: an MP4 cannot hold pcm_mulaw sound, so that is left out"]
    assert times_of(tmp_path / "out.mp4") == SECOND
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.codec_context.name for s in container.streams.audio] == ["aac"]


def test_sound_that_is_gone_is_left_out_with_a_word(tmp_path: Path) -> None:
    noticed = film(tmp_path / "out.mp4", info(audio=str(tmp_path / "gone.mp4")), SECOND)
    assert noticed == ["gone.mp4: its sound cannot be read and is left out (No such file or directory)"]
    assert times_of(tmp_path / "out.mp4") == SECOND


def test_a_truncated_source_gives_the_sound_there_is(tmp_path: Path) -> None:
    times = clips.with_audio(tmp_path / "whole.mp4")
    moved(tmp_path / "whole.mp4", tmp_path / "in.mp4", 0, movflags="faststart")
    content = (tmp_path / "in.mp4").read_bytes()
    (tmp_path / "in.mp4").write_bytes(content[: len(content) * 2 // 3])
    film(tmp_path / "out.mp4", info(frames=50, audio=str(tmp_path / "in.mp4")), times[:30])
    kept = sound(tmp_path / "out.mp4")
    assert 0.5 < kept[-1][0] < 1.5
    assert kept == sound(tmp_path / "whole.mp4")[: len(kept)]


# ---------------------------------------------------------------- picture


@pytest.mark.parametrize(("width", "height"), [(127, 95), (128, 95), (127, 96), (1, 1), (2, 2), (3, 700)])
def test_odd_sizes_repeat_their_last_row_and_column(tmp_path: Path, width: int, height: int) -> None:
    rng = np.random.default_rng(3)
    grey = rng.integers(0, 256, (4, 4, 1), np.uint8).repeat(3, axis=2)  # colour is coded at half the size
    image = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    film(tmp_path / "out.mp4", info(width, height), every(3600, 3), [image] * 3)
    for _, found in frames(tmp_path / "out.mp4"):
        assert found.shape == (height + height % 2, width + width % 2, 3)
        wanted = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge").astype(int)
        assert np.abs(found - wanted).mean() < 6


@pytest.mark.parametrize("height", [96, 720])
@pytest.mark.parametrize(
    "bgr",
    [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0), (128, 128, 128), (40, 180, 220)],
)
def test_colours_come_back_from_every_decoder(tmp_path: Path, bgr: tuple[int, int, int], height: int) -> None:
    image = np.full((height, 128, 3), bgr, np.uint8)
    film(tmp_path / "out.mp4", info(128, height), every(3600, 2), [image] * 2)
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    _, by_opencv = capture.read()
    capture.release()
    for found in (by_opencv, frames(tmp_path / "out.mp4")[0][1]):
        assert np.abs(found.astype(int) - bgr).max() <= 4
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        tags = frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range
        assert [int(tag) for tag in tags] == [1, 1, 1, 1], "BT.709, limited range"


def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    film(tmp_path / "out.mp4", info(pixel_aspect=Fraction(16, 11)), every(3600, 3))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)


def test_people_are_painted_and_the_frame_itself_is_left_alone(tmp_path: Path) -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    with closing(Mp4(tmp_path / "out.mp4", info(320, 240), 0.3, notice=print)) as sink:
        sink.write(result(0, 0.0, image, tracks([1], standing(100, 40, 80, 180))))
        sink.write(
            result(1, 0.04, image, tracks([1], standing(100, 40, 80, 180), scores=0.2, boxes=[0, 0, 1, 1]))
        )
        sink.write(result(2, 0.08, image, nobody()))
    changed = [np.abs(found.astype(int) - 90).max(axis=2) > 25 for _, found in frames(tmp_path / "out.mp4")]
    assert changed[0][40:220, 100:180].mean() > 0.05
    assert not changed[1][40:220, 100:180].any()
    assert not changed[2].any()
    assert (image == 90).all()


def test_a_picture_beyond_h264_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="20000 x 100"):
        Mp4(tmp_path / "out.mp4", info(20000, 100), 0.3, notice=print)
    assert list(tmp_path.iterdir()) == []


def test_it_is_h264_that_every_browser_plays_with_its_index_in_front(tmp_path: Path) -> None:
    film(tmp_path / "out.mp4", info(frames=100), every(3600, 100))
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        keys = [p.pts * p.time_base for p in container.demux(video=0) if p.is_keyframe]
    assert keys == [0, 2], "playing can start every two seconds"
    assert boxes(tmp_path / "out.mp4") == ["ftyp", "moov", "mdat"]


# ---------------------------------------------------------------- ends


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    film(tmp_path / "out.mp4", info(), [])
    assert list(tmp_path.iterdir()) == []


def test_what_had_the_name_before_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_text("before")
    with closing(Mp4(tmp_path / "out.mp4", info(), 0.3, notice=print, overwrite=True)) as sink:
        sink.write(result(0, 0.0, clips.picture(0)))
        assert (tmp_path / "out.mp4").read_text() == "before"
    assert len(frames(tmp_path / "out.mp4")) == 1


def test_a_recording_longer_than_anyone_could_know_is_a_plain_mp4_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.outputs.container.UNKNOWN_LENGTH", 0)
    rng = np.random.default_rng(1)
    times = [Fraction(int(tick), 90000) for tick in np.cumsum(rng.integers(1, 9000, 700))]
    film(tmp_path / "out.mp4", info(32, 16, live=True), times, [np.zeros((16, 32, 3), np.uint8)] * 700)
    assert boxes(tmp_path / "out.mp4") == ["ftyp", "mdat", "moov"]
    assert times_of(tmp_path / "out.mp4") == times


def test_a_long_index_fits_the_room_that_is_kept_for_it(tmp_path: Path) -> None:
    """No two steps are the same, so nothing in the index can be said in short."""
    rng = np.random.default_rng(1)
    times = [Fraction(int(tick), 90000) for tick in np.cumsum(rng.integers(1, 9000, 3000))]
    film(tmp_path / "out.mp4", info(32, 16, frames=3000), times, [np.zeros((16, 32, 3), np.uint8)] * 3000)
    assert boxes(tmp_path / "out.mp4") == ["ftyp", "moov", "mdat"]
    assert times_of(tmp_path / "out.mp4") == times


def noise(count: int, size: int = 128) -> list[Image]:
    """Pictures that do not compress."""
    rng = np.random.default_rng(2)
    return [rng.integers(0, 256, (size, size, 3), np.uint8) for _ in range(count)]


@pytest.mark.parametrize("room", [0, 20_000, 100_000, 300_000, 600_000, 900_000])
def test_a_full_disk_leaves_a_valid_file_and_says_how_many_frames(tmp_path: Path, room: int) -> None:
    images = [clips.picture(i) for i in range(200)]
    times = clips.write(tmp_path / "in.mp4", images, [3600 * i for i in range(200)], audio_s=8.0)
    source = info(128, 128, frames=200, audio=str(tmp_path / "in.mp4"))
    path = tmp_path / "out" / "a.mp4"
    path.parent.mkdir()
    with files_no_larger_than(room), pytest.raises(UserError, match="disk is full") as caught:
        film(path, source, times, noise(200))
    if "nothing could be saved" in str(caught.value):
        assert room < 700_000, "two seconds of noise"
        assert list(path.parent.iterdir()) == []
        return
    found = times_of(path)
    assert str(caught.value) == f"{path}: the disk is full; the first {len(found)} frames are saved in it"
    assert found == times[: len(found)]
    assert len(found) >= 25, "a key frame for each change of scene, once a second at most"
    kept = sound(path)
    assert kept == sound(tmp_path / "in.mp4")[: len(kept)]
    assert abs(kept[-1][0] - found[-1]) < 0.2
    assert [found.name for found in path.parent.iterdir()] == ["a.mp4"]


def test_a_disk_that_fills_up_while_the_file_is_completed_costs_the_last_fragment(tmp_path: Path) -> None:
    times = every(3600, 120)
    film(tmp_path / "whole.mp4", info(128, 128, frames=120), times, noise(120))
    size = (tmp_path / "whole.mp4").stat().st_size
    with files_no_larger_than(size - 1000), pytest.raises(UserError, match="first 100 frames are saved"):
        film(tmp_path / "out.mp4", info(128, 128, frames=120), times, noise(120))
    assert times_of(tmp_path / "out.mp4") == times[:100]


def failing_at(frame: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let FFmpeg fail when frame number `frame` comes, counted from 0."""
    mux, calls = Mp4._mux, iter(range(1000))

    def failing(sink: Mp4, image: av.VideoFrame | None) -> None:
        if next(calls) >= frame:
            raise av.ArgumentError(22, "Invalid argument")
        mux(sink, image)

    monkeypatch.setattr(Mp4, "_mux", failing)


@pytest.mark.parametrize("frame", [120, 125])
def test_where_ffmpeg_fails_what_was_written_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: int
) -> None:
    failing_at(frame, monkeypatch)  # 125: when the file is completed
    wanted = "out.mp4: writing failed \\(Invalid argument\\); the first 100 frames are saved in it"
    with pytest.raises(UserError, match=wanted):
        film(tmp_path / "out.mp4", info(), every(3600, 125))
    assert times_of(tmp_path / "out.mp4") == every(3600, 100)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_repeats_are_not_counted_as_frames_that_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(150, monkeypatch)
    times = [time + (8 * 3600 if time >= 2 else 0) for time in every(3600, 200)]
    with pytest.raises(UserError, match=r"the first (100|150) frames") as caught:
        film(tmp_path / "out.mp4", info(), times)
    saved = [time for time in times_of(tmp_path / "out.mp4") if time in times]
    assert f"the first {len(saved)} frames" in str(caught.value)


def test_where_ffmpeg_fails_at_once_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_at(0, monkeypatch)
    with pytest.raises(UserError, match="nothing could be saved"):
        film(tmp_path / "out.mp4", info(), SECOND)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting needs root")
def test_a_small_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False)
    if made.returncode != 0:
        pytest.skip("this machine does not let root mount")
    try:
        with pytest.raises(UserError, match="the disk is full; the first"):
            film(disk / "a.mp4", info(128, 128, frames=400), every(3600, 400), noise(400))
        found = times_of(disk / "a.mp4")
        assert found == every(3600, len(found))
        assert [path.name for path in disk.iterdir()] == ["a.mp4"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_killed_run_leaves_a_file_that_plays_and_does_not_block_the_next(tmp_path: Path) -> None:
    program = """
import os, sys, signal
from test_mp4 import *
sink = Mp4(Path(sys.argv[1]), info(128, 128, frames=150), 0.3, notice=print)
for index, image in enumerate(noise(150)):
    sink.write(result(index, index / 25, image))
os.kill(os.getpid(), signal.SIGKILL)
"""
    folders = os.pathsep.join(str(folder) for folder in (Path(__file__).parents[1], Path(__file__).parent))
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.mp4")],
        env={**os.environ, "PYTHONPATH": folders},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    found = times_of(tmp_path / "a.mp4.part")
    assert found == every(3600, len(found))
    assert len(found) >= 100, "at most two seconds and what the encoder holds are lost"
    film(tmp_path / "a.mp4", info(), SECOND)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert times_of(tmp_path / "a.mp4") == SECOND


def test_real_clips_keep_every_time_and_every_packet_of_sound(tmp_path: Path, shared: Path) -> None:
    source = str(shared / "media" / "dance_swdee.mp4")  # starts at 0.24 s, its sound at 7 ms
    with av.open(source) as container:
        stream = container.streams.video[0]
        base, rate = stream.time_base, stream.average_rate
        times = sorted(p.pts * base for p in container.demux(stream) if p.size)
    image = np.zeros((18, 32, 3), np.uint8)
    film(
        tmp_path / "out.mp4",
        info(32, 18, time_base=base, rate=rate, frames=579, audio=source),
        times,
        [image] * 579,
    )
    assert times_of(tmp_path / "out.mp4") == times
    assert sound(tmp_path / "out.mp4") == sound(Path(source))
