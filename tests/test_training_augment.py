"""What a network in training sees: joints stay on their pixels, however people are turned."""

from __future__ import annotations

from pathlib import Path

import cv2
import drawn_people
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.crop import affines, crops, to_frame  # noqa: E402
from engine.skeleton import KEYPOINTS  # noqa: E402
from engine.training import data  # noqa: E402
from engine.training.augment import PLAIN, Ranges, pictures, pictures_on, views  # noqa: E402
from engine.training.feed import to_cells  # noqa: E402

SIZE = (256, 192)
WILD = Ranges(flip=0.5, rotation=45, rotated=1, scale=0.35, half_body=0.5)


@pytest.fixture
def people(tmp_path: Path) -> data.People:
    drawn_people.write(tmp_path / "set")
    return data.read(tmp_path / "set")


@pytest.fixture
def cut(people: data.People, tmp_path: Path) -> data.Crops:
    return data.cut(people, tmp_path / "cache")


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("size", [(256, 192), (128, 96)])
def test_unchanged_people_are_where_the_program_sees_them(
    people: data.People, cut: data.Crops, size: tuple[int, int], unbiased: bool
) -> None:
    seen = views(cut, np.arange(4), size, PLAIN, np.random.default_rng(0), unbiased=unbiased)
    warps = affines(people.xyxy, size, unbiased=unbiased)
    joints = people.joints @ warps[:, :, :2].transpose(0, 2, 1) + warps[:, None, :, 2]
    assert np.allclose(seen.joints, joints, atol=2e-3)
    shown = pictures(cut.images, seen, size).permute(0, 2, 3, 1).numpy()
    for person, file in enumerate(people.files):
        direct = crops(cv2.imread(str(file)), warps[person : person + 1], size)[0]
        assert np.abs(shown[person] - direct.astype(np.float32)).mean() < 8  # twice interpolated


@pytest.mark.parametrize("unbiased", [False, True])
def test_cells_and_the_program_s_way_back_are_inverse(people: data.People, unbiased: bool) -> None:
    warps = affines(people.xyxy, SIZE, unbiased=unbiased)
    inputs = (people.joints @ warps[:, :, :2].transpose(0, 2, 1) + warps[:, None, :, 2]).astype(np.float32)
    cells = to_cells(inputs, SIZE, (64, 48), unbiased=unbiased)
    back = to_frame(cells, warps, SIZE, (64, 48), unbiased=unbiased)
    assert np.abs(back - people.joints).max() < 1e-3


@pytest.mark.parametrize("unbiased", [False, True])
def test_a_joint_takes_its_pixel_along(cut: data.Crops, unbiased: bool) -> None:
    """Each joint is painted on a black canvas; where the paint is afterwards the joint has to be."""
    rng = np.random.default_rng(5)
    seen = views(cut, np.arange(4).repeat(6), SIZE, WILD, rng, unbiased=unbiased)
    mirrored = np.linalg.det(seen.affines[:, :, :2]) < 0
    assert 0 < mirrored.sum() < len(mirrored)
    checked = 0
    for joint in (0, 5, 9, 16):
        canvases = np.zeros_like(cut.images)
        for canvas, (x, y) in zip(canvases, cut.joints[:, joint], strict=True):
            across, down = np.meshgrid(np.arange(data.CANVAS[1]) - x, np.arange(data.CANVAS[0]) - y)
            canvas[:] = (255 * np.exp(-(across**2 + down**2) / 50))[..., None]
        shown = pictures(canvases, seen, SIZE)[:, 0].numpy()
        there = (KEYPOINTS.index(_other(KEYPOINTS[joint])), joint)
        for picture, away, weights, joints in zip(shown, mirrored, seen.weights, seen.joints, strict=True):
            number = there[0] if away else joint
            x, y = joints[number]
            if weights[number] and 20 < x < SIZE[1] - 20 and 20 < y < SIZE[0] - 20:
                near = (
                    picture[round(float(y)) - 12 :, round(float(x)) - 12 :][:25, :25].astype(np.float64) ** 2
                )
                rows, columns = np.mgrid[:25, :25]
                middle = np.array([(near * columns).sum(), (near * rows).sum()]) / near.sum() - 12
                assert np.abs(middle - (joints[number] - np.round(joints[number]))).max() < 0.4
                checked += 1
    assert checked > 30


def _other(name: str) -> str:
    if name.startswith("left_"):
        return name.replace("left_", "right_")
    return name.replace("right_", "left_")


def test_both_ways_to_draw_give_the_same_picture(cut: data.Crops) -> None:
    seen = views(cut, np.arange(4).repeat(4), SIZE, WILD, np.random.default_rng(1), unbiased=True)
    one, other = pictures(cut.images, seen, SIZE), pictures_on(torch.from_numpy(cut.images), seen, SIZE)
    assert (one - other).abs().max() < 1.1  # OpenCV answers whole numbers


def test_joints_out_of_sight_do_not_count(cut: data.Crops) -> None:
    seen = views(cut, np.arange(4).repeat(16), SIZE, WILD, np.random.default_rng(1), unbiased=True)
    inside = ((seen.joints >= -0.5) & (seen.joints <= np.array(SIZE[::-1]) - 0.5)).all(axis=-1)
    assert not inside.all()
    assert np.array_equal(seen.weights > 0, inside)


def test_half_a_body_is_seen_larger(cut: data.Crops) -> None:
    half = Ranges(flip=0, rotation=0, rotated=0, scale=0, half_body=1)
    seen = views(cut, np.arange(4).repeat(8), SIZE, half, np.random.default_rng(1), unbiased=False)
    assert (seen.affines[:, 0, 0] >= 1 - 1e-9).all()
    larger = seen.affines[:, 0, 0] > 1.2
    assert larger.sum() > 10
    assert ((seen.weights > 0).sum(axis=1)[larger] < 17).all()
    middle = np.linalg.inv(seen.affines[:, :, :2]) @ (np.array([96, 128]) - seen.affines[:, :, 2])[..., None]
    joints = cut.joints[seen.rows]
    upper, lower = joints[:, :11].mean(axis=1), joints[:, 11:].mean(axis=1)
    to_upper, to_lower = (np.abs(middle[..., 0] - half).max(axis=1) < 1e-3 for half in (upper, lower))
    assert (to_upper ^ to_lower).all()
    assert to_upper.any()
    assert to_lower.any()


def test_colours_change_but_stay_colours(cut: data.Crops) -> None:
    seen = views(
        cut, np.arange(4), SIZE, Ranges(0, 0, 0, 0, 0, colour=0.5), np.random.default_rng(1), unbiased=False
    )
    plain = views(cut, np.arange(4), SIZE, PLAIN, np.random.default_rng(1), unbiased=False)
    changed, kept = pictures(cut.images, seen, SIZE), pictures(cut.images, plain, SIZE)
    assert (changed - kept).abs().mean() > 5
    assert changed.min() >= 0
    assert changed.max() <= 255
