"""Colours are taken from where the body is, and say as much as they are worth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from walkers import NOBODY, Walker, alone, in_one_frame, poses

from engine.types import Boxes, Poses
from trackers.appearance import PARTS, Looks, evidence, looks, unseen

WALKER = Walker((200, 380), height=300)
PAINT = {"chest": (30, 30, 200), "thighs": (160, 60, 20), "shins": (40, 160, 40)}


def picture() -> np.ndarray:
    """Somebody in a red shirt, blue trousers and green socks, BGR."""
    image = np.full((480, 640, 3), 128, np.uint8)
    joints = np.rint(WALKER.joints(0.0)).astype(int)
    torso = joints[[5, 6, 12, 11]]
    cv2.fillPoly(image, [torso], PAINT["chest"])
    cv2.polylines(image, [torso], True, PAINT["chest"], 12)
    for knee, hip, ankle in ((13, 11, 15), (14, 12, 16)):
        cv2.line(image, joints[hip], joints[knee], PAINT["thighs"], 14)
        cv2.line(image, joints[knee], joints[ankle], PAINT["shins"], 14)
    return image


def lab(colour: tuple[int, int, int]) -> np.ndarray:
    return cv2.cvtColor(np.float32([[colour]]) / np.float32(255), cv2.COLOR_BGR2Lab)[0, 0]


def one(looks: Looks, row: int = 0) -> Looks:
    return looks.take(np.array([row]))


@pytest.mark.parametrize("part", PAINT)
def test_each_part_has_the_colour_it_is_painted_with(part: str):
    seen = looks(picture(), alone(WALKER, 0.0))
    np.testing.assert_allclose(seen.colours[0, PARTS.index(part)], lab(PAINT[part]), atol=3.0)
    assert seen.weights[0, PARTS.index(part)] > 0.7


def test_left_and_right_may_be_mixed_up():
    mirrored = WALKER.joints(0.0)[[0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]]
    swapped = poses([WALKER.box(0.0)], [mirrored], np.full((1, 17), 0.85), np.array([0.8]))
    one_way, other = (looks(picture(), each) for each in (alone(WALKER, 0.0), swapped))
    np.testing.assert_allclose(one_way.colours[0], other.colours[0], atol=0.5)


def test_hidden_joints_and_what_is_out_of_the_picture_say_nothing():
    scores = np.full((1, 17), 0.85)
    scores[0, 13:] = 0.2
    below = poses([WALKER.box(0.0)], [WALKER.joints(0.0)], scores, np.array([0.8]))
    assert looks(picture(), below).weights[0, PARTS.index("shins")] == 0.0
    assert looks(picture(), below).weights[0, PARTS.index("chest")] > 0.7
    cut = looks(picture()[:300], alone(WALKER, 0.0))
    assert cut.weights[0, PARTS.index("shins")] == 0.0
    whole = np.nan_to_num(looks(picture(), alone(WALKER, 0.0)).weights)
    assert (cut.weights <= whole + 1e-9).all()


def test_joints_that_are_no_numbers_nobody_and_other_skeletons_do_no_harm():
    broken = alone(WALKER, 0.0)
    joints = broken.keypoints.copy()
    joints[0, 5] = np.nan
    joints[0, 6] = np.inf
    seen = looks(picture(), Poses(broken.boxes, joints, broken.scores))
    assert np.isfinite(seen.colours).all()
    assert np.isfinite(seen.weights).all()
    assert len(looks(picture(), NOBODY).weights) == 0
    five = Poses(
        Boxes(np.ones((2, 4), np.float32), np.ones(2, np.float32)),
        np.ones((2, 5, 2), np.float32),
        np.ones((2, 5), np.float32),
    )
    assert not looks(picture(), five).weights.any()


def odds(known: Looks, seen: Looks) -> tuple[float, float]:
    """Of one person and another: logarithm of the odds, and on how many parts it rests."""
    one = np.zeros(1, np.int64)
    told, rests_on = evidence(known, one, seen, one)
    return float(told[0]), float(rests_on[0])


def test_the_same_red_says_more_than_the_same_black_and_another_colour_says_no():
    def clothes(colour: tuple[float, float, float]) -> Looks:
        return Looks(np.tile(np.array(colour), (1, len(PARTS), 1)), np.ones((1, len(PARTS))))

    red, black, green = clothes((45, 60, 40)), clothes((8, 0, 0)), clothes((45, -50, 40))
    same_red, same_black, other = (odds(*pair)[0] for pair in ((red, red), (black, black), (red, green)))
    assert same_red > same_black + 2.0
    assert same_black > 0.0 > other
    assert other < -3.0


def test_it_is_told_on_how_much_the_evidence_rests():
    seen = looks(picture(), alone(WALKER, 0.0))
    assert odds(seen, seen)[1] > 3.0
    assert odds(unseen(1), seen) == odds(seen, unseen(1)) == (0.0, 0.0)


def test_pairs_are_told_one_by_one_and_each_as_if_alone():
    rng = np.random.default_rng(4)
    known, seen = (
        Looks(rng.uniform(0, 60, (n, len(PARTS), 3)), rng.uniform(0, 2, (n, len(PARTS)))) for n in (4, 3)
    )
    rows, columns = np.array([3, 0, 0, 2]), np.array([1, 1, 2, 0])
    together = np.array(evidence(known, rows, seen, columns))
    alone = [odds(known.take(rows[i : i + 1]), seen.take(columns[i : i + 1])) for i in range(4)]
    np.testing.assert_allclose(together, np.transpose(alone), rtol=1e-12)
    assert [len(each) for each in evidence(known, rows[:0], seen, columns[:0])] == [0, 0]


def test_what_is_known_is_a_mean_by_how_well_it_was_seen():
    first = Looks(np.full((1, 7, 3), 10.0), np.full((1, 7), 1.0))
    then = Looks(np.full((1, 7, 3), 40.0), np.full((1, 7), 0.5))
    both = first.learned(then)
    np.testing.assert_allclose(both.colours, 20.0)
    np.testing.assert_allclose(both.weights, 1.5)
    np.testing.assert_array_equal(first.learned(unseen(1)).colours, first.colours)


def test_several_are_looked_at_each_on_their_own():
    beside = Walker((450, 380), height=300)
    both = looks(picture(), in_one_frame(alone(beside, 0.0), alone(WALKER, 0.0)))
    np.testing.assert_allclose(one(both, 1).colours, looks(picture(), alone(WALKER, 0.0)).colours)
    assert abs(both.colours[0, PARTS.index("chest")] - lab((128, 128, 128))).max() < 1.0
