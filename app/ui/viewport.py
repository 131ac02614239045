"""Which part of a picture is in view, and where each of its points is: all the geometry, no Qt.

Points of the picture are in its pixels, as everywhere: the centre of the first is (0, 0). Places in the
widget are in Qt's logical pixels, `ratio` device pixels each, from the left top corner of the widget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAREST = 40.0  #: most that one can zoom in, over the picture that fits
GLIDE = 0.25  #: seconds in which a gliding view goes two thirds of its way
SETTLED_PX = 0.5  #: so near to its goal a view has arrived


@dataclass(frozen=True, slots=True)
class Viewport:
    """A picture of `width` x `height` pixels seen in a widget of `across` x `down`."""

    width: int
    height: int
    across: float
    down: float
    ratio: float = 1.0  #: device pixels to a logical pixel
    aspect: float = 1.0  #: width over height of one pixel of the picture
    mirror: bool = False
    zoom: float = 1.0  #: 1: the whole picture fits
    x: float = 0.0  #: the point of the picture in the middle of the widget
    y: float = 0.0

    @property
    def fitting(self) -> float:
        """Logical pixels to a line of the picture where the whole of it fits."""
        return max(1e-6, min(self.across / (self.width * self.aspect), self.down / self.height))

    @property
    def scale(self) -> float:
        """Logical pixels to a line of the picture."""
        return self.fitting * self.zoom

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the whole picture in the widget; corners on device pixels.

        So a picture that is neither larger nor smaller than its place is painted pixel by pixel.
        """
        wide, high = self.width * self.aspect * self.scale, self.height * self.scale
        beside = (self.x + 0.5) / self.width
        left = self.across / 2 - wide * (1.0 - beside if self.mirror else beside)
        top = self.down / 2 - high * (self.y + 0.5) / self.height
        return self._snapped(left), self._snapped(top), wide, high

    @property
    def visible(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is seen of the picture in the widget."""
        left, top, wide, high = self.rectangle
        return max(0.0, left), max(0.0, top), min(self.across, left + wide), min(self.down, top + high)

    def zoomed_points(self, points: NDArray[Any]) -> Floats:
        """Points (..., 2) of the picture, in logical pixels from the corner of `rectangle`."""
        if self.mirror:
            points = np.array([self.width - 1.0, 0.0]) + points * (-1.0, 1.0)
        moved: Floats = (points + 0.5) * (self.scale * self.aspect, self.scale)
        return moved

    def place(self, points: NDArray[Any]) -> Floats:
        """Where points (..., 2) of the picture are in the widget."""
        moved: Floats = self.zoomed_points(points) + self.rectangle[:2]
        return moved

    def point(self, across: float, down: float) -> tuple[float, float]:
        """Which point of the picture is at that place of the widget."""
        left, top, _, _ = self.rectangle
        x = (across - left) / (self.scale * self.aspect) - 0.5
        return (self.width - 1.0 - x if self.mirror else x), (down - top) / self.scale - 0.5

    def fit(self) -> Viewport:
        """The whole picture."""
        return replace(self, zoom=1.0, x=(self.width - 1) / 2, y=(self.height - 1) / 2)

    def zoomed(self, factor: float, across: float, down: float) -> Viewport:
        """Larger by `factor`; the point at that place stays where it is."""
        nearer = replace(self, zoom=min(NEAREST, max(1.0, self.zoom * factor)))
        less = 1.0 / self.scale - 1.0 / nearer.scale
        aside = (across - self.across / 2) / self.aspect * less
        x = self.x - aside if self.mirror else self.x + aside
        return replace(nearer, x=x, y=self.y + (down - self.down / 2) * less).inside()

    def moved(self, across: float, down: float) -> Viewport:
        """The picture pulled along by that many logical pixels."""
        aside = across / (self.scale * self.aspect)
        x = self.x + aside if self.mirror else self.x - aside
        return replace(self, x=x, y=self.y - down / self.scale).inside()

    def on(self, box: Floats, share: float) -> Viewport:
        """With the middle of `box` (left, top, right, bottom; points) in the middle, filling that share."""
        x, y = (box[:2] + box[2:]) / 2
        wide, high = np.maximum(box[2:] - box[:2], 1.0) * (self.aspect, 1.0) * self.fitting
        zoom = share * float(min(self.across / wide, self.down / high))
        return replace(self, zoom=min(NEAREST, max(1.0, zoom)), x=float(x), y=float(y)).inside()

    def inside(self) -> Viewport:
        """With no more beside the picture than there must be."""
        spare_x = max(0.0, self.width - self.across / (self.scale * self.aspect)) / 2
        spare_y = max(0.0, self.height - self.down / self.scale) / 2
        middle_x, middle_y = (self.width - 1) / 2, (self.height - 1) / 2
        x = min(middle_x + spare_x, max(middle_x - spare_x, self.x))
        y = min(middle_y + spare_y, max(middle_y - spare_y, self.y))
        return replace(self, x=x, y=y)

    def towards(self, goal: Viewport, passed_s: float) -> Viewport:
        """Part of the way to `goal`, the same in `passed_s` seconds however many steps they are made of."""
        share = 1.0 - math.exp(-max(0.0, passed_s) / GLIDE)
        zoom = self.zoom * (goal.zoom / self.zoom) ** share
        on_way = replace(
            self, zoom=zoom, x=self.x + share * (goal.x - self.x), y=self.y + share * (goal.y - self.y)
        )
        return goal if on_way.is_near(goal) else on_way

    def is_near(self, goal: Viewport) -> bool:
        """Whether nobody would see a difference."""
        off = math.hypot(self.x - goal.x, self.y - goal.y) * goal.scale
        return off < SETTLED_PX and abs(self.zoom / goal.zoom - 1.0) < 1e-3

    def _snapped(self, place: float) -> float:
        return round(place * self.ratio) / self.ratio
