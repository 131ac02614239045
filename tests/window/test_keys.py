"""Keys: looked up, changed, kept, and never two things with one key."""

from __future__ import annotations

from pathlib import Path

import pytest
from named import nameless
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QWidget,
)

from app.ui.actions import action
from app.ui.key_sheet import KeySheet
from app.ui.keys import Keys
from app.ui.preferences import Preferences


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "window.ini"


@pytest.fixture
def page(qtbot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def actions(page: QWidget) -> list[QAction]:
    done = page.setWindowTitle  # what was done last

    def one(name: str, text: str, keys: str) -> QAction:
        return action(page, name, text, keys, f"tip of {name}", lambda: done(name))

    return [
        one("window.open", "&Open video…", "Ctrl+O"),
        one("live.record", "&Record", "R"),
        one("live.mirror", "Mirror", "M"),
        one("live.plots", "Plots", ""),
        one("recorded.repeat", "Repeat", "R"),
    ]


@pytest.fixture
def keys(page: QWidget, file: Path) -> Keys:
    made = Keys(Preferences(file), page)
    made.add(actions(page))
    return made


@pytest.fixture
def sheet(qtbot, keys: Keys) -> KeySheet:
    made = KeySheet(keys)
    qtbot.addWidget(made)
    made.show()
    return made


def again(page: QWidget, file: Path) -> dict[str, str]:
    """Keys by action at the next start."""
    fresh = Keys(Preferences(file), page)
    fresh.add(actions(page))
    return {name: fresh.keys(name).toString() for name in fresh.actions()}


def choose(sheet: KeySheet, text: str) -> None:
    tree = sheet.findChildren(QTreeWidget)[0]
    found = tree.findItems(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    tree.setCurrentItem(found[0])


def press(sheet: KeySheet, key: Qt.Key, modifier: Qt.KeyboardModifier, qtbot) -> None:
    """Change what is chosen as a user does: into the field, and the keys."""
    edit = sheet.findChildren(QKeySequenceEdit)[0]
    edit.setFocus()
    qtbot.keyClick(edit, key, modifier)


def said(sheet: KeySheet) -> str:
    return sheet.findChild(QLabel, "keys.said").text()


def shown(sheet: KeySheet) -> list[str]:
    tree = sheet.findChildren(QTreeWidget)[0]
    tops = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount())]
    return [
        top.child(n).text(0)
        for top in tops
        for n in range(top.childCount())
        if not top.isHidden() and not top.child(n).isHidden()
    ]


def test_a_changed_key_works_at_once_and_at_the_next_start(
    page: QWidget, keys: Keys, file: Path, qtbot
) -> None:
    assert keys.change("live.record", QKeySequence("F9")) == ""
    page.show()
    page.activateWindow()
    page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    page.setFocus()
    qtbot.waitUntil(page.hasFocus)
    qtbot.keyClick(page, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: page.windowTitle() == "live.record")
    assert again(page, file)["live.record"] == "F9"


def test_a_key_that_does_something_else_on_the_same_page_is_refused_by_name(keys: Keys) -> None:
    assert keys.change("live.mirror", QKeySequence("R")) == "live.record"
    assert keys.keys("live.mirror") == QKeySequence("M")


def test_pages_that_are_never_seen_together_may_share_a_key(keys: Keys) -> None:
    assert keys.change("recorded.repeat", QKeySequence("M")) == ""


def test_what_can_be_done_everywhere_shares_its_key_with_nobody(keys: Keys) -> None:
    assert keys.change("live.mirror", QKeySequence("Ctrl+O")) == "window.open"
    assert keys.change("window.open", QKeySequence("M")) == "live.mirror"


def test_a_key_can_be_taken_away_and_given_to_another(page: QWidget, keys: Keys, file: Path) -> None:
    assert keys.change("live.record", QKeySequence()) == ""
    assert keys.change("live.mirror", QKeySequence("R")) == ""
    assert keys.reset("live.record") == "live.mirror"
    found = again(page, file)
    assert (found["live.record"], found["live.mirror"]) == ("", "R")


def test_the_usual_key_is_not_kept_as_a_change(keys: Keys, file: Path) -> None:
    keys.change("live.record", QKeySequence("F9"))
    keys.change("live.record", QKeySequence("R"))
    assert Preferences(file).shortcuts() == {}
    assert not keys.is_changed("live.record")


