"""The live page with a camera on loopback and the embedded networks: seen, locked on, recorded, unplugged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from filming import StreetCamera
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.types import NO_TRACKS, Result, Timings
from app.ui.live_page import LivePage
from app.ui.preferences import Preferences
from app.watch.health import Health
from app.watch.live import State
from app.watch.recorder import Recorder
from engine.types import Frame

PATIENCE_MS = 60_000


@pytest.fixture
def camera() -> Iterator[StreetCamera]:
    with StreetCamera() as camera:
        yield camera


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[LivePage]:
    preferences = Preferences()
    preferences.output_folder = lambda: tmp_path / "out"  # type: ignore[method-assign]
    page = LivePage(preferences)
    page.resize(1000, 600)
    page.show()
    yield page
    page.stop()
    qtbot.waitUntil(page.stopped, timeout=PATIENCE_MS)
    page.deleteLater()


def seen(page: LivePage) -> list[int]:
    """The ids in the newest result."""
    return page.newest.tracks.ids.tolist() if page.newest is not None else []


def open_with_people(page: LivePage, camera: StreetCamera, qtbot: QtBot) -> None:
    page.start(camera.address)
    qtbot.waitUntil(lambda: len(seen(page)) >= 2, timeout=PATIENCE_MS)


def film_on(page: LivePage, qtbot: QtBot) -> None:
    """Until a few more pictures have been worked on."""
    for _ in range(6):
        before = page.newest.frame.index
        qtbot.waitUntil(lambda before=before: page.newest.frame.index > before, timeout=PATIENCE_MS)


def head(page: LivePage, who: int) -> tuple[float, float]:
    """Where somebody's box is, pixels of the picture."""
    tracks = page.newest.tracks
    left, top, right, bottom = tracks.boxes.xyxy[tracks.ids.tolist().index(who)].tolist()
    return (left + right) / 2, (top + bottom) / 2


