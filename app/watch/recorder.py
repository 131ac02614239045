"""Recording a live run: started and stopped at will, never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.types import Result
from app.watch.take import Plan, Take
from engine.types import Frame


@dataclass(frozen=True, slots=True)
class Recording:
    """The recording that is on, or the last one there was."""

    on: bool = False
    finishing: bool = False  #: ended, and its files are being completed
    seconds: float = 0.0  #: from start to stop, gaps included
    bytes: int = 0  #: of all its files
    free_bytes: int = 0  #: on their disk, as of the last second
    trouble: str = ""  #: one line, "" when all is well: what is wrong with it, or soon will be
    files: tuple[Path, ...] = ()  #: as they are, once finished
    lost: int = 0  #: frames that are missing from the clean video, for encoder or disk were too slow


class Recorder:
    """A Sink, and what `run` taps frames into: both cost nothing while no recording is on.

    A recording is the annotated MP4, the CSV and whatever else a run writes, and a clean MP4 of every frame
    that was captured, all on one clock that begins with it (`app.watch.take`). Nothing that goes wrong with
    it ends the run: it is told in `state`. Threads of its own write, so nothing here blocks, but for `write`
    where files are behind, and `close`.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called, from any thread, when there is news in `state`."""
        self._changed = changed
        self._lock = threading.Lock()
        self._plans: list[Plan] = []  # one while there is something to record
        self._takes: list[Take] = []  # the last, and those before it that are not finished
        self._refused = ""

    def ready(self, plan: Plan) -> None:
        """From now on there is something to record."""
        with self._lock:
            self._plans = [plan]

    def start(self, folder: Path, stem: str) -> None:
        """Record from the next frame on, to `folder` (made when missing), under a name that is free.

        Does nothing while a recording is on. What cannot be is told in `state`.
        """
        with self._lock:
            if not any(take.on for take in self._takes):
                self._takes = [take for take in self._takes if not take.finished]
                self._refused = "" if self._plans else "nothing to record: no camera or video is open"
                self._takes += [Take(plan, folder, stem) for plan in self._plans]
        self._changed()

    def stop(self) -> None:
        """Record no further frame. Returns at once; the files are complete within 3 s."""
        for take in list(self._takes):
            take.end()
        self._changed()

    def state(self) -> Recording:
        """How the recording is."""
        with self._lock:
            takes, refused = list(self._takes), self._refused
        if not takes or refused:
            return Recording(trouble=refused)
        last = takes[-1]
        return Recording(
            on=last.on,
            finishing=any(not take.on and not take.finished for take in takes),
            seconds=last.seconds,
            bytes=last.bytes,
            free_bytes=last.free_bytes,
            trouble=last.trouble or last.warning,
            files=last.files,
            lost=last.lost,
        )

    def capture(self, frame: Frame) -> None:
        """What `run` calls as its tap."""
        for take in list(self._takes):
            take.capture(frame)

    def write(self, result: Result) -> None:
        """A result; never fails."""
        for take in list(self._takes):
            take.write(result)

    def close(self) -> None:
        """No more will come: complete the files, and wait for them. A second time does nothing."""
        with self._lock:
            self._plans = []
            takes = list(self._takes)
        for take in takes:
            take.end(complete=True)
        for take in takes:
            take.thread.join()
