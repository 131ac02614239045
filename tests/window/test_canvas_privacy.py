"""Faces that were to be hidden cannot be made out, whoever it is and whatever else is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from canvases import BODY, grab, people, pixels, scored
from pytestqt.qtbot import QtBot

from app.ui.canvas import Canvas
from app.ui.view import Cast, View
from engine.types import Boxes, Frame, Poses
from trackers.types import Tracks

BOX = (200.0, 80.0, 360.0, 460.0)
#: Where the head of who stands in BOX is: a good deal larger than the joints of the face.
HEAD = (slice(85, 155), slice(250, 310))


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[Canvas]:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.set_view(View(blur_faces=True, skeleton=False, ids=False))
    made.show()
    return made


def detailed(time: float = 0.0) -> Frame:
    """A picture full of the finest detail."""
    return Frame(0, time, np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8))


def detail(shown: np.ndarray, place: tuple[slice, slice] = HEAD, scale: float = 1.0) -> float:
    """How much detail finer than about a twelfth of a head there is in the oval in a place: mean square."""
    part = shown[place].astype(np.float32)
    y, x = np.mgrid[-1 : 1 : part.shape[0] * 1j, -1 : 1 : part.shape[1] * 1j]
    fine = part - cv2.GaussianBlur(part, (0, 0), 3.0 * scale)
    return float((fine[np.hypot(x, y) <= 1.0] ** 2).mean())


def nobody_knows_the_face() -> Tracks:
    """Somebody without any joint of the face: they point nowhere, and nobody believes them."""
    tracks = scored(people(BOX), face=0.0)
    points = tracks.keypoints.copy()
    points[:, :5] = np.nan
    return replace(tracks, keypoints=points)


CASES = {
    "a face as it should be": people(BOX),
    "without joints of the face": nobody_knows_the_face(),
    "without any joint": scored(people(BOX), face=0.0, rest=0.0),
    "hardly believed": scored(people(BOX), face=0.15, rest=0.15),
    "with another skeleton": Tracks(
        np.array([1]),
        Boxes(np.array([BOX], np.float32), np.ones(1, np.float32)),
        np.full((1, 3, 2), 300.0, np.float32),
        np.full((1, 3, 2), 300.0, np.float32),
        np.ones((1, 3), np.float32),
    ),
}


@pytest.mark.parametrize("tracks", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("cast", [Cast(), Cast(hidden=frozenset({1})), Cast(locked=9)])
def test_no_head_is_left_clear(canvas: Canvas, tracks: Tracks, cast: Cast):
    canvas.set_cast(cast)
    canvas.show_result(detailed(), tracks)
    shown = pixels(grab(canvas))
    assert detail(shown) < 0.01 * detail(detailed().image)
    legs = (slice(330, 440), slice(230, 330))
    assert detail(shown, legs) > 0.1 * detail(detailed().image, legs)


@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (700, 480)])
@pytest.mark.parametrize("mirror", [False, True])
def test_faces_are_hidden_at_every_size_and_in_a_mirror(canvas: Canvas, size: tuple[int, int], mirror: bool):
    canvas.resize(*size)
    canvas.set_view(View(blur_faces=True, skeleton=False, ids=False, mirror=mirror))
    canvas.show_result(detailed(), people(BOX))
    grab(canvas)
    canvas.zoom_in()
    shown = pixels(grab(canvas))
    corners = canvas._look.place.place(np.array([(250.0, 85.0), (310.0, 155.0)]))
    (left, top), (right, bottom) = np.sort(corners, axis=0).astype(int).tolist()
    head = slice(max(0, top), bottom), slice(max(0, left), right)
    assert detail(shown, head, canvas._look.place.scale) < 0.01 * detail(detailed().image)


def test_too_little_is_left_to_tell_two_faces_apart(canvas: Canvas):
    """A portrait and another with its halves exchanged differ; what is shown of them hardly does."""
    portrait = cv2.resize(np.random.default_rng(3).integers(0, 256, (14, 12, 3), np.uint8), (60, 70))
    shown = []
    for face in (portrait, portrait[:, ::-1]):
        image = np.full((480, 640, 3), 128, np.uint8)
        image[HEAD] = face
        canvas.show_result(Frame(0, 0.0, image), people(BOX))
        shown.append(pixels(grab(canvas))[HEAD].astype(float))
    apart = np.abs(portrait.astype(float) - portrait[:, ::-1]).mean()
    assert np.abs(shown[0] - shown[1]).mean() < 0.4 * apart


def test_who_is_missed_for_a_moment_stays_hidden_and_is_forgotten_after_it(canvas: Canvas):
    clear = detail(detailed().image)
    canvas.show_result(detailed(1.0), people(BOX))
    canvas.show_result(detailed(1.3), people())
    assert detail(pixels(grab(canvas))) < 0.01 * clear
    canvas.show_result(detailed(2.5), people())
    assert detail(pixels(grab(canvas))) > 0.9 * clear


@pytest.mark.parametrize("score", [0.95, 0.35])
def test_whoever_was_found_is_hidden_also_without_a_number_or_deleted(canvas: Canvas, score: float):
    someone = scored(people(BOX), face=score, rest=score)
    found = Poses(someone.boxes, someone.keypoints, someone.scores)
    canvas.show_result(detailed(), people(), found=found)
    assert detail(pixels(grab(canvas))) < 0.01 * detail(detailed().image)
    canvas.show_result(detailed(0.1), people())
    assert detail(pixels(grab(canvas))) > 0.9 * detail(detailed().image)


def test_a_jump_to_another_time_does_not_hide_places_of_before(canvas: Canvas):
    canvas.show_result(detailed(5.0), people(BOX))
    canvas.show_result(detailed(1.0), people())
    assert detail(pixels(grab(canvas))) > 0.9 * detail(detailed().image)


def test_a_copy_hides_them_too(canvas: Canvas):
    canvas.show_result(detailed(), people(BOX))
    grab(canvas)
    assert detail(pixels(canvas.picture())) < 0.01 * detail(detailed().image)


def test_an_upper_body_close_to_the_camera_is_hidden_down_to_the_chin(canvas: Canvas):
    """A face as a webcam sees it, 180 x 240 around (320, 200), with joints where a face has them."""
    points = np.zeros((17, 2))
    points[:5] = (320, 215), (350, 180), (290, 180), (405, 195), (235, 195)
    points[5:7] = (480, 420), (160, 420)
    scores = np.zeros((1, 17), np.float32)
    scores[0, :7] = 0.9
    joints = points[None].astype(np.float32)
    box = Boxes(np.array([(120, 60, 520, 479)], np.float32), np.ones(1, np.float32))
    canvas.show_result(detailed(), Tracks(np.array([1]), box, joints, joints.copy(), scores))
    assert detail(pixels(grab(canvas)), (slice(85, 318), slice(240, 400))) < 0.01 * detail(detailed().image)


def test_a_face_at_the_edge_of_the_picture_is_hidden_where_the_other_half_is_only_guessed(canvas: Canvas):
    """Boxes end with the picture, and joints do not: those beyond it are foretold, hardly believed."""
    points, scores = np.zeros((1, 17, 2), np.float32), np.zeros((1, 17), np.float32)
    points[0, :5] = (0, 180), (30, 160), (-30, 160), (58, 170), (-70, 170)
    scores[0, :5] = 0.9, 0.9, 0.15, 0.8, 0.15
    box = Boxes(np.array([(-0.5, 100, 60, 460)], np.float32), np.ones(1, np.float32))
    canvas.show_result(detailed(), people(), found=Poses(box, points, scores))
    cheek = slice(155, 190), slice(20, 58)  # an eye and the ear
    assert detail(pixels(grab(canvas)), cheek) < 0.01 * detail(detailed().image, cheek)


def test_a_box_around_legs_with_a_face_anywhere_hides_no_more_than_a_head_in_it_would(canvas: Canvas):
    """As it was found in a street: joints of the face spread over a body that a narrow box cuts off."""
    box = (280.0, 160.0, 362.0, 400.0)
    legs = people(box)
    points = legs.keypoints.copy()
    points[0, :5] = (300, 200), (330, 350), (290, 240), (350, 330), (310, 380)
    canvas.show_result(detailed(), people(), found=Poses(legs.boxes, points, legs.scores * 0.6))
    shown = pixels(grab(canvas)).astype(int)
    hidden = np.abs(shown[..., ::-1] - detailed().image).max(axis=2) > 40
    rows, columns = np.nonzero(hidden)
    assert columns.max() - columns.min() <= 1.4 * 82
    assert rows.max() - rows.min() <= 1.7 * 82


def test_the_body_the_tests_use_has_its_face_in_its_head():
    face = BODY[:5] * (160.0, 380.0) + (200.0, 80.0)
    rows, columns = HEAD
    assert (face >= (columns.start, rows.start)).all()
    assert (face <= (columns.stop, rows.stop)).all()
