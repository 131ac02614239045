"""The recording that a page has open: what comes from its threads reaches the page, until it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.playback.looked import Account, Looked
from app.playback.playing import Playing
from app.playback.review import Review
from app.ui.bridge import Bridge
from app.ui.wire import Wire


class Opened(QObject):
    """One recording at a time, or none."""

    looked = Signal()  #: `pictures` has one
    changed = Signal()  #: `state` or `account` is another

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.video = ""  #: path, "" while nothing is open
        self._review: list[Review] = []
        self._wires: list[Wire] = []
        self._closers: list[threading.Thread] = []
        self._looks: Bridge[Looked] = Bridge(self)
        self._looks.ready.connect(self.looked)
        self._changes: Bridge[None] = Bridge(self)
        self._changes.ready.connect(self._change)

    def open(self, video: str, places: tuple[Path, ...], session: Path | None) -> None:
        """Open a recording in place of the one before; see Review."""
        self.close()
        self.video, wire = video, Wire()
        self._wires = [wire]
        review = Review(
            video,
            places,
            show=lambda looked: wire.send(lambda: self._looks.slot.put(looked)),
            changed=lambda: wire.send(lambda: self._changes.slot.put(None)),
            session=session,
        )
        self._review = [review]

    def close(self) -> None:
        """Let it go. Returns at once; what worked on it ends by itself."""
        for wire in self._wires:
            wire.cut()
        for review in self._review:
            closer = threading.Thread(target=review.close, name="review-closing")
            closer.start()
            self._closers.append(closer)
        self.video, self._review, self._wires = "", [], []
        self._looks.slot.take()
        self._changes.slot.take()

    def stopped(self) -> bool:
        """Whether everything that was closed has come to its end; waits for nothing."""
        self._closers = [closer for closer in self._closers if closer.is_alive()]
        return not self._closers

    def join(self) -> None:
        """Wait until it has."""
        for closer in self._closers:
            closer.join()

    def ask(self, what: Callable[[Review], None]) -> None:
        """Something of the recording, if one is open."""
        for review in self._review:
            what(review)

    def pictures(self) -> list[Looked]:
        """The newest picture, once."""
        return self._looks.slot.take() if self._review else []

    def state(self) -> Playing:
        """How playing stands."""
        return self._review[0].player.state() if self._review else Playing()

    def account(self) -> Account:
        """What is known of the session."""
        return self._review[0].account() if self._review else Account()

    def _change(self) -> None:
        self._changes.slot.take()
        self.changed.emit()
