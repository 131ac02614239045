"""Settings: every field explained, applied when asked to, and never a frozen window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from named import close_all, nameless, tab_order
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QPushButton, QToolButton, QWidget

from app.choices import Choice
from app.settings import OPTIONS, Settings
from app.ui.fields import Choices
from app.ui.preferences import Preferences
from app.ui.row import Row
from app.ui.settings_dialog import Found, SettingsDialog
from app.ui.trouble import Trouble
from app.ui.view import View
from engine.errors import UserError

Button = QDialogButtonBox.StandardButton
FOUND = Found(
    pose=[Choice("", "tiny (comes along)"), Choice("hrnet_w32_256x192", "HRNet-W32, 256 x 192, AP 74.4")],
    detector=[Choice("", "yolo (comes along)")],
    devices=[Choice("auto", "auto"), Choice("cpu", "cpu"), Choice("cuda:0", "cuda:0, RTX 5000, 16 GiB")],
    lags={"live": 0.006, "one-euro": 0.0515},
)


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(tmp_path / "window.ini")


Open = Callable[..., SettingsDialog]


@pytest.fixture
def opened(qtbot, preferences: Preferences) -> Iterator[Open]:
    """Opens the dialog, and waits until it has looked around where that comes to an end."""
    windows: list[QWidget] = []

    def make(look: Callable[[float], Found] = lambda _: FOUND, *, wait: bool = True) -> SettingsDialog:
        made = SettingsDialog(preferences, look=look)
        windows.append(made)
        made.show()
        if wait:
            qtbot.waitUntil(lambda: not made._errand.busy)
        return made

    yield make
    close_all(windows)


@pytest.fixture
def dialog(opened: Open) -> SettingsDialog:
    return opened()


def row(dialog: SettingsDialog, name: str) -> Row:
    return {**dialog._pages.options, **dialog._pages.views}[name]


def press(dialog: SettingsDialog, which: Button, qtbot) -> None:
    box = dialog.findChildren(QDialogButtonBox)[0]
    qtbot.mouseClick(box.button(which), Qt.MouseButton.LeftButton)


def texts(dialog: SettingsDialog, name: str) -> list[str]:
    found = row(dialog, name).editor
    assert isinstance(found, Choices)
    return [found.itemText(n) for n in range(found.count())]


def test_every_field_says_what_it_does_and_what_its_default_is(dialog: SettingsDialog) -> None:
    for name in (
        "pose", "detector", "device", "keypoint-threshold", "detection-threshold", "max-people", "smooth",
        "detect-every", "remember", "output", "line_width", "colours",
    ):  # fmt: skip
        told = " ".join(label.text() for label in row(dialog, name).findChildren(QLabel))
        assert "Default: " in told
        if name in OPTIONS:
            assert OPTIONS[name].metadata["explain"].replace("`", "")[1:16] in told


def test_what_is_on_this_machine_is_offered(dialog: SettingsDialog) -> None:
    assert texts(dialog, "pose") == ["tiny (comes along)", "HRNet-W32, 256 x 192, AP 74.4", "A file…"]
    assert texts(dialog, "device")[-1] == "cuda:0, RTX 5000, 16 GiB"


def test_what_was_chosen_and_is_gone_is_still_shown(
    opened: Open, qtbot, preferences: Preferences, tmp_path: Path
) -> None:
    settings = replace(preferences.settings(), pose=str(tmp_path / "mine.onnx"), device="cuda:3")
    preferences.set_settings(settings)
    dialog = opened()
    assert "mine.onnx" in texts(dialog, "pose")
    assert "cuda:3" in texts(dialog, "device")
    press(dialog, Button.Ok, qtbot)
    assert preferences.settings() == settings


def test_apply_keeps_what_is_chosen_and_tells_whoever_runs_by_it(
    dialog: SettingsDialog, preferences: Preferences, qtbot
) -> None:
    heard: list[Settings] = []
    preferences.changed.connect(lambda: heard.append(preferences.settings()))
    for name, value in {
        "pose": "hrnet_w32_256x192",
        "device": "cuda:0",
        "keypoint-threshold": 0.4,
        "detection-threshold": 0.25,
        "max-people": 2,
        "detect-every": "auto",
        "remember": 3.5,
        "smooth": "lag:0.2s",
        "line_width": 1.5,
        "colours": "side",
        "trails": True,
        "ids": False,
    }.items():
        row(dialog, name).set_value(value)
    press(dialog, Button.Apply, qtbot)
    assert dialog.isVisible()
    expected = replace(
        preferences.usual_settings(),
        pose="hrnet_w32_256x192",
        device="cuda:0",
        keypoint_threshold=0.4,
        detection_threshold=0.25,
        max_people=2,
        detect_every="auto",
        remember=3.5,
        smooth="lag:0.2s",
    )
    assert heard[0] == preferences.settings() == expected
    assert preferences.view() == View(line_width=1.5, colours="side", trails=True, ids=False, threshold=0.4)
    assert texts(dialog, "colours") == ["One for each person", "Left amber, right blue", "One for all"]
    assert Preferences(preferences.path).settings() == expected


def test_cancel_keeps_nothing_and_ok_closes(opened: Open, preferences: Preferences, qtbot) -> None:
    first = opened()
    row(first, "max-people").set_value(2)
    press(first, Button.Cancel, qtbot)
    assert preferences.settings() == preferences.usual_settings()
    other = opened()
    row(other, "max-people").set_value(2)
    gone = []
    other.destroyed.connect(lambda: gone.append(True))
    press(other, Button.Ok, qtbot)
    qtbot.waitUntil(lambda: bool(gone))
    assert preferences.settings().max_people == 2


def test_settings_without_a_field_are_left_alone(opened: Open, qtbot, preferences: Preferences) -> None:
    preferences.set_settings(replace(preferences.settings(), decode="argmax", follow="3"))
    dialog = opened()
    row(dialog, "remember").set_value(1.0)
    press(dialog, Button.Ok, qtbot)
    kept = preferences.settings()
    assert (kept.decode, kept.follow, kept.remember) == ("argmax", "3", 1.0)


def test_one_field_and_all_go_back_to_their_defaults(opened: Open, qtbot, preferences: Preferences) -> None:
    preferences.set_settings(replace(preferences.settings(), max_people=4, flip=True))
    dialog = opened()
    dialog.turn_to(1)
    reset = row(dialog, "max-people").findChildren(QToolButton)[0]
    assert reset.isVisible()
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert row(dialog, "max-people").value() == 0
    assert not reset.isVisible()
    assert row(dialog, "flip").value() is True
    press(dialog, Button.RestoreDefaults, qtbot)
    assert all(each.value() == each.usual for each in dialog._pages.rows())
    assert preferences.settings().flip is True, "nothing is applied before it is asked for"


def test_a_value_that_cannot_be_is_told_and_nothing_is_kept(
    dialog: SettingsDialog, preferences: Preferences, qtbot
) -> None:
    row(dialog, "output").set_value("")
    row(dialog, "max-people").set_value(2)
    press(dialog, Button.Ok, qtbot)
    assert dialog.isVisible()
    assert "has no name" in dialog.findChildren(Trouble)[0].message()
    assert preferences.settings() == preferences.usual_settings()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("live", "6 ms (0.2 frames at 30 fps)"),
        ("lag:0.2s", "200 ms (6.0 frames at 30 fps) later"),
        ("", "300 ms (9.0 frames at 30 fps)"),
        ("full", "at the end"),
        ("off", "0 ms"),
        ("one-euro", "52 ms (1.5 frames at 30 fps)"),
    ],
)
def test_smoothing_says_what_it_costs(dialog: SettingsDialog, how: str, told: str) -> None:
    row(dialog, "smooth").set_value(how)
    assert told in dialog.findChild(QLabel, "settings.cost").text()
    assert row(dialog, "smooth").value() == how


def test_seconds_are_asked_for_only_where_smoothing_looks_ahead(dialog: SettingsDialog) -> None:
    dialog.turn_to(2)
    seconds = dialog._pages.smooth._seconds
    assert not seconds.isVisible()
    row(dialog, "smooth").set_value("lag:1.25s")
    assert seconds.isVisible()
    seconds.set_value(0.5)
    assert row(dialog, "smooth").value() == "lag:0.5s"


def test_the_window_can_be_used_and_closed_while_the_driver_does_not_answer(
    opened: Open, qtbot, preferences: Preferences
) -> None:
    answer, asked = threading.Event(), threading.Event()

    def hang(_: float) -> Found:
        asked.set()
        answer.wait(20)
        return FOUND

    dialog = opened(hang, wait=False)
    assert asked.wait(20)
    row(dialog, "max-people").set_value(2)
    press(dialog, Button.Ok, qtbot)
    assert preferences.settings().max_people == 2
    answer.set()


def test_what_goes_wrong_while_looking_is_told(opened: Open) -> None:
    def fail(_: float) -> Found:
        raise UserError("KINETRAIL_MODELS=/x: no folder that can be read; name another")

    assert "no folder" in opened(fail).findChildren(Trouble)[0].message()


def test_a_file_can_be_chosen_as_network(dialog: SettingsDialog, monkeypatch, tmp_path: Path) -> None:
    chosen = [str(tmp_path / "own.onnx"), ""]
    monkeypatch.setattr("app.ui.fields.QFileDialog.getOpenFileName", lambda *_: (chosen.pop(0), ""))
    pose = row(dialog, "pose").editor
    assert isinstance(pose, Choices)
    for _ in range(2):  # the second time nothing is chosen
        pose.activated.emit(pose.findText("A file…"))
        assert pose.value() == str(tmp_path / "own.onnx")
        assert pose.currentText() == "own.onnx"


def test_a_wheel_that_scrolls_the_page_changes_no_value(dialog: SettingsDialog) -> None:
    for name in ("device", "keypoint-threshold"):
        editor = row(dialog, name).editor
        turn = QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(editor, turn)
        assert row(dialog, name).value() == row(dialog, name).usual


def test_everything_has_a_name_and_a_tool_tip(dialog: SettingsDialog) -> None:
    assert nameless(dialog) == []


def test_tab_goes_down_each_page(dialog: SettingsDialog) -> None:
    for page in range(5):
        dialog.turn_to(page)
        order = [each for each in tab_order(dialog) if not isinstance(each, QPushButton)]
        heights = [each.mapTo(dialog, QPoint(0, each.height() // 2)).y() for each in order[1:]]
        assert heights == sorted(heights)