def test_people_are_on_screen_and_the_strip_says_how_it_goes(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    qtbot.waitUntil(lambda: page.strip.text("latency").endswith(" ms"), timeout=PATIENCE_MS)
    assert page.strip.text("source").startswith("http://127.0.0.1")
    assert page.strip.text("device").startswith("CPU")
    qtbot.waitUntil(lambda: page.strip.text("people")[0] in "23", timeout=PATIENCE_MS)
    plain = page.canvas.grab().toImage()
    page.canvas.set_view(type(page.canvas._view)(picture=False))
    black = page.canvas.grab().toImage()
    assert plain != black


def test_a_click_locks_on_a_person_and_escape_lets_go(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    camera.stall()  # so that nobody moves away from under the mouse
    who = seen(page)[0]
    page.canvas.clicked.emit(*head(page, who))
    assert page.company.attention.locked == who
    qtbot.keyClick(page.canvas, Qt.Key.Key_Escape)
    assert page.company.attention.locked == 0


def test_whoever_is_locked_on_is_lost_and_found_again_and_nobody_else_is_taken(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    who = seen(page)[0]
    page.company.lock(who)
    qtbot.waitUntil(lambda: page.company.attention.held.state == "held", timeout=PATIENCE_MS)
    camera.empty = True
    qtbot.waitUntil(lambda: page.company.attention.lost, timeout=PATIENCE_MS)
    assert page.company.attention.locked == who
    camera.empty = False
    qtbot.waitUntil(lambda: page.company.attention.held.state == "held", timeout=PATIENCE_MS)
    assert page.company.attention.locked == who


def test_a_recording_is_three_files_and_a_session(page, camera, qtbot, tmp_path):
    open_with_people(page, camera, qtbot)
    qtbot.keyClick(page.canvas, Qt.Key.Key_R)
    assert page.recording()
    qtbot.waitUntil(lambda: page.light.isVisible() and "B" in page.light.text(), timeout=PATIENCE_MS)
    film_on(page, qtbot)
    qtbot.keyClick(page.canvas, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: not page.recording(), timeout=PATIENCE_MS)
    files = {
        "".join(path.suffixes[-2:]) if "clean" in path.name else path.suffix: path
        for path in (tmp_path / "out").iterdir()
    }
    assert {".mp4", ".csv", ".kinetrail"} <= set(files)
    rows = pd.read_csv(files[".csv"])
    with av.open(str(files[".mp4"])) as film:
        times = [frame.time for frame in film.decode(video=0)]
    assert len(times) > 3
    assert set(rows.time_s.round(3)) <= set(np.round(times, 3))


def test_an_unplugged_camera_is_told_of_and_the_recording_goes_on_when_it_is_back(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    page.record.setChecked(True)
    before = page.newest.frame.time
    camera.hang_up()
    qtbot.waitUntil(lambda: "connection lost" in page.said, timeout=PATIENCE_MS)
    assert page.recording()
    camera.come_back()
    qtbot.waitUntil(lambda: page.newest.frame.time > before + 1.0 and not page.said, timeout=PATIENCE_MS)
    assert page.recording()


def test_a_camera_that_is_not_there_is_told_of_with_what_to_do(page, qtbot):
    with qtbot.waitSignal(page.trouble, timeout=PATIENCE_MS) as told:
        page.start("http://127.0.0.1:9/nothing")
    assert "127.0.0.1:9" in told.args[0]
    assert "Traceback" not in told.args[0]


def test_a_missing_model_is_told_of(page, camera, qtbot):
    preferences = page.preferences
    preferences.settings = lambda: replace(Preferences().settings(), pose="no-such-model")
    with qtbot.waitSignal(page.trouble, timeout=PATIENCE_MS) as told:
        page.start(camera.address)
    assert "no-such-model" in told.args[0]


def test_switches_stay_and_are_painted_at_once(page, qtbot):
    assert not Preferences().view().boxes
    page.canvas.setFocus()
    qtbot.keyClick(page.canvas, Qt.Key.Key_B)
    assert page.preferences.view().boxes
    assert Preferences().view().boxes


def test_somebody_is_renamed_and_hidden_by_the_menu(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    camera.stall()
    who = seen(page)[0]
    page.company.name(who, "  Ada  ")
    assert page.company.attention.called(who) == "Ada"
    page.canvas.menu_wanted.emit(*head(page, who), QPoint(0, 0))
    from PySide6.QtWidgets import QMenu

    menu = page.findChild(QMenu)
    entries = {entry.text(): entry for entry in menu.actions()}
    entries["Hide Ada"].trigger()
    menu.close()
    assert who in page.company.attention.hidden


def test_closing_the_source_while_recording_completes_the_files(page, camera, qtbot, tmp_path):
    open_with_people(page, camera, qtbot)
    page.record.setChecked(True)
    film_on(page, qtbot)
    page.stop()
    qtbot.waitUntil(page.stopped, timeout=PATIENCE_MS)
    assert not page.recording()
    assert not list((tmp_path / "out").glob("*.part"))
    assert len(list((tmp_path / "out").glob("*.csv"))) == 1


def test_other_settings_open_the_source_anew_but_never_cut_a_recording(page, camera, qtbot):
    open_with_people(page, camera, qtbot)
    page.record.setChecked(True)
    before = page._live
    page.preferences.set_settings(replace(page.preferences.settings(), smooth="off"))
    qtbot.wait(700)
    assert page._live is before
    page.record.setChecked(False)
    qtbot.waitUntil(lambda: page._live is not before and len(seen(page)) >= 2, timeout=PATIENCE_MS)
    assert page.strip.text("smoothing") == ""


def test_a_picture_of_the_source_before_that_comes_late_is_not_shown(qtbot):
    shows = []

    class Late:
        """A source that is never opened; what it shows is up to the test."""

        def __init__(self, _argument, _settings, *, show, changed):  # noqa: ARG002 (as Live has it)
            shows.append(show)
            self.recorder = Recorder(lambda: None)

        def start(self):
            """Nothing comes by itself."""

        stop = start

        def join(self, _timeout_s):
            return True

        def state(self):
            return State()

        def health(self):
            return Health()

    page = LivePage(Preferences(), open_live=Late)
    qtbot.addWidget(page)
    page.start("0")
    page.start("1")
    image = np.zeros((90, 160, 3), np.uint8)
    result = Result(Frame(0, 0.0, image), NO_TRACKS, Timings(0.0, 0.0, 0.0, 0.0))
    shows[0](result)
    assert page.newest is None
    shows[1](result)
    assert page.newest is result
    page.stop()
    assert page.stopped()
