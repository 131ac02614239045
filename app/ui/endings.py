"""Live sources that were asked to stop, until they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.watch.live import Live


class Endings:
    """Keeps an eye on them, because completing a recording may go wrong too."""

    def __init__(self, saved: Callable[[str], None]) -> None:
        """`saved` is told the video of every recording that is complete, once."""
        self._saved = saved
        self._known: set[Path] = set()  # videos it was told of
        self._lives: list[Live] = []
        self._told: set[str] = set()  # of them, before they were stopped

    def add(self, live: Live, told: str) -> None:
        """Ask it to stop; returns at once. `told`: what is known to be wrong with it already, "" mostly."""
        live.stop()
        self._lives.append(live)
        self._told.add(told)

    def look(self) -> str:
        """What went wrong with the recording of one that has ended since, in one line; "" mostly."""
        ended = [live for live in self._lives if live.join(0.0)]
        self._lives = [live for live in self._lives if live not in ended]
        for live in ended:
            self.see(live.recorder.state().files)
        troubles = [live.recorder.state().trouble for live in ended]
        return next((trouble for trouble in troubles if trouble and trouble not in self._told), "")

    def see(self, files: tuple[Path, ...]) -> None:
        """The files of a recording, none while it is not complete."""
        for video in [path for path in files if path.suffix == ".mp4" and path not in self._known][:1]:
            self._known.update(files)
            self._saved(str(video))

    def over(self) -> bool:
        """Whether all have ended, of those looked at."""
        return not self._lives

    def recording(self) -> bool:
        """Whether a recording is being completed."""
        states = [live.recorder.state() for live in self._lives]
        return any(state.on or state.finishing for state in states)
