"""Repairs on the timeline: each by menu, key and button, in words, undone and done again."""

from __future__ import annotations

import numpy as np
import played
import pytest
from pages import page, shown, walk, walked
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from app.ui.recorded import RecordedPage
from app.ui.view import View

__all__ = ["page", "walk", "walked"]

Key = Qt.Key


def go(page: RecordedPage, number: int, qtbot: QtBot) -> float:
    """Look at a picture; its time."""
    moment = float(page.timeline.chart.times[number])
    page.opened.ask(lambda review: review.player.seek(moment))
    qtbot.waitUntil(lambda: shown(page) == number)
    return moment


def lanes(page: RecordedPage) -> dict[int, tuple[int, int]]:
    """First picture of everybody and the one after the last."""
    return {row.id: (int(row.positions[0]), int(row.positions[-1]) + 1) for row in page.timeline.chart.rows}


def test_swapping_exchanges_two_people_from_the_picture_shown_on(walked: RecordedPage, qtbot: QtBot) -> None:
    moment = go(walked, 10, qtbot)
    walked.timeline.select((1, 2))
    walked.timeline.setFocus()
    qtbot.keyClick(walked.timeline, Key.Key_X)
    qtbot.waitUntil(lambda: walked.status.text() == f"Swapped 1 and 2 from {moment:.2f} s")
    assert lanes(walked) == {1: (0, 40), 2: (5, 20), 3: (22, 40)}
    where_2_walked = played.standing(2, 10, (640, 360))

    def is_1_there() -> bool:
        tracks = walked._looked[0].tracks
        return np.allclose(tracks.keypoints[tracks.ids.tolist().index(1)], where_2_walked, atol=0.2)

    qtbot.waitUntil(is_1_there)


