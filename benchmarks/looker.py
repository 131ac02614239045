"""What the window takes from the pipeline: `python -m benchmarks.looker [--part waiting|cpu] [--wait-ms 12]`.

The whole window is open on a camera, with somebody locked on, so that picture, strip and plots are all at
work. Results reach it 1, 10 and 60 times a second, or never, which is what it is compared with: a gate here
lets them through or not. All four take turns of two seconds, in blocks of one turn each in random order, so
that other work on the machine meets all of them; what is told is the median over blocks, and the quartiles.
The window is as large as the camera's picture. Four minutes.

waiting  networks that only wait, as for a GPU: they answer from memory, --wait-ms later. All else is real.
cpu      the networks that come along, on this machine's cores, which the window shares with them

Without a screen; on one: `xvfb-run -s "-screen 0 2200x1300x24" env QT_QPA_PLATFORM=xcb python -m ...`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.events import until, wait  # before anything else of Qt

# isort: split
from PySide6.QtWidgets import QApplication

from app.settings import Settings
from app.types import Result
from app.ui import theme
from app.ui.bridge import Bridge
from app.ui.preferences import Preferences
from app.ui.window import Window
from app.watch import live
from app.watch.live import Live
from benchmarks.live_imagined import Asking, Film, Waiting
from engine import session
from engine.session import Session, Wish

SIZES = ((1280, 720), (1920, 1080))
RATES = (0, 1, 10, 60)  #: 0: nobody looks
TURN_S = 2.0
WARM = 150  #: results before anything counts; networks learn what they answer, and the lock is made


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one turn."""

    fps: float  #: of the pipeline
    painted: float  #: pictures a second
    window: float  #: share of one core that the window's thread took
    cores: float  #: that the whole program kept busy


@dataclass(frozen=True, slots=True)
class Reading:
    """All that counts up, at one moment."""

    results: int
    painted: int
    wall: float
    window: float  #: CPU time of the window's thread
    all: float  #: and of the whole program

    def since(self, before: Reading) -> Turn:
        seconds = self.wall - before.wall
        return Turn(
            (self.results - before.results) / seconds,
            (self.painted - before.painted) / seconds,
            (self.window - before.window) / seconds,
            (self.all - before.all) / seconds,
        )


class Gate:
    """Stands between a pipeline and its window, and lets results through as often as it is the turn of."""

    def __init__(self, turns: list[int]) -> None:
        self.turns = turns
        self.done: list[Turn] = []
        self.begins: Bridge[int] = Bridge()  #: is told of the rate of the next turn
        self.results = self.painted = 0
        self._clock = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
        self._due = 0.0
        self._before = self._read()

    def open_live(
        self,
        argument: str,
        settings: Settings,
        *,
        show: Callable[[Result], None],
        changed: Callable[[], None],
    ) -> Live:
        return Live(argument, settings, show=lambda result: self._pass(result, show), changed=changed)

    def _pass(self, result: Result, show: Callable[[Result], None]) -> None:
        """Called by the pipeline's last thread."""
        self.results += 1
        now = time.perf_counter()
        if self.results <= WARM:
            show(result)
            if self.results == WARM:
                self._next(now)
            return
        if len(self.done) < len(self.turns) and now - self._before.wall >= TURN_S:
            self.done.append(self._read().since(self._before))
            self._next(now)
        rate = self._rate()
        if rate and now >= self._due:
            self._due = max(self._due + 1 / rate, now)
            show(result)

    def _next(self, now: float) -> None:
        self._before, rate = self._read(), self._rate()
        self._due = now + (0.5 / rate if rate else 0.0)
        self.begins.slot.put(rate)

    def _rate(self) -> int:
        return self.turns[len(self.done)] if len(self.done) < len(self.turns) else 0

    def _read(self) -> Reading:
        window = time.clock_gettime(self._clock)
        return Reading(self.results, self.painted, time.perf_counter(), window, time.process_time())


