"""Whether the window ever freezes: a session in it, and the longest that one event kept its thread busy.

    python -m benchmarks.window [--worst 10]

A camera on loopback, in a process of its own, films the demo clip; people are locked on, recorded and left;
every dialog is opened; then the clip is processed, played and repaired. Times are of the thread's own CPU,
so that a busy machine does not matter, and on the clock beside them, where it does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.events import until, wait

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1] / "tests" / "window")]

from PySide6.QtCore import QEvent, QObject  # noqa: E402
from PySide6.QtGui import QAction  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog  # noqa: E402

from app.ui.application import settle  # noqa: E402

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"


@dataclass(frozen=True, slots=True)
class Busy:
    """One event that the window's thread worked on."""

    cpu_ms: float
    wall_ms: float
    step: str  #: of the session
    what: str  #: who got which event


class Watched(QApplication):
    """Keeps the time of every event, those inside another within it."""

    def __init__(self) -> None:
        super().__init__(["kinetrail"])
        self.busy: list[Busy] = []
        self.step = "start"
        self._deep = 0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        if self._deep or event.type() == QEvent.Type.DeferredDelete:
            return super().notify(receiver, event)
        self._deep += 1
        who, kind = type(receiver).__name__, event.type().name
        cpu, wall = time.thread_time(), time.perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            self._deep -= 1
            spent = 1e3 * (time.thread_time() - cpu), 1e3 * (time.perf_counter() - wall)
            self.busy.append(Busy(*spent, self.step, f"{who} {kind}"))

    def timed(self, what: str, do: Callable[[], object]) -> None:
        """Something that a key or a click would start."""
        cpu, wall = time.thread_time(), time.perf_counter()
        self._deep += 1
        do()
        self._deep -= 1
        spent = 1e3 * (time.thread_time() - cpu), 1e3 * (time.perf_counter() - wall)
        self.busy.append(Busy(*spent, self.step, what))


def film(told: multiprocessing.connection.Connection) -> None:
    """A camera, in a process of its own, until it is told to end."""
    from filming import StreetCamera

    with StreetCamera(rate=25.0) as camera:
        told.send(camera.address)
        told.recv()


class Session:
    """What somebody does in the window, one after the other."""

    def __init__(self, application: Watched, folder: Path) -> None:
        from app.ui import theme
        from app.ui.preferences import Preferences
        from app.ui.window import Window

        theme.apply(application)
        self.application, self.folder = application, folder
        preferences = Preferences(folder / "window.ini")
        preferences.set_settings(replace(preferences.settings(), output=str(folder / "out")))
        self.window = Window(preferences)
        self.window.resize(1600, 900)
        self.window.show()
        wait(1.0)

    def until(self, true: Callable[[], bool]) -> None:
        until(true, lambda: f"{self.application.step}; queue: {self.window.queue_panel.works()}")

    def do(self, step: str, what: Callable[[], object], seconds: float = 0.7) -> None:
        self.application.step = step
        self.application.timed(step, what)
        wait(seconds)

    def act(self, name: str, seconds: float = 0.7) -> None:
        action: QAction = self.window.keys.actions()[name]
        self.do(name, action.trigger, seconds)

    def dialog(self, name: str) -> None:
        """Open it by its entry in the menu, and close it again."""
        self.act(name, 1.5)
        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible():
                self.do(f"close {name}", dialog.reject)

    def live(self, address: str) -> None:
        page = self.window.live_page
        self.do("watch a camera", lambda: self.window.open(address))
        self.until(lambda: page.newest is not None and len(page.newest.tracks) > 1)
        wait(2.0)
        for name in ("boxes", "joint_names", "trails", "blur_faces", "picture", "mirror", "zoom_in", "fit"):
            self.act(f"live.{name}")
        assert page.newest is not None
        who = int(page.newest.tracks.ids[0])
        self.do("lock on somebody", lambda: page.company.lock(who), 3.0)
        self.do("follow somebody", lambda: page.company.follow(who), 2.0)
        self.act("live.release")
        self.act("live.record", 4.0)
        self.act("live.record")
        self.until(lambda: not page.recording())
        self.act("window.full")
        self.act("window.full")

    def dialogs(self) -> None:
        for name in ("settings", "models", "engine", "keys", "about"):
            self.dialog(f"window.{name}")

    def recorded(self) -> None:
        page, queue = self.window.recorded_page, self.window.queue_panel
        copy = self.folder / "walk.mp4"
        shutil.copy(DEMO, copy)
        self.act("window.home")
        self.do("open a recording", lambda: self.window.open(str(copy)), 1.5)
        self.act("recorded.process", 1.0)
        self.application.step = "people come while the queue works"
        self.until(lambda: bool(queue.works()) and queue.works()[0].state not in ("waiting", "working"))
        self.until(lambda: len(page.timeline.chart.rows) > 1)
        self.act("recorded.play", 4.0)
        self.act("recorded.play")
        for share in (0.2, 0.8, 0.5):
            self.do("scrub", lambda share=share: page.timeline.sought.emit(10 * share))
        rows = [row.id for row in page.timeline.chart.rows]
        self.do("choose two people", lambda: page.timeline.select(tuple(rows[:2])))
        for name in ("swap", "undo", "redo", "time_in", "time_all"):
            self.act(f"recorded.{name}")
        self.act("recorded.export", 2.0)
        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible():
                self.do("close the export", dialog.reject)

    def close(self) -> None:
        self.application.step = "close"
        self.window.close()
        self.until(lambda: not self.window.isVisible())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="how many events to tell of")
    number = parser.parse_args().worst
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    camera = multiprocessing.get_context("spawn").Process(target=film, args=(theirs,))
    camera.start()
    application = Watched()
    settle()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        session = Session(application, Path(folder))
        session.live(ours.recv())
        session.dialogs()
        session.recorded()
        session.close()
        ours.send("end")
        camera.join()
    worst = sorted(application.busy, key=lambda busy: busy.cpu_ms, reverse=True)
    over = sum(busy.cpu_ms > 50 for busy in worst)
    sys.stdout.write(f"{len(worst)} events, {over} of them over 50 ms of CPU; the longest:\n")
    for busy in worst[:number]:
        sys.stdout.write(
            f"{busy.cpu_ms:7.1f} ms CPU {busy.wall_ms:7.1f} ms clock  {busy.step}: {busy.what}\n"
        )
    slow = sorted(application.busy, key=lambda busy: busy.wall_ms - busy.cpu_ms, reverse=True)
    sys.stdout.write("waited longest:\n")
    for busy in slow[:number]:
        sys.stdout.write(
            f"{busy.cpu_ms:7.1f} ms CPU {busy.wall_ms:7.1f} ms clock  {busy.step}: {busy.what}\n"
        )


if __name__ == "__main__":
    main()
