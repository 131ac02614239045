"""Which stretch of a recording is in view: the arithmetic of zooming and moving along, no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST_S = 0.2  #: of what can be in view


@dataclass(frozen=True, slots=True)
class Timescale:
    """From `left_s` to `right_s` of a recording that takes from `start_s` to `end_s`."""

    start_s: float = 0.0
    end_s: float = 1.0
    left_s: float = 0.0
    right_s: float = 1.0

    def of(self, start_s: float, end_s: float) -> Timescale:
        """Of another length; all of it where all was in view."""
        end_s = max(end_s, start_s + 0.04)
        if (self.left_s, self.right_s) == (self.start_s, self.end_s):
            return Timescale(start_s, end_s, start_s, end_s)
        return replace(self, start_s=start_s, end_s=end_s).moved(0.0)

    def share(self, seconds: float) -> float:
        """Where a time stands in view: 0 at the left, 1 at the right."""
        return (seconds - self.left_s) / (self.right_s - self.left_s)

    def seconds(self, share: float) -> float:
        """The time that stands there."""
        return self.left_s + share * (self.right_s - self.left_s)

    def zoomed(self, factor: float, at_s: float) -> Timescale:
        """`factor` times as much detail, where 0 is all of it; `at_s` stays in its place."""
        whole = self.end_s - self.start_s
        if factor <= 0:
            return replace(self, left_s=self.start_s, right_s=self.end_s)
        span = min(max((self.right_s - self.left_s) / factor, min(SHORTEST_S, whole)), whole)
        left = at_s - min(max(self.share(at_s), 0.0), 1.0) * span
        return replace(self, left_s=left, right_s=left + span).moved(0.0)

    def moved(self, seconds: float) -> Timescale:
        """So much later, within the recording."""
        span = min(self.right_s - self.left_s, self.end_s - self.start_s)
        left = min(max(self.left_s + seconds, self.start_s), self.end_s - span)
        return replace(self, left_s=left, right_s=left + span)

    def showing(self, seconds: float) -> Timescale:
        """Moved so that a time is in view, near the left."""
        return self.moved(seconds - self.left_s - 0.1 * (self.right_s - self.left_s))
