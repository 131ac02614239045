"""Colours that can be told apart, whoever looks at them."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from test_draw import DEUTAN, PROTAN, lightness, oklab

from app.painting.palette import DARK, Bgr, Colours, shades


def apart(one: Bgr, other: Bgr) -> list[float]:
    """Distances in OKLab to normal sight, a protanope and a deuteranope."""
    srgb = np.array([one, other])[:, ::-1] / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    views = [oklab(np.clip(linear @ np.array(view).T, 0, 1)) for view in (np.eye(3), PROTAN, DEUTAN)]
    return [float(np.linalg.norm(a - b)) for a, b in views]


def test_sides_are_told_apart_by_every_eye_far_better_than_people_are() -> None:
    side = shades(1, "side")
    assert apart(side.left, side.right) == pytest.approx([0.51, 0.45, 0.52], abs=0.01)
    assert min(apart(side.left, side.middle) + apart(side.right, side.middle)) > 0.17
    assert lightness(side.left) - lightness(side.right) > 40, "also in a print without colours"


def test_sides_and_one_colour_are_the_same_for_everybody_and_people_are_not() -> None:
    assert len({shades(n, "side") for n in range(1, 50)}) == 1
    assert {shades(n, "one") for n in range(1, 50)} == {shades(1)}
    assert len({shades(n) for n in range(1, 13)}) == 12


@pytest.mark.parametrize("colours", get_args(Colours))
def test_numbers_can_be_read_whatever_the_colours(colours: Colours) -> None:
    luminance = [((lightness(each) + 16) / 116) ** 3 for each in (DARK, shades(1, colours).middle)]
    assert (luminance[1] + 0.05) / (luminance[0] + 0.05) > 4.5
