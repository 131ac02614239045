"""What the user makes of the people in view: whom to keep an eye on, whom to leave out, and their names."""

from __future__ import annotations

from trackers.lock import Held, Lock
from trackers.types import Tracks

NOBODY = Held(None, 0.0, "waiting")


class Attention:
    """Follows the results of one source, one after the other; some may be left out."""

    def __init__(self) -> None:
        self.hidden: frozenset[int] = frozenset()  #: ids
        self.names: dict[int, str] = {}  #: by id
        self.held = NOBODY  #: how the lock fares in the newest result
        self._lock: Lock | None = None

    @property
    def locked(self) -> int:
        """The id that is locked on, 0: nobody's."""
        return self._lock.id if self._lock else 0

    @property
    def lost(self) -> bool:
        """Whether the locked person was in sight before and is not now."""
        return self.held.state == "lost"

    def lock(self, track_id: int) -> None:
        """Keep an eye on one person, or with 0 on nobody."""
        self._lock = Lock(track_id) if track_id else None
        self.held = NOBODY
        self.hidden -= {track_id}

    def hide(self, track_id: int) -> None:
        """Leave somebody out; whoever was locked on is let go."""
        self.hidden |= {track_id}
        if track_id == self.locked:
            self.lock(0)

    def show_all(self) -> None:
        """Leave nobody out."""
        self.hidden = frozenset()

    def rename(self, track_id: int, name: str) -> None:
        """Call somebody by a name, or with "" by the number again."""
        self.names.pop(track_id, None)
        if name := " ".join(name.split()):
            self.names[track_id] = name

    def called(self, track_id: int) -> str:
        """The name of somebody, or the number."""
        return self.names.get(track_id, str(track_id))

    def see(self, tracks: Tracks, time: float) -> None:
        """Take in the people at `time` seconds."""
        if self._lock:
            self.held = self._lock.watch(tracks, time)
