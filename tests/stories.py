"""Twenty stories about what trackers find hard: who walks, how it is filmed, and what the network misses.

Metres and seconds, as everywhere in the renderer; the camera stands at x = z = 0 and sees 3.5 m to each side
six metres away. What is true of a frame comes from the renderer (`stories_film`), what a network says of it
from an imagined one that errs at known rates (`stories_network`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from scene import Camera, Jump, Pillar, Spin, Story, Walker
from scene_stories import BLUE, RED, STRIPED
from stories_network import Network

from engine.errors import UserError

GREEN = replace(BLUE, height=1.7, top=(0.25, 0.45, 0.2), inner=None, bottom=(0.15, 0.13, 0.12))
GREY = replace(STRIPED, height=1.76, stripes=None, top=(0.35, 0.35, 0.36), cuff=0.085)
YELLOW = replace(RED, height=1.6, top=(0.2, 0.65, 0.8), hair=(0.03, 0.05, 0.07))
CHILD = replace(GREEN, height=1.08, top=(0.15, 0.4, 0.85))
CLOTHES = (BLUE, RED, STRIPED, GREEN, GREY, YELLOW)


@dataclass(frozen=True)
class Tale:
    """A story, how it is filmed, and what the network makes of it."""

    name: str
    story: Story
    seconds: float
    fps: int = 25
    dropped: float = 0.0  #: share of the frames that get lost
    network: Network = field(default_factory=Network)


def tales(names: Iterable[str] = ()) -> list[Tale]:
    """All twenty, or those whose names contain one of `names`.

    Raises UserError where a name fits none.
    """
    every = [*everyday(), *hiding(), *filming(), *moving(), *rates()]
    for name in names:
        if not any(name in tale.name for tale in every):
            raise UserError(f"story {name!r}: there is none; there are {', '.join(t.name for t in every)}")
    wanted = list(names)
    return [tale for tale in every if not wanted or any(name in tale.name for name in wanted)]


def straight(number: int, start: tuple[float, float], end: tuple[float, float], seconds: float) -> Walker:
    """Somebody who walks evenly from `start` to `end` (x, z) in so many seconds."""
    return Walker(number, ((0, *start), (seconds, *end)), CLOTHES[(number - 1) % 6], 0.37 * number % 1)


def crossing() -> tuple[Walker, ...]:
    """Two cross while a third stands behind."""
    return (
        straight(1, (-2.3, 5.0), (2.5, 5.0), 4),
        straight(2, (2.6, 6.2), (-2.4, 6.2), 4),
        straight(3, (-1.4, 8.5), (-1.3, 8.5), 4),
    )


def everyday() -> list[Tale]:
    twins = (straight(1, (-2.3, 5.0), (2.5, 5.0), 4), straight(2, (2.6, 5.6), (-2.4, 5.6), 4))
    return [
        Tale("crossing", Story(crossing()), 4),
        Tale(
            "overtaking",
            Story((straight(1, (-2.2, 6.0), (1.6, 6.0), 5), straight(2, (-3.2, 5.2), (4.2, 5.2), 5))),
            5,
        ),
        Tale("twins", Story(tuple(replace(walker, look=BLUE) for walker in twins)), 4),
        Tale(
            "child beside an adult",
            Story((straight(1, (-2.4, 5.2), (2.4, 5.4), 5), replace(beside(), look=CHILD))),
            5,
        ),
        Tale("crowd of twelve", Story(crowd(12)), 6),
    ]


def beside() -> Walker:
    """A way that runs round the one of a grown-up: first nearer to the camera, then behind."""
    return Walker(2, ((0, -2.0, 4.8), (2, -0.2, 4.8), (3, 0.5, 5.9), (5, 2.0, 6.0)), phase=0.2)


def crowd(people: int) -> tuple[Walker, ...]:
    """Two streams that meet, four to ten metres away, in as many clothes as people."""
    rng = np.random.default_rng(12)
    out = []
    for number in range(1, people + 1):
        way, depth = (1 if number % 2 else -1), 4.6 + 5.0 * (number - 1) / people
        far, speed = 0.55 * depth * rng.uniform(0.3, 1.0), rng.uniform(0.8, 1.4)
        goal = way * (6 * speed - far), depth + rng.normal() * 0.4
        walker = straight(number, (-way * far, depth), goal, 6)
        dyed = [tuple(np.clip(rng.uniform(0.1, 0.8, 3), 0, 1)) for _ in range(2)]
        height = rng.uniform(1.55, 1.9)
        look = replace(walker.look, height=height, top=dyed[0], bottom=dyed[1], inner=None)
        out.append(replace(walker, look=look) if number > len(CLOTHES) else walker)
    return tuple(out)


def hiding() -> list[Tale]:
    """Who goes out of sight and returns. Somebody else comes past where they went, in other clothes."""
    away = ((0, 0.2, 5), (2.4, 3.7, 5), (6.6, 3.7, 5), (9, 0.2, 5))
    other = ((0, 4.6, 5.6), (3.0, 4.6, 5.6), (6.5, -1.2, 5.6), (11, -1.6, 5.6))
    return [
        Tale("hidden for 0.5 s", Story((behind(0.0),), (Pillar(0.0, 4.5, 0.29),)), 4),
        Tale("hidden for 2 s", Story((behind(1.32), past(1.6)), (PILLAR,)), 6),
        Tale("hidden for 8 s", Story((behind(7.32), past(4.0)), (PILLAR,)), 12),
        Tale("leaving for 5 s", Story((Walker(1, away, BLUE), Walker(2, other, RED, 0.3))), 9.5),
    ]


PILLAR = Pillar(0.0, 4.5, 0.4)


def behind(waits: float) -> Walker:
    """Somebody who goes behind the pillar, waits there so long, and goes on."""
    way, there = 1.25, 2.0
    stop = ((there, 0.0, 6.0), (there + waits, 0.0, 6.0)) if waits else ()
    return Walker(1, ((0, -there * way, 6.0), *stop, (2 * there + waits, there * way, 6.0)), STRIPED)


def past(at: float) -> Walker:
    """Somebody who passes behind the pillar `at` so many seconds, from right to left."""
    return Walker(2, ((at - 3, 3.6, 7.0), (at + 3, -3.6, 7.0)), RED, 0.3)


def filming() -> list[Tale]:
    """Cameras and networks at their worst, and frames that get lost."""
    rng = np.random.default_rng(3)
    moments = np.arange(0, 4.5, 0.12)
    shaken, nods = (tuple(zip(moments, rng.normal(0, 1.0, len(moments)), strict=True)) for _ in range(2))
    pan = ((0, -12), (2.2, 12), (2.8, 12), (5, -12))
    noisy = Network(tremble=0.035, drift=0.03)
    return [
        Tale("camera shakes", Story(crossing(), camera=Camera(shaken, nods=nods)), 4),
        Tale("camera pans", Story(crossing(), camera=Camera(pan)), 5),
        Tale("30 % of frames dropped", Story(crossing()), 4, 30, dropped=0.3),
        Tale("heatmap noise", Story(crossing()), 4, network=noisy),
        Tale(
            "missed and false detections",
            Story(crowd(6)),
            6,
            network=Network(missed=0.15, false=0.5, doubled=0.05),
        ),
    ]


def moving() -> list[Tale]:
    """People who do what a steady walk does not foretell."""
    start = ((0, -1.6, 5.0), (3.2, -1.6, 5.0), (4.3, 2.2, 5.0), (6, 2.3, 5.0))
    jumper = Walker(1, start, BLUE, ease=0.12, jumps=(Jump(0.8), Jump(2.2, 0.3)))
    turner = Walker(1, still(-0.9, 4.8), BLUE, spins=(Spin(0.5, 2.5, 2), Spin(3, 4, -1.5)))
    other = Walker(2, still(0.9, 5.2), RED, spins=(Spin(1.0, 4.5, -4),))
    faller = Walker(1, ((0, -2.2, 5.0), (1.6, -0.4, 5.0)), BLUE, ease=0.2, fall=1.6)
    return [
        Tale("sudden jump", Story((jumper, straight(2, (1.0, 6.0), (0.4, 6.0), 6))), 5.5),
        Tale("spin", Story((turner, other)), 5, network=Network(swapped=0.3)),
        Tale("fall", Story((faller, straight(2, (2.6, 6.0), (-2.4, 6.0), 4))), 4),
    ]


def still(x: float, z: float) -> tuple[tuple[float, float, float], ...]:
    return ((0, x, z), (1, x, z))


def rates() -> list[Tale]:
    """The same scene at three frame rates: two cross, a third overtakes."""
    three = (*crossing()[:2], straight(3, (-3.4, 5.7), (4.4, 5.5), 4))
    return [
        Tale(f"{fps} fps", Story(three), seconds, fps) for fps, seconds in ((5, 4.0), (30, 4.0), (120, 3.0))
    ]
