"""Who walks where in front of which camera."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scene_body import Look
from scene_camera import Camera
from scene_gait import Walker
from scene_mesh import Pillar


@dataclass(frozen=True)
class Story:
    """A scene over time, and how it is filmed."""

    walkers: tuple[Walker, ...]  #: ids from 1, all different
    pillars: tuple[Pillar, ...] = ()
    camera: Camera = field(default_factory=Camera)
    seed: int = 0
    noise: float = 2.2  #: standard deviation in grey levels
    blur: float = 0.65  #: standard deviation in pixels
    jpeg: int = 85  #: quality
    samples: int = 2  #: a pixel is drawn with samples x samples

    def filmed(self, size: tuple[int, int], samples: int) -> Story:
        """The same story at another size (width, height) and sampling."""
        return replace(self, camera=replace(self.camera, size=size), samples=samples)


BLUE = Look(1.78, 1.03, top=(0.42, 0.22, 0.12), bottom=(0.3, 0.22, 0.18), inner=(0.82, 0.84, 0.85))
RED = Look(
    1.66, 0.93, (0.55, 0.66, 0.86), (0.06, 0.12, 0.2), True, (0.2, 0.2, 0.68),
    bottom=(0.12, 0.11, 0.11), shoes=(0.7, 0.7, 0.72), waist=0.88,
)  # fmt: skip
STRIPED = Look(
    1.84, 1.06, (0.25, 0.36, 0.55), (0.03, 0.03, 0.04), top=(0.62, 0.66, 0.62), stripes=(0.5, 0.3, 0.2),
    bottom=(0.3, 0.42, 0.5), sleeve=0.22, cuff=0.48, shoes=(0.75, 0.75, 0.75),
)  # fmt: skip


def demo() -> Story:
    """Ten seconds: two people cross, a third passes behind a pillar and waves, the camera pans."""
    curve = ((0, -2.4, 9.5), (3, 0.2, 8.4), (5.5, 2.6, 6.9), (8, 1.2, 4.6), (10, -0.4, 4.2))
    walkers = (
        Walker(1, ((0, -3.4, 4.9), (10, 4.2, 5.2)), BLUE),
        Walker(2, ((0, 3.4, 6.7), (10, -3.6, 6.4)), RED, 0.3),
        Walker(3, curve, STRIPED, 0.6, wave=(7.8, 9.8)),
    )
    return Story(walkers, (Pillar(1.4, 5.8, 0.22),), Camera(((0, -7), (4, 4), (7, 6), (10, 0))))


def crossing() -> Story:
    """Two seconds: two people cross, the nearer one hides the other at 1.0 s. The camera stands still."""
    walkers = (
        Walker(1, ((0, -1.3, 4.6), (2, 1.3, 4.6)), BLUE),
        Walker(2, ((0, 1.5, 5.3), (2, -1.5, 5.3)), RED, 0.3),
    )
    return Story(walkers)


def hidden() -> Story:
    """Three seconds: one person disappears behind a wide pillar and comes out again."""
    return Story((Walker(1, ((0, -1.7, 6.0), (3, 1.7, 6.0)), STRIPED),), (Pillar(0.0, 4.5, 0.45),))


def crowd() -> Story:
    """Four seconds: six people come and go in two rows."""
    green = replace(BLUE, height=1.7, top=(0.25, 0.45, 0.2), inner=None, bottom=(0.15, 0.13, 0.12))
    grey = replace(STRIPED, height=1.76, stripes=None, top=(0.35, 0.35, 0.36), cuff=0.085)
    yellow = replace(RED, height=1.6, top=(0.2, 0.65, 0.8), hair=(0.03, 0.05, 0.07))
    walkers = (
        Walker(1, ((0, -2.6, 5.0), (4, 1.6, 5.0)), BLUE),
        Walker(2, ((0, 2.6, 5.8), (4, -1.6, 5.8)), RED, 0.3),
        Walker(3, ((0, -1.0, 8.5), (4, -0.6, 5.0)), STRIPED, 0.6),
        Walker(4, ((0, 0.9, 6.6), (4, 2.9, 9.6)), green, 0.1),
        Walker(5, ((0, -3.6, 7.4), (4, 0.8, 7.8)), grey, 0.8),
        Walker(6, ((0, 3.9, 7.6), (4, 0.0, 8.8)), yellow, 0.45),
    )
    return Story(walkers)


def nobody() -> Story:
    """An empty street, for as long as you like."""
    return Story(())
