"""Pictures as a source, and how arguments become sources with names of their own."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from pathlib import Path

import clips
import cv2
import numpy as np
import pytest

from app.sources import open_source, pages
from engine.errors import UserError
from engine.types import Frame


def save(path: Path, image: np.ndarray) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def read(path: Path) -> tuple[list[Frame], str]:
    """The frames of a source and what it says at their end."""
    source = open_source(str(path), stem="x")
    frames: list[Frame] = []
    try:
        frames.extend(source.frames(threading.Event()))
    except UserError as said:
        return frames, str(said)
    finally:
        source.close()
    return frames, ""


def test_a_folder_is_read_in_the_order_a_person_would_count(tmp_path: Path) -> None:
    for i, name in enumerate(["a2.png", "a10.png", "a11.PNG", "b1.png"]):
        save(tmp_path / name.lower(), clips.picture(i)).rename(tmp_path / name)
    (tmp_path / ".hidden.png").write_bytes(b"thumbnail")
    (tmp_path / "notes.txt").write_text("not a picture")
    frames, error = read(tmp_path)
    assert error == ""
    assert [clips.number(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.time for frame in frames] == [0.0, 0.04, 0.08, 0.12]


def test_each_picture_keeps_its_size_and_the_first_names_that_of_the_source(tmp_path: Path) -> None:
    save(tmp_path / "1.png", clips.picture(1, 64, 48))
    save(tmp_path / "2.png", clips.picture(2, 31, 77))
    source = open_source(str(tmp_path), stem="x")
    assert (source.info.width, source.info.height, source.info.frames) == (64, 48, 2)
    assert (source.info.live, source.info.audio, float(source.info.rate)) == (False, "", 25.0)
    assert [f.image.shape for f in source.frames(threading.Event())] == [(48, 64, 3), (77, 31, 3)]


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"])
def test_every_known_kind_of_picture_is_read(tmp_path: Path, ending: str) -> None:
    frames, error = read(save(tmp_path / f"Größe 人{ending}", clips.picture(77)))
    assert (clips.number(frames[0].image), error) == (77, "")
    np.testing.assert_allclose(frames[0].image[5, 5].astype(int), clips.TOP_LEFT, atol=8)


def test_grey_alpha_and_sixteen_bits_become_bgr_of_eight(tmp_path: Path) -> None:
    colour = clips.picture(5)
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    alpha = np.dstack([colour, np.full(colour.shape[:2], 90, np.uint8)])
    deep = colour.astype(np.uint16) * 257  # 255 -> 65535
    for name, stored, expected in [
        ("grey.png", grey, np.dstack([grey] * 3)),
        ("alpha.png", alpha, colour),
        ("deep.png", deep, colour),
        ("deep-grey.tif", grey.astype(np.uint16) * 257, np.dstack([grey] * 3)),
    ]:
        frames, _ = read(save(tmp_path / name, stored))
        image = frames[0].image
        assert (image.dtype, image.flags.c_contiguous, image.flags.writeable) == (np.uint8, True, False)
        np.testing.assert_array_equal(image, expected, err_msg=name)


# EXIF's orientation says where the stored first row and column belong: 3 = turned by 180 degrees,
# 6 = to be turned to the right, 8 = to the left, 2, 4, 5 and 7 = mirrored. Shown corners, row by row:
R, G, B, W = clips.TOP_LEFT, clips.TOP_RIGHT, clips.BOTTOM_LEFT, clips.BOTTOM_RIGHT
EXIF = {1: (R, G, B, W), 3: (W, B, G, R), 6: (B, R, W, G), 8: (G, W, R, B), 2: (G, R, W, B), 5: (R, B, G, W)}


@pytest.mark.parametrize("orientation", EXIF)
def test_a_photograph_is_shown_as_its_camera_was_held(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "photo.jpg", clips.picture(0))
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    exif = b"Exif\0\0" + tiff
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])
    image = read(path)[0][0].image
    assert image.shape == ((96, 128, 3) if orientation < 5 else (128, 96, 3))
    shown = image[[5, 5, -6, -6], [5, -6, 5, -6]].astype(int)
    np.testing.assert_allclose(shown, EXIF[orientation], atol=12)


@pytest.mark.parametrize("size", [(1, 1), (7680, 4320)], ids=["1x1", "8K"])
def test_the_smallest_and_the_largest_pictures_work(tmp_path: Path, size: tuple[int, int]) -> None:
    frames, error = read(save(tmp_path / "p.jpg", np.full((size[1], size[0], 3), 128, np.uint8)))
    assert (frames[0].image.shape, error) == ((size[1], size[0], 3), "")


def bomb() -> bytes:
    """A PNG of a few bytes that claims to be 40,000 x 40,000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_pictures_that_cannot_be_read_are_left_out_and_named_at_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for i in range(6):
        save(tmp_path / f"{i}.png", clips.picture(i))
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])
    (tmp_path / "3.png").write_bytes(bomb())
    (tmp_path / "4.jpg").write_text("no picture")
    frames, error = read(tmp_path)
    assert [clips.number(frame.image) for frame in frames] == [1, 4, 5]
    assert [(frame.index, frame.time) for frame in frames] == [(0, 0.0), (1, 0.04), (2, 0.08)]
    assert error.startswith(
        f"{tmp_path.name}: 4 of 7 pictures cannot be read (0.png: the file is empty; 2.png: "
    )
    assert "3.png: the picture has more than OpenCV's limit" in error
    assert "4.jpg: " in error
    assert capfd.readouterr() == ("", "")


