"""From the timeline and the buttons to the player of what is open."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.ui.opened import Opened
from app.ui.timeline import Timeline
from app.ui.transport import Transport


class Steering(QObject):
    """What is wanted of the player; nothing while nothing is open."""

    def __init__(self, opened: Opened, timeline: Timeline, transport: Transport) -> None:
        super().__init__(opened)
        self._opened, self._timeline = opened, timeline
        timeline.sought.connect(lambda s: opened.ask(lambda review: review.player.seek(s)))
        timeline.loop_changed.connect(self._loop_range)
        for stepped in (timeline.stepped, transport.stepped):
            stepped.connect(lambda n: opened.ask(lambda review: review.player.step(n)))
        transport.play_wanted.connect(self._play)
        transport.speed_wanted.connect(lambda x: opened.ask(lambda review: review.player.set_speed(x)))
        transport.loop_wanted.connect(self._loop)

    def loop_from_here(self) -> None:
        """The loop begins at the picture shown, and ends where it did, or with the recording."""
        here = self._timeline.cursor_s
        self._loop_range(here, max(self._ends()[1], here))

    def loop_to_here(self) -> None:
        """The loop ends at the picture shown, and begins where it did, or with the recording."""
        here = self._timeline.cursor_s
        self._loop_range(min(self._ends()[0], here), here)

    def _ends(self) -> tuple[float, float]:
        """Of the loop, or of the recording where there is none."""
        state = self._opened.state()
        return state.loop if state.loop[1] > state.loop[0] else (state.start_s, state.end_s)

    def _play(self, on: bool) -> None:
        self._opened.ask(lambda review: review.player.play() if on else review.player.pause())

    def _loop(self, on: bool) -> None:
        """All of it; a range is chosen in the timeline."""
        state = self._opened.state()
        self._loop_range(*((state.start_s, state.end_s) if on else (0.0, 0.0)))

    def _loop_range(self, start_s: float, end_s: float) -> None:
        self._opened.ask(lambda review: review.player.set_loop(start_s, end_s))
