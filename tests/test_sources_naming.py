"""How arguments become sources with names of their own, fit to be shown and to be written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.sources import expand, open_source, stems
from app.sources.naming import spoken
from engine.errors import UserError


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nowhere.mp4", "there is no file 'nowhere.mp4'"),
        ("clips/*.mp4", "no file fits 'clips/*.mp4'"),
        ("photo.heic", "photo.heic: .heic pictures cannot be read; convert it to JPEG or PNG"),
        ("ftp://me:secret@host/a.mp4", "ftp://host/a.mp4: 'ftp' is not a protocol for video"),
        ("file:///a.mp4", "file:///a.mp4: leave out 'file://'"),
        ("./0", "there is no file '0'"),
        ("", "a source is empty; pass a file"),
        ("a\nb\x1b.mp4", "there is no file 'a\\nb\\x1b.mp4'"),
        ("http\n://a", "there is no file 'http\\n:/a'"),
        ("x" * 300, f"{'x' * 300}: cannot be opened (File name too long)"),
        ("photo.heic/a.mp4", "there is no file 'photo.heic/a.mp4'"),
    ],
)
def test_what_cannot_be_opened_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.heic").write_bytes(b"x")
    assert expand([argument]) == [argument]
    with pytest.raises(UserError) as raised:
        open_source(argument, stem="x")
    assert str(raised.value).startswith(message)


def test_a_name_that_is_no_text_can_still_be_printed(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"gr\xfcn.mp4")
    path.write_bytes(b"")
    with pytest.raises(UserError) as raised:
        open_source(str(path), stem="x")
    assert str(raised.value).encode() == "gr\ufffdn.mp4: the file is empty".encode()
    assert stems([str(path)])[0].encode() == "gr\ufffdn".encode()


def test_a_name_has_no_power_over_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\r\x1b]0;x\x07\x85\u2028\u202egpm.mp4"
    path.write_bytes(b"")
    with pytest.raises(UserError) as raised:
        open_source(str(path), stem="x")
    assert str(raised.value) == r"a\r\x1b]0;x\x07\x85\u2028\u202egpm.mp4: the file is empty"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:secret@10.0.0.5:554/h264", "rtsp://10.0.0.5:554/h264"),
        ("rtsp://cam/user=me_password=secret_channel=1", "rtsp://cam/user=me_password=***"),
        ("https://host/a/b.m3u8?token=secret#x", "https://host/a/b.m3u8"),
        ("http://[fe80::1]:80/v", "http://[fe80::1]:80/v"),
        ("https://host/@someone/clip.mp4", "https://host/@someone/clip.mp4"),
        ("rtsp://me:1/2@host/v", "rtsp://***"),  # a port, or the first half of a password?
        ("rtsp://me:p@a/b@host/v", "rtsp://***"),
        ("rtsp://[broken", "rtsp://***"),
        ("http://ho\x1bst/a\nb", r"http://ho\x1bst/a\nb"),
    ],
)
def test_what_is_left_of_an_address_says_where_it_is(address: str, shown: str) -> None:
    assert spoken(address) == shown


def test_patterns_become_files_in_natural_order_and_all_else_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a10.mp4", "a2.mp4", "a[1].mp4", "0", "b.txt"):
        Path(name).write_text("")
    assert expand(["*.mp4"]) == ["a2.mp4", "a10.mp4", "a[1].mp4"]
    assert expand(["a[1].mp4"]) == ["a[1].mp4"]  # a file of that very name
    assert expand(["?"]) == ["./0"]  # found as a file, so it is no camera
    untouched = ["0", "./0", "rtsp://h/*", "none*.mp4", "b.txt", "b.txt"]
    assert expand(untouched) == untouched


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["walk.mp4", "b/walk.mov", "c/WALK.avi"], ["walk", "walk-2", "WALK-3"]),
        (["walk-2.mp4", "walk.mp4", "b/walk.mp4"], ["walk-2", "walk", "walk-3"]),
        (["0", "/dev/video2"], ["camera-0", "camera-2"]),
        (["Über den Fluss.mp4", "人.mov"], ["Über den Fluss", "人"]),
        (["rtsp://me:pass@10.0.0.5:554/h264?key=1"], ["10.0.0.5-554-h264"]),
        (["https://host/a/clip.mp4", "http://host"], ["host-a-clip", "host"]),
        (["rtsp://x:../../etc/passwd@/", "http://..//"], ["stream", "stream-2"]),
        ([".mp4", "..mp4", "a..mp4", "/"], ["mp4", "mp4-2", "a", "source"]),
        (["a\nb:c*.mp4"], ["a-b-c"]),
    ],
)
def test_every_source_has_a_stem_of_its_own(arguments: list[str], expected: list[str]) -> None:
    assert stems(arguments) == expected


def test_a_folder_gives_its_name_also_when_it_is_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "day.one" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "day.one" / "in")
    assert stems([".", "..", "../in/"]) == ["in", "day.one", "in-2"]


def test_long_and_decomposed_names_stay_short_and_distinct() -> None:
    long = stems(["x" * 300 + ".mp4", "x" * 299 + ".mp4", "人" * 120 + ".mp4"])
    assert len(set(long)) == 3
    assert all(len(stem) <= 102 and len(stem.encode()) <= 210 for stem in long)
    assert stems(["u\u0308.mp4", "\u00fc.mp4"]) == ["ü", "ü-2"]  # two spellings of one name
