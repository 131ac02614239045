"""Damaged recordings: all that can be read, at its own time, and one line about the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import av
import clips
import numpy as np
import pytest
from reading import exact, numbers, read

from app.sources import open_source
from engine.errors import UserError


@pytest.mark.parametrize("threads", [1, 4])
def test_a_file_that_is_cut_off_gives_all_before_the_cut_and_says_how_many(
    tmp_path: Path, threads: int
) -> None:
    path = tmp_path / "walk.mp4"
    clips.constant(path, 60)
    with av.open(str(path)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    whole = sum(end <= len(content) * 6 // 10 for end in ends)
    info, frames, error = read(path, threads)
    assert info.frames == 60
    assert numbers(frames)[:whole] == list(range(whole))
    assert len(frames) in (whole, whole + 1)  # the torn one may still show something
    assert error == f"walk.mp4 is cut off: {len(frames)} of 60 frames could be read"


@pytest.mark.parametrize("ending", [".mkv", ".webm", ".avi"])
def test_other_containers_that_are_cut_off_are_noticed_by_their_length(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"walk{ending}"
    clips.in_container(path, 75)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    _, frames, error = read(path)
    assert 5 < len(frames) < 50
    assert error.startswith(f"walk{ending} is cut off after ")
    assert error.endswith(f" of 3.0 s: {len(frames)} frames could be read")


@pytest.mark.parametrize("threads", [1, 4])
def test_noise_in_the_middle_costs_only_the_frames_it_hit(tmp_path: Path, threads: int) -> None:
    times, damaged = clips.corrupt_middle(tmp_path / "noisy.mp4")
    info, frames, error = read(tmp_path / "noisy.mp4", threads)
    left = [i for i in range(60) if i not in damaged]
    assert numbers(frames) == left
    assert [exact(frame, info) for frame in frames] == [times[i] for i in left]
    assert [frame.index for frame in frames] == list(range(55))
    assert error == "noisy.mp4 is damaged: 55 of 60 frames could be read"


@pytest.mark.parametrize("threads", [1, 4])
def test_noise_just_before_the_end_does_not_take_the_last_frames_with_it(
    tmp_path: Path, threads: int
) -> None:
    path = tmp_path / "noisy.mp4"
    options = {"preset": "ultrafast", "g": "1", "bf": "0"}
    clips.write(path, [clips.picture(i) for i in range(40)], [3600 * i for i in range(40)], options=options)
    with av.open(str(path)) as container:
        position, size = [(p.pos, p.size) for p in container.demux(video=0)][37]
    content = bytearray(path.read_bytes())
    content[position : position + size] = np.random.default_rng(5).bytes(size)
    path.write_bytes(content)
    _, frames, error = read(path, threads)
    assert numbers(frames) == [*range(37), 38, 39]
    assert error == "noisy.mp4 is damaged: 39 of 40 frames could be read"


def test_a_hole_in_a_transport_stream_is_told_apart_from_a_seam(tmp_path: Path) -> None:
    path = tmp_path / "air.ts"
    clips.write(path, [clips.picture(i, 256, 192) for i in range(60)], [3600 * i for i in range(60)])
    packets = path.read_bytes()
    middle = len(packets) // 188 // 2 * 188
    path.write_bytes(packets[:middle] + packets[middle + 3 * 188 :])
    _, frames, error = read(path)
    assert error == f"air.ts is damaged: {len(frames)} of 60 frames could be read"
    path.write_bytes(packets + packets)
    assert read(path)[2] == ""


def text(path: Path) -> None:
    path.write_text("Grüße: this is a letter, not a video.\n" * 30, encoding="utf-8")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def notes(path: Path) -> None:
    path.write_text("these are notes\n" * 60)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(50_000))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "text.mp4": (text, "this is text, not a video"),
    "notes.nfo": (notes, "this is text, not a video"),
    "empty.mp4": (empty, "the file is empty"),
    "noise.mp4": (noise, "not a video that can be read"),
    "sound.mp4": (clips.without_video, "there is no video in it, only audio"),
    "no-index.mp4": (clips.without_index, "its index (moov) is missing"),
    "no-frames.avi": (clips.without_frames, "not one picture can be read"),
    "no-frames.mp4": (clips.without_frames, "there is no video in it"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_is_said_in_one_line_when_it_is_opened(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    make, phrase = BAD[name]
    make(tmp_path / name)
    with pytest.raises(UserError) as raised:
        open_source(str(tmp_path / name), stem="x")
    assert str(raised.value).startswith(f"{name}: ")
    assert phrase in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(
    not Path("/proc/self/mem").is_file(), reason="no file here fails to be read like that one"
)
def test_a_file_that_cannot_be_read_is_said_in_one_line() -> None:
    with pytest.raises(UserError, match=r"^mem: it cannot be read \("):
        open_source("/proc/self/mem", stem="x")


def test_damage_is_told_by_us_and_not_by_ffmpeg(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clips.corrupt_middle(tmp_path / "noisy.mp4")
    assert read(tmp_path / "noisy.mp4")[2] != ""
    assert capfd.readouterr() == ("", "")


def test_stop_ends_the_frames_at_once_and_without_a_word_about_the_rest(tmp_path: Path) -> None:
    clips.truncated(tmp_path / "long.mp4")
    source = open_source(str(tmp_path / "long.mp4"), stem="x")
    stop = threading.Event()
    frames = source.frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
    source.close()
