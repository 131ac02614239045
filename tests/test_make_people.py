"""Rendered people for training: what is drawn, what is said of it, and the set that comes out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import people_looks
import people_photos
import people_pictures
import people_places
import pytest
from people_kinds import DOWN, KINDS, RAISED, Arm
from people_places import Tilted
from people_poses import carried, local_pose, proportions, upper_arm
from scene import demo
from scene_body import L_ARM, L_LEG, LIMBS, PARENT, R_ARM, rest_joints
from scene_noise import Array

from assets import make_people
from assets.make_people import LABELS, PARTS, Order, annotations, draw, make
from engine.skeleton import KEYPOINTS
from engine.training import data

JOINT = {name: i for i, name in enumerate(KEYPOINTS)}
LEVEL = Tilted(height=1.0, pitch=0.0, focal=1.0, size=(240, 240))
PLAIN = np.tile(np.eye(3), (len(PARENT), 1, 1))
TINY = ((96, 72), (64, 96))


@pytest.fixture(autouse=True)
def _small_wardrobe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_looks, "MESHES", 2)
    monkeypatch.setattr(people_looks, "STEPS", (0.04, 0.03))
    grey = np.full((382, 650, 3), 100, np.uint8)  # drawing a street takes seconds
    monkeypatch.setattr(people_places, "panorama", lambda *_: grey)
    monkeypatch.setattr(make_people, "CHUNK", 2)


def someone(local: Array, heading: float, stretch: Array = PLAIN, z: float = 2.4) -> people_pictures.Figure:
    """In the middle of LEVEL's picture; 180 faces the camera."""
    look, mesh = people_looks.random_look(np.random.default_rng(3), 5)
    pose = carried(local, stretch)
    return people_pictures.Figure(
        people_pictures.placed(look, mesh, pose, (heading, 0.0), 1, np.array([0.0, z])), look, np.zeros(3)
    )


def drawn(figures: list[people_pictures.Figure], camera: Tilted = LEVEL):
    return people_pictures.drawn(np.random.default_rng(1), camera, figures, ())


def made(folder: Path, pictures: int = 6, seed: int = 4) -> dict:
    list(make(Order(folder, pictures, seed, TINY)))
    return json.loads((folder / LABELS).read_text())


def test_joints_are_where_opencv_projects_them() -> None:
    camera = Tilted(height=1.9, pitch=14.0, focal=1.3, size=(240, 320), roll=7.0)
    rng = np.random.default_rng(0)
    figure = someone(local_pose(rng, "dance")[0], 130, proportions(rng), 5.0)
    _, truth = drawn([figure], camera)
    pitch, roll = np.radians(camera.pitch), np.radians(camera.roll)
    # OpenCV's camera has y down; a picture taken with the camera rolled clockwise shows things turned back.
    world = figure.posed.joints * (1, -1, 1) + (0, camera.height, 0)
    turned = cv2.Rodrigues(np.array([0, 0, -roll]))[0] @ cv2.Rodrigues(np.array([pitch, 0, 0]))[0]
    focal = camera.focal * 240
    lens = np.array([(focal, 0, 119.5), (0, focal, 159.5), (0, 0, 1)])
    expected, _ = cv2.projectPoints(world, cv2.Rodrigues(turned)[0], np.zeros(3), lens, None)
    assert np.abs(truth.keypoints[0] - expected[:, 0]).max() < 0.01


@pytest.mark.parametrize("joint", ["left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_knee",
                                   "right_knee", "left_ankle", "right_ankle"])  # fmt: skip
