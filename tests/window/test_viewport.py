"""Where points of a picture are in a widget, and back. Every expected number was worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.ui.look import Look
from app.ui.viewport import Viewport

#: A picture of 200 x 100 in a widget of 600 x 400 is shown three times as large, 50 px from the top.
WHOLE = Viewport(200, 100, 600.0, 400.0).fit()


def test_the_whole_picture_fits_and_lies_in_the_middle():
    assert WHOLE.rectangle == (0.0, 50.0, 600.0, 300.0)
    np.testing.assert_allclose(WHOLE.place(np.array([0.0, 0.0])), (1.5, 51.5))
    np.testing.assert_allclose(WHOLE.place(np.array([199.0, 99.0])), (598.5, 348.5))


def test_a_mirror_exchanges_left_and_right_only():
    mirrored = replace(WHOLE, mirror=True)
    np.testing.assert_allclose(mirrored.place(np.array([0.0, 0.0])), (598.5, 51.5))
    assert mirrored.point(598.5, 51.5) == pytest.approx((0.0, 0.0))


def test_pixels_that_are_wider_than_high_make_the_picture_wider():
    wide = replace(WHOLE, aspect=2.0).fit()  # 400 x 100 as shown: 1.5 times
    assert wide.rectangle == (0.0, 125.0, 600.0, 150.0)
    np.testing.assert_allclose(wide.place(np.array([100.0, 50.0])), (301.5, 200.75))


@pytest.mark.parametrize("mirror", [False, True])
def test_what_is_under_the_pointer_stays_there_while_zooming(mirror: bool):
    view = replace(WHOLE, mirror=mirror, down=300.0)  # no bars, which stay even as long as there are any
    before = view.point(150.0, 120.0)
    for _ in range(5):
        view = view.zoomed(1.25, 150.0, 120.0)
    assert view.zoom == pytest.approx(1.25**5)
    assert view.point(150.0, 120.0) == pytest.approx(before, abs=0.1)  # snapped to device pixels


def test_zooming_out_ends_at_the_whole_picture():
    assert WHOLE.zoomed(8.0, 10.0, 60.0).zoomed(0.01, 10.0, 60.0) == WHOLE


@pytest.mark.parametrize("mirror", [False, True])
def test_the_picture_follows_the_hand_that_pulls_it(mirror: bool):
    view = replace(WHOLE, mirror=mirror).zoomed(4.0, 300.0, 200.0)
    held = view.point(300.0, 200.0)
    assert view.moved(40.0, -24.0).point(340.0, 176.0) == pytest.approx(held, abs=0.05)


def test_no_pull_brings_the_edge_of_the_picture_into_the_view():
    view = WHOLE.zoomed(4.0, 300.0, 200.0).moved(1e6, 1e6)
    left, top, _, _ = view.rectangle
    assert (left, top) == (0.0, 0.0)


def test_gliding_takes_as_long_in_many_steps_as_in_few():
    goal = WHOLE.on(np.array([20.0, 20.0, 40.0, 80.0]), 0.7)
    few, many = WHOLE.towards(goal, 0.2), WHOLE
    for _ in range(20):
        many = many.towards(goal, 0.01)
    assert (many.zoom, many.x, many.y) == pytest.approx((few.zoom, few.x, few.y), rel=1e-6)
    assert WHOLE.zoom < few.zoom < goal.zoom


def test_whoever_is_followed_is_in_the_middle_in_the_end_and_large():
    now = [0.0]
    look = Look(lambda: now[0])
    look.change(width=1000, height=500, across=1000.0, down=500.0)
    box = np.array([600.0, 200.0, 650.0, 350.0])
    look.follow(7)
    steps = 0
    while look.glide(box):
        now[0] += 0.02
        steps += 1
    assert 25 < steps < 200  # it glides, and it arrives
    np.testing.assert_allclose(look.place.place(np.array([625.0, 275.0])), (500.0, 250.0), atol=3.0)
    low, high = look.place.place(box.reshape(2, 2))[:, 1]
    assert (high - low) / 500.0 == pytest.approx(0.7, abs=0.01)


def test_following_ends_with_a_pull_and_stays_where_it_is():
    look = Look(lambda: 0.0)
    look.change(width=1000, height=500, across=1000.0, down=500.0)
    look.zoom(4.0, 500.0, 250.0)
    look.follow(3)
    look.pull(10.0, 0.0)
    assert look.following == 0
    assert look.place.zoom == 4.0