def test_merging_makes_one_of_two_who_are_never_together(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.timeline.select((1, 3))
    walked.repairs.merge.trigger()
    qtbot.waitUntil(lambda: walked.status.text() == "Merged 3 into 1")
    assert lanes(walked) == {1: (0, 40), 2: (5, 40)}
    assert walked.timeline.selection == (1,)


def test_who_is_there_at_the_same_time_cannot_be_merged_and_the_tip_says_why(walked: RecordedPage) -> None:
    walked.timeline.select((1, 2))
    assert not walked.repairs.merge.isEnabled()
    assert walked.repairs.merge.toolTip().startswith("Both are in the picture at ")
    assert walked.repairs.swap.isEnabled()


def test_splitting_makes_somebody_new_of_the_rest(walked: RecordedPage, qtbot: QtBot) -> None:
    go(walked, 30, qtbot)
    walked.timeline.select((2,))
    walked.timeline.setFocus()
    qtbot.keyClick(walked.timeline, Key.Key_K)
    qtbot.waitUntil(lambda: walked.status.text().startswith("Split 2 at "))
    new = max(lanes(walked))
    assert lanes(walked) == {1: (0, 20), 2: (5, 30), 3: (22, 40), new: (30, 40)}


def test_deleting_leaves_the_chosen_out_and_undo_brings_them_back(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.timeline.select((1, 2))
    walked.timeline.setFocus()
    qtbot.keyClick(walked.timeline, Key.Key_Delete)
    qtbot.waitUntil(lambda: list(lanes(walked)) == [3])
    for remaining in ([2, 3], [1, 2, 3]):
        qtbot.waitUntil(walked.repairs.undo.isEnabled)
        assert walked.repairs.undo.text().startswith("Undo: ")
        qtbot.keyClick(walked.timeline, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda remaining=remaining: sorted(lanes(walked)) == remaining)
    assert not walked.repairs.undo.isEnabled()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(walked.timeline, Key.Key_Z, both)
    qtbot.waitUntil(lambda: sorted(lanes(walked)) == [2, 3])


def test_a_name_is_asked_for_and_stands_in_lane_list_and_picture(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.timeline.select((2,))
    walked.timeline.setFocus()
    qtbot.keyClick(walked.timeline, Key.Key_F2)
    dialog = walked.findChild(QInputDialog)
    dialog.setTextValue("Ada")
    dialog.accept()
    qtbot.waitUntil(lambda: walked.status.text() == "Named 2 Ada")
    assert [row.called() for row in walked.timeline.chart.rows] == ["1", "Ada", "3"]
    assert walked.people.topLevelItem(1).text(0) == "2  Ada"
    assert walked.canvas._cast.names == {2: "Ada"}


def test_what_cannot_be_done_is_said_each_time_it_is_tried(walked: RecordedPage, qtbot: QtBot) -> None:
    for _ in range(2):
        walked.repairs.ask_name(1).textValueSelected.emit("x" * 201)
        qtbot.waitUntil(lambda: walked.trouble.message().startswith("a name is one line"))
        assert walked.trouble.isVisible()
        walked.trouble.set("")  # its button
    walked.repairs.ask_name(1).textValueSelected.emit("x")
    qtbot.waitUntil(lambda: walked.status.text() == "Named 1 x")
    assert not walked.trouble.isVisible()


def test_a_menu_on_a_lane_offers_what_makes_sense_for_its_person(walked: RecordedPage, qtbot: QtBot) -> None:
    go(walked, 10, qtbot)
    walked.timeline.select((1,))
    walked.timeline.menu_wanted.emit(1, QPoint(100, 100))
    (menu,) = [each for each in walked.findChildren(QMenu) if each.isVisible()]
    texts = {each.text(): each.isEnabled() for each in menu.actions() if not each.isSeparator()}
    menu.close()
    assert texts == {
        "Swap": False,
        "Merge": False,
        "Split": True,
        "Rename…": True,
        "Delete": True,
        "Undo": False,
        "Redo": False,
    }


@pytest.mark.parametrize("chosen", [(), (1,), (1, 2), (1, 3)])
def test_buttons_and_menu_agree_and_whatever_cannot_be_done_says_why(
    walked: RecordedPage, chosen: tuple[int, ...]
) -> None:
    usual = set(walked.repairs._tips.values())
    walked.timeline.select(chosen)
    buttons = {
        each.defaultAction(): each for each in walked.findChildren(QToolButton) if each.defaultAction()
    }
    for name in walked.repairs._tips:
        action = getattr(walked.repairs, name)
        assert buttons[action].isEnabled() == action.isEnabled() == (action.toolTip() in usual)


def test_the_face_of_whoever_was_deleted_stays_hidden(walked: RecordedPage, qtbot: QtBot) -> None:
    """They are still in the video: nobody is told of them, and nobody is to recognise them."""
    walked.set_view(View(blur_faces=True))
    walked.opened.ask(lambda review: review.delete(1))
    qtbot.waitUntil(lambda: 1 not in walked._looked[0].tracks.ids)
    for number in (0, 3, 19):
        go(walked, number, qtbot)
        nose = played.standing(1, number, (640, 360))[0]
        places = walked.canvas._scene._faces()
        assert ((places[:, :2] < nose) & (nose < places[:, 2:])).all(axis=1).any()
    go(walked, 25, qtbot)
    assert len(walked.canvas._scene._faces()) == 4  # of the two who are there, found and numbered


@pytest.mark.parametrize(
    "name", ["Zoë 🏃", "Ada 👩\u200d🔬", "👨\u200d👩\u200d👧 🇨🇭", "می\u200cرود", "李小龍"]
)
def test_names_may_have_emoji_and_letters_of_any_language(
    name: str, walked: RecordedPage, qtbot: QtBot
) -> None:
    walked.opened.ask(lambda review: review.rename(1, name))
    qtbot.waitUntil(lambda: walked.timeline.chart.rows[0].name == name)
    assert walked.people.topLevelItem(0).text(0) == f"1  {name}"
    assert walked.canvas._cast.names == {1: name}
    assert walked.status.text() == f"Named 1 {name}"
    assert walked.trouble.message() == ""
    assert not walked.grab().isNull()


@pytest.mark.parametrize("name", ["two\nlines", "turned \u202e round", "\u200b", "\x07"])
def test_names_that_would_do_harm_elsewhere_are_refused(
    name: str, walked: RecordedPage, qtbot: QtBot
) -> None:
    walked.opened.ask(lambda review: review.rename(1, name))
    qtbot.waitUntil(lambda: "a name is one line" in walked.trouble.message())
    assert walked.timeline.chart.rows[0].name == ""