def test_what_is_painted_on_a_joint_is_seen_where_the_truth_says(
    joint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is within 9 cm of a joint of the resting body is red, everything else is black."""
    bone = dict(zip(KEYPOINTS[5:], (5, 8, 6, 9, 7, 10, 11, 15, 12, 16, 13, 17), strict=True))[joint]
    place = rest_joints()[bone]

    def band(_look: object, spot: Array, *_: object) -> Array:
        return (np.linalg.norm(spot - place, axis=1) < 0.09)[:, None] * np.array([0, 0, 1.0])

    monkeypatch.setattr(people_pictures, "paint", band)
    monkeypatch.setattr(people_pictures, "lit", lambda _light, albedo, *_: albedo * 255)
    monkeypatch.setattr(people_pictures, "backdrop", lambda *_: np.zeros((240, 240, 3), np.float32))
    monkeypatch.setattr(people_pictures, "filmed", lambda _, picture: picture.astype(np.uint8))
    seen, rng = 0, np.random.default_rng(JOINT[joint])
    for kind in ("gesture", "run", "lunge", "dance"):
        posed = someone(local_pose(rng, kind)[0], rng.uniform(-180, 180), proportions(rng))
        image, truth = drawn([posed])
        rows, cols = np.nonzero(image[..., 2] > 200)
        if truth.visibility[0, JOINT[joint]] == 2 and len(rows) > 20:
            away = np.array([cols.mean(), rows.mean()]) - truth.keypoints[0, JOINT[joint]]
            assert np.hypot(*away) < 4.5, kind  # a metre is 100 pixels
            seen += 1
    assert seen >= 2


def test_the_left_of_somebody_who_faces_the_camera_is_on_the_right() -> None:
    rng = np.random.default_rng(2)
    local, _, _ = local_pose(rng, "stand")
    for heading, sign in ((180, 1), (0, -1)):
        _, truth = drawn([someone(local, heading)])
        x, seen = truth.keypoints[0, :, 0], truth.visibility[0]
        for part in ("shoulder", "hip"):
            assert sign * (x[JOINT[f"left_{part}"]] - x[JOINT[f"right_{part}"]]) > 10
        assert (seen[JOINT["nose"]] == 2) == (heading == 180)


def test_who_raises_the_left_arm_raises_the_left_wrist() -> None:
    local = PLAIN.copy()
    upper_arm(np.random.default_rng(0), local, -1, L_ARM, RAISED)
    upper_arm(np.random.default_rng(0), local, 1, R_ARM, DOWN)
    _, truth = drawn([someone(local, 180)])
    y = truth.keypoints[0, :, 1]
    assert y[JOINT["left_wrist"]] < y[JOINT["nose"]] < y[JOINT["right_shoulder"]] < y[JOINT["right_wrist"]]


def test_arms_spread_to_the_sides_lead_away_from_the_body() -> None:
    local = PLAIN.copy()
    for side, arm, _ in LIMBS:
        upper_arm(np.random.default_rng(0), local, side, arm, Arm((0, 0), (80, 80), (0, 0), (0, 0)))
    x = drawn([someone(local, 180)])[1].keypoints[0, :, 0]
    for one, other in (("wrist", "elbow"), ("elbow", "shoulder")):
        assert x[JOINT[f"left_{one}"]] > x[JOINT[f"left_{other}"]] + 15
        assert x[JOINT[f"right_{one}"]] < x[JOINT[f"right_{other}"]] - 15


@pytest.mark.parametrize("kind", KINDS)
def test_knees_bend_back_and_elbows_forward(kind: str) -> None:
    rng, joints = np.random.default_rng(7), rest_joints()
    for _ in range(20):
        linear, shift = carried(local_pose(rng, kind)[0], proportions(rng))
        at = np.einsum("nij,nj->ni", linear, joints) + shift
        for _, arm, leg in LIMBS:
            shin = (at[leg + 2] - at[leg + 1]) / np.linalg.norm(at[leg + 2] - at[leg + 1])
            fore = (at[arm + 2] - at[arm + 1]) / np.linalg.norm(at[arm + 2] - at[arm + 1])
            assert shin @ linear[leg][:, 2] / np.linalg.norm(linear[leg][:, 2]) < 0.05
            assert fore @ linear[arm][:, 2] / np.linalg.norm(linear[arm][:, 2]) > -0.05


def test_bones_keep_their_length_in_every_pose() -> None:
    rng, joints = np.random.default_rng(8), rest_joints()
    stretch = proportions(rng)
    lengths = []
    for kind in KINDS:
        linear, shift = carried(local_pose(rng, kind)[0], stretch)
        at = np.einsum("nij,nj->ni", linear, joints) + shift
        lengths.append([np.linalg.norm(at[i] - at[PARENT[i]]) for i in range(1, len(PARENT))])
    assert np.ptp(lengths, axis=0).max() < 1e-9
    assert lengths[0][L_LEG] > 0.3  # hip to knee, at least a child's


def test_who_is_hidden_gets_no_row_and_who_is_half_hidden_a_box_around_the_rest() -> None:
    standing = someone(local_pose(np.random.default_rng(2), "stand")[0], 180)
    colour = np.full(3, 0.5)
    wall = people_pictures.block((3.0, 3.0, 0.1), 0, np.array([0, 0, 1.7]), colour)
    table = people_pictures.block((3.0, 0.95, 0.1), 0, np.array([0, 0, 1.7]), colour)
    assert annotations(0, drawn([standing, wall])[1]) == []
    (free,) = annotations(0, drawn([standing])[1])
    (half,) = annotations(0, drawn([standing, table])[1])
    assert half["bbox"][3] < 0.7 * free["bbox"][3]
    assert half["bbox"][1] == free["bbox"][1]
    marks = np.array(half["keypoints"]).reshape(17, 3)
    assert marks[JOINT["left_ankle"]].tolist() == [0, 0, 0]
    assert marks[JOINT["left_shoulder"], 2] == 2


def test_a_set_is_read_by_the_training(tmp_path: Path) -> None:
    labels = made(tmp_path)
    people = data.read(tmp_path)
    assert len(people) == len(labels["annotations"]) > 0
    assert len(labels["images"]) == len(list((tmp_path / "images").iterdir())) == 6
    sizes = {row["id"]: (row["width"], row["height"]) for row in labels["images"]}
    for row, box, joints in zip(labels["annotations"], people.xyxy, people.joints, strict=True):
        size = np.array(sizes[row["image_id"]])
        marks = np.array(row["keypoints"]).reshape(17, 3)
        known = marks[:, 2] > 0
        assert row["num_keypoints"] == known.sum() > 0
        assert row["area"] == pytest.approx(0.53 * row["bbox"][2] * row["bbox"][3])
        assert (box[:2] >= -0.5).all()
        assert (box[2:] <= size - 0.5).all()
        assert (joints[known] > -0.51).all()
        assert (joints[known] < size - 0.49).all()
        assert not marks[~known].any()
    assert len({row["id"] for row in labels["annotations"]}) == len(people)


def test_the_same_seed_gives_the_same_set_in_any_order_and_another_one_another(tmp_path: Path) -> None:
    made(tmp_path / "a")
    other = Order(tmp_path / "b", 6, 4, TINY)
    for name in ("images", PARTS):
        (tmp_path / "b" / name).mkdir(parents=True)
    for chunk in reversed(other.chunks()):
        draw(chunk)
    list(make(other))
    made(tmp_path / "c", seed=5)
    a, b, c = ({p.name: p.read_bytes() for p in (tmp_path / n).rglob("*.*")} for n in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_a_run_that_breaks_off_leaves_no_labels_and_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(tmp_path / "whole")
    order, calls, picture = Order(tmp_path / "half", 6, 4, TINY), [], make_people.picture

    def killed(seed: int, index: int, *rest: object):
        calls.append(index)
        if calls == [0, 1, 2, 3]:
            raise KeyboardInterrupt
        return picture(seed, index, *rest)

    monkeypatch.setattr(make_people, "picture", killed)
    with pytest.raises(KeyboardInterrupt):
        list(make(order))
    assert not (tmp_path / "half" / LABELS).exists()
    list(make(order))
    assert calls == [0, 1, 2, 3, 2, 3, 4, 5]
    assert json.loads((tmp_path / "half" / LABELS).read_text()) == whole
    assert sorted(path.name for path in (tmp_path / "half").iterdir()) == ["images", LABELS]


def test_a_run_that_broke_off_is_not_gone_on_with_by_one_that_draws_other_pictures(tmp_path: Path) -> None:
    order = Order(tmp_path, 6, 4, TINY)
    (tmp_path / "images").mkdir()
    (tmp_path / PARTS).mkdir()
    draw(order.chunks()[0])
    before = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    with pytest.raises(FileExistsError, match="another seed, sizes or backgrounds"):
        made(tmp_path, seed=5)
    assert {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()} == before


def test_a_finished_set_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / LABELS).write_text("{}")
    assert make_people.main([str(tmp_path), "--pictures", "1", "--workers", "1"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / LABELS).read_text() == "{}"


def test_nobody_means_a_picture_without_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_pictures, "PEOPLE", ((0, 1.0),))
    image, truth = people_pictures.picture(1, 1, (96, 72))
    assert image.shape == (72, 96, 3)
    assert len(truth) == 0
    assert annotations(1, truth) == []


def test_the_demo_is_not_trained_on() -> None:
    assert demo().seed not in range(people_places.FIRST_STREET, people_places.FIRST_STREET + 10)
    looks = [people_looks.random_look(np.random.default_rng(i), 1)[0] for i in range(50)]
    assert not {walker.look for walker in demo().walkers} & set(looks)


def test_backgrounds_from_photographs_keep_clear_of_people(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, :80, 2] = 255  # where the people are
    cv2.imwrite(str(tmp_path / "images" / "a.png"), image)
    labels = {
        "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}],
        "annotations": [{"image_id": 1, "bbox": [0, 0, 80, 100]}],
    }
    (tmp_path / LABELS).write_text(json.dumps(labels))
    found = people_photos.windows(tmp_path)
    rng = np.random.default_rng(0)
    assert found
    for _ in range(10):
        assert people_photos.photo(rng, found, (64, 48)).max() == 0
    labels["annotations"][0]["bbox"] = [0, 0, 200, 100]
    (tmp_path / LABELS).write_text(json.dumps(labels))
    with pytest.raises(ValueError, match="no picture has a part without people"):
        people_photos.windows(tmp_path)


def test_a_killed_worker_ends_the_run_instead_of_being_waited_for() -> None:
    with pytest.raises(OSError, match="a worker was killed"), make_people.side_by_side(2) as each:
        list(each(os._exit, [9]))


def test_ctrl_c_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(make_people, "make", interrupted)
    assert make_people.main([str(tmp_path), "--pictures", "1"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
