"""Data sets for training: what is read, what is cut out, and what is refused."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import cv2
import drawn_people
import numpy as np
import pytest

from engine.crop import affines, crops
from engine.errors import UserError
from engine.training import data


def test_joints_lie_on_the_canvas_where_they_lie_in_the_picture(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    cut = data.cut(people, tmp_path / "cache")
    assert cut.images.shape == (4, *data.CANVAS, 3)
    for person in range(4):
        picture = cv2.imread(str(people.files[person]))
        for joint in range(17):
            x, y = np.round(people.joints[person, joint]).astype(int)
            left, top = np.round(cut.joints[person, joint]).astype(int)
            there = cut.images[person, top - 1 : top + 2, left - 1 : left + 2].reshape(-1, 3).astype(int)
            assert np.abs(there - picture[y, x].astype(int)).max(axis=1).min() < 70, (person, joint)


def test_the_middle_of_a_canvas_is_what_the_program_would_cut_out(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    cut = data.cut(people, tmp_path / "cache")
    for person, file in enumerate(people.files):
        warp = affines(people.xyxy[person : person + 1], data.NOMINAL)
        seen = crops(cv2.imread(str(file)), warp, data.NOMINAL)[0]
        assert np.abs(cut.images[person, 32:288, 48:240].astype(int) - seen).max() <= 1


def test_crops_are_made_once(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    first = data.cut(people, tmp_path / "cache")
    for file in people.files:
        file.write_bytes(b"")
        os.utime(file, (0, 0))
    assert np.array_equal(data.cut(people, tmp_path / "cache").images, first.images)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_pictures_that_have_changed_are_cut_anew(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    data.cut(people, tmp_path / "cache")
    cv2.imwrite(str(people.files[2]), np.full((120, 160, 3), 77, np.uint8))
    os.utime(people.files[2], (2e9, 2e9))
    assert data.cut(people, tmp_path / "cache").images[2, 150:170, 130:150].min() == 77


@pytest.mark.parametrize("full_after", [10, 500_000])
def test_a_full_disk_is_one_line_and_leaves_no_file(tmp_path: Path, full_after: int) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (full_after, before[1]))
    try:
        with pytest.raises(UserError, match="4 crops cannot be written"):
            data.cut(people, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "cache").iterdir())


def test_a_folder_for_crops_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="4 crops cannot be written"):
        data.cut(data.read(tmp_path / "set"), tmp_path / "file" / "cache")


def test_a_cut_that_fails_leaves_no_file(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    people.files[2].write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"3\.png: not a picture"):
        data.cut(people, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_sets_joined_keep_their_order_and_are_cut_as_one(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "a", 2, seed=1)
    drawn_people.write(tmp_path / "b", 3, seed=2)
    a, b = data.read(tmp_path / "a"), data.read(tmp_path / "b")
    both = data.cut(data.together([a, b]), tmp_path / "cache")
    assert np.array_equal(both.images[2:], data.cut(b, tmp_path / "cache").images)
    assert np.array_equal(both.joints[:2], data.cut(a, tmp_path / "cache").joints)


def test_the_teacher_speaks_only_where_nobody_labelled_and_only_when_sure(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set", 2)
    person = labels["annotations"][0]
    person["keypoints"][9:12] = person["keypoints"][12:15] = [0, 0, 0]  # the third and the fourth joint
    drawn_people.relabel(tmp_path / "set", labels)
    said = np.tile([11.0, 22.0, 0.8], (17, 1))
    said[4, 2] = 0.05
    drawn_people.teach(
        tmp_path / "set", [{"annotation_id": person["id"], "keypoints": said.ravel().tolist()}]
    )
    alone, taught = data.read(tmp_path / "set"), data.read(tmp_path / "set", teacher=0.5)
    assert alone.weights[0].tolist() == [1, 1, 1, 0, 0, *[1] * 12]
    assert taught.weights[0].tolist() == pytest.approx([1, 1, 1, 0.4, 0, *[1] * 12])
    assert taught.joints[0, 3].tolist() == [11, 22]
    kept = np.delete(np.arange(17), [3, 4])
    assert np.array_equal(taught.joints[0, kept], alone.joints[0, kept])
    assert np.array_equal(taught.weights[1], alone.weights[1])  # whom the teacher never saw


def test_people_nobody_labelled_and_crowds_are_left_out(tmp_path: Path) -> None:
    labels = drawn_people.write(tmp_path / "set", 3)
    labels["annotations"][0]["iscrowd"] = 1
    labels["annotations"][1]["keypoints"] = [0.0] * 51
    drawn_people.relabel(tmp_path / "set", labels)
    assert [file.name for file in data.read(tmp_path / "set").files] == ["3.png"]


def _without_labels(folder: Path) -> None:
    (folder / data.LABELS).unlink()


def _broken_off(folder: Path) -> None:
    text = (folder / data.LABELS).read_text(encoding="utf-8")
    (folder / data.LABELS).write_text(text[: len(text) // 2], encoding="utf-8")


def _without_pictures(folder: Path) -> None:
    (folder / "images" / "2.png").unlink()
    (folder / "images" / "3.png").unlink()


def _without_people(folder: Path) -> None:
    drawn_people.relabel(folder, {"images": [], "annotations": [], "categories": []})


def _with_other_joints(folder: Path) -> None:
    labels = {"images": [{"id": 1, "file_name": "1.png"}]}
    person = {"id": 1, "image_id": 1, "iscrowd": 0, "bbox": [0, 0, 9, 9], "keypoints": [1.0, 1.0, 2.0] * 16}
    drawn_people.relabel(folder, {**labels, "annotations": [person]})


def _of_another_kind(folder: Path) -> None:
    drawn_people.relabel(folder, [1, 2, 3])


def _with_a_stranger(folder: Path) -> None:
    person = {"id": 1, "image_id": 9, "iscrowd": 0, "bbox": [0, 0, 9, 9], "keypoints": [1.0, 1.0, 2.0] * 17}
    drawn_people.relabel(folder, {"images": [], "annotations": [person]})


def _someone(folder: Path, bbox: list[float], joints: list[object]) -> None:
    person = {"id": 7, "image_id": 1, "iscrowd": 0, "bbox": bbox, "keypoints": joints}
    labels = {"images": [{"id": 1, "file_name": "1.png"}], "annotations": [person]}
    drawn_people.relabel(folder, labels)


def _with_a_box_that_is_no_number(folder: Path) -> None:
    _someone(folder, [0, float("nan"), 9, 9], [1.0, 1.0, 2.0] * 17)


def _with_a_box_of_negative_size(folder: Path) -> None:
    _someone(folder, [0, 0, -9, 9], [1.0, 1.0, 2.0] * 17)


def _with_joints_that_are_words(folder: Path) -> None:
    _someone(folder, [0, 0, 9, 9], ["left", 1.0, 2.0] * 17)


def _nested_without_end(folder: Path) -> None:
    (folder / data.LABELS).write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_without_labels, "there is no such file; a data set has person_keypoints.json"),
        (_broken_off, "cannot be read"),
        (_without_pictures, r"2 pictures are missing, the first is 2\.png"),
        (_without_people, "nobody in it has a labelled joint"),
        (_with_other_joints, "16 keypoints a person; they have to be COCO's 17"),
        (_of_another_kind, "not COCO's format"),
        (_with_a_stranger, "not COCO's format"),
        (_with_a_box_that_is_no_number, "1 people .* the first is annotation 7"),
        (_with_a_box_of_negative_size, "1 people .* the first is annotation 7"),
        (_with_joints_that_are_words, "not COCO's format"),
        (_nested_without_end, "cannot be read"),
    ],
)
def test_a_damaged_set_is_refused_with_what_is_wrong(tmp_path: Path, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    drawn_people.write(tmp_path / "set")
    damage(tmp_path / "set")
    with pytest.raises(UserError, match=says):
        data.read(tmp_path / "set")


NAN = float("nan")


@pytest.mark.parametrize(
    "said",
    [
        {"a": 1},
        [{"annotation_id": 1, "keypoints": [1, 2]}],
        [3],
        [{"annotation_id": 1, "keypoints": [1, NAN, 0.9] * 17}],
        [{"annotation_id": 1, "keypoints": [1, 2, NAN] * 17}],
        [{"annotation_id": 1, "keypoints": ["1", 2, 0.9] * 17}],
    ],
)
def test_a_teacher_who_says_something_else_is_refused(tmp_path: Path, said: object) -> None:
    drawn_people.write(tmp_path / "set")
    drawn_people.teach(tmp_path / "set", said)
    with pytest.raises(UserError, match="teacher_keypoints"):
        data.read(tmp_path / "set", teacher=1.0)


def test_a_teacher_who_is_not_there_is_told(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    with pytest.raises(UserError, match=r"teacher_keypoints\.json\.gz: there is no such file"):
        data.read(tmp_path / "set", teacher=1.0)


def test_crops_that_are_cut_off_are_one_line(tmp_path: Path) -> None:
    drawn_people.write(tmp_path / "set")
    people = data.read(tmp_path / "set")
    data.cut(people, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    os.truncate(file, 1000)
    with pytest.raises(UserError, match="remove it, it is made anew"):
        data.cut(people, tmp_path / "cache")
