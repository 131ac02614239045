"""Recordings: every frame, at its own time, upright and in its own colours; and what is said about damage."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import clips
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from reading import exact, numbers, read

from app.sources import open_source
from app.sources.clock import Clock

CLIPS: dict[str, Callable[[Path], list[Fraction]]] = {
    "constant.mp4": clips.constant,
    "variable.mp4": clips.variable_rate_with_audio,
    "b-frames.mp4": clips.with_b_frames,
    "late.mp4": clips.late_start,
    "odd.mp4": clips.odd_size,
    **{f"container{ending}": clips.in_container for ending in clips.CONTAINERS},
}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_comes_once_in_order_at_the_time_its_container_says(
    tmp_path: Path, name: str, threads: int
) -> None:
    times = CLIPS[name](tmp_path / name)
    info, frames, error = read(tmp_path / name, threads)
    assert error == ""
    assert numbers(frames) == list(range(len(times)))
    assert [exact(frame, info) for frame in frames] == times
    assert [frame.index for frame in frames] == list(range(len(times)))
    assert info.frames == len(times)
    assert not info.live


def test_what_is_known_beforehand_is_what_the_container_says(tmp_path: Path) -> None:
    clips.constant(tmp_path / "a.mp4")
    clips.variable_rate_with_audio(tmp_path / "b.mp4")
    plain, _, _ = read(tmp_path / "a.mp4")
    assert plain.rate == Fraction(30000, 1001)
    assert (plain.name, plain.stem, plain.audio) == ("a.mp4", "clip", "")
    assert read(tmp_path / "b.mp4")[0].audio == str(tmp_path / "b.mp4")


def test_images_are_read_only_contiguous_and_do_not_share_memory(tmp_path: Path) -> None:
    clips.odd_size(tmp_path / "odd.mp4")  # rows end in the middle of an aligned block
    _, frames, _ = read(tmp_path / "odd.mp4")
    for before, frame in pairwise(frames):
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert not frame.image.flags.writeable
        assert not np.shares_memory(before.image, frame.image)


def test_decoded_frames_do_not_wait_for_the_garbage_collector(tmp_path: Path) -> None:
    clips.rotated(tmp_path / "phone.mp4", 90)
    source = open_source(str(tmp_path / "phone.mp4"), stem="x")
    gc.collect()
    gc.disable()
    before = decoded_frames()  # other tests may have left some
    try:
        for _ in source.frames(threading.Event()):
            alive = decoded_frames() - before
    finally:
        gc.enable()
    source.close()
    assert alive <= 5


def decoded_frames() -> int:
    return sum(type(thing) is av.VideoFrame for thing in gc.get_objects())


RED, GREEN, BLUE, WHITE = clips.TOP_LEFT, clips.TOP_RIGHT, clips.BOTTOM_LEFT, clips.BOTTOM_RIGHT
UPRIGHT = {  # stored: red and green above, blue and white below; (degrees to the left, mirrored) -> shown
    (0, False): (RED, GREEN, BLUE, WHITE),
    (90, False): (GREEN, WHITE, RED, BLUE),
    (180, False): (WHITE, BLUE, GREEN, RED),
    (270, False): (BLUE, RED, WHITE, GREEN),
    (0, True): (GREEN, RED, WHITE, BLUE),
    (90, True): (WHITE, GREEN, BLUE, RED),
    (180, True): (BLUE, WHITE, RED, GREEN),
    (270, True): (RED, BLUE, GREEN, WHITE),
}


def corners(image: np.ndarray) -> np.ndarray:
    return image[[5, 5, -6, -6], [5, -6, 5, -6]].astype(int)


@pytest.mark.parametrize(("degrees", "mirrored"), UPRIGHT)
def test_rotation_and_mirroring_are_applied_once(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    path = tmp_path / "phone.mp4"
    clips.rotated(path, degrees, mirrored=mirrored)
    info, frames, _ = read(path)
    size = (clips.WIDTH, clips.HEIGHT) if degrees % 180 == 0 else (clips.HEIGHT, clips.WIDTH)
    assert (info.width, info.height) == size
    for frame in frames:
        assert frame.image.shape == (info.height, info.width, 3)
        np.testing.assert_allclose(corners(frame.image), UPRIGHT[degrees, mirrored], atol=12)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_opencv_turns_a_phone_video_the_same_way(tmp_path: Path, degrees: int) -> None:
    path = tmp_path / "phone.mp4"
    clips.rotated(path, degrees)
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    _, theirs = capture.read()
    capture.release()
    np.testing.assert_allclose(corners(read(path)[1][0].image), corners(theirs), atol=6)


def test_wide_pixels_are_reported_and_become_tall_ones_when_the_picture_is_turned(tmp_path: Path) -> None:
    lying, standing = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clips.anamorphic(lying)
    clips.write(standing, [clips.picture(0)], [0], pixel_aspect=Fraction(3, 2), turned=(90, False, False))
    assert read(lying)[0].pixel_aspect == Fraction(3, 2)
    assert read(standing)[0].pixel_aspect == Fraction(2, 3)


COLOURS = [
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (220, 40, 40),
    (40, 200, 60),
    (50, 60, 210),
    (90, 120, 200),
]


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("colorspace", [Colorspace.ITU709, Colorspace.ITU601])
def test_a_colour_comes_back_as_it_was_however_it_is_coded(
    tmp_path: Path, colorspace: Colorspace, full_range: bool
) -> None:
    for colour in COLOURS:  # the wrong matrix is off by 15 levels or more, the wrong range by 16
        clips.flat(tmp_path / "flat.mp4", colour, colorspace, full_range=full_range)
        image = read(tmp_path / "flat.mp4")[1][-1].image
        np.testing.assert_allclose(image[8:-8, 8:-8].mean(axis=(0, 1)), colour, atol=6)


@pytest.mark.parametrize(
    ("size", "matrix"), [((1280, 720), Colorspace.ITU709), ((640, 480), Colorspace.ITU601)], ids=["HD", "SD"]
)
def test_without_a_tag_large_pictures_are_709_and_small_ones_601_as_players_have_it(
    tmp_path: Path, size: tuple[int, int], matrix: Colorspace
) -> None:
    green = np.full((size[1], size[0], 3), (40, 200, 60), np.uint8)
    coded = av.VideoFrame.from_ndarray(green, format="bgr24")
    coded = coded.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range="MPEG", threads=1)
    coded.colorspace, coded.color_range, coded.pts, coded.time_base = 2, 0, 0, Fraction(1, 25)
    with av.open(str(tmp_path / "untagged.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = size
        container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    image = read(tmp_path / "untagged.mkv")[1][0].image
    np.testing.assert_allclose(image.mean(axis=(0, 1)), (40, 200, 60), atol=4)


@pytest.mark.parametrize(
    "pix_fmt", ["gray", "gray10le", "gray16le", "yuv422p", "yuv420p10le", "yuva420p", "bgra", "bgr0"]
)
def test_every_pixel_format_becomes_bgr_of_eight_bits(tmp_path: Path, pix_fmt: str) -> None:
    path = tmp_path / "clip.mkv"
    clips.in_pixel_format(path, pix_fmt)
    _, frames, error = read(path)
    assert error == ""
    assert numbers(frames) == list(range(10))
    expected = clips.picture(3)
    if pix_fmt.startswith("gray"):
        expected = cv2.cvtColor(cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    # Half-resolution colour smears the edges; inside an area every level counts.
    inside = (slice(4, 20), slice(4, 28))
    np.testing.assert_allclose(frames[3].image[inside].astype(int), expected[inside], atol=6)


def test_a_size_that_changes_on_the_way_is_brought_to_the_first_and_joined_clocks_go_on(
    tmp_path: Path,
) -> None:
    large, small = tmp_path / "large.ts", tmp_path / "small.ts"
    for path, width, height in [(large, 128, 96), (small, 64, 48)]:
        pictures = [clips.picture(i, width, height) for i in range(60)]
        clips.write(path, pictures, [3600 * i for i in range(60)])
    joined = tmp_path / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    _, frames, error = read(joined)
    assert error == ""
    assert {frame.image.shape for frame in frames} == {(96, 128, 3)}
    assert numbers(frames) == [*range(60), *range(60)]
    steps = np.diff([frame.time for frame in frames])
    np.testing.assert_allclose(steps, 0.04, atol=0.002)


def test_a_clip_trimmed_by_its_edit_list_is_whole_without_what_was_cut_away(tmp_path: Path) -> None:
    whole, trimmed = tmp_path / "whole.mp4", tmp_path / "trimmed.mp4"
    clips.write(whole, [clips.picture(i) for i in range(30)], [3600 * i for i in range(30)])
    options = {"use_editlist": "1", "avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as source, av.open(str(trimmed), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts, packet.dts, packet.stream = packet.pts - 7 * 3600, packet.dts - 7 * 3600, stream
                target.mux(packet)
    info, frames, error = read(trimmed)
    assert (numbers(frames), error) == (list(range(7, 30)), "")
    assert (info.frames, frames[0].time) == (23, 0.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_matroska_film_of_a_few_long_pictures_is_whole(tmp_path: Path, count: int) -> None:
    """FFmpeg works out no decoding times for so few, only when they are shown."""
    path = tmp_path / "slow.mkv"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(count):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(clips.picture(i), format="bgr24")))
        target.mux(stream.encode())
    _, frames, error = read(path)
    assert (numbers(frames), error) == (list(range(count)), "")
    assert [frame.time for frame in frames] == [float(i) for i in range(count)]


@pytest.mark.parametrize("name", ["a:b.mp4", "100 % Größe 人.mp4", "-i.mp4", "frame%03d.mp4", "x?y#z@w.mp4"])
def test_odd_file_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    times = clips.constant(tmp_path / "plain.mp4", 5)
    (tmp_path / "plain.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)  # alone, "a:b.mp4" looks like a protocol
    info, frames, error = read(Path(name))
    assert (info.name, len(frames), error) == (name, len(times), "")


def test_a_title_in_no_known_encoding_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "old.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "TITLETITLE"
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = 64, 48
        frame = av.VideoFrame.from_ndarray(clips.picture(1, 64, 48), format="bgr24").reformat(
            format="yuv420p"
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"TITLETITLE", b"\xff\xfe\xfc\xe4\xf6\xfc\xff\xc0\xc1\xf5"))
    assert numbers(read(path)[1]) == [1]


@pytest.mark.parametrize(
    ("stamps", "milliseconds"),
    [
        ([0, 40, 80], [0, 40, 80]),  # nothing to mend
        ([70, 110, 150], [70, 110, 150]),  # a late start stays late
        ([-40, 0, 40], [-40, 0, 40]),
        ([0, 40, 40, 80], [0, 40, 41, 80]),  # twice the same: the good ones keep their place
        ([0, 80, 40, 120], [0, 80, 81, 120]),  # a little back
        ([0, None, None, 120], [0, 40, 80, 120]),  # no stamp: a nominal frame on
        ([None, None, 100], [0, 40, 100]),
        ([5000, 5040, 0, 40, 80], [5000, 5040, 5080, 5120, 5160]),  # joined: the clock began anew
        ([5000, 100, 140, 9000], [5000, 5040, 5080, 13940]),  # and what follows moves with it
    ],
)
def test_times_grow_strictly_and_good_stamps_are_kept(
    stamps: list[int | None], milliseconds: list[int]
) -> None:
    clock = Clock(time_base=Fraction(1, 1000), rate=Fraction(25))
    assert [clock.seconds(stamp) for stamp in stamps] == [ms / 1000 for ms in milliseconds]


REAL = {
    "dance_swdee.mp4": (579, 1280, 720),
    "pedestrians_harshp.mp4": (296, 1280, 720),
    "people-walking_swdee.mp4": (314, 1280, 720),
    "pose2sim_multi_cam01.mp4": (100, 1088, 1920),
    "sports2d_demo_a.mp4": (230, 1768, 994),
    "vtest_reenc.mp4": (795, 480, 360),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_clip_is_read_whole_at_the_times_of_its_packets(shared: Path, name: str) -> None:
    path = shared / "media" / name
    with av.open(str(path)) as container:  # without decoding: the times stand beside the coded pictures
        stamps = sorted(p.pts * p.time_base for p in container.demux(video=0) if p.pts is not None)
    source = open_source(str(path), stem="x", threads=2)
    ticks = [round(frame.time / source.info.time_base) for frame in source.frames(threading.Event())]
    source.close()
    assert [tick * source.info.time_base for tick in ticks] == stamps
    assert (len(ticks), source.info.width, source.info.height) == REAL[name]
    assert source.info.frames == len(ticks)
