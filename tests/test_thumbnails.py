"""Recordings show their first good picture, made once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from watching import PATIENCE_S

from app.playback import thumbnails as module
from app.playback.thumbnails import Thumbnail, Thumbnails, thumbnail
from app.sources import open_source
from app.types import Source

NEVER = threading.Event()


def film(path: Path, levels: list[int]) -> Path:
    """A film whose pictures are plain grey of these levels; 0 to 255, and -1 is a chequered one."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25, width=160, height=96, pix_fmt="yuv420p")
        for level in levels:
            image = np.full((96, 160, 3), max(level, 0), np.uint8)
            if level < 0:
                image[:48, :80] = 250
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        file.mux(stream.encode())
    return path


def test_a_film_that_begins_with_black_shows_what_comes_after(tmp_path: Path) -> None:
    made = thumbnail(str(film(tmp_path / "a.mp4", [0] * 30 + [-1] * 5)), tmp_path / "cache", NEVER)
    assert made.here
    assert made.image.shape == (96, 160, 3)
    assert made.image[20, 20].mean() > 200 > 50 > made.image[80, 140].mean()


def test_a_film_that_is_plain_throughout_shows_a_picture_all_the_same(tmp_path: Path) -> None:
    made = thumbnail(str(film(tmp_path / "a.mp4", [90] * 4)), tmp_path / "cache", NEVER)
    assert abs(float(made.image.mean()) - 90) < 4


def test_a_thumbnail_is_made_once_and_anew_when_the_film_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = film(tmp_path / "a.mp4", [-1] * 3), tmp_path / "cache"
    first = thumbnail(str(path), cache, NEVER)
    opened: list[str] = []

    def watched(source: str, *, stem: str) -> Source:
        opened.append(source)
        return open_source(source, stem=stem)

    monkeypatch.setattr(module, "open_source", watched)
    again = thumbnail(str(path), cache, NEVER)
    assert opened == []
    assert np.abs(again.image.astype(int) - first.image).mean() < 4
    film(path, [120] * 9)
    assert abs(float(thumbnail(str(path), cache, NEVER).image.mean()) - 120) < 4
    assert len(opened) == 1


def test_a_damaged_picture_in_the_cache_is_made_again(tmp_path: Path) -> None:
    path, cache = film(tmp_path / "a.mp4", [-1] * 3), tmp_path / "cache"
    thumbnail(str(path), cache, NEVER)
    (kept,) = cache.iterdir()
    kept.write_bytes(b"rubbish")
    assert thumbnail(str(path), cache, NEVER).image.size


def test_folders_show_their_first_film_or_their_first_picture(tmp_path: Path) -> None:
    films, stills = tmp_path / "films", tmp_path / "stills"
    films.mkdir()
    stills.mkdir()
    film(films / "clip10.mp4", [30] * 3)
    film(films / "clip9.mp4", [200] * 3)
    (films / "notes.txt").write_text("read me")
    cv2.imwrite(str(stills / "b.png"), np.full((40, 60, 3), 77, np.uint8))
    assert abs(float(thumbnail(str(films), tmp_path / "cache", NEVER).image.mean()) - 200) < 4
    assert abs(float(thumbnail(str(stills), tmp_path / "cache", NEVER).image.mean()) - 77) < 4


def test_what_is_gone_is_told_from_what_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("dear reader")
    gone = thumbnail(str(tmp_path / "gone.mp4"), tmp_path / "cache", NEVER)
    wrong = thumbnail(str(tmp_path / "letter.mp4"), tmp_path / "cache", NEVER)
    assert (gone.here, gone.image.size) == (False, 0)
    assert (wrong.here, wrong.image.size) == (True, 0)


def test_neither_a_camera_nor_an_address_is_opened_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open_source", lambda *_, **__: pytest.fail("opened"))
    for source in ("0", "/dev/video3", "rtsp://user:secret@192.0.2.1/live"):
        assert thumbnail(source, tmp_path, NEVER).here


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert thumbnail(str(film(tmp_path / "a.mp4", [-1])), tmp_path / "cache", NEVER).image.size


def test_the_cache_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for n in range(6):
        thumbnail(str(film(tmp_path / f"{n}.mp4", [-1])), tmp_path / "cache", NEVER)
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_all_that_was_asked_last_is_made_however_often_one_asks(tmp_path: Path) -> None:
    paths = [str(film(tmp_path / f"{n}.mp4", [-1])) for n in range(3)]
    shown: list[Mapping[str, Thumbnail]] = []
    changed = threading.Condition()

    def show(made: Mapping[str, Thumbnail]) -> None:
        with changed:
            shown.append(made)
            changed.notify_all()

    making = Thumbnails(cache=tmp_path / "cache", show=show)
    for n in range(30):
        making.want(paths[: n % 3 + 1])
    making.want(paths)
    with changed:
        assert changed.wait_for(lambda: bool(shown) and list(shown[-1]) == paths, PATIENCE_S)
    assert making.close(PATIENCE_S)
