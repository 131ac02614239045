"""A short run of decoded pictures around the one that is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from app.playback.film import Reader, Shot
from engine.errors import UserError

ROOM = 200 << 20  #: bytes of decoded pictures that are kept, so that stepping back needs no decoding
ROUNDING_S = 1e-6  #: times are whole ticks, and what is asked for may be a rounding error short of one


def never() -> bool:
    """Whoever waits has patience."""
    return False


class Reel:
    """Moves a reader to any picture. What is kept has no gap, and the reader goes on behind it."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._room = reader, ROOM
        self._ahead: Iterator[Shot] = iter(())
        self._kept: deque[Shot] = deque()
        self._held = 0  # bytes
        self._place = -1  # of the current shot among those kept
        self.damage = ""  #: what the reader said at its end

    def seek(self, time: float, give_up: Callable[[], bool] = never) -> list[Shot]:
        """The last picture not later than `time`, or the first of all; none when given up, or none exists."""
        wanted = time + ROUNDING_S
        if not self._within(wanted):
            self._restart(wanted)
        while not self._kept or self._kept[-1].time <= wanted:
            if give_up():
                return []
            if not self._decode():
                break
            self._place = max(len(self._kept) - 2, 0)
        earlier = sum(shot.time <= wanted for shot in self._kept)
        self._place = max(earlier - 1, 0) if self._kept else -1
        return self.current()

    def current(self) -> list[Shot]:
        """The picture looked at; none before the first."""
        return [self._kept[self._place]] if self._place >= 0 else []

    def following(self) -> list[Shot]:
        """The one after it, decoded if need be; none at the end."""
        if self._place + 1 < len(self._kept) or self._decode():
            return [self._kept[self._place + 1]]
        return []

    def forward(self) -> list[Shot]:
        """Step to the following picture; none, and nothing changes, at the end."""
        found = self.following()
        self._place += len(found)
        return found

    def back(self, give_up: Callable[[], bool] = never) -> list[Shot]:
        """Step to the one before; none at the beginning, or when given up."""
        if self._place < 0:
            return []
        if self._place == 0:
            here = self._kept[0].time
            self._restart(here - ROUNDING_S)
            while not self._kept or self._kept[-1].time < here - ROUNDING_S:
                if give_up() or not self._decode():
                    return []
                self._place = len(self._kept) - 1
        if self._place == 0:
            return []
        self._place -= 1
        return self.current()

    def saves(self, time: float) -> bool:
        """Whether seeking to a later `time` would skip pictures that going forward would decode."""
        return bool(self._kept) and self._reader.key_between(self._kept[-1].time, time)

    def forget(self) -> None:
        """Decode anew what is asked for next."""
        self._empty()

    def close(self) -> None:
        self._empty()
        self._reader.close()

    def _within(self, wanted: float) -> bool:
        return bool(self._kept) and self._kept[0].time <= wanted and not self.saves(wanted)

    def _restart(self, time: float) -> None:
        self._empty()
        self._ahead = self._reader.shots(time)

    def _empty(self) -> None:
        self._kept.clear()
        self._held, self._place, self._ahead = 0, -1, iter(())

    def _decode(self) -> bool:
        """Decode one more, and let go of the oldest where there is no room; whether there was one."""
        try:
            shot = next(self._ahead, None)
        except UserError as error:
            self.damage, shot = str(error), None
        if shot is None:
            return False
        self._kept.append(shot)
        self._held += shot.size
        while self._held > self._room and self._place > 0:
            self._held -= self._kept.popleft().size
            self._place -= 1
        return True
