"""From the frame to the network's input and back, against sums by hand and pictures with known dots."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.crop import Affines, affines, crops, normalise, to_frame
from engine.types import Image

INPUT, HEATMAP = (256, 192), (64, 48)


def boxes_somewhere(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    low = rng.uniform([-300, -300], [3840, 2160], (n, 2))
    return np.hstack([low, low + rng.uniform(1, 1500, (n, 2))]).astype(np.float32)


def through(affine: np.ndarray, x: float, y: float) -> list[float]:
    return [float(row[0] * x + row[1] * y + row[2]) for row in affine]


@pytest.mark.parametrize(
    ("box", "seen"),
    [
        # Twice as high as wide, 100 x 200: as high as it is, 150 wide, and a quarter more of both.
        ((100, 50, 200, 250), (56.25, 25, 243.75, 275)),
        # Wider than 3:4, 300 x 200: as wide as it is, 400 high, and a quarter more.
        ((100, 50, 400, 250), (62.5, -100, 437.5, 400)),
        # 3:4 already.
        ((0, 0, 75, 100), (-9.375, -12.5, 84.375, 112.5)),
    ],
)
def test_the_network_sees_the_box_brought_to_its_proportions_and_a_quarter_more(
    box: tuple[int, ...], seen: tuple[float, ...]
) -> None:
    left, top, right, bottom = seen
    (classic,) = affines(np.array([box], np.float32), INPUT)
    np.testing.assert_allclose(through(classic, left, top), [0, 0], atol=1e-9)
    np.testing.assert_allclose(through(classic, right, bottom), [192, 256], atol=1e-9)
    (unbiased,) = affines(np.array([box], np.float32), INPUT, unbiased=True)
    np.testing.assert_allclose(through(unbiased, left, top), [0, 0], atol=1e-9)
    np.testing.assert_allclose(through(unbiased, right, bottom), [191, 255], atol=1e-9)


def test_the_padding_can_be_chosen() -> None:
    (affine,) = affines(np.array([[0, 0, 75, 100]]), INPUT, padding=1.0)
    np.testing.assert_allclose(through(affine, 75, 100), [192, 256], atol=1e-9)


@pytest.mark.parametrize("unbiased", [False, True])
def test_points_come_back_from_the_heatmap_to_where_they_were_in_the_frame(unbiased: bool) -> None:
    boxes = boxes_somewhere(1, 300)
    affine = affines(boxes, INPUT, unbiased=unbiased)
    points = np.random.default_rng(2).uniform(boxes[:, None, :2], boxes[:, None, 2:], (300, 17, 2))
    cells = np.empty_like(points)
    for person, joint in np.ndindex(300, 17):
        x, y = through(affine[person], *points[person, joint])
        if unbiased:
            cells[person, joint] = x * 47 / 191, y * 63 / 255
        else:
            cells[person, joint] = x / 4, y / 4
    back = to_frame(cells, affine, INPUT, HEATMAP, unbiased=unbiased)  # type: ignore[arg-type]
    np.testing.assert_allclose(back, points, atol=1e-3)


def test_points_come_back_through_a_turned_affine() -> None:
    turned = np.array([[[0.6, -0.8, 12.0], [0.8, 0.6, -7.0]]])
    x, y = through(turned[0], 31.0, 84.0)
    back = to_frame(np.array([[[x / 4, y / 4]]], np.float32), turned, INPUT, HEATMAP)
    np.testing.assert_allclose(back, [[[31, 84]]], atol=1e-4)


def test_heatmaps_of_another_size_than_a_quarter_come_back_too() -> None:
    affine = affines(np.array([[10, 20, 210, 420]]), (384, 288))
    x, y = through(affine[0], 100.0, 300.0)
    cells = np.array([[[x / 288 * 36, y / 384 * 48]]], np.float32)
    np.testing.assert_allclose(to_frame(cells, affine, (384, 288), (48, 36)), [[[100, 300]]], atol=1e-3)


def centroid(picture: np.ndarray) -> list[float]:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    weight = picture.astype(np.float64)
    return [float((weight * columns).sum() / weight.sum()), float((weight * rows).sum() / weight.sum())]


@pytest.mark.parametrize("unbiased", [False, True])
def test_a_dot_in_the_frame_is_in_the_crop_where_the_affine_says(unbiased: bool) -> None:
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:360, :480]
    for _ in range(12):
        height = rng.uniform(90, 200)
        centre = rng.uniform([150, 120], [330, 240])
        half = np.array([0.3, 0.5]) * height
        dot = centre + rng.uniform(-0.3, 0.3, 2) * height
        bell = 250 * np.exp(-((columns - dot[0]) ** 2 + (rows - dot[1]) ** 2) / (2 * 4.0**2))
        image = np.repeat(np.round(bell).astype(np.uint8)[..., None], 3, axis=2)
        affine = affines(np.hstack([centre - half, centre + half])[None], INPUT, unbiased=unbiased)
        (crop,) = crops(image, affine, INPUT)
        # The rounding of 1,000 pixels to 256 levels averages out to a few thousandths of a pixel.
        np.testing.assert_allclose(centroid(crop[..., 1]), through(affine[0], *dot), atol=0.02)


def by_hand(image: Image, affine: np.ndarray, x: int, y: int) -> np.ndarray:
    """One pixel of a crop, interpolated in double precision; beyond the frame is black."""
    across = (x - affine[0, 2]) / affine[0, 0]
    down = (y - affine[1, 2]) / affine[1, 1]
    left, top = math.floor(across), math.floor(down)
    out = np.zeros(3)
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        if 0 <= column < image.shape[1] and 0 <= row < image.shape[0]:
            out += (1 - abs(across - column)) * (1 - abs(down - row)) * image[row, column]
    return out


@pytest.mark.parametrize(
    "box",
    [
        (40, 30, 90, 130),  # within, a little larger than life
        (-30, -20, 45, 80),  # over the corner
        (150, 100, 260, 200),  # over the other corner
        (100.4, 60.7, 103.9, 65.2),  # tiny
        (-400, -300, 600, 900),  # the whole frame is smaller than the person
    ],
)
def test_every_pixel_is_the_exact_interpolation_but_for_rounding(box: tuple[float, ...]) -> None:
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (150, 200, 3), np.uint8)
    affine = affines(np.array([box]), INPUT)
    (crop,) = crops(image, affine, INPUT)
    for x, y in zip(rng.integers(0, 192, 1500), rng.integers(0, 256, 1500), strict=True):
        np.testing.assert_allclose(crop[y, x], by_hand(image, affine[0], x, y), atol=0.52)


def test_a_person_much_larger_than_the_input_is_cropped_like_any_other() -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(
        0, 256, (1500, 1400, 3), np.uint8
    )  # more than 16 of its pixels for one of the crop's
    affine = affines(np.array([[100, 50, 1300, 1480]]), INPUT)
    (crop,) = crops(image, affine, INPUT)
    for x, y in zip(rng.integers(0, 192, 1500), rng.integers(0, 256, 1500), strict=True):
        np.testing.assert_allclose(crop[y, x], by_hand(image, affine[0], x, y), atol=0.52)


def test_crops_come_in_the_order_of_the_boxes_and_leave_the_frame_alone() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    for i in range(3):
        image[:, 100 * i : 100 * i + 100, i] = 200
    image.setflags(write=False)
    cut = crops(
        image, affines(np.array([[240, 80, 260, 120], [40, 80, 60, 120], [140, 80, 160, 120]]), INPUT), INPUT
    )
    assert [crop.reshape(-1, 3).max(axis=0).argmax() for crop in cut] == [2, 0, 1]
    np.testing.assert_array_equal(np.unique(cut), [0, 200])


def test_what_lies_beside_the_frame_is_black() -> None:
    image = np.full((100, 100, 3), 255, np.uint8)
    cut = crops(image, affines(np.array([[300, 10, 330, 90], [20, -300, 60, -200]]), INPUT), INPUT)
    assert not cut.any()


def test_nobody_is_a_crowd_of_zero() -> None:
    none = affines(np.zeros((0, 4), np.float32), INPUT)
    assert none.shape == (0, 2, 3)
    cut = crops(np.zeros((90, 120, 3), np.uint8), none, INPUT)
    assert cut.shape == (0, 256, 192, 3)
    assert normalise(cut, (0, 0, 0), (1, 1, 1), rgb=True).shape == (0, 3, 256, 192)
    assert to_frame(np.zeros((0, 17, 2), np.float32), none, INPUT, HEATMAP).shape == (0, 17, 2)


COORDINATES = st.one_of(
    st.floats(-1e4, 1e4, width=32), st.floats(width=32), st.sampled_from([math.nan, math.inf, -math.inf])
)


@settings(max_examples=120, deadline=None)
@given(box=st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES), unbiased=st.booleans())
def test_no_box_is_too_odd_for_a_crop(box: tuple[float, ...], unbiased: bool) -> None:
    affine: Affines = affines(np.array([box], np.float32), INPUT, unbiased=unbiased)
    assert np.isfinite(affine).all()
    assert (affine[:, [0, 1], [0, 1]] > 0).all()
    assert crops(np.full((5, 7, 3), 9, np.uint8), affine, INPUT).max() <= 9
    assert np.isfinite(to_frame(np.full((1, 1, 2), 20, np.float32), affine, INPUT, HEATMAP)).all()


@pytest.mark.parametrize("box", [(50, 60, 50, 60), (52, 63, 48, 57), (50, 60, 50.5, 60.25)])
def test_a_box_without_size_counts_as_one_pixel_around_its_centre(box: tuple[float, ...]) -> None:
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    (affine,) = affines(np.array([box]), INPUT)
    np.testing.assert_allclose(through(affine, *centre), [96, 128])
    np.testing.assert_allclose(affine[[0, 1], [0, 1]], 192 / 1.25, rtol=1e-6)


@pytest.mark.parametrize("rgb", [False, True])
def test_normalised_values_are_those_of_the_sum_done_by_hand(rgb: bool) -> None:
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    cut = np.random.default_rng(6).integers(0, 256, (3, 20, 16, 3), np.uint8)
    cut[0, 0, 0], cut[0, 0, 1] = 0, 255
    cut.setflags(write=False)
    out = normalise(cut, mean, std, rgb=rgb)
    assert out.dtype == np.float32
    assert out.shape == (3, 3, 20, 16)
    for person, row, column in np.ndindex(3, 20, 16):
        blue, green, red = (float(value) for value in cut[person, row, column])
        channels = (red, green, blue) if rgb else (blue, green, red)
        want = [(value - m) / s for value, m, s in zip(channels, mean, std, strict=True)]
        np.testing.assert_allclose(out[person, :, row, column], want, atol=1e-6)


def test_crops_that_are_a_view_can_be_normalised() -> None:
    whole = np.random.default_rng(7).integers(0, 256, (2, 40, 30, 3), np.uint8)
    part = whole[:, 5:25, 3:19]
    np.testing.assert_array_equal(
        normalise(part, (1, 2, 3), (4, 5, 6), rgb=False),
        normalise(part.copy(), (1, 2, 3), (4, 5, 6), rgb=False),
    )
