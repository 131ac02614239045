"""How a picture is looked at: as a whole, closely, or gliding along with somebody. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.ui.viewport import Floats, Viewport

CLOSE = 0.7  #: share of the widget that somebody who is followed fills
_LEAST, _MOST = 0.1, 4.0  # what zooming makes of it
_STALL_S = 0.25  # a glide that was held up goes on from where it is, and does not jump


class Look:
    """The part of the picture in view, and whom it follows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds; gliding goes by it, however often it is painted."""
        self.place = Viewport(1, 1, 1.0, 1.0)
        self.following = 0  #: id, 0: nobody
        self._clock, self._moved_at = clock, clock()
        self._share, self._gliding = CLOSE, False

    def change(self, **fields: Any) -> None:
        """The picture, or the place that it is shown in, is another: fields of `Viewport`."""
        if all(getattr(self.place, name) == value for name, value in fields.items()):
            return
        changed = replace(self.place, **fields)
        other = (changed.width, changed.height) != (self.place.width, self.place.height)
        self.place = changed.fit() if other else changed.inside()
        self.wake()

    def zoom(self, factor: float, across: float, down: float) -> None:
        """Nearer to what is at that place, or to whom is followed."""
        if self.following:
            self._share = min(_MOST, max(_LEAST, self._share * factor))
            self.wake()
        else:
            self.place = self.place.zoomed(factor, across, down)

    def pull(self, across: float, down: float) -> None:
        """Move the picture; whoever pulls at it does not want to follow any more."""
        self.follow(0)
        self.place = self.place.moved(across, down)

    def fit(self) -> None:
        """The whole picture."""
        self.follow(0)
        self.place = self.place.fit()

    def follow(self, track_id: int) -> None:
        """Go with that person; 0: with nobody, and stay here."""
        if track_id != self.following:
            self.following, self._share, self._gliding = track_id, CLOSE, False
            self.wake()

    def wake(self) -> None:
        """Whoever is followed may be elsewhere now."""
        if self.following and not self._gliding:
            self._gliding, self._moved_at = True, self._clock()

    def glide(self, box: Floats) -> bool:
        """Nearer to the one who is followed, whose box (4,) is given; whether there is some way left."""
        if not self._gliding or not self.following:
            return False
        now = self._clock()
        passed, self._moved_at = now - self._moved_at, now
        goal = self.place.on(box, self._share)
        self.place = self.place.towards(goal, min(passed, _STALL_S))
        self._gliding = not self.place.is_near(goal)
        return self._gliding
