"""What watching costs and whether it stays flat: `python -m benchmarks.live [first|looker|hour|cycles]`.

first   seconds from opening a camera to the first skeleton: an MJPEG camera on loopback that shows the demo
        clip at 25 frames a second, the networks that come along, a fresh process each time
looker  frames a second of the pipeline while somebody looks at 1, 10 and 60 Hz and paints 4 ms each time,
        over those while nobody looks; the networks only wait, as for a GPU
hour    memory over 10,000 s of a camera, as fast as they can be worked on, recorded now and then, with
        somebody who comes and goes
cycles  threads, file handles and memory after a camera was opened and closed 1,000 times
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from app import live
from app.job import Job
from app.live import NOWHERE, Live
from app.settings import Settings
from app.slot import Slot
from app.types import Result
from engine.skeleton import KEYPOINTS
from engine.types import Boxes, Frame, Poses

sys.path.append("tests")
from mjpeg import MjpegCamera

SIMULATED_S, RATE = 10_000, 25
CYCLES = 1000
ROUNDS = 9
PATIENCE_S = 30.0
PAINT_S = 0.004
PAGE = 4096


class Imagined(Job):
    """A Job whose networks see one person who walks, comes and goes, and take so long for a frame."""

    models = (Path("imagined"), Path("imagined"))
    wait_s = 0.0

    def __init__(self, settings: Settings, opened: Callable[[str], None]) -> None:
        super().__init__(settings)
        opened("CPU")

    def close(self) -> None:
        pass

    def _open_detector(self) -> Imagination:
        return Imagination(self.wait_s)

    def _open_pose(self) -> Imagination:  # type: ignore[override]
        self._keypoints = KEYPOINTS
        return Imagination(self.wait_s)


class Imagination:
    """Both networks. Time is told by the number of pictures seen."""

    keypoints = KEYPOINTS

    def __init__(self, wait_s: float) -> None:
        self._wait_s, self._seen = wait_s, 0

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Boxes]:
        return [self._boxes() for _ in images]

    def estimate(self, images: Sequence[object], boxes: Sequence[Boxes]) -> list[Poses]:
        time.sleep(self._wait_s * len(images))
        return [_poses(each) for each in boxes]

    def close(self) -> None:
        pass

    def _boxes(self) -> Boxes:
        time.sleep(self._wait_s)
        self._seen += 1
        there = int(self._seen // RATE % 25 < 20)
        left = 40 + 30 * np.sin(self._seen / RATE)
        return Boxes(
            np.array([[left, 20, left + 30, 100]] * there, np.float32).reshape(-1, 4),
            np.full(there, 0.9, np.float32),
        )


def _poses(boxes: Boxes) -> Poses:
    places = np.random.default_rng(0).random((17, 2))
    low, high = boxes.xyxy[:, None, :2], boxes.xyxy[:, None, 2:]
    return Poses(
        boxes, (low + places * (high - low)).astype(np.float32), np.full((len(boxes), 17), 0.9, np.float32)
    )


class Simulated:
    """A camera whose next picture comes as soon as the one before last was worked on."""

    def __init__(self, frames: int, size: tuple[int, int]) -> None:
        width, height = size
        self.info = replace(
            NOWHERE, name="simulated", stem="simulated", width=width, height=height, live=True
        )
        self.info = replace(self.info, rate=Fraction(RATE))
        self.room = threading.Semaphore(3)
        self._frames = frames
        self._noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for index in range(self._frames):
            while not self.room.acquire(timeout=0.5):
                if stop.is_set():
                    return
            if stop.is_set():
                return
            yield Frame(index, index / RATE, self._noise.copy())

    def close(self) -> None:
        pass


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


def looker() -> None:
    """Rounds of all rates in turn, so that other work on the machine meets all of them."""
    rates = (0, 1, 10, 60)
    Imagined.wait_s = 0.01
    fps: dict[int, list[float]] = {rate: [] for rate in rates}
    for _ in range(ROUNDS):
        for rate in rates:
            fps[rate].append(_looked_at(rate))
    Imagined.wait_s = 0.0
    for rate in rates[1:]:
        ratio = median(seen / alone for seen, alone in zip(fps[rate], fps[0], strict=True))
        say(f"looked at with {rate:>2} Hz: {median(fps[rate]):.1f} fps, {ratio - 1:+.1%}")
    say(f"not looked at: {median(fps[0]):.1f} fps")


def _looked_at(rate: int, frames: int = 300) -> float:
    """Frames a second while somebody takes the newest result `rate` times a second, and paints it."""
    over, slot = threading.Event(), Slot[Result](lambda: None)

    def look() -> None:
        while rate and not over.wait(1 / rate):
            for result in slot.take():
                _paint(result)

    window = threading.Thread(target=look)
    window.start()
    moments: list[float] = []
    with _watching(Simulated(frames, (1280, 720)), lambda result: (slot.put(result), moments.append(_now()))):
        pass
    over.set()
    window.join()
    return (len(moments) - 51) / (moments[-1] - moments[50])


def _paint(result: Result) -> None:
    end = _now() + PAINT_S
    while _now() < end:
        cv2.resize(result.frame.image, (640, 360))


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


PARTS = {"first": first, "looker": looker, "hour": hour, "cycles": cycles}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        if name not in PARTS:
            raise SystemExit(f"{name}: there is {', '.join(PARTS)}")
        real = live.JobAhead, live.open_source
        PARTS[name]()
        live.JobAhead, live.open_source = real  # type: ignore[misc]


if __name__ == "__main__":
    main()
