"""Small moving pictures of all cameras, for choosing one; every camera is let go before it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol, cast

import cv2
import numpy as np

from app.sources.live import Connection, Lost
from app.watch.cameras import SILENT, Camera
from engine.types import Image

LOOK_S = 2.0  #: between two looks at which cameras there are
AGAIN_S = 6.0  #: until a camera that did not work is tried again
SIZE = (400, 300)  #: most pixels of a preview: width, height
NOTHING: Image = np.zeros((0, 0, 3), np.uint8)
NOTHING.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What is known of one camera at a moment."""

    camera: Camera  #: its `problem` also says what went wrong when looking
    image: Image  #: uint8 (H, W, 3) BGR, at most SIZE; (0, 0, 3) before the first


class Look(Protocol):
    """Which cameras there are; see app.watch.cameras.Cameras."""

    def __call__(self, *, fresh: bool) -> tuple[Camera, ...]: ...


class Previews:
    """Looks at cameras while switched on, in a thread of its own that alone opens, reads and closes them.

    `show` gets all previews after every round, from that thread, and once more when everything was let go.
    Cameras are opened one after the other, never two at once.
    """

    def __init__(
        self,
        *,
        look: Look,
        connect: Callable[[int], Connection],
        show: Callable[[tuple[Preview, ...]], None],
        pause_s: float = 0.12,
    ) -> None:
        """`connect` raises Lost; `pause_s` is between two rounds of pictures."""
        self._look, self._connect, self._show, self._pause_s = look, connect, show, pause_s
        self._turn = threading.Condition()
        self._on = self._running = self._closed = self._fresh = False
        self._thread = threading.Thread()

    def on(self) -> None:
        """Look at the cameras, all anew."""
        with self._turn:
            if self._closed:
                return
            self._on = self._fresh = True
            if not self._running or not self._thread.is_alive():
                self._running = True
                self._thread = threading.Thread(target=self._run, name="previews")
                self._thread.start()
            self._turn.notify_all()

    def off(self) -> None:
        """Ask for all cameras to be let go; returns at once, see `idle`. The thread ends."""
        with self._turn:
            self._on = False
            self._turn.notify_all()

    def idle(self) -> bool:
        """Whether no camera is held, nor will be until switched on."""
        with self._turn:
            return not self._running or not self._thread.is_alive()

    def close(self, timeout_s: float) -> bool:
        """Let go for good; whether the thread ended within that time."""
        with self._turn:
            self._on, self._closed = False, True
            self._turn.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with closing(_Round(self._look, self._connect)) as round_:
            while not self._over(round_):
                round_.go(fresh=self._take_fresh(), wanted=self._wanted)
                self._show(round_.previews())
                self._wait(self._pause_s)
            self._show(round_.previews())

    def _over(self, round_: _Round) -> bool:
        """Whether to end: all cameras are let go then, and a new thread is needed from now on."""
        if self._wanted():
            return False
        round_.close()
        with self._turn:
            self._running = self._on
            return not self._on

    def _wanted(self) -> bool:
        with self._turn:
            return self._on

    def _take_fresh(self) -> bool:
        with self._turn:
            fresh, self._fresh = self._fresh, False
        return fresh

    def _wait(self, seconds: float) -> None:
        with self._turn:
            self._turn.wait_for(lambda: not self._on or self._fresh, seconds)


class _Round:
    """The cameras between switching on and off. One thread."""

    def __init__(self, look: Look, connect: Callable[[int], Connection]) -> None:
        self._look, self._connect = look, connect
        self._cameras: tuple[Camera, ...] = ()
        self._looked = float("-inf")
        self._open: dict[int, Connection] = {}
        self._images: dict[int, Image] = {}
        self._problems: dict[int, tuple[str, float]] = {}  # and until when it is left alone

    def go(self, *, fresh: bool, wanted: Callable[[], bool]) -> None:
        """One picture of each open camera, after opening at most one more; ends early when not `wanted`."""
        if fresh:
            self.close()  # where numbers are tried, a camera that is open here would be missing
            self._problems.clear()
        if fresh or time.monotonic() - self._looked > LOOK_S:
            self._meet(self._look(fresh=fresh))
        for camera in self._cameras:
            if wanted() and camera.number in self._open:
                self._read(camera.number)
        closed = [camera for camera in self._cameras if wanted() and self._may_open(camera)]
        if closed:  # whoever failed waits behind those that were not tried yet
            self._try(min(closed, key=lambda camera: self._problems.get(camera.number, ("", 0.0))[1]).number)

    def previews(self) -> tuple[Preview, ...]:
        return tuple(
            Preview(
                replace(camera, problem=camera.problem or self._problems.get(camera.number, ("", 0))[0]),
                self._images.get(camera.number, NOTHING),
            )
            for camera in self._cameras
        )

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _meet(self, cameras: tuple[Camera, ...]) -> None:
        """Forget those that are gone, also where another has their number now."""
        for gone in set(self._cameras) - set(cameras):
            self._problems.pop(gone.number, None)
            self._images.pop(gone.number, None)
            if gone.number in self._open:
                self._open.pop(gone.number).close()
        self._cameras, self._looked = cameras, time.monotonic()

    def _may_open(self, camera: Camera) -> bool:
        resting = self._problems.get(camera.number, ("", 0.0))[1] > time.monotonic()
        return camera.number not in self._open and not camera.problem and not resting

    def _try(self, number: int) -> None:
        try:
            self._open[number] = self._connect(number)
        except Lost as error:
            self._fail(number, str(error))
        else:
            self._read(number)

    def _read(self, number: int) -> None:
        try:
            pictures = self._open[number].read()
        except Lost:
            self._open.pop(number).close()
            self._fail(number, SILENT)
            return
        if pictures:
            self._images[number] = small(pictures[-1])
            self._problems.pop(number, None)

    def _fail(self, number: int, why: str) -> None:
        self._images.pop(number, None)
        self._problems[number] = (why, time.monotonic() + AGAIN_S)


def small(image: Image) -> Image:
    """A picture (H, W, 3) within SIZE, in its own proportions; one that fits stays as it is."""
    height, width = image.shape[:2]
    share = min(1.0, SIZE[0] / width, SIZE[1] / height)
    size = max(1, round(width * share)), max(1, round(height * share))
    return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA)) if share < 1 else image
