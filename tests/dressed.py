"""Walkers of numbers in clothes of one colour a part, as `trackers.appearance` would see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from walkers import Shot, named

from trackers.appearance import PARTS, Looks
from trackers.tracker import Tracker

#: CIE L*a*b* of head, chest, belly, sleeves, forearms, thighs and shins.
RED = np.array([[60, 15, 15]] + [[45, 55, 30]] * 3 + [[60, 15, 15]] + [[25, 2, -20]] * 2, float)
GREEN = np.array([[55, 15, 15]] + [[50, -35, 30]] * 3 + [[55, 15, 15]] + [[60, 2, 15]] * 2, float)
BLACK = np.array([[50, 12, 12]] + [[8, 0, 0]] * 6, float)


def dressed(who: Iterable[int], clothes: Sequence[np.ndarray], seed: int = 0, weight: float = 0.8) -> Looks:
    """How the walkers `who` look in their `clothes`, by walker; -1, a false box, looks like a wall."""
    rng, rows = np.random.default_rng(seed), list(who)
    colours = np.array([clothes[i] if i >= 0 else np.full((7, 3), 70.0) for i in rows]).reshape(-1, 7, 3)
    return Looks(
        colours + rng.normal(0, (4, 1.5, 1.5), colours.shape), np.full((len(rows), len(PARTS)), weight)
    )


def told(shots: Iterable[Shot], clothes: Sequence[np.ndarray], **settings: float) -> list[dict[int, int]]:
    """Who had which id in each frame, by walker."""
    tracker = Tracker(**settings)
    return [
        named(shot, tracker.update(shot.poses, shot.time, looks=dressed(shot.who, clothes, n)))
        for n, shot in enumerate(shots)
    ]
