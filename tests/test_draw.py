"""What is painted can be read: who, which side, how sure; on any background, at any size, whatever comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest
from figures import nobody, standing, tracks
from numpy.typing import ArrayLike, NDArray

from app.painting.draw import draw
from app.painting.labels import banner
from app.painting.palette import COLOURS, shades
from engine.skeleton import KEYPOINTS
from engine.types import Image

SIZES = {"360p": (640, 360), "720p": (1280, 720), "4K": (3840, 2160)}
BUSY = np.random.default_rng(5).integers(0, 256, (90, 160, 3), np.uint8)
BACKGROUNDS: dict[str, Callable[[int, int], Image]] = {
    "light": lambda w, h: np.full((h, w, 3), 245, np.uint8),
    "dark": lambda w, h: np.full((h, w, 3), 8, np.uint8),
    "grey": lambda w, h: np.full((h, w, 3), 128, np.uint8),
    "busy": lambda w, h: cv2.resize(BUSY, (w, h), interpolation=cv2.INTER_NEAREST),
}
JOINT = {name: k for k, name in enumerate(KEYPOINTS)}


def plain(width: int = 1280, height: int = 720, grey: int = 128) -> Image:
    return np.full((height, width, 3), grey, np.uint8)


def changed(before: Image, after: Image) -> NDArray[np.bool_]:
    return (before != after).any(axis=2)


def lightness(bgr: ArrayLike) -> NDArray[np.float64]:
    """CIE L* of sRGB colours (..., 3), 0 to 100."""
    srgb = np.asarray(bgr, np.float64)[..., ::-1] / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    y = linear @ (0.2126, 0.7152, 0.0722)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def across(image: Image, a: ArrayLike, b: ArrayLike, reach: float) -> Image:
    """Pixels (M, 3) on a line across the middle of the limb from a to b, in steps of a quarter pixel."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    along = (b - a) / np.linalg.norm(b - a)
    steps = np.arange(-reach, reach + 0.1, 0.25)[:, None] * (-along[1], along[0]) + (a + b) / 2
    x, y = steps.T.astype(np.float32)
    return cv2.remap(image, x[None], y[None], cv2.INTER_LINEAR)[0]


def test_nobody_gives_a_plain_copy() -> None:
    image = plain()
    painted = draw(image, nobody(), 0.3)
    assert (painted == image).all()
    assert not np.shares_memory(painted, image)
    assert painted.flags.writeable


def test_the_picture_itself_is_left_alone() -> None:
    image = plain()
    image.setflags(write=False)
    assert (draw(image, tracks([1], standing(500, 100, 200, 500)), 0.3) != image).any()
    assert (image == 128).all()


def test_pictures_that_are_views_of_others_are_painted_too() -> None:
    whole = plain(800, 800)
    people = tracks([1], standing(100, 50, 200, 500))
    part = whole[10:610:1, 700:100:-1]
    assert (draw(part, people, 0.3) == draw(np.ascontiguousarray(part), people, 0.3)).all()


# ---------------------------------------------------------------- who


def test_an_id_has_the_same_colour_wherever_it_goes() -> None:
    body, other = standing(100, 100, 200, 500), standing(700, 150, 150, 400)
    found = []
    for points, ids in ((body, [5]), (other, [5]), (np.stack([other, body]), [2, 5])):
        people = tracks(ids, points)
        mine = people.keypoints[-1]
        middle = (mine[JOINT["left_shoulder"]] + mine[JOINT["right_shoulder"]]) / 2
        x, y = np.rint(middle).astype(int)
        found.append(tuple(draw(plain(), people, 0.3)[y, x].tolist()))
    assert set(found) == {shades(5).middle}


#: Linear sRGB as people without one kind of cone see it (Machado, Oliveira and Fernandes 2009, severity 1).
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


def oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson 2020, from linear sRGB (..., 3)."""
    cones = np.cbrt(
        linear
        @ np.array(
            [
                [0.4122214708, 0.2119034982, 0.0883024619],
                [0.5363325363, 0.6806995451, 0.2817188376],
                [0.0514459929, 0.1073969566, 0.6299787005],
            ]
        )
    )
    return cones @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )


def test_colours_of_neighbours_differ_to_every_eye() -> None:
    srgb = np.array(COLOURS) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    views = [oklab(np.clip(linear @ np.array(view).T, 0, 1)) for view in (np.eye(3), PROTAN, DEUTAN)]
    assert len(COLOURS) >= 12
    for a, b in combinations(range(len(COLOURS)), 2):
        normal, *blind = (np.linalg.norm(view[a] - view[b]) for view in views)
        assert normal > 0.09
        if min(b - a, len(COLOURS) - b + a) <= 3:
            assert min(blind) > 0.11


def test_the_number_can_be_read_on_every_colour() -> None:
    for number in range(1, len(COLOURS) + 1):
        ink, plate = lightness((22, 18, 16)), lightness(shades(number).middle)
        luminance = [((value + 16) / 116) ** 3 for value in (ink, plate)]
        assert (luminance[1] + 0.05) / (luminance[0] + 0.05) > 4.5, "WCAG 2, contrast of text"


def label_pixels(image: Image, points: ArrayLike, boxes: ArrayLike | None = None) -> NDArray[np.int64]:
    """Where the number is: x, y (M, 2) of what changes with it. Ids a cycle apart share a colour."""
    first, second = (tracks([n], points, boxes=boxes) for n in (8, 8 + 10 * len(COLOURS)))
    y, x = np.nonzero(changed(draw(image, first, 0.3), draw(image, second, 0.3)))
    return np.stack([x, y], axis=1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", ["middle", "top", "left", "right", "bottom", "top left", "top right"])
def test_the_number_is_beside_the_head_and_in_the_picture(size: str, place: str) -> None:
    width, height = SIZES[size]
    tall = 0.6 * height
    left = -0.15 * tall if "left" in place else width - 0.25 * tall if "right" in place else 0.4 * width
    top = 0.0 if "top" in place else 0.7 * height if "bottom" in place else 0.2 * height
    points = standing(left, top, 0.4 * tall, tall)
    found = label_pixels(plain(width, height), points)
    in_full = label_pixels(plain(width, height), standing(0.4 * width, 0.2 * height, 0.4 * tall, tall))
    assert len(found) > 0.6 * len(in_full) > 10, "not cut off"
    assert (found >= 0).all()
    assert (found < (width, height)).all()
    face = points[:5]
    centre, reach = face.mean(axis=0), np.ptp(face[:, 0])
    away = np.linalg.norm(np.clip(centre, 0, (width - 1, height - 1)) - found.mean(axis=0))
    assert away < 0.25 * tall + 0.1 * height
    covered = (np.abs(found - centre) < (reach / 2, reach / 3)).all(axis=1)
    assert not covered.any(), "the face is free"


def test_people_whose_head_is_not_seen_have_their_number_at_the_top_of_their_box() -> None:
    points = standing(500, 200, 200, 480)
    scores = np.full((1, 17), 0.9)
    scores[0, :5] = 0.0
    first, second = (tracks([n], points, scores, [480, 180, 720, 690]) for n in (8, 128))
    y, x = np.nonzero(changed(draw(plain(), first, 0.3), draw(plain(), second, 0.3)))
    assert abs(x.mean() - 600) < 20
    assert 120 < y.mean() < 185


def test_numbers_of_people_close_together_do_not_cover_each_other() -> None:
    bodies = np.stack([standing(400 + 12 * n, 200, 120, 400) for n in range(3)])
    several = draw(plain(), tracks([1, 2, 3], bodies), 0.3)
    for n, body in enumerate(bodies):
        alone = draw(plain(), tracks([n + 1], body), 0.3)
        plates = [(image[:260] == shades(n + 1).middle).all(axis=2).sum() for image in (several, alone)]
        assert plates[0] > 0.8 * plates[1] > 100


# ---------------------------------------------------------------- which side


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("size", SIZES)
def test_limbs_stand_out_and_left_differs_from_right(size: str, background: str) -> None:
    width, height = SIZES[size]
    image = BACKGROUNDS[background](width, height)
    tall = 0.55 * height
    points = standing(0.4 * width, 0.25 * height, 0.4 * tall, tall)
    reach = 0.02 * tall
    for number in range(1, len(COLOURS) + 1):
        painted = draw(image, tracks([number], points), 0.3)
        for part in (("shoulder", "elbow"), ("hip", "knee"), ("knee", "ankle")):
            seen = {}
            for side in ("left", "right"):
                a, b = (points[JOINT[f"{side}_{joint}"]] for joint in part)
                profile = lightness(across(painted, a, b, reach))
                seen[side] = profile[len(profile) // 2]
                assert np.ptp(profile) > 30, "stroke against outline"
            assert seen["left"] - seen["right"] > 25, "pale left, deep right"


def test_the_middle_of_a_limb_has_the_shade_of_its_side() -> None:
    points = standing(400, 100, 240, 560)
    painted = draw(plain(), tracks([3], points), 0.3)
    for side, shade in (("left", shades(3).left), ("right", shades(3).right)):
        x, y = np.rint((points[JOINT[f"{side}_hip"]] + points[JOINT[f"{side}_knee"]]) / 2).astype(int)
        assert tuple(painted[y, x].tolist()) == shade


# ---------------------------------------------------------------- how sure


def test_joints_below_the_threshold_are_not_drawn() -> None:
    points = standing(400, 100, 240, 560)
    scores = np.full((1, 17), 0.9)
    scores[0, JOINT["left_wrist"]] = 0.2999
    gone = draw(plain(), tracks([1], points, scores), 0.3)
    x, y = points[JOINT["left_wrist"]].astype(int)
    elbow = points[JOINT["left_elbow"]].astype(int)
    assert not changed(plain(), gone)[y - 30 : y + 10, x - 10 : x + 10].any(), "nor is the bone to it"
    assert changed(plain(), gone)[elbow[1] - 3 : elbow[1] + 3, elbow[0] - 3 : elbow[0] + 3].all()
    scores[0, JOINT["left_wrist"]] = 0.3
    there = draw(plain(), tracks([1], points, scores), 0.3)
    assert changed(plain(), there)[y - 2 : y + 2, x - 2 : x + 2].all()


def test_foretold_joints_are_faint_rings_though_hardly_seen() -> None:
    body = standing(300, 60, 300, 600)
    elbow = JOINT["left_elbow"]
    foretold = np.zeros((1, 17), np.bool_)
    foretold[0, elbow] = True
    scores = np.full((1, 17), 0.9)
    scores[0, elbow] = 0.05
    sure, hidden = tracks([1], body), tracks([1], body, scores)
    ring = replace(hidden, predicted=foretold)
    x, y = np.rint(body[elbow]).astype(int)
    around = np.s_[y - 12 : y + 13, x - 12 : x + 13]
    image = plain()
    marks = {
        name: np.abs(draw(image, who, 0.3).astype(int) - image)[around].sum()
        for name, who in (("sure", sure), ("hidden", hidden), ("ring", ring))
    }
    assert marks["hidden"] == 0
    assert 0 < marks["ring"] < 0.6 * marks["sure"]


def test_a_banner_is_large_and_stays_within_the_picture() -> None:
    for width, height in (*SIZES.values(), (100, 300), (40, 30)):
        image = plain(width, height)
        banner(image, "lost")
        y, x = np.nonzero(changed(plain(width, height), image))
        assert y.max() < height / 2 + 20
        assert abs((x.min() + x.max()) / 2 - width / 2) < 4
        assert image.max() > 200


def test_limbs_fade_with_the_lower_score_of_their_ends() -> None:
    points = standing(400, 100, 240, 560)
    ends = JOINT["right_hip"], JOINT["right_knee"]
    x, y = np.rint(points[list(ends)].mean(axis=0)).astype(int)
    strength = []
    for score in (0.3, 0.4, 0.5, 0.6, 0.7, 0.9):
        for low in ends:
            scores = np.full((1, 17), 0.95)
            scores[0, low] = score
            painted = draw(plain(), tracks([1], points, scores), 0.3)
            strength.append(float(np.abs(painted[y, x].astype(float) - 128).sum()))
    first, second = strength[::2], strength[1::2]
    assert first == second
    assert first == sorted(first)
    assert first[0] < first[1] < first[2] < first[3] < first[4] == first[5]
    assert first[0] > 0.25 * first[-1], "still to be seen"


def test_fading_shows_what_lies_behind() -> None:
    """A faded limb over a striped wall is the mixture of wall and limb, stripe by stripe."""
    image = plain()
    image[::2] = 40
    points = standing(400, 100, 240, 560)
    faint = draw(image, tracks([1], points, 0.45), 0.3).astype(float)
    solid = draw(image, tracks([1], points, 0.95), 0.3).astype(float)
    inside = (slice(430, 500), slice(470, 500))  # a thigh, away from every joint
    mixed = np.abs(solid - image)[inside].max(axis=2) > 40
    share = ((faint - image)[inside] / np.where(solid == image, np.inf, solid - image)[inside])[mixed]
    share = share[np.abs(solid - image)[inside][mixed] > 40]
    assert share.std() < 0.02
    assert 0.4 < share.mean() < 0.8


# ---------------------------------------------------------------- how large


def stroke_width(tall: float, width: int = 1280, height: int = 720) -> float:
    """Painted pixels across a thigh."""
    points = standing(0.4 * width, 0.02 * height, 0.4 * tall, tall)
    painted = draw(plain(width, height), tracks([1], points), 0.3)
    a, b = points[JOINT["left_hip"]], points[JOINT["left_knee"]]
    profile = across(painted, a, b, 0.04 * tall).astype(float)
    return float((np.abs(profile - 128).max(axis=1) > 40).sum() / 4)


def test_lines_are_wider_on_larger_people() -> None:
    widths = [stroke_width(tall) for tall in (40, 100, 300, 500, 650)]
    assert widths == sorted(widths)
    assert widths[0] <= 3.5
    assert 6 < widths[-1] < 16


def test_a_person_looks_alike_in_every_resolution() -> None:
    narrow, wide = stroke_width(330 / 2, 640, 360), stroke_width(330 * 3, 3840, 2160)
    assert wide / narrow == pytest.approx(6, rel=0.25)


@pytest.mark.parametrize(("size", "tall"), [("360p", 12), ("360p", 20), ("360p", 30), ("4K", 20)])
def test_small_people_do_not_become_a_blob(size: str, tall: int) -> None:
    width, height = SIZES[size]
    points = standing(100, 100, 0.4 * tall, tall)
    painted = draw(plain(width, height), tracks([1], points), 0.3)
    body = changed(plain(width, height), painted)[100 + tall // 4 : 100 + tall, 95 : 105 + tall // 2]
    assert body.any()
    assert not body[:, -1].any(), "nothing beside the body"
    strong = np.abs(painted.astype(int) - 128).max(axis=2)[100 : 100 + tall, 100 : 100 + int(0.4 * tall)] > 70
    assert strong.mean() < 0.75


def test_limbs_lie_where_the_joints_are_to_a_tenth_of_a_pixel() -> None:
    for shift in (0.0, 0.25, 0.5, 0.75):
        points = standing(400, 100, 240, 560)
        points[JOINT["right_hip"]] = 450 + shift, 300
        points[JOINT["right_knee"]] = 450 + shift, 500
        painted = draw(plain(grey=250), tracks([1], points), 0.3).astype(float)
        dark = 250 - painted[380:420, 430:471].min(axis=2)
        centre = (dark * np.arange(430, 471)).sum(axis=1) / dark.sum(axis=1)
        np.testing.assert_allclose(centre, 450 + shift, atol=0.1)


# ---------------------------------------------------------------- whatever comes


def test_the_nearest_person_is_on_top_in_whatever_order_they_come() -> None:
    near, far = standing(400, 50, 280, 640), standing(430, 200, 200, 450)
    one = draw(plain(), tracks([1, 2], np.stack([near, far])), 0.3)
    other = draw(plain(), tracks([2, 1], np.stack([far, near])), 0.3)
    assert (one == other).all()
    alone = draw(plain(), tracks([1], near), 0.3)
    a, b = near[JOINT["right_hip"]], near[JOINT["right_knee"]]
    assert (across(one, a, b, 3) == across(alone, a, b, 3)).all()


WILD = [np.nan, np.inf, -np.inf, 1e9, -1e9, 3e38, -3e38, 2147483647.0, 134217728.0]


@pytest.mark.parametrize("value", WILD)
def test_wild_coordinates_are_left_out_without_harm(value: float) -> None:
    points = standing(400, 100, 240, 560)
    sound = draw(plain(), tracks([1], points, [0.9] * 9 + [0.0] + [0.9] * 7), 0.3)
    points[JOINT["left_wrist"]] = value, 300
    assert (
        draw(plain(), tracks([1], points, boxes=[400, 100, 640, 660]), 0.3)[:, :400] == sound[:, :400]
    ).all()
    points[:] = value
    nothing = draw(plain(), tracks([1], points, boxes=[400, 100, 640, 660]), 0.3)
    assert not changed(plain(), nothing)[140:].any(), "only the number, above the box"
    everything = draw(plain(), tracks([1], points, boxes=[value] * 4), 0.3)
    assert everything.shape == (720, 1280, 3)
    scores = np.full((1, 17), 0.9)
    scores[0, 3] = value
    draw(plain(), tracks([1], standing(400, 100, 240, 560), scores), 0.3)


def test_people_half_outside_the_picture_are_cut_at_its_edge() -> None:
    large = plain(1280 + 400, 720 + 400)
    for left, top in ((-120, 200), (1160, 200), (500, 500), (500, -200)):
        points = standing(left, top, 240, 480)
        inner = draw(plain(), tracks([1], points), 0.3)
        outer = draw(large, tracks([1], points + np.float32(200)), 0.3)[200:-200, 200:-200]
        body = slice(max(0, top + 100), None)  # the number may have moved inside
        same = (np.abs(inner[body].astype(int) - outer[body]) < 80).all(axis=2)  # lines are a little wider
        assert same.mean() > 0.995


@pytest.mark.parametrize("joints", [1, 5, 16, 18, 21, 133])
def test_other_skeletons_are_drawn_as_joints_without_bones(joints: int) -> None:
    rng = np.random.default_rng(joints)
    points = np.stack(
        [rng.permutation(np.linspace(100, 1200, joints)), rng.uniform(100, 650, joints)], axis=1
    )
    painted = draw(plain(), tracks([1], points[None], boxes=[90, 90, 1210, 660]), 0.3)
    marked = changed(plain(), painted)
    x, y = np.rint(points).astype(int).T
    assert marked[y, x].all()
    assert marked.sum() < joints * 400 + 3000


def test_small_skeletons_of_another_kind_are_seen_too() -> None:
    points = np.array([[[100.0, 100], [108, 100], [104, 110]]])
    painted = draw(plain(), tracks([1], points, boxes=[98, 98, 110, 112]), 0.3)
    for x, y in points[0].astype(int):
        assert changed(plain(), painted)[y, x]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (5, 200), (7680, 4320)])
def test_every_size_of_picture_can_be_painted_on(width: int, height: int) -> None:
    people = tracks([1], standing(0, 0, 0.4 * height, height))
    assert draw(plain(width, height), people, 0.3).shape == (height, width, 3)


def test_several_threads_paint_at_once() -> None:
    """The window and the file are painted at the same time."""
    people = tracks(range(1, 7), np.stack([standing(60 + 180 * n, 100, 150, 500) for n in range(6)]))
    wanted = draw(plain(), people, 0.3)
    wrong: list[int] = []

    def paint() -> None:
        wrong.extend(n for n in range(15) if (draw(plain(), people, 0.3) != wanted).any())

    workers = [threading.Thread(target=paint) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
