"""The bar that says what went wrong, and what may stand in the details that people send around."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from app.complaint import unnamed
from app.ui.trouble import Trouble, trouble_of
from engine.errors import UserError


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.fixture
def bar(qtbot) -> Trouble:
    made = Trouble()
    qtbot.addWidget(made)
    return made


def button(bar: Trouble, text: str) -> QPushButton:
    return next(each for each in bar.findChildren(QPushButton) if each.text() == text)


def test_nothing_is_shown_until_there_is_something_to_say(bar: Trouble) -> None:
    assert bar.isHidden()
    bar.set("no camera 7; plug one in")
    assert not bar.isHidden()
    assert bar.message() == "no camera 7; plug one in"
    assert button(bar, "Copy details").isHidden()
    bar.set("")
    assert bar.isHidden()


def test_details_go_to_the_clipboard_with_the_message(bar: Trouble, qtbot) -> None:
    bar.set("it broke; try again", "Traceback ...")
    bar.show()
    qtbot.mouseClick(button(bar, "Copy details"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "it broke; try again\n\nTraceback ..."
    assert not bar.isHidden()


def test_close_takes_the_bar_away(bar: Trouble, qtbot) -> None:
    bar.set("it broke", "why")
    qtbot.mouseClick(button(bar, "Close"), Qt.MouseButton.LeftButton)
    assert bar.isHidden()


def test_an_error_for_users_is_its_own_line() -> None:
    message, details = trouble_of(raised(UserError("walk.mp4: not there;\n name another")))
    assert message == "walk.mp4: not there; name another"
    assert "Kinetrail " in details


def test_any_other_error_is_a_bug_with_all_that_helps_to_mend_it(bar: Trouble) -> None:
    error = raised(KeyError("joint"))
    bar.show_error(error)
    message, details = trouble_of(error)
    assert bar.message() == message == "Kinetrail ran into a bug (KeyError); please report the details"
    for part in ("Traceback", "test_trouble.py", "KeyError: 'joint'", "Python 3.", "numpy "):
        assert part in details


@pytest.mark.parametrize(
    "secret",
    [
        "rtsp://admin:S3cret@10.0.0.7/stream",
        "rtsp://admin:S3/cret?x@10.0.0.7/stream",
        "rtsp://admin:my S3cret word@10.0.0.7/stream",
        "rtsp://admin:a@S3cret@10.0.0.7/stream",
        "http://10.0.0.7/video?token=S3cret",
        "http://10.0.0.7/user=admin&password=S3cret&channel=1",
        "('password=S3cret', 1)",
        "http://10.0.0.7/live#S3cret",
    ],
)
def test_no_password_is_in_the_details(secret: str) -> None:
    for error in (RuntimeError(f"cannot open {secret!r} twice"), UserError(secret)):
        _, details = trouble_of(raised(error))
        assert "S3" not in details
        assert "cret" not in details.replace("sS3cret", "")


def test_where_home_is_is_not_in_the_details(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "jane.doe"
    other = tmp_path / "jane.doe-films"
    monkeypatch.setenv("HOME", str(home))
    said = unnamed(f"File \"{home}/walk.mp4\", '{home}', {other}/x.mp4 and {home}")
    assert said == f"File \"~/walk.mp4\", '~', {other}/x.mp4 and ~"


def test_control_characters_cannot_reach_the_terminal_that_details_are_pasted_into() -> None:
    assert unnamed("one\x1b[2Jtwo\r\nthree") == "one?[2Jtwo?\nthree"


def test_every_part_has_a_name_for_those_who_cannot_see_it(bar: Trouble) -> None:
    bar.set("no camera", "x")
    for each in bar.findChildren(QPushButton):
        assert each.accessibleName() or each.text()
        assert each.toolTip()
    assert bar.accessibleName()


def test_enter_in_a_dialog_is_not_for_the_bar(bar: Trouble) -> None:
    assert not any(each.autoDefault() for each in bar.findChildren(QPushButton))
