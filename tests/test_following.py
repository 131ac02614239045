"""One person out of everyone: alone in every output, said to be lost when lost."""

from __future__ import annotations

import numpy as np
import pytest
from figures import nobody, result, standing, tracks

from app.following import Following

PICTURE = np.zeros((480, 640, 3), np.uint8)
LEFT, RIGHT = standing(50, 100, 100, 300), standing(400, 100, 100, 300)
BOTH = tracks([1, 2], [LEFT, RIGHT])
ONE = tracks([1], LEFT)


def watch(following, *frames):
    """What is left of each frame, ten a second."""
    return [following.choose(result(n, n / 10, PICTURE, people)) for n, people in enumerate(frames)]


@pytest.mark.parametrize("target", [2, (450.0, 250.0, 0.0)])
def test_only_the_chosen_person_is_left_with_their_own_joints(target):
    following = Following(target)
    for done in watch(following, BOTH, BOTH, BOTH):
        assert done.tracks.ids.tolist() == [2]
        np.testing.assert_array_equal(done.tracks.keypoints, BOTH.keypoints[1:])
        assert not done.lost
    assert following.found
    assert following.account() == "never lost"


def test_lost_is_said_and_for_how_long_and_nobody_else_is_taken():
    following = Following(2)
    done = watch(following, BOTH, *[ONE] * 5, BOTH, BOTH, *[ONE] * 2, BOTH)
    assert [one.lost for one in done] == [False, *[True] * 5, False, False, True, True, False]
    assert [len(one.tracks) for one in done] == [1, *[0] * 5, 1, 1, 0, 0, 1]
    assert following.account() == "lost at 0.10 s for 0.50 s, 0.80 s for 0.20 s: 2 times, 0.70 s in all"


def test_whoever_is_not_found_again_is_said_not_to_be():
    following = Following(2)
    watch(following, BOTH, ONE, ONE, ONE)
    assert following.account() == "lost at 0.10 s for 0.20 s, not found again"


def test_before_the_person_comes_nobody_is_lost():
    following = Following(2)
    assert not any(done.lost or len(done.tracks) for done in watch(following, ONE, nobody(), ONE))
    assert not following.found


@pytest.mark.parametrize(
    ("target", "frames", "message"),
    [
        (7, [BOTH], "nobody is number 7; seen were 1, 2"),
        (7, [nobody()], "nobody is number 7: nobody was seen at all"),
        ((600.0, 10.0, 0.0), [ONE, ONE], "nobody is at 600,10 at 0 s; the nearest is number 1, "),
        ((600.0, 10.0, 9.0), [ONE, ONE], "nobody is at 600,10 at 9 s: the source ends at 0.10 s"),
        ((600.0, 10.0, 0.0), [nobody()], "nobody is at 600,10 at 0 s, nor anywhere else around that time"),
    ],
)
def test_why_nobody_is_followed_is_told_with_who_was_there(target, frames, message):
    following = Following(target)
    watch(following, *frames)
    assert not following.found
    assert following.missing().startswith(message)


def test_the_nearest_is_told_with_distance_and_time():
    following = Following((0.0, 460.0, 0.1))
    away = tracks([3], standing(300, 0, 50, 100), boxes=[(300, 0, 350, 100)])
    watch(following, away, away, away)
    assert following.missing().endswith("the nearest is number 3, 469 pixels away at 0.00 s")
