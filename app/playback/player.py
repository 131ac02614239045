"""Plays a recording: a thread of its own decodes, keeps the time and goes to any picture exactly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from app.complaint import plainly
from app.playback.film import Shot
from app.playback.playing import Playing
from app.playback.projector import Projector
from app.playback.reel import ROUNDING_S, Reel
from app.workers import attempt
from engine.errors import UserError
from engine.types import Frame

SLOWEST, FASTEST = 0.1, 4.0  #: times as fast as it was filmed
PATIENCE_S = 0.25  #: without a new picture for so long, one is finished although there is a newer wish
BEHIND_S = 0.5  #: playing that is so late goes on at the next key picture; without one, the clock waits
POLL_S = 0.05  #: longest sleep, so that a clock that others move is noticed


class Player:
    """One recording, opened in a thread. Everything asked of it returns at once; the newest wish counts.

    `show` gets each picture that is to be seen, `changed` is called when `state` has changed; both come from
    threads of the player, or from whoever asks. Sound is not played.
    """

    def __init__(
        self,
        argument: str,
        *,
        show: Callable[[Frame], None],
        changed: Callable[[], None],
        threads: int = 4,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`threads` are for decoding; `now` is the clock, in seconds."""
        self._argument, self._threads = argument, threads
        self._show, self._changed, self._now = show, changed, now
        self._wake = threading.Condition()  # guards what follows, up to the state
        self._wish: list[float] = []  # where to go, seconds
        self._steps = 0
        self._fresh = False  # playing was asked for and has not begun
        self._anchor: list[tuple[float, float]] = []  # what the clock said at which time of the recording
        self._state = Playing()
        self._stop = threading.Event()
        self._shown_at = -PATIENCE_S
        self._thread = threading.Thread(target=self._run, name="player")
        self._thread.start()

    def state(self) -> Playing:
        with self._wake:
            return self._state

    def play(self) -> None:
        """Go on; from the start where the end is shown."""
        with self._wake:
            self._fresh = True
        self._ask(playing=True)

    def pause(self) -> None:
        self._ask(playing=False)

    def step(self, pictures: int) -> None:
        """So many pictures on, or back where negative; pauses."""
        with self._wake:
            self._steps += pictures
        self._ask(playing=False)

    def seek(self, seconds: float) -> None:
        """To the last picture not later than that. A wish that a newer one overtakes is skipped."""
        with self._wake:
            self._wish, self._steps = [seconds], 0
        self._ask()

    def set_speed(self, speed: float) -> None:
        self._ask(speed=min(max(speed, SLOWEST), FASTEST))

    def set_loop(self, start_s: float, end_s: float) -> None:
        """Play from one picture to the other, over and over; equal: no more."""
        self._ask(loop=(min(start_s, end_s), max(start_s, end_s)))

    def close(self) -> None:
        """End the threads, and wait for them."""
        self._stop.set()
        self._ask(playing=False)
        self._thread.join()

    def _ask(self, **changes: Any) -> None:
        """Take up a wish: the thread wakes, and the clock starts anew."""
        with self._wake:
            self._anchor = []
            self._state = replace(self._state, **changes)
            self._wake.notify_all()
        self._changed()

    def _publish(self, **changes: Any) -> None:
        with self._wake:
            self._state = replace(self._state, **changes)
        self._changed()

    def _run(self) -> None:
        if (error := attempt(self._work)) is not None:
            message, details = plainly(error)
            self._publish(phase="failed", playing=False, message=message, details=details)

    def _work(self) -> None:
        self._projector = Projector(self._argument, self._threads, self._stop, self._nudge)
        info = self._projector.info
        with closing(self._projector):
            first = self._reel.seek(float(-(2**31)))
            if not first:
                raise UserError(f"{info.name}: not one picture can be read")
            start = first[0].time
            end = start + max(0, info.frames - 1) / float(info.rate)
            self._publish(phase="ready", info=info, frames=info.frames, start_s=start, end_s=end)
            self._see(first)
            while not self._stop.is_set():
                self._next()

    @property
    def _reel(self) -> Reel:
        return self._projector.reel

    def _nudge(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _next(self) -> None:
        """Wait for something to do, and do it."""
        with self._wake:
            while not (self._stop.is_set() or self._wish or self._steps or self._busy()):
                self._wake.wait()
            wish, self._wish = self._wish, []
            steps, self._steps = (0, self._steps) if wish else (self._steps, 0)
        if self._stop.is_set():
            return
        if self._projector.news():
            here = self._reel.current()
            self._publish(message=self._projector.know())
            self._see([shot for old in here for shot in self._reel.seek(old.time)])
        if wish:
            self._see(self._reel.seek(wish[0], self._overtaken))
        elif steps:
            self._go(steps)
        elif self.state().playing:
            self._play_on()

    def _busy(self) -> bool:
        return self._projector.news() or self._state.playing

    def _overtaken(self) -> bool:
        """Whether to leave a wish unfinished; not where nothing new has been seen for a while."""
        with self._wake:
            newer = bool(self._wish)
        return self._stop.is_set() or (newer and self._now() - self._shown_at < PATIENCE_S)

    def _go(self, steps: int) -> None:
        """Several steps asked for at once show one picture."""
        for _ in range(abs(steps)):
            if not (self._reel.forward() if steps > 0 else self._reel.back(self._stop.is_set)):
                break
        self._see(self._reel.current())

    def _play_on(self) -> None:
        """Show the next picture if it is due, else sleep for a while."""
        state = self.state()
        looped = state.loop[1] > state.loop[0]
        first, last = state.loop if looped else (state.start_s, float("inf"))
        coming = [shot for shot in self._reel.following() if shot.time <= last + ROUNDING_S]
        with self._wake:
            fresh, self._fresh = self._fresh, False
        here = self._reel.current()[0].time
        if coming:
            if not self._asleep(here, coming[0].time):
                self._advance()
        elif fresh or looped:
            if fresh or not self._asleep(here, here + 1 / float(state.info.rate)):
                self._see(self._reel.seek(first))
                self._set_clock([])
        else:
            with self._wake:
                self._state = replace(self._state, playing=self._fresh)
            self._changed()

    def _asleep(self, here: float, until: float) -> bool:
        """Sleep towards the time of a picture; whether it is still to come, or something else is wanted."""
        with self._wake:
            self._anchor = self._anchor or [(self._now(), here)]
            wall, media = self._anchor[0]
            left = wall + (until - media) / self._state.speed - self._now()
            if left > 0 and not (self._wish or self._steps or self._stop.is_set()):
                self._wake.wait(min(left, POLL_S))
            return left > 0

    def _advance(self) -> None:
        """One picture on, which is shown unless the one after it is due as well."""
        with self._wake:
            if not self._anchor:
                return  # something else is wanted by now
            (wall, media), speed = self._anchor[0], self._state.speed
        now = self._now()
        due = media + (now - wall) * speed
        shot = self._reel.forward()[0]
        after = self._reel.following()
        if after and after[0].time <= due and now - self._shown_at < PATIENCE_S:
            return
        if due - shot.time > BEHIND_S * speed:
            if self._reel.saves(due):
                shot = (self._reel.seek(due) or [shot])[0]
            else:
                self._set_clock([(now, shot.time)])
        self._see([shot])

    def _set_clock(self, anchor: list[tuple[float, float]]) -> None:
        with self._wake:
            self._anchor = anchor

    def _see(self, shots: list[Shot]) -> None:
        """Show a picture, if there is one."""
        for shot in shots:
            self._show(Frame(shot.index, shot.time, shot.image()))
            self._shown_at = self._now()
            extent = self._projector.extent(shot, self.state())
            self._publish(index=shot.index, time=shot.time, **extent)