def measure(size: tuple[int, int], wait_s: float, blocks: int) -> dict[int, list[Turn]]:
    """The turns of each rate, block by block; with `wait_s` 0 networks run."""
    rng = np.random.default_rng(0)
    gate = Gate([int(rate) for _ in range(blocks) for rate in rng.permutation(RATES)])
    camera, opener = Film(size), session.OPENERS[".onnx"]

    def opened(path: Path, wish: Wish) -> Session:
        network: Session = opener(path, wish)
        network = Waiting(network, wait_s) if wait_s else network
        return Asking(network, camera.wanted.release) if path.stem.startswith("person") else network

    session.OPENERS[".onnx"] = opened
    live.open_source = lambda *_, **__: camera  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        _watch(gate, Path(folder), size)
    session.OPENERS[".onnx"] = opener
    taken: dict[int, list[Turn]] = {rate: [] for rate in RATES}
    for rate, turn in zip(gate.turns, gate.done, strict=True):
        taken[rate].append(turn)
    return taken


def _watch(gate: Gate, folder: Path, size: tuple[int, int]) -> None:
    """A window as large as the camera's picture, from its opening to its end."""
    preferences = Preferences(folder / "window.ini")
    preferences.set_settings(replace(preferences.settings(), device="cpu", output=str(folder / "out")))
    window = Window(preferences)
    window.resize(*size)
    window.show()
    page = window.live_page
    page._open_live = gate.open_live

    def painted() -> None:
        gate.painted += 1

    def turn() -> None:  # where nobody looks, nobody asks for the figures of the strip either
        for rate in gate.begins.slot.take():
            page._timer.start() if rate else page._timer.stop()

    def somebody() -> int:
        return int(page.newest.tracks.ids[0]) if page.newest is not None and len(page.newest.tracks) else 0

    page.canvas.painted.connect(painted)
    gate.begins.ready.connect(turn)
    window.open("0")
    until(
        lambda: gate.results > WARM // 2 and page.newest is not None and len(page.newest.tracks) > 1,
        lambda: page.said,
    )
    page.company.lock(int(page.newest.tracks.ids[0]) if page.newest is not None else 0)
    until(lambda: len(gate.done) == len(gate.turns), lambda: page.said, every_s=0.25, patience_s=600.0)
    if page.company.attention.lost:
        say("who was locked on was lost: plots have stood still")
    window.leave()
    until(lambda: not window.isVisible(), lambda: "the window does not close")
    window.deleteLater()
    wait(0.1)


def tell(what: str, taken: dict[int, list[Turn]]) -> None:
    alone = taken[0]
    cores = np.median([turn.cores for turn in alone])
    say(f"{what}: not looked at {np.median([turn.fps for turn in alone]):.1f} fps, {cores:.2f} cores busy")
    for rate in RATES[1:]:
        turns = taken[rate]
        ratios = [100 * (turn.fps / base.fps - 1) for turn, base in zip(turns, alone, strict=True)]
        low, middle, high = np.percentile(ratios, (25, 50, 75))
        shown = np.median([turn.painted for turn in turns])
        cost = np.median([1e3 * turn.window / turn.painted for turn in turns if turn.painted])
        cores = np.median([turn.cores for turn in turns])
        say(
            f"  {rate:>2} Hz: {middle:+.1f} % ({low:+.1f} to {high:+.1f}), {shown:.1f} painted a second, "
            f"{cost:.1f} ms of the window's CPU each, {cores:.2f} cores busy"
        )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=7, help="of one turn for each rate")
    parser.add_argument("--part", choices=("waiting", "cpu"), help="one of them only")
    parser.add_argument("--wait-ms", type=float, default=12.0, help="of a network that only waits")
    args = parser.parse_args()
    application = QApplication(["kinetrail"])
    theme.apply(application)
    say(f"platform {application.platformName()}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    parts = {"waiting": args.wait_ms / 1e3, "cpu": 0.0}
    for part, wait_s in parts.items():
        for size in SIZES if args.part in (None, part) else ():
            tell(f"{size[0]} x {size[1]}, {part}", measure(size, wait_s, args.blocks))


if __name__ == "__main__":
    main()
