"""Live sources that were asked to stop, until they have."""

from __future__ import annotations

from app.live import Live


class Endings:
    """Keeps an eye on them, because completing a recording may go wrong too."""

    def __init__(self) -> None:
        self._lives: list[Live] = []

    def add(self, live: Live) -> None:
        """Ask it to stop; returns at once."""
        live.stop()
        self._lives.append(live)

    def look(self) -> str:
        """What went wrong with the recording of one that has ended since, in one line; "" mostly."""
        ended = [live for live in self._lives if live.join(0.0)]
        self._lives = [live for live in self._lives if live not in ended]
        return next((trouble for live in ended if (trouble := live.recorder.state().trouble)), "")

    def over(self) -> bool:
        """Whether all have ended, of those looked at."""
        return not self._lives

    def recording(self) -> bool:
        """Whether a recording is being completed."""
        states = [live.recorder.state() for live in self._lives]
        return any(state.on or state.finishing for state in states)
