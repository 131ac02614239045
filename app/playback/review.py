"""A recording and its session looked at together: every picture with the people in that very picture.

The player decodes in its thread, a second thread owns the session, reads it for each picture and repairs it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.complaint import plainly
from app.playback.belonging import is_anothers, session_of, sessions
from app.playback.found import Found
from app.playback.lanes import EMPTY, chart
from app.playback.looked import Account, Looked, nobody
from app.playback.player import Player
from app.store.session import Session
from app.workers import attempt
from engine.errors import UserError
from engine.types import Frame

SOON_S, RESTS = 0.05, 4.0  #: after looking for what is new, so many times as long is left for pictures
SAME_S = 1e-6  #: times of a picture and of its measurements differ by less

Repair = Callable[[Session], str]  #: does something to a session, and says what it did


class Review:
    """One recording. Everything asked of it returns at once; `show` and `changed` come from other threads."""

    def __init__(
        self,
        video: str,
        places: tuple[Path, ...],
        *,
        show: Callable[[Looked], None],
        changed: Callable[[], None],
        session: Path | None = None,
    ) -> None:
        """`places`: folders in which the session may lie, tried in this order; `session`: it is this one."""
        self._video, self._show, self._changed = video, show, changed
        self._places, self._given = places, [session] if session else []
        self._wake = threading.Condition()  # guards what follows, up to the account
        self._frames: list[Frame] = []  # the newest picture, not yet shown
        self._repairs: list[Repair] = []
        self._look = True  # for what is new in the file
        self._rest_until = 0.0  # time.monotonic()
        self._stopped = False
        self._account = Account()
        self._session: list[Session] = []  # of the thread alone, as what follows
        self._found: list[Found] = []  # in the session
        self._inode = 0
        self._last: list[Frame] = []
        self._thread = threading.Thread(target=self._run, name="review")
        self._thread.start()
        self.player = Player(video, show=self._take, changed=changed)

    def account(self) -> Account:
        with self._wake:
            return self._account

    def refresh(self) -> None:
        """Look for a session, or for what is new in it."""
        with self._wake:
            self._look = True
            self._wake.notify_all()

    def swap(self, a: int, b: int, at_s: float) -> None:
        """Exchange two people from then on."""

        def repair(session: Session) -> str:
            session.swap(a, b, at_s)
            return f"Swapped {a} and {b} from {at_s:.2f} s"

        self._ask(repair)

    def merge(self, gone: int, into: int) -> None:
        """Make one person of two."""

        def repair(session: Session) -> str:
            session.merge(gone, into)
            return f"Merged {gone} into {into}"

        self._ask(repair)

    def split(self, who: int, at_s: float) -> None:
        """Make two people of one, from then on."""

        def repair(session: Session) -> str:
            return f"Split {who} at {at_s:.2f} s: from there on it is {session.split(who, at_s)}"

        self._ask(repair)

    def delete(self, who: int) -> None:
        """Tell nobody of somebody any more."""

        def repair(session: Session) -> str:
            session.delete(who)
            return f"Deleted {who}"

        self._ask(repair)

    def rename(self, who: int, name: str) -> None:
        """Give somebody a name, or with "" the number."""

        def repair(session: Session) -> str:
            session.rename(who, name)
            return f"Named {who} {name.strip()}" if name.strip() else f"{who} has no name any more"

        self._ask(repair)

    def undo(self) -> None:
        """Take the last repair back."""
        self._ask(lambda session: f"Undone: {words}" if (words := session.undo()) else "")

    def redo(self) -> None:
        """Do it again."""
        self._ask(lambda session: f"Done again: {words}" if (words := session.redo()) else "")

    def close(self) -> None:
        """End all threads, and wait for them."""
        self.player.close()
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._thread.join()

    def _ask(self, repair: Repair) -> None:
        with self._wake:
            self._repairs.append(repair)
            self._wake.notify_all()

    def _take(self, frame: Frame) -> None:
        with self._wake:
            self._frames = [frame]
            self._wake.notify_all()

    def _run(self) -> None:
        while self._next():
            pass
        for session in self._session:
            session.close()
        self._session, self._found, self._last = [], [], []  # hours of them; some keep us for longer

    def _next(self) -> bool:
        """Wait for something to do, and do it; whether there may be more."""
        with self._wake:
            while not (self._stopped or self._frames or self._repairs or self._due()):
                self._wake.wait(SOON_S if self._look else None)
            if self._stopped:
                return False
            frames, self._frames = self._frames, []
            repairs, self._repairs = self._repairs, []
            look = self._due()
            self._look &= not look
        for repair in repairs:
            self._guarded(partial(self._repair, repair))
        for frame in frames:
            self._guarded(partial(self._see, frame))
        if look:
            began = time.monotonic()
            self._guarded(self._refresh)
            self._rest_until = time.monotonic() + RESTS * (time.monotonic() - began)
        return True

    def _due(self) -> bool:
        """Whether to look for what is new; a session of hours takes a while, and pictures come first."""
        return self._look and time.monotonic() >= self._rest_until

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do it; what goes wrong becomes part of the account."""
        if (error := attempt(work)) is not None:
            trouble, details = plainly(error)
            self._tell(trouble=trouble, details=details, said="", looked_for=True)

    def _tell(self, **changes: Any) -> None:
        with self._wake:
            self._account = replace(self._account, **changes)
        self._changed()

    def _see(self, frame: Frame) -> None:
        """Show a picture with its people."""
        self._last = [frame]
        for session in self._session:
            times = session.times()
            place = int(np.searchsorted(times, frame.time - SAME_S))
            if place < len(times) and times[place] <= frame.time + SAME_S:
                found = self._found[0].at(place)
                self._show(Looked(frame, session.tracks(place), True, found))
                return
            self._show(Looked(frame, nobody(), False, self._found[0].around(place, frame.time)))
            return
        self._show(Looked(frame, nobody(), False))

    def _repair(self, repair: Repair) -> None:
        if not self._session:
            raise UserError("there is no session to repair; process the recording first")
        if said := repair(self._session[0]):
            self._read(said=said, trouble="", details="")

    def _read(self, **more: Any) -> None:
        """Everything about everybody, anew."""
        (session,) = self._session
        told = {"finished": session.about.finished, "undoable": session.undoable()}
        self._tell(
            chart=chart(session), redoable=session.redoable(), session=str(session.path), **told, **more
        )
        for frame in self._last:
            self._see(frame)

    def _refresh(self) -> None:
        if self._session and _inode(self._session[0].path) != self._inode:  # another run began anew
            self._session.pop().close()
        if self._session:
            if self._session[0].refresh():
                self._read()
            return
        for path in self._candidates():
            if path.is_file():
                inode = _inode(path)
                self._session, self._inode = [session_of(self._video, path)], inode
                self._found = [Found(*self._session)]
                self._read(looked_for=True, said="", trouble="", details="")
                return
        self._tell(looked_for=True, session="", chart=EMPTY, finished=False, undoable="", redoable="")

    def _candidates(self) -> Iterable[Path]:
        """Sessions that may be it, the likeliest first."""
        named = (path for path in sessions(self._video, self._places) if not is_anothers(self._video, path))
        return self._given or named


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0
