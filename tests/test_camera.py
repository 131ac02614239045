"""How the camera moved is told to a fraction of a pixel, whoever walks about, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scene import crossing

from engine.types import Boxes
from trackers.camera import Camera

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"
SIZE = (640, 360)
GRAIN = np.random.default_rng(0).normal(0, 2, (800, 1280, 3)).astype(np.float32)


def boxes(*people):
    found = np.array(people, np.float32).reshape(-1, 4)
    return Boxes(found, np.ones(len(found), np.float32))


NOBODY = boxes()


@pytest.fixture(scope="module")
def picture():
    """A street with people in it, 720p."""
    video = cv2.VideoCapture(str(DEMO))
    image = video.read()[1]
    video.release()
    return image


def similarity(shift, degrees=0.0, zoom=1.0, size=(1280, 720)):
    """Turn and zoom about the middle of the picture, then shift."""
    angle, middle = np.radians(degrees), (np.array(size) - 1) / 2
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, middle + shift - turn @ middle])


def filmed(image, motion, seed=0):
    """What a camera that moved so sees, with the noise of its chip."""
    height, width = image.shape[:2]
    moved = cv2.warpAffine(
        image, motion, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.clip(moved + GRAIN[seed : seed + height, :width], 0, 255).astype(np.uint8)


def off(found, motion, size=(1280, 720)):
    """Pixels by which the corners of the picture are wrong at most."""
    width, height = size
    ends = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)])
    return np.linalg.norm(ends @ found.T - ends @ motion.T, axis=1).max()


@pytest.mark.parametrize(
    ("shift", "degrees", "zoom"),
    [
        ((3.3, 0.0), 0, 1),
        ((-0.7, 0.4), 0, 1),
        ((24.0, -11.5), 0, 1),
        ((-60.0, 20.0), 0, 1),
        ((0.0, 0.0), 1.5, 1),
        ((5.0, 5.0), -2.0, 1),
        ((0.0, 0.0), 0, 1.02),
        ((-8.0, 3.0), 1.0, 0.97),
    ],
)
def test_shift_turn_and_zoom_are_told_to_three_tenths_of_a_pixel(picture, shift, degrees, zoom):
    camera, motion = Camera(), similarity(shift, degrees, zoom)
    camera.moved(picture, NOBODY)
    found = camera.moved(filmed(picture, motion), NOBODY)
    assert off(found, motion) < 0.3
    assert found.shape == (2, 3)
    assert found.dtype == np.float64


def test_steps_add_up_to_the_whole_way(picture):
    camera, whole = Camera(), np.eye(3)
    ways = [similarity((2.5 * n, 4 * np.sin(n)), 0.1 * n) for n in range(12)]
    for n, way in enumerate(ways):
        whole = np.vstack([camera.moved(filmed(picture, way, n), NOBODY), (0, 0, 1)]) @ whole
    assert off(whole[:2], ways[-1]) < 0.8


def test_a_pan_too_slow_for_one_frame_is_not_lost(picture):
    camera, told, middle = Camera(), 0.0, np.array([639.5, 359.5, 1.0])
    for n in range(31):
        motion = camera.moved(filmed(picture, similarity((0.08 * n, 0.0)), n), NOBODY)
        told += (motion @ middle - middle[:2])[0]
    assert told == pytest.approx(2.4, rel=0.35)  # a step is told once noise is exceeded, so rather early


def test_a_camera_that_stands_stands_exactly_however_the_picture_trembles(picture):
    camera, still = Camera(), similarity((0.0, 0.0))
    assert all(
        np.array_equal(camera.moved(filmed(picture, still, n), NOBODY), np.eye(2, 3)) for n in range(12)
    )


def test_people_who_walk_do_not_move_the_camera(rendered):
    clip = rendered.of(crossing(), fps=10, seconds=1.5, size=SIZE)
    camera = Camera()
    for frame, truth in zip(clip.frames, clip.truths, strict=True):
        assert np.array_equal(camera.moved(frame.image, boxes(*truth.boxes)), np.eye(2, 3))


def test_whoever_fills_half_the_picture_and_goes_the_other_way_is_not_the_camera(picture):
    crowd, motion = (100, 40, 900, 700), similarity((6.0, -2.0))
    after = filmed(picture, motion)
    left, top, right, bottom = crowd
    after[top:bottom, left:right] = np.roll(picture, -25, axis=1)[top:bottom, left:right]
    camera = Camera()
    camera.moved(picture, boxes(crowd))
    assert off(camera.moved(after, boxes(crowd)), motion) < 0.3
    fooled = Camera()
    fooled.moved(picture, NOBODY)
    assert off(fooled.moved(after, NOBODY), motion) > 1  # the boxes are what it takes


def test_a_cut_is_no_motion_and_what_follows_is_told_again(picture):
    camera, other = Camera(), np.ascontiguousarray(np.flip(picture, (0, 1)))
    camera.moved(picture, NOBODY)
    assert np.array_equal(camera.moved(other, NOBODY), np.eye(2, 3))
    motion = similarity((4.0, 1.0))
    assert off(camera.moved(filmed(other, motion), NOBODY), motion) < 0.3


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (17, 500), (64, 48), (1281, 721)])
def test_pictures_that_tell_nothing_are_no_motion(size):
    width, height = size
    camera, rng = Camera(), np.random.default_rng(1)
    grey = np.full((height, width, 3), 90, np.uint8)
    for image in (grey, grey, np.clip(grey + rng.normal(0, 2, grey.shape), 0, 255).astype(np.uint8), grey):
        assert np.array_equal(camera.moved(image, NOBODY), np.eye(2, 3))


def test_odd_boxes_and_other_sizes_are_no_trouble(picture):
    camera = Camera()
    odd = boxes((-1e9, -5, 1e9, 1e9), (np.nan, 0, np.inf, 3), (50, 50, 20, 20), (5, 5, 5, 5))
    for image, people in ((picture, odd), (picture, NOBODY), (picture[:300, :411], odd), (picture, NOBODY)):
        assert np.isfinite(camera.moved(image, people)).all()


@pytest.mark.parametrize("degrees", [0.8, -1.6])
def test_a_jerk_that_stretches_the_picture_towards_its_edges_is_a_shift_all_the_same(picture, degrees):
    """A camera of 60 degrees turns about its own axis: at the edges things move a third farther."""
    height, width = picture.shape[:2]
    focal = width / 2 / np.tan(np.radians(30))
    lens = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = cv2.warpPerspective(
        picture, lens @ turn @ np.linalg.inv(lens), (width, height), borderMode=cv2.BORDER_REFLECT
    )
    camera = Camera()
    camera.moved(picture, NOBODY)
    found = camera.moved(turned, NOBODY)
    middle = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    shift = found @ middle - middle[:2]
    np.testing.assert_allclose(shift, (focal * np.tan(angle), 0.0), rtol=0.15, atol=1.5)