def test_one_and_all_go_back_to_the_usual_keys(page: QWidget, keys: Keys, file: Path) -> None:
    usual = again(page, file)
    keys.change("live.record", QKeySequence("F9"))
    keys.change("live.mirror", QKeySequence("F10"))
    assert keys.reset("live.record") == ""
    assert again(page, file) == {**usual, "live.mirror": "F10"}
    keys.reset_all()
    assert again(page, file) == usual


def test_a_file_that_gives_one_key_to_two_does_not_make_both_silent(page: QWidget, file: Path) -> None:
    Preferences(file).set_shortcut("live.mirror", "R")
    Preferences(file).set_shortcut("gone.action", "X")
    found = again(page, file)
    assert (found["live.record"], found["live.mirror"]) == ("R", "M")


def test_two_that_were_exchanged_stay_exchanged(page: QWidget, file: Path) -> None:
    Preferences(file).set_shortcut("live.mirror", "R")
    Preferences(file).set_shortcut("live.record", "M")
    found = again(page, file)
    assert (found["live.record"], found["live.mirror"]) == ("M", "R")


def test_the_sheet_shows_every_action_under_its_page(sheet: KeySheet) -> None:
    tree = sheet.findChildren(QTreeWidget)[0]
    tops = [tree.topLevelItem(n).text(0) for n in range(tree.topLevelItemCount())]
    assert tops == ["Everywhere", "Live", "Recorded"]
    assert shown(sheet) == ["Open video", "Record", "Mirror", "Plots", "Repeat"]


def test_the_sheet_is_searched_by_what_is_done_and_by_key(sheet: KeySheet, qtbot) -> None:
    search = next(
        each for each in sheet.findChildren(QLineEdit) if each.accessibleName() == "Search the keys"
    )
    for text, found in (("mirr", ["Mirror"]), ("ctrl+o", ["Open video"]), ("zebra", []), ("", shown(sheet))):
        search.clear()
        qtbot.keyClicks(search, text)
        assert shown(sheet) == found


def test_a_key_is_changed_in_the_sheet(sheet: KeySheet, keys: Keys, qtbot) -> None:
    choose(sheet, "Record")
    press(sheet, Qt.Key.Key_F9, Qt.KeyboardModifier.NoModifier, qtbot)
    assert keys.keys("live.record") == QKeySequence("F9")
    assert said(sheet) == "F9 does “Record” (Live) now."


def test_the_sheet_tells_a_conflict_by_name_and_changes_nothing(sheet: KeySheet, keys: Keys, qtbot) -> None:
    choose(sheet, "Mirror")
    press(sheet, Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier, qtbot)
    assert said(sheet).startswith("R is taken by “Record” (Live)")
    assert keys.keys("live.mirror") == QKeySequence("M")
    assert sheet.findChildren(QKeySequenceEdit)[0].keySequence() == QKeySequence("M")


def test_buttons_of_the_sheet_go_back_to_the_usual_keys(sheet: KeySheet, keys: Keys, qtbot) -> None:
    buttons = {each.text(): each for each in sheet.findChildren(QPushButton)}
    keys.change("live.mirror", QKeySequence("F10"))
    choose(sheet, "Record")
    assert not buttons["Reset"].isEnabled()
    press(sheet, Qt.Key.Key_F9, Qt.KeyboardModifier.NoModifier, qtbot)
    qtbot.mouseClick(buttons["Reset"], Qt.MouseButton.LeftButton)
    assert keys.keys("live.record") == QKeySequence("R")
    qtbot.mouseClick(buttons["Reset all"], Qt.MouseButton.LeftButton)
    assert keys.keys("live.mirror") == QKeySequence("M")


def test_enter_in_the_search_does_not_close_or_reset(sheet: KeySheet, keys: Keys, qtbot) -> None:
    keys.change("live.mirror", QKeySequence("F10"))
    search = sheet.findChildren(QLineEdit)[0]
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert sheet.isVisible()
    assert keys.keys("live.mirror") == QKeySequence("F10")


def test_sheet_opens_over_the_window(keys: Keys, qtbot) -> None:
    keys.sheet()
    found = [
        each for each in QApplication.topLevelWidgets() if isinstance(each, KeySheet) and each.isVisible()
    ]
    assert len(found) == 1
    qtbot.keyClick(found[0], Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(isinstance(each, KeySheet) for each in QApplication.topLevelWidgets()))


def test_everything_has_a_name_and_a_tool_tip(sheet: KeySheet) -> None:
    assert nameless(sheet) == []
