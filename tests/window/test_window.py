"""The window as a whole: every way in and out, and what goes wrong is told with a remedy."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import clips
import cv2
import played
import pytest
from mjpeg import MjpegCamera
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from windows import drop, networks, out, states, until, window

from app import job
from app.playback.looked import nobody
from app.sources import camera as local_camera
from app.sources.live import Lost
from app.ui import theme
from app.ui.window import Window
from app.watch import room
from engine.errors import UserError
from engine.pose import open_estimator
from trackers.tracker import Tracker

__all__ = ["networks", "out", "window"]  # fixtures


#: In place of `kinetrail work`.
FAILING = """
import json
print(json.dumps({"kind": "failed", "line": "walk.mp4 cannot be written; choose another folder with -o"}))
raise SystemExit(2)
"""


@pytest.fixture
def street() -> Iterator[MjpegCamera]:
    with MjpegCamera(rate=20.0, size=(320, 240)) as camera:
        yield camera


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """A recording of 40 pictures."""
    return film(tmp_path / "walk.mp4")


def film(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    clips.write(path, [clips.picture(i, 320, 240) for i in range(40)], [3600 * i for i in range(40)])
    return path


def watch(window: Window, camera: MjpegCamera, qtbot: QtBot) -> None:
    """Until people are on screen."""
    window.open(camera.address)
    until(qtbot, lambda: people(window) == 3)


def people(window: Window) -> int:
    return len(window.live_page.newest.tracks) if window.live_page.newest is not None else 0


def looking(window: Window) -> bool:
    """Whether a recording is in view, with its first picture."""
    page = window.recorded_page
    return window.pages.currentWidget() is page and page.opened.state().phase == "ready"


def close(window: Window, qtbot: QtBot) -> None:
    """As with the cross in its corner."""
    window.close()
    until(qtbot, lambda: not window.isVisible())


def question(window: Window) -> QMessageBox:
    (found,) = (box for box in window.findChildren(QMessageBox) if box.isVisible())
    return found


def press(box: QDialog, text: str) -> None:
    next(button for button in box.findChildren(QPushButton) if button.text() == text).click()


# Ways in


def test_an_address_that_is_typed_is_watched_and_remembered(window, street, qtbot):
    field = window.start_page._address.field
    field.setText(street.address)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(qtbot, lambda: people(window) == 3)
    assert window.pages.currentWidget() is window.live_page
    assert street.address in window.windowTitle()
    assert window.preferences.recent() == [street.address]


def test_a_camera_is_watched_under_its_number(window, monkeypatch, qtbot):
    class Webcam:
        rate = 30

        def __init__(self, number: int) -> None:
            self.number = number

        def read(self):
            threading.Event().wait(0.03)
            return [clips.picture(self.number, 320, 240)]

        def close(self) -> None:
            pass

    monkeypatch.setattr(local_camera, "Camera", Webcam)
    window.start_page.source_chosen.emit("2")
    until(qtbot, lambda: people(window) == 3)
    assert window.windowTitle() == "Camera 2 - Kinetrail"
    assert clips.number(window.live_page.newest.frame.image) == 2


def test_a_recording_is_looked_at_and_remembered_once_it_could_be_opened(window, walk, qtbot):
    window.open(str(walk))
    until(qtbot, lambda: looking(window))
    until(qtbot, lambda: window.preferences.recent() == [str(walk)])


def test_a_recent_recording_is_looked_at_with_a_click(window, walk, qtbot):
    window.preferences.add_recent(str(walk))
    window.show_start()
    (card,) = window.start_page._recent.cards().values()
    card.click()
    until(qtbot, lambda: looking(window))


def test_several_recordings_are_put_into_the_queue(window, walk, tmp_path, qtbot):
    other = film(tmp_path / "other.mp4")
    window.open_several([str(walk), str(other)])
    until(qtbot, lambda: states(window) == {"walk.mp4": "done", "other.mp4": "done"})
    assert window.queue_dock.isVisible()


def test_a_folder_of_videos_is_each_of_them_in_order(window, tmp_path, qtbot):
    for name in ("10.mp4", "2.mp4", "notes.txt"):
        shutil.copy(film(tmp_path / "films" / "one.mp4"), tmp_path / "films" / name)
    (tmp_path / "films" / "one.mp4").unlink()
    window.open(str(tmp_path / "films"))
    until(qtbot, lambda: list(states(window).items()) == [("2.mp4", "done"), ("10.mp4", "done")])


def test_a_folder_of_pictures_is_one_recording(window, tmp_path, qtbot):
    folder = tmp_path / "shots"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), clips.picture(n))
    window.start_page.files_chosen.emit([str(folder)])
    until(qtbot, lambda: states(window) == {"shots": "done"})


def test_a_session_file_opens_the_recording_it_was_measured_in(window, walk, tmp_path, qtbot):
    session = played.session(walk, tmp_path / "elsewhere.kinetrail", {1: (0, 20), 2: (5, 40)})
    window.open(str(session))
    until(qtbot, lambda: len(window.recorded_page.timeline.chart.rows) == 2)
    assert window.windowTitle() == "walk.mp4 - Kinetrail"


def test_a_session_whose_recording_is_gone_says_which(window, walk, tmp_path, qtbot):
    session = played.session(walk, tmp_path / "walk.kinetrail", {1: (0, 20)})
    walk.unlink()
    window.open(str(session))
    until(qtbot, lambda: "walk.mp4 is not there" in window.trouble.message())
    assert "put it beside the session" in window.trouble.message()
    assert window.pages.currentWidget() is window.start_page


@pytest.mark.parametrize("page", ["start", "live", "recorded"])
def test_a_recording_dropped_on_any_page_is_looked_at(page, window, walk, tmp_path, street, qtbot):
    if page == "live":
        watch(window, street, qtbot)
    if page == "recorded":
        window.open(str(film(tmp_path / "before.mp4")))
        until(qtbot, lambda: looking(window))
    drop(window.start_page if page == "start" else window, [walk])
    until(qtbot, lambda: looking(window) and window.windowTitle() == "walk.mp4 - Kinetrail")


def test_several_things_dropped_on_the_page_of_a_camera_are_processed_while_it_goes_on(
    window, walk, tmp_path, street, qtbot
):
    watch(window, street, qtbot)
    drop(window, [walk, film(tmp_path / "other.mp4")])
    until(qtbot, lambda: set(states(window).values()) == {"done"} and len(states(window)) == 2)
    before = window.live_page.newest.frame.index
    until(qtbot, lambda: window.live_page.newest.frame.index > before)


def test_the_address_of_a_camera_dropped_from_a_browser_is_watched(window, street, qtbot):
    drop(window, [street.address])
    until(qtbot, lambda: people(window) == 3)


def test_cameras_beside_recordings_are_said_to_be_left_aside(window, walk, qtbot):
    window.open_several(["0", str(walk)])
    until(qtbot, lambda: looking(window))
    assert "not opened: camera 0" in window.trouble.message()


# What goes wrong


def test_a_file_that_is_no_video_is_told_of_and_not_remembered(window, tmp_path, qtbot):
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear Ada, " * 100)
    drop(window, [letter])
    until(qtbot, lambda: "letter.mp4" in window.recorded_page.trouble.message())
    assert window.recorded_page.trouble.isVisible()
    assert window.preferences.recent() == []


def test_a_file_that_vanished_is_told_of(window, walk, qtbot):
    window.preferences.add_recent(str(walk))
    walk.unlink()
    window.open(str(walk))
    until(qtbot, lambda: "there is no file" in window.recorded_page.trouble.message())
    assert str(walk) in window.recorded_page.trouble.message()


def test_a_file_that_vanishes_while_it_plays_leaves_the_window_working(window, walk, qtbot):
    window.open(str(walk))
    until(qtbot, lambda: looking(window) and window.recorded_page.opened.state().counted)
    walk.unlink()
    window.recorded_page.transport.play_wanted.emit(True)
    until(qtbot, lambda: window.recorded_page.opened.state().index > 5)
    window.show_start()
    until(qtbot, window.recorded_page.stopped)


def test_a_camera_in_use_is_told_of_and_opened_when_it_is_free(window, monkeypatch, qtbot):
    def in_use(_number: int) -> None:
        raise Lost("in use by another program; close that program first")

    monkeypatch.setattr(local_camera, "Camera", in_use)
    window.open("0")
    until(qtbot, lambda: "close that program first" in window.trouble.message())
    assert window.trouble.message().startswith("camera 0: in use")
    assert window.trouble.isVisible()
    opened = window.live_page._live
    qtbot.keyClick(window.live_page.canvas, Qt.Key.Key_F5)
    assert window.live_page._live is not opened


def test_a_message_that_was_closed_stays_closed(window, monkeypatch, qtbot):
    def in_use(_number: int) -> None:
        raise Lost("in use by another program; close that program first")

    monkeypatch.setattr(local_camera, "Camera", in_use)
    window.open("0")
    until(qtbot, window.trouble.isVisible)
    window.trouble._close.click()
    qtbot.wait(1200)  # two looks at the state
    assert not window.trouble.isVisible()


def test_a_model_that_is_missing_is_told_of(window, street, monkeypatch, qtbot):
    monkeypatch.setattr(job, "open_estimator", open_estimator)
    window.preferences.set_settings(replace(window.preferences.settings(), pose="no-such-model"))
    window.open(street.address)
    until(qtbot, lambda: "no-such-model" in window.trouble.message())
    assert "Traceback" not in window.trouble.message()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("the GPU cannot run a network: it fell off the bus; restart the machine"), "restart the"),
        (RuntimeError("CUDA error 999"), "please report"),
    ],
)
def test_a_gpu_lost_while_recording_is_told_of_and_what_was_recorded_is_kept(
    error, said, window, street, networks, out, qtbot
):
    watch(window, street, qtbot)
    record(window, qtbot)
    networks.trouble.append(error)
    until(qtbot, lambda: said in window.trouble.message())
    until(qtbot, lambda: not window.live_page.recording())
    check_recording(out)
    networks.trouble.clear()  # another start helps
    window.live_page.again.trigger()
    until(qtbot, lambda: people(window) == 3)
    assert not window.trouble.isVisible()


def test_a_disk_that_fills_up_ends_the_recording_and_keeps_it(window, street, out, monkeypatch, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    monkeypatch.setattr(room, "free", lambda _folder: room.LEAST // 2)
    until(qtbot, lambda: "what was recorded is kept" in window.trouble.message())
    assert "make room for more" in window.trouble.message()
    until(qtbot, lambda: not window.live_page.recording())
    assert not window.live_page.record.isChecked()
    assert people(window) == 3  # the picture goes on
    check_recording(out)
    window.open(street.address)
    until(qtbot, window.live_page.stopped)
    assert not window.trouble.isVisible()  # it has been told


def test_a_folder_that_cannot_be_written_to_is_told_of(window, street, tmp_path, qtbot):
    (tmp_path / "file").touch()
    settings = replace(window.preferences.settings(), output=str(tmp_path / "file" / "out"))
    window.preferences.set_settings(settings)
    watch(window, street, qtbot)
    window.live_page.record.setChecked(True)
    until(qtbot, lambda: "choose another folder" in window.trouble.message())
    assert not window.live_page.record.isChecked()


def record(window: Window, qtbot: QtBot, seconds: float = 0.6) -> None:
    """Begin a recording, and go on for a while."""
    page = window.live_page
    page.record.setChecked(True)
    began = page.newest.frame.time
    tables = Path(window.preferences.settings().output)
    # On a busy machine most pictures of that time may be dropped.
    until(qtbot, lambda: any(file.read_text().count("\n") > 6 * 3 for file in tables.glob("*.csv.part")))
    until(qtbot, lambda: page.newest.frame.time > began + seconds)


def check_recording(out: Path) -> None:
    """All four files are there under their names, and the pictures can be read."""
    names = sorted(path.name for path in out.iterdir())
    assert len(names) == 4, names
    assert not [name for name in names if name.endswith((".part", "-wal", "-journal"))]
    for path in out.glob("*.mp4"):
        with av.open(str(path)) as clip:
            assert sum(1 for _ in clip.decode(video=0)) > 3, path.name


# Ways out


def test_a_recording_that_is_saved_says_where(window, street, out, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    window.live_page.record.setChecked(False)
    until(qtbot, lambda: "Saved: 4 files" in window.live_page.light.text())
    assert window.live_page.light.isVisible()
    check_recording(out)


def test_a_recording_is_offered_among_the_recent_ones_and_opens_with_its_people(window, street, out, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    window.live_page.record.setChecked(False)
    until(qtbot, lambda: len(window.preferences.recent()) == 2)
    (video,) = [path for path in out.glob("*.mp4") if not path.name.endswith(".clean.mp4")]
    assert window.preferences.recent() == [str(video), street.address]
    window.show_start()
    window.start_page._recent.cards()[str(video)].click()
    until(qtbot, lambda: len(window.recorded_page.timeline.chart.rows) == 3)


def test_a_recording_that_is_completed_after_its_page_was_left_is_offered_there(window, street, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    window.show_start()
    until(qtbot, lambda: any(source.endswith(".mp4") for source in window.start_page._recent.cards()))
    until(qtbot, window.live_page.stopped)
    assert len(window.preferences.recent()) == 2


def test_leaving_a_page_lets_its_source_go_and_completes_the_recording(window, street, out, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    qtbot.keyClick(window.live_page.canvas, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.currentWidget() is window.start_page
    until(qtbot, window.live_page.stopped)
    check_recording(out)


def test_opening_another_source_lets_the_one_before_go(window, street, walk, qtbot):
    watch(window, street, qtbot)
    window.open(str(walk))
    until(qtbot, lambda: looking(window))
    until(qtbot, window.live_page.stopped)
    watch(window, street, qtbot)
    until(qtbot, window.recorded_page.stopped)


def test_what_goes_wrong_after_the_page_was_left_is_told_too(window, street, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    recorder = window.live_page._live.recorder
    window.show_start()
    recorder._takes[-1].trouble = "the disk fell off; put it back"
    until(qtbot, lambda: "the disk fell off" in window.trouble.message())


def test_closing_the_window_while_recording_completes_the_files(window, street, out, qtbot):
    watch(window, street, qtbot)
    record(window, qtbot)
    close(window, qtbot)
    check_recording(out)


def test_closing_while_the_queue_works_asks_without_stopping_anything(window, tmp_path, out, qtbot):
    window.process([str(tmp_path / "long.mp4")])
    until(qtbot, lambda: (out / "long.pid").exists())
    assert not window.close()
    assert "Recordings still being processed: 1" in question(window).text()
    window.close()  # a second time asks no second question
    press(question(window), "Keep working")
    assert window.isVisible()
    assert states(window) == {"long.mp4": "working"}


def test_closing_while_the_queue_works_completes_what_is_done(window, tmp_path, out, qtbot):
    window.process([str(tmp_path / "long.mp4"), str(tmp_path / "long2.mp4")])
    until(qtbot, lambda: (out / "long.pid").exists())
    until(qtbot, lambda: window.queue_panel.works()[0].frames == 30)
    window.close()
    press(question(window), "Stop and close")
    until(qtbot, lambda: not window.isVisible())
    assert (out / "long.completed").exists()
    assert not (out / "long2.pid").exists()
    pid = int((out / "long.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ctrl_c_in_the_terminal_asks_nothing(window, tmp_path, out, qtbot):
    window.process([str(tmp_path / "long.mp4")])
    until(qtbot, lambda: (out / "long.pid").exists())
    until(qtbot, lambda: window.queue_panel.works()[0].frames == 30)
    window.leave()
    until(qtbot, lambda: not window.isVisible())
    assert (out / "long.completed").exists()


def test_dialogs_go_with_the_window(window, qtbot):
    window.keys.actions()["window.settings"].trigger()
    window.keys.actions()["window.about"].trigger()
    until(qtbot, lambda: sum(dialog.isVisible() for dialog in window.findChildren(QDialog)) == 2)
    window.leave()
    until(qtbot, lambda: not window.isVisible())
    assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


# The queue


def test_the_queue_tells_progress_is_cancelled_shown_and_cleared(window, walk, tmp_path, qtbot):
    long, letter = tmp_path / "long.mp4", tmp_path / "letter.txt"
    letter.touch()
    window.process([str(long), str(letter), str(walk)])
    until(qtbot, lambda: window.queue_panel.works()[0].frames == 30)
    rows = window.queue_panel._rows
    until(qtbot, lambda: "25%" in rows[1]._about.text() and "0:06 left" in rows[1]._about.text())
    assert rows[1]._bar.value() == 250
    assert rows[2]._about.text() == "waits"
    rows[1].cancel.click()
    until(qtbot, lambda: states(window)["walk.mp4"] == "done")
    assert states(window) == {"long.mp4": "cancelled", "letter.txt": "failed", "walk.mp4": "done"}
    until(qtbot, lambda: rows[3].show_it.isVisible() and not rows[2].show_it.isVisible())
    assert rows[2]._about.text() == "letter.txt: no video; pass a video file"
    rows[3].show_it.click()
    until(qtbot, lambda: looking(window))
    window.queue_panel._clear.click()
    until(qtbot, lambda: not window.queue_panel._rows)
    assert window.queue_panel._nothing.isVisible()


def test_what_waits_or_runs_is_not_put_into_the_queue_twice(window, tmp_path):
    for _ in range(2):
        window.process([str(tmp_path / "long.mp4")])
    assert len(window.queue_panel.works()) == 1


def test_recordings_of_one_name_from_two_folders_are_both_worked_on_and_found_again(
    window, walk, tmp_path, out, qtbot
):
    out.mkdir()
    played.session(walk, out / "walk.kinetrail", {1: (0, 20)})
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "walk.mp4"
    clips.write(other, [clips.picture(i + 9, 320, 240) for i in range(30)], [3600 * i for i in range(30)])
    window.process([str(walk), str(other)])
    until(qtbot, lambda: [work.state for work in window.queue_panel.works()] == ["done", "done"])
    assert [work.stem for work in window.queue_panel.works()] == ["walk", "walk-2"]
    said = window.queue_panel._rows[2]._said
    until(qtbot, lambda: "the files of this one are called walk-2" in said.text())
    window.open(str(other))
    until(qtbot, lambda: looking(window) and window.recorded_page.bar.isVisible())
    assert window.recorded_page.bar.text().startswith("Not processed yet")
    assert window.recorded_page.trouble.message() == ""  # that of the other recording is none of its business
    played.session(other, out / "walk-2.kinetrail", {1: (0, 20), 2: (5, 30)})
    window.recorded_page.session_grew()
    until(qtbot, lambda: len(window.recorded_page.timeline.chart.rows) == 2)
    window.open(str(walk))
    until(qtbot, lambda: len(window.recorded_page.timeline.chart.rows) == 1)


def test_the_page_says_what_the_queue_does_with_its_recording(window, walk, tmp_path, qtbot):
    """Wherever that was asked for, and also when it comes to nothing."""
    long = film(tmp_path / "long.mp4")
    bar = window.recorded_page.bar
    window.process([str(walk.with_name("long0.mp4")), str(long)])
    window.open(str(long))
    until(qtbot, lambda: looking(window) and bar.isVisible())
    assert bar.text() == "In the queue; people appear here as they are found"
    assert not bar.button.isVisible()
    window.queue_panel._rows[1].cancel.click()
    until(qtbot, lambda: bar.text() == "Looking for people; they appear here as they are found")
    window.queue_panel._rows[2].cancel.click()
    until(qtbot, lambda: bar.text().startswith("Not processed yet"))
    assert bar.button.isVisible()


def test_the_page_says_why_its_recording_could_not_be_processed(window, walk, monkeypatch, qtbot):
    monkeypatch.setattr(window.queue_panel.queue, "_start", [sys.executable, "-c", FAILING])
    window.open(str(walk))
    until(qtbot, lambda: looking(window) and window.recorded_page.bar.isVisible())
    window.recorded_page.bar.button.click()
    until(qtbot, lambda: "Could not be" in window.recorded_page.bar.text())
    assert window.recorded_page.bar.text().endswith("cannot be written; choose another folder")
    assert window.recorded_page.bar.button.isVisible()


def test_people_appear_in_the_page_while_they_are_found(window, walk, out, qtbot):
    window.open(str(walk))
    until(qtbot, lambda: looking(window))
    assert not window.recorded_page.timeline.chart.rows
    out.mkdir()
    played.session(walk, out / "walk.kinetrail", {1: (0, 20), 2: (5, 40)})
    window.process([str(walk)])  # whoever works on it says that there is news
    until(qtbot, lambda: len(window.recorded_page.timeline.chart.rows) == 2)


# Privacy


def test_faces_of_all_whom_the_networks_see_are_handed_to_the_picture(window, street, monkeypatch, qtbot):
    """Also of those who have no number yet, or never get one."""
    monkeypatch.setattr(Tracker, "update", lambda *_, **__: nobody())
    window.preferences.set_view(replace(window.preferences.view(), blur_faces=True))
    window.open(street.address)
    until(qtbot, lambda: window.live_page.newest is not None)
    assert people(window) == 0
    assert len(window.live_page.canvas._scene._faces()) == 3


# Settings


def test_other_settings_hold_from_now_on_and_the_source_comes_back_by_itself(window, street, qtbot):
    watch(window, street, qtbot)
    before = window.live_page._live
    window.preferences.set_settings(replace(window.preferences.settings(), smooth="off"))
    assert window.live_page._live is not before
    until(qtbot, lambda: people(window) == 3)
    until(qtbot, lambda: street.connections >= 2 and window.live_page.stopped())


def test_what_is_painted_changes_on_both_pages_and_opens_nothing_anew(window, street, qtbot):
    watch(window, street, qtbot)
    before = window.live_page._live
    window.preferences.set_view(replace(window.preferences.view(), boxes=True, mirror=True))
    assert window.live_page._live is before
    assert window.live_page.canvas._view.boxes
    assert window.recorded_page.canvas._view.boxes
    assert not window.recorded_page.canvas._view.mirror


# How it looks


def test_an_open_message_follows_a_change_from_light_to_dark(window, qapp):
    before = qapp.palette()
    window.trouble.set("the disk is full; make room")
    try:
        for scheme in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark):
            qapp.setPalette(theme.palette(scheme))
            qapp.processEvents()
            ground = window.trouble.palette().color(window.trouble.backgroundRole())
            assert (ground.lightness() < 128) == (scheme == Qt.ColorScheme.Dark)
    finally:
        qapp.setPalette(before)
