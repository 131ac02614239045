"""Presentation times that only ever grow."""

from __future__ import annotations

from fractions import Fraction


class Clock:
    """Turns container timestamps into seconds, strictly increasing, each a whole multiple of the time base.

    A good stamp is kept as it is, so `round(seconds / time_base)` gives it back. What is mended:
    no stamp: one nominal frame after the frame before; a repeated stamp or one a little back: one tick after
    it, so that the good stamps that follow keep their place; more than a second back: recordings were
    joined and the clock began anew, so all that follows is moved behind what was there.
    """

    def __init__(self, time_base: Fraction, rate: Fraction) -> None:
        self._time_base = time_base
        self._step = max(1, round(1 / (rate * time_base)))
        self._second = round(1 / time_base)
        self._moved = 0
        self._last = 0
        self._started = False

    def seconds(self, stamp: int | None) -> float:
        """The time of the next frame, whose stamp is in ticks of the time base; None where there is none."""
        ticks = self._mended(stamp) if self._started else (stamp or 0)
        self._started, self._last = True, ticks
        # Integers divide to the nearest float; ticks * float(time_base) would round twice.
        return ticks * self._time_base.numerator / self._time_base.denominator

    def _mended(self, stamp: int | None) -> int:
        if stamp is None:
            return self._last + self._step
        if stamp + self._moved < self._last - self._second:
            self._moved = self._last + self._step - stamp
        return max(stamp + self._moved, self._last + 1)