def test_a_single_picture_that_cannot_be_read_is_said_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"^a\.jpg: the file is empty$"):
        open_source(str(tmp_path / "a.jpg"), stem="x")


def test_stop_ends_a_folder_at_once(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.png", clips.picture(i))
    stop = threading.Event()
    frames = open_source(str(tmp_path), stem="x").frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []


def test_a_folder_without_pictures_says_what_is_in_it(tmp_path: Path) -> None:
    def said() -> str:
        with pytest.raises(UserError) as raised:
            open_source(str(tmp_path), stem="x")
        return str(raised.value)

    assert said() == f"{tmp_path.name}: no pictures in this folder; it is empty"
    (tmp_path / "inner").mkdir()
    assert "holds 1 folder: pass one of them" in said()
    (tmp_path / "a.txt").write_text("")
    assert "holds 1 other file (1 .txt); known are .jpg" in said()
    for name in ("a.mp4", "b.mp4", "c.mov"):
        (tmp_path / name).write_text("")
    assert f"holds 3 videos: pass '{tmp_path}/*.mp4'" in said()


def several(path: Path, images: list[np.ndarray]) -> Path:
    """A TIFF with as many pages, or an animation with as many frames, without loss."""
    if path.suffix == ".tiff":
        path.write_bytes(cv2.imencodemulti(".tiff", images)[1].tobytes())
        return path
    animation = cv2.Animation()
    animation.frames, animation.durations = images, [100] * len(images)
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []
    path.write_bytes(cv2.imencodeanimation(path.suffix, animation, lossless)[1].tobytes())
    return path


@pytest.mark.parametrize("ending", [".tiff", ".webp", ".png"])
def test_every_page_and_every_frame_of_a_file_is_a_picture(tmp_path: Path, ending: str) -> None:
    path = several(tmp_path / f"b{ending}", [clips.picture(i) for i in range(5)])
    frames, error = read(path)
    assert (clips_of(frames), error) == ([0, 1, 2, 3, 4], "")
    np.testing.assert_array_equal(frames[4].image, clips.picture(4))
    assert open_source(str(path), stem="x").info.frames == 5
    save(tmp_path / "a.jpg", clips.picture(8))
    save(tmp_path / "c.jpg", clips.picture(9))
    frames, error = read(tmp_path)
    assert (clips_of(frames), error) == ([8, 0, 1, 2, 3, 4, 9], "")
    assert [(frame.index, frame.time) for frame in frames] == [(i, i / 25) for i in range(7)]


def clips_of(frames: list[Frame]) -> list[int]:
    return [clips.number(frame.image) for frame in frames]


def directories(tiff: bytes) -> list[int]:
    """Where they lie in a TIFF as OpenCV writes it."""
    found = [struct.unpack_from("<I", tiff, 4)[0]]
    while True:
        (entries,) = struct.unpack_from("<H", tiff, found[-1])
        (following,) = struct.unpack_from("<I", tiff, found[-1] + 2 + 12 * entries)
        if not following:
            return found
        found.append(following)


def test_small_copies_in_a_tiff_are_no_pictures_of_their_own(tmp_path: Path) -> None:
    path = several(tmp_path / "a.tiff", [clips.picture(i) for i in range(4)])
    tiff = bytearray(path.read_bytes())
    for page, kind in ((1, 1), (2, 4)):  # a small copy, a mask
        at = directories(tiff)[page] + 2
        assert struct.unpack_from("<H", tiff, at) == (254,)
        struct.pack_into("<I", tiff, at + 8, kind)
    path.write_bytes(tiff)
    frames, error = read(path)
    assert (clips_of(frames), error) == ([0, 3], "")
    assert open_source(str(path), stem="x").info.frames == 2


def test_a_file_that_holds_less_than_it_says_tells_what_could_be_read(tmp_path: Path) -> None:
    path = several(tmp_path / "a.tiff", [clips.picture(i) for i in range(5)])
    tiff = path.read_bytes()
    path.write_bytes(tiff[: directories(tiff)[3]])
    frames, error = read(path)
    assert (clips_of(frames), error) == ([0, 1, 2], "a.tiff: only the first 3 pictures in it can be read")
    save(tmp_path / "b.jpg", clips.picture(9))
    frames, error = read(tmp_path)
    assert (clips_of(frames), error[error.index("(") :]) == (
        [0, 1, 2, 9],
        "(a.tiff: only the first 3 pictures in it can be read)",
    )


def test_an_animation_too_large_for_the_memory_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = several(tmp_path / "a.webp", [clips.picture(i) for i in range(5)])
    monkeypatch.setattr(pages, "MOST", 2 * clips.picture(0).nbytes)
    frames, error = read(path)
    assert (clips_of(frames), error) == ([0, 1], "a.webp: only the first 2 pictures in it can be read")


def test_an_animation_that_is_cut_off_is_said_to_be(tmp_path: Path) -> None:
    path = several(tmp_path / "a.webp", [clips.picture(i) for i in range(5)])
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(UserError, match=r"^a\.webp: the picture is cut off$"):
        read(path)


def test_what_is_called_a_picture_but_has_no_end_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.png").symlink_to("/dev/zero")
    for name in ("b.jpg", "c.png"):
        with pytest.raises(UserError, match=rf"^{name}: neither a file nor a folder$"):
            read(tmp_path / name)
    save(tmp_path / "a.png", clips.picture(1))
    frames, error = read(tmp_path)
    assert clips_of(frames) == [1]
    assert "2 of 3 pictures cannot be read (b.jpg: this is no file; c.png: this is no file)" in error


def test_an_animated_gif_is_a_video(tmp_path: Path) -> None:
    path = tmp_path / "wave.gif"
    clips.write(path, [clips.picture(i) for i in range(5)], range(0, 50, 10), codec="gif", pix_fmt="rgb8",
                time_base=clips.Fraction(1, 100), rate=clips.Fraction(10))  # fmt: skip
    frames, error = read(path)
    assert ([clips.number(frame.image) for frame in frames], error) == ([0, 1, 2, 3, 4], "")
