"""What watching costs and whether it stays flat: `python -m benchmarks.live [first|hour|cycles]`.

first   seconds from opening a camera to the first skeleton: an MJPEG camera on loopback that shows the demo
        clip at 25 frames a second, the networks that come along, a fresh process each time
hour    memory over 10,000 s of a camera, as fast as they can be worked on, recorded now and then, with
        somebody who comes and goes
cycles  threads, file handles and memory after a camera was opened and closed 1,000 times

What the window takes from the pipeline: `python -m benchmarks.looker`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from app.settings import Settings
from app.types import Result
from app.watch import live
from app.watch.live import Live
from benchmarks.live_imagined import RATE, Imagined, Simulated

sys.path.append("tests")
from mjpeg import MjpegCamera

SIMULATED_S = 10_000
CYCLES = 1000
PATIENCE_S = 30.0
PAGE = 4096


class DemoCamera(MjpegCamera):
    """Shows the first frames of the demo clip over and over."""

    def __init__(self) -> None:
        super().__init__(rate=RATE)
        clip = cv2.VideoCapture("assets/demo.mp4")
        self._jpegs = [cv2.imencode(".jpg", clip.read()[1])[1] for _ in range(50)]

    def _picture(self) -> NDArray[np.uint8]:
        return self._jpegs[self.sent % len(self._jpegs)]


def first() -> None:
    """Each opening in a process of its own, which has loaded what the window has by then."""
    code = "from benchmarks.live import once; once()"
    with DemoCamera() as camera:
        runs = [
            subprocess.run(
                [sys.executable, "-c", code, camera.address], check=True, capture_output=True, text=True
            )
            for _ in range(7)
        ]
    taken = [float(run.stdout) for run in runs]
    say(f"first skeleton after {median(taken):.2f} s (at most {max(taken):.2f} s of {len(taken)})")


def once() -> None:
    """One opening of the camera at the address in the first argument; prints the seconds."""
    seen = threading.Event()
    began = time.perf_counter()
    watched = Live(
        sys.argv[1], Settings(), show=lambda result: len(result.tracks) and seen.set(), changed=lambda: None
    )
    watched.start()
    if not seen.wait(PATIENCE_S):
        raise SystemExit(f"no skeleton: {watched.state()}")
    say(f"{time.perf_counter() - began:.3f}")
    _end(watched)


def hour() -> None:
    """Memory when a tenth is done and in the end."""
    readings: list[float] = []
    frames = SIMULATED_S * RATE
    with TemporaryDirectory() as folder:
        watched: list[Live] = []

        def show(result: Result) -> None:
            done = result.frame.index
            if done % (frames // 20) == 0:
                watched[0].recorder.start(Path(folder), "now and then")
            if done % (frames // 20) == 500:
                watched[0].recorder.stop()
            if done % (frames // 10) == 0:
                readings.append(_megabytes())
            watched[0].health()

        with _watching(Simulated(frames, (160, 120)), show, watched):
            pass
        state = watched[0].state()
    if len(readings) < 9 or state.phase != "ended":
        raise SystemExit(f"ended early: {state}")
    say(f"{SIMULATED_S} s of a camera: {readings[1]:.0f} MB after a tenth, {readings[-1]:.0f} MB in the end, "
        f"{max(readings[1:]) - readings[1]:+.1f} MB at most")  # fmt: skip


def cycles() -> None:
    """Twenty first, in which libraries take what they keep."""
    live.JobAhead = Imagined  # type: ignore[misc, assignment]
    with MjpegCamera(rate=200) as camera:
        _cycles(camera.address, 20)
        before = _counted()
        _cycles(camera.address, CYCLES)
        time.sleep(1.0)  # the camera's own threads notice that nobody listens when they send
        after = _counted()
    for name, old, new in zip(("threads", "file handles", "MB"), before, after, strict=True):
        say(f"{CYCLES} times opened and closed: {name} {old:.0f} -> {new:.0f}")


def _cycles(address: str, count: int) -> None:
    for _ in range(count):
        seen = threading.Event()
        watched = Live(address, Settings(), show=lambda _, seen=seen: seen.set(), changed=lambda: None)
        watched.start()
        if not seen.wait(PATIENCE_S):
            raise SystemExit(f"no picture: {watched.state()}")
        _end(watched)


class _watching:  # noqa: N801 (a context, not a thing)
    """A simulated camera, watched to its end."""

    def __init__(
        self, camera: Simulated, show: Callable[[Result], object], watched: list[Live] | None = None
    ) -> None:
        def shown(result: Result) -> None:
            show(result)
            camera.room.release()

        live.JobAhead = Imagined  # type: ignore[misc, assignment]
        live.open_source = lambda *_, **__: camera  # type: ignore[assignment]
        self._live = Live("0", Settings(), show=shown, changed=lambda: None)
        (watched if watched is not None else []).append(self._live)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        while not self._live.join(10.0):
            pass


def _end(watched: Live) -> None:
    watched.stop()
    if not watched.join(PATIENCE_S):
        raise SystemExit("it does not end")


def _counted() -> tuple[int, int, float]:
    return threading.active_count(), len(os.listdir("/proc/self/fd")), _megabytes()  # noqa: PTH208


def _megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def _now() -> float:
    return time.perf_counter()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


PARTS = {"first": first, "hour": hour, "cycles": cycles}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        if name not in PARTS:
            raise SystemExit(f"{name}: there is {', '.join(PARTS)}")
        real = live.JobAhead, live.open_source
        PARTS[name]()
        live.JobAhead, live.open_source = real  # type: ignore[misc]


if __name__ == "__main__":
    main()
