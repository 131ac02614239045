"""What the mouse does on the timeline: seek, choose people, choose a loop, pull time along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from app.playback.choosing import clicked
from app.ui.timeline_paint import GUTTER, RULER

if TYPE_CHECKING:
    from app.ui.timeline import Timeline

GRIP = 5  #: pixels from an end of the loop at which it can be taken


class Mouse:
    """From pressing to letting go."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.drags: Literal["", "seek", "loop", "pan"] = ""  #: what is being done
        self._anchor = 0.0  # where dragging began: seconds, or pixels

    def press(self, event: QMouseEvent) -> None:
        """Begin what button, keys and place stand for."""
        timeline, place = self._timeline, event.position()
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.button() == Qt.MouseButton.MiddleButton:
            self.drags, self._anchor = "pan", place.x()
        elif event.button() != Qt.MouseButton.LeftButton:
            return
        elif place.x() < GUTTER or control:
            self._choose(place, add=bool(control))
        elif end := self._loop_end(place):
            self.drags, self._anchor = "loop", timeline.loop[2 - end]
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.drags, self._anchor = "loop", timeline.moment_at(place.x())
        else:
            self._choose(place, add=False)
            self.drags = "seek"
            timeline.sought.emit(timeline.moment_at(place.x()))

    def move(self, event: QMouseEvent) -> None:
        """Go on with it; with no button, show what could be taken there."""
        timeline, place = self._timeline, event.position()
        seconds = timeline.moment_at(place.x())
        if self.drags == "seek":
            timeline.sought.emit(seconds)
        elif self.drags == "loop":
            timeline.draw_loop(min(self._anchor, seconds), max(self._anchor, seconds))
        elif self.drags == "pan":
            timeline.pan(timeline.seconds_at(self._anchor) - timeline.seconds_at(place.x()))
            self._anchor = place.x()
        else:
            grip = self._loop_end(place) and place.x() >= GUTTER
            timeline.setCursor(Qt.CursorShape.SplitHCursor if grip else Qt.CursorShape.ArrowCursor)

    def release(self) -> None:
        """It is done."""
        drags, self.drags = self.drags, ""
        if drags == "loop":
            self._timeline.loop_changed.emit(*self._timeline.loop)

    def _loop_end(self, place: QPointF) -> int:
        """Which end of the loop can be taken there: 1 the first, 2 the last, 0 none."""
        loop = self._timeline.loop
        if loop[1] <= loop[0] or place.y() > RULER:
            return 0
        near = [abs(self._timeline.x_of(end) - place.x()) for end in loop]
        return 0 if min(near) > GRIP else 1 + near.index(min(near))

    def _choose(self, place: QPointF, *, add: bool) -> None:
        for row in self._timeline.row_at(place.y()):
            self._timeline.select(clicked(self._timeline.selection, row.id, add=add))
