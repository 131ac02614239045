"""Cameras and streams: pictures at the moment they arrive, for as long as anyone wants them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Protocol

from app.sources.upright import fit
from app.types import SourceInfo
from engine.errors import UserError
from engine.types import Frame, Image

START_S = 3.0  #: patience with a connection when the program starts and nothing else runs yet
AGAIN_S = 1.8  #: and later on, where `stop` has to be looked at every 2 s
PICTURELESS_S = 10.0  #: streams are joined between key frames, and those can be far apart; longer is frozen
STEADY_S = 2.0  #: a connection that held for so long is worth coming back to at once
LONGEST_PAUSE_S = 2.0


class Lost(Exception):
    """The connection is not there, or no more; the message says why, with neither address nor password."""


class Back(str):
    """The notice that a connection is there again; all others of a live source are bad news."""

    __slots__ = ()


class Connection(Protocol):
    """One connection to a camera or stream. Making one, and `read`, raise Lost."""

    rate: Fraction  #: nominal pictures per second

    def read(self) -> list[Image]:
        """The pictures (H, W, 3) in the next piece of data, none or several; waits at most 2 s."""
        ...

    def close(self) -> None:
        """Let go; a second time does nothing."""
        ...


class Live:
    """A Source that never ends by itself: where the connection breaks it connects again, for ever.

    Frame.time is the time of arrival since opening, on a clock that never jumps, as a whole multiple of
    info.time_base. Index and time go on across interruptions, and every picture has the size of the first,
    whatever comes back. `connect` makes a connection within the seconds it is given; `notice` gets one line
    when the connection is lost and one when pictures come again, in the thread that iterates.
    """

    def __init__(
        self,
        first: Connection,
        connect: Callable[[float], Connection],
        *,
        name: str,
        stem: str,
        notice: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._connection = first
        self._connect = connect
        self._notice = notice
        self._opened = self._connected = time.monotonic()
        self._pause = 0.0
        try:
            self._waiting = self._next(stop)
        except Lost as error:
            first.close()
            raise UserError(f"{name}: {error}") from None
        if not self._waiting:
            first.close()
            raise UserError(f"{name}: stopped before its first picture came")
        height, width = self._waiting[0].shape[:2]
        self.info = SourceInfo(
            name=name,
            stem=stem,
            width=width,
            height=height,
            time_base=Fraction(1, 90000),
            rate=first.rate,
            frames=0,
            live=True,
            stills=False,
            pixel_aspect=Fraction(1),
            audio="",
        )

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Every picture as it comes, until `stop`; see Source.frames."""
        ticks_a_second = self.info.time_base.denominator
        ticks = -1
        for index, image in enumerate(self._pictures(stop)):
            ticks = max(ticks + 1, round((time.monotonic() - self._opened) * ticks_a_second))
            yield Frame(index, ticks / ticks_a_second, fit(image, self.info.width, self.info.height))
            if stop.is_set():
                return

    def close(self) -> None:
        self._connection.close()

    def _pictures(self, stop: threading.Event) -> Iterator[Image]:
        pictures, self._waiting = self._waiting, []
        while pictures:
            yield from pictures
            try:
                pictures = self._next(stop)
            except Lost as error:
                self._notice(f"{self.info.name}: connection lost ({error}), trying again")
                pictures = self._come_back(stop)
                if pictures:
                    self._notice(Back(f"{self.info.name}: connection is back"))

    def _next(self, stop: threading.Event) -> list[Image]:
        """The pictures that come next, at least one; none only when `stop` is set."""
        deadline = time.monotonic() + PICTURELESS_S
        while not stop.is_set():
            if pictures := self._connection.read():
                return pictures
            if time.monotonic() > deadline:
                raise Lost(f"data comes, but no picture for {PICTURELESS_S:g} s")
        return []

    def _come_back(self, stop: threading.Event) -> list[Image]:
        """Connect until pictures come: at once, then with growing pauses. None only when `stop` is set."""
        self._connection.close()
        if time.monotonic() - self._connected > STEADY_S:
            self._pause = 0.0
        while not stop.wait(self._pause):
            self._pause = min(LONGEST_PAUSE_S, max(0.25, 2 * self._pause))
            try:
                self._connection = self._connect(AGAIN_S)
                self._connected = time.monotonic()
                return self._next(stop)
            except Lost:
                self._connection.close()
        return []
