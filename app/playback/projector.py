"""A recording opened to be looked at: its reel, and a thread that meanwhile looks at every packet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from av.container import InputContainer

from app.containers import open_file
from app.playback.film import Film, Rerun, Shot
from app.playback.playing import Playing
from app.playback.reel import Reel
from app.playback.stamps import Stamps, scan
from app.sources import open_source
from app.workers import attempt
from engine.errors import UserError


class Projector:
    """Opened, used and closed by one thread. `reel` changes with `know`."""

    def __init__(self, argument: str, threads: int, stop: threading.Event, wake: Callable[[], None]) -> None:
        """`stop` ends whatever takes long; `wake` is called when `know` has something to say.

        UserError where it cannot be opened, or is live.
        """
        self._argument, self._threads, self._stop, self._wake = argument, threads, stop, wake
        with closing(open_source(argument, stem="", stop=stop)) as source:
            self.info = source.info
        if self.info.live:
            raise UserError(f"{self.info.name} is live; open it from the start page to watch it")
        seekable = Path(argument).is_file() and not self.info.stills
        self._films = [Film(self._open, self.info, threads)] if seekable else []
        self.reel = Reel(self._films[0] if seekable else Rerun(argument, threads))
        self._found: list[Stamps] = []
        self._scanning = threading.Thread(target=self._scan, name="player-scan")
        self._scanning.start()

    def news(self) -> bool:
        """Whether the scan has found something that `know` has not taken in."""
        return bool(self._found)

    def know(self) -> str:
        """Count and find pictures by what the scan saw; what is missing of the recording, in words."""
        stamps = self._found.pop()
        if stamps.ordered:
            self._films[0].know(stamps)
            self.reel.forget()
        else:  # stamps mislead: only reading on from the start is right
            self.reel.close()
            self._films, self.reel = [], Reel(Rerun(self._argument, self._threads))
        there = len(stamps.ticks)
        return (
            f"{self.info.name} is cut off: {there} of {stamps.promised} pictures are there"
            if there < stamps.promised
            else ""
        )

    def extent(self, shot: Shot, before: Playing) -> dict[str, Any]:
        """What `Playing` says of the recording's length, as far as one knows with this shot of it."""
        frames, start, end = self._films[0].extent() if self._films else (0, 0.0, 0.0)
        if frames:
            return {"frames": frames, "start_s": start, "end_s": end, "counted": True}
        return {"frames": max(before.frames, shot.index + 1), "end_s": max(before.end_s, shot.time)}

    def close(self) -> None:
        """End the scan, and let go of the file."""
        self._stop.set()
        self.reel.close()
        self._scanning.join()

    def _open(self) -> InputContainer:
        return open_file(self._argument)

    def _scan(self) -> None:
        """In a thread of its own. What cannot be scanned is played all the same."""
        found: list[Stamps] = []
        if self._films and not attempt(lambda: found.append(scan(self._open, self._stop))):
            self._found = found
            self._wake()
