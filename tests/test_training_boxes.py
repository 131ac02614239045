"""What a detector learns from: who is labelled, and what it is shown of photographs."""

from __future__ import annotations

import errno
import gzip
import json
from dataclasses import replace
from pathlib import Path

import cv2
import drawn_people
import numpy as np
import pytest

from engine.errors import UserError
from engine.training import boxes, mosaic
from engine.training.mosaic import Cell, Looks


def teach(folder: Path, *rows: tuple[int, list[float], float]) -> None:
    said = [{"image_id": image, "category_id": 1, "bbox": box, "score": score} for image, box, score in rows]
    (folder / "teacher_boxes.json.gz").write_bytes(gzip.compress(json.dumps(said).encode()))


def test_labels_are_everybody_with_a_box_but_crowds(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set")
    labels["annotations"][1]["iscrowd"] = 1
    drawn_people.relabel(tmp_path / "set", labels)
    found = boxes.read(tmp_path / "set")
    assert [file.name for file in found.files] == ["1.png", "2.png", "3.png", "4.png"]
    assert [len(each) for each in found.xyxy] == [1, 0, 1, 1]
    x, y, width, height = labels["annotations"][2]["bbox"]
    np.testing.assert_allclose(found.xyxy[2], [[x, y, x + width, y + height]], rtol=1e-6)


def test_the_teacher_adds_people_that_it_is_sure_of_and_nobody_labelled(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set")
    x, y, width, height = labels["annotations"][0]["bbox"]
    upper_half = [x, y, width, height / 2]
    stranger = [x + width, y, 20.0, 40.0]
    beside = [x + 0.8 * width, y, 0.8 * width, height]  # a quarter of it covered
    teach(
        tmp_path / "set",
        (1, upper_half, 0.9),
        (1, stranger, 0.5),
        (1, stranger, 0.49),
        (1, beside, 0.7),
        (99, stranger, 0.9),
    )
    assert len(boxes.read(tmp_path / "set").xyxy[0]) == 1
    found = boxes.read(tmp_path / "set", teacher=0.5).xyxy[0]
    wanted = np.array([labels["annotations"][0]["bbox"], beside, stranger])
    np.testing.assert_allclose(found[:, :2], wanted[:, :2], rtol=1e-6)
    np.testing.assert_allclose(found[:, 2:] - found[:, :2], wanted[:, 2:], rtol=1e-5)


def test_pictures_are_reduced_once_and_their_boxes_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_people.write(tmp_path / "set", size=(120, 160))
    labels = boxes.read(tmp_path / "set")
    same = boxes.photos(labels, tmp_path / "cache")
    for number, file in enumerate(labels.files):
        assert np.array_equal(same.image(number), cv2.imread(str(file)))
        np.testing.assert_allclose(same.xyxy[number], labels.xyxy[number])
    monkeypatch.setattr(boxes, "read_picture", lambda file: pytest.fail(f"{file} is read again"))
    assert np.array_equal(boxes.photos(labels, tmp_path / "cache").pixels, same.pixels)
    monkeypatch.undo()
    monkeypatch.setattr(boxes, "LONG_SIDE", 80)
    small = boxes.photos(labels, tmp_path / "cache")
    assert small.image(3).shape == (60, 80, 3)
    np.testing.assert_allclose(small.xyxy[3], labels.xyxy[3] / 2)


def test_damaged_sets_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    labels = drawn_people.write(folder)
    with pytest.raises(UserError, match=r"teacher_boxes\.json\.gz: there is no such file"):
        boxes.read(folder, teacher=0.5)
    teach(folder, (1, [1.0, 2.0], 0.9))
    with pytest.raises(UserError, match="not a list of image_id, bbox and score"):
        boxes.read(folder, teacher=0.5)
    drawn_people.relabel(folder, labels | {"annotations": []})
    with pytest.raises(UserError, match="nobody in it has a box"):
        boxes.read(folder)
    drawn_people.relabel(folder, {"images": labels["images"]})
    with pytest.raises(UserError, match=r"not COCO's format \(KeyError: 'annotations'\)"):
        boxes.read(folder)
    drawn_people.relabel(folder, labels)
    (folder / "images" / "2.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"2\.png: not a picture"):
        boxes.photos(boxes.read(folder), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    (folder / "images" / "2.png").unlink()
    with pytest.raises(UserError, match=r"1 pictures are missing, the first is 2\.png"):
        boxes.read(folder)


@pytest.mark.parametrize("box", [[0, 0, "9", 9], [0, 0, float("nan"), 9], [0, 0, -9, 9], [0, 0, 9], None])
def test_boxes_that_are_none_are_refused_and_not_learned_from(tmp_path: Path, box: list[object]) -> None:
    labels = drawn_people.write(tmp_path / "set")
    labels["annotations"][2]["bbox"] = box
    drawn_people.relabel(tmp_path / "set", labels)
    with pytest.raises(UserError, match="not COCO's format"):
        boxes.read(tmp_path / "set")


def test_a_damaged_cache_is_one_line(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    labels = boxes.read(tmp_path / "set")
    boxes.photos(labels, tmp_path / "cache")
    for kind in ("npz", "npy"):
        (file,) = (tmp_path / "cache").glob(f"*.{kind}")
        file.write_bytes(file.read_bytes()[:100])
        with pytest.raises(UserError, match="remove it, it is made anew"):
            boxes.photos(labels, tmp_path / "cache")


def test_a_full_disk_leaves_no_half_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    drawn_people.write(tmp_path / "set")
    labels = boxes.read(tmp_path / "set")
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(UserError, match="4 pictures cannot be written"):
        boxes.photos(labels, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.npz"))
    assert not list((tmp_path / "cache").glob("*.part"))


def framed(side: int = 40) -> boxes.Photos:
    """One photograph, dark, with a bright rectangle, and that as its one box."""
    picture = np.full((side, 2 * side, 3), 20, np.uint8)
    picture[10:30, 14:34] = 220
    size = np.array([[side, 2 * side]])
    return boxes.Photos(picture.reshape(-1), size, np.array([0]), (np.array([[14, 10, 34, 30]], np.float32),))


@pytest.mark.parametrize("parts", [0.0, 1.0])
def test_boxes_stay_on_what_they_are_around(parts: float) -> None:
    rng = np.random.default_rng(4)
    looks = Looks(scale=(0.6, 2.0), mosaic=parts, colour=0.0, grey=0.0)
    seen = 0
    for _ in range(40):
        image, xyxy = mosaic.shown([framed()], [1.0], 160, looks, rng)
        bright = image[..., 0] > 120
        assert np.all((xyxy >= 0) & (xyxy <= 160))
        for left, top, right, bottom in xyxy:
            inside = bright[round(top + 1) : round(bottom - 1), round(left + 1) : round(right - 1)]
            assert inside.all()
            seen += 1
        if len(xyxy) == 1 and not parts:
            rows, columns = np.nonzero(bright.any(axis=1))[0], np.nonzero(bright.any(axis=0))[0]
            edges = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
            np.testing.assert_allclose(xyxy[0], edges, atol=1)
    assert seen > 25


def test_half_a_pixel_is_not_lost_where_a_photograph_is_drawn() -> None:
    """The middle of what is bright, to a tenth of a pixel, is the middle of the box."""
    looks = Looks(scale=(1.9, 1.9), mosaic=0.0, colour=0.0, grey=0.0)
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(40):
        image, xyxy = mosaic.shown([framed()], [1.0], 160, looks, rng)
        if len(xyxy) != 1 or xyxy.min() < 6 or xyxy.max() > 154:
            continue
        checked += 1
        left, top, right, bottom = np.round(xyxy[0] + [-5, -5, 5, 5]).astype(int)
        light = image[top:bottom, left:right, 0].astype(float) - 20
        ys, xs = np.mgrid[top:bottom, left:right] + 0.5
        middle = np.array([(light * xs).sum(), (light * ys).sum()]) / light.sum()
        np.testing.assert_allclose(middle, (xyxy[0, :2] + xyxy[0, 2:]) / 2, atol=0.1)
    assert checked > 5


def test_people_cut_off_do_not_count_below_a_quarter() -> None:
    cell = Cell(10, 0, 110, 100)
    people = [[-20, 10, 21, 50], [-20, 10, 19, 50], [50, 96.5, 90, 99.9], [100, 50, 140, 90]]
    found = mosaic.inside(np.array(people, np.float32), cell)
    np.testing.assert_allclose(found, [[10, 10, 21, 50], [100, 50, 110, 90]])
    assert mosaic.inside(np.empty((0, 4), np.float32), cell).shape == (0, 4)


def test_four_parts_fill_the_picture() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        covered = np.zeros((96, 96), int)
        for left, top, right, bottom in mosaic.cells(96, 1.0, rng):
            covered[top:bottom, left:right] += 1
        assert (covered == 1).all()
    assert mosaic.cells(96, 0.0, rng) == [Cell(0, 0, 96, 96)]


def test_sets_are_drawn_by_weight() -> None:
    dark, bright = framed(), framed()
    bright = replace(bright, pixels=np.full_like(bright.pixels, 250))
    looks = Looks(scale=(1.0, 1.0), mosaic=0.0, colour=0.0, grey=0.0)
    rng = np.random.default_rng(0)
    shown = [mosaic.shown([dark, bright], [3.0, 1.0], 80, looks, rng).image.max() for _ in range(400)]
    assert 0.2 < np.mean(np.array(shown) == 250) < 0.3
