"""The program as people have it: a process of its own, a real window, a mouse and a keyboard, and pixels."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from desktop import PATIENCE_S, Desktop, check_desktop
from filming import DEMO, StreetCamera, demo
from numpy.typing import NDArray

from app.painting.palette import COLOURS

ROOT = Path(__file__).parents[2]
GROUND = (22, 18, 16)  #: BGR, around a picture that does not fill its place
RED = (82, 90, 255)  #: BGR, of the dot while something is recorded
STILL_LOOKS = 15  #: in a row that show the same, ten times a second
Screen = NDArray[np.uint8]
pytestmark = pytest.mark.timeout(400)


class Program:
    """`kinetrail window` on a desktop of its own, with settings and results in a folder of the test's."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self.desktop, self.out, self._picture = desktop, folder / "out", folder / "seen.png"
        for name in ("config", "cache", "data"):
            (folder / name / "kinetrail").mkdir(parents=True)
        (folder / "config" / "kinetrail" / "window.ini").write_text(f"[settings]\noutput={self.out}\n")
        ours = {f"XDG_{name.upper()}_HOME": str(folder / name) for name in ("config", "cache", "data")}
        others = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "QT_SCALE_FACTOR")
        env = {name: value for name, value in os.environ.items() if name not in others}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "window"],
            cwd=ROOT,
            env={**env, **ours, "DISPLAY": desktop.name, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""

    def until(self, true: Callable[[Screen], bool], what: str) -> Screen:
        """What is on the screen when that has come true."""
        deadline = time.monotonic() + PATIENCE_S
        while not true(screen := self.desktop.screen()):
            assert self._process.poll() is None, f"the program ended: {self._process.communicate()[1]}"
            if time.monotonic() > deadline:
                cv2.imwrite(str(self._picture), screen)
                pytest.fail(f"never seen: {what}; what was seen is {self._picture}")
            time.sleep(0.1)
        return screen

    def still(self) -> Screen:
        """What is on the screen once all that was on its way has come: a film that stands for a while."""
        seen = self.desktop.screen()
        looks = 0
        while looks < STILL_LOOKS:
            time.sleep(0.1)
            last, seen = seen, self.desktop.screen()
            left, top, width, height = picture(seen)
            place = np.s_[top : top + height, left : left + width]
            looks = looks + 1 if np.array_equal(last[place], seen[place]) else 0
        return seen

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        self.said = self._process.communicate(timeout=PATIENCE_S)[1]
        return self._process.returncode

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    check_desktop()
    screen = tmp_path / "screen"
    screen.mkdir()
    with Desktop(screen) as desktop:
        program = Program(desktop, tmp_path)
        yield program
        program.end()


def bright(screen: Screen) -> float:
    """The share of pixels as light as a page or a dialog."""
    return float((screen.min(axis=2) > 225).mean())


def count(screen: Screen, colour: tuple[int, int, int]) -> int:
    """Pixels of a colour, BGR."""
    return int((screen == np.array(colour, np.uint8)).all(axis=2).sum())


def started(screen: Screen) -> bool:
    return bright(screen) > 0.6


def picture(screen: Screen) -> tuple[int, int, int, int]:
    """Left, top, width and height of the film: as wide as the ground that is seen above and below it."""
    rows, columns = np.nonzero((screen == np.array(GROUND, np.uint8)).all(axis=2))
    if not len(rows):
        return 0, 0, 0, 0
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    height = round((right - left) * 9 / 16)
    return int(left), int(top + (bottom - top - height) // 2), int(right - left), height


def has_skeletons(screen: Screen) -> bool:
    """Colours of the first people are there, which neither film nor window has."""
    return sum(count(screen, colour[::-1]) > 40 for colour in COLOURS[:4]) >= 2


def somebody(sent: int) -> tuple[float, float]:
    """The middle of the largest person in the film then, as shares of its width and height."""
    truth = pd.read_csv(DEMO.with_suffix(".truth.csv"))
    place, long = (sent - 1) % (2 * len(demo())), len(demo())
    there = truth[truth.frame == min(place, 2 * long - 1 - place)]
    one = there.loc[there.bbox_h.idxmax()]
    return (one.bbox_x + one.bbox_w / 2) / 1280, (one.bbox_y + one.bbox_h / 2) / 720


def light(screen: Screen, place: tuple[int, int, int, int]) -> float:
    """Of the sky and the houses, where nobody walks."""
    left, top, width, height = place
    return float(screen[top : top + height // 5, left : left + width].mean())


def test_a_camera_is_opened_locked_on_recorded_and_left_by_mouse_and_keyboard(program):
    desktop = program.desktop
    with StreetCamera(rate=10.0) as camera:
        program.until(started, "the first page")
        desktop.enter(640, 600)
        desktop.press("ctrl+l")
        desktop.type(camera.address)
        desktop.press("Return")
        program.until(has_skeletons, "skeletons")

        camera.stall()  # so that nobody walks away from under the mouse
        before = program.still()
        place = picture(before)
        x, y = somebody(camera.sent)
        desktop.click(place[0] + x * place[2], place[1] + y * place[3])
        program.until(lambda screen: light(screen, place) < 0.75 * light(before, place), "the rest dimmed")
        desktop.press("Escape")
        program.until(lambda screen: light(screen, place) > 0.95 * light(before, place), "all as light again")

        camera.hang_up()
        camera.come_back()
        desktop.press("r")
        program.until(lambda screen: count(screen, RED) > 20, "the red dot")
        written = camera.sent + 15
        program.until(lambda _: camera.sent > written, "pictures to record")
        desktop.press("r")
        program.until(lambda screen: count(screen, RED) == 0, "the end of the recording")

        shown = program.until(lambda screen: bool(bright(screen)), "the window")
        edge = np.nonzero(shown.max(axis=(0, 2)))[0].max()
        assert edge < shown.shape[1] - 20
        desktop.press("F11")
        program.until(lambda screen: bool(screen[-30:, -30:].max() > 60), "the whole screen")
        desktop.press("F11")
        program.until(lambda screen: not screen[-30:, -30:].any(), "the window as it was")

        desktop.enter(640, 600)
        desktop.press("?")
        program.until(lambda screen: bright(screen) > bright(shown) + 0.1, "the overview of keys")
        desktop.press("Escape")
        program.until(lambda screen: bright(screen) < bright(shown) + 0.05, "no overview")

        desktop.enter(640, 600)
        desktop.press("ctrl+q")
        assert program.ended() == 0, program.said
    assert "Traceback" not in program.said
    files = sorted(path.suffixes[-1] for path in program.out.iterdir())
    assert files == [".csv", ".kinetrail", ".mp4", ".mp4"]
    (clean,) = program.out.glob("*.clean.mp4")
    film = cv2.VideoCapture(str(clean))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) >= 10
    film.release()


def test_ctrl_c_in_the_terminal_closes_the_window(program):
    program.until(started, "the first page")
    program.interrupt()
    assert program.ended() == 0, program.said
    assert "Traceback" not in program.said
