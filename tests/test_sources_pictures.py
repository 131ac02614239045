"""Pictures as a source, and how arguments become sources with names of their own."""

from __future__ import annotations

import struct
import threading
import zlib
from pathlib import Path

import clips
import cv2
import numpy as np
import pytest

from app.sources import open_source
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


def test_an_animated_gif_is_a_video(tmp_path: Path) -> None:
    path = tmp_path / "wave.gif"
    clips.write(path, [clips.picture(i) for i in range(5)], range(0, 50, 10), codec="gif", pix_fmt="rgb8",
                time_base=clips.Fraction(1, 100), rate=clips.Fraction(10))  # fmt: skip
    frames, error = read(path)
    assert ([clips.number(frame.image) for frame in frames], error) == ([0, 1, 2, 3, 4], "")
