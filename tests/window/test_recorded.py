"""The page of a recording: played, gone through, skeletons on their frames, processed while one looks."""

from __future__ import annotations

from pathlib import Path

import clips
import played
import pytest
from pages import THERE, page, shown, walk, walked
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox
from pytestqt.qtbot import QtBot

from app.exports import Style
from app.ui.recorded import RecordedPage
from app.ui.timeline_paint import LANE, RULER
from app.ui.view import View

__all__ = ["page", "walk", "walked"]

Left = Qt.MouseButton.LeftButton


def press(page: RecordedPage, name: str) -> None:
    (found,) = [each for each in page.actions() if each.objectName() == f"recorded.{name}"]
    assert found.isEnabled(), found.toolTip()
    found.trigger()


def test_every_action_has_a_name_a_text_a_tip_and_keys_of_its_own(page: RecordedPage) -> None:
    actions = page.actions()
    names = [each.objectName() for each in actions]
    assert len(set(names)) == len(names) >= 18
    assert all(name.startswith("recorded.") for name in names)
    assert all(each.text() and each.toolTip() for each in actions)
    keys = [each.shortcut().toString() for each in actions if not each.shortcut().isEmpty()]
    assert len(set(keys)) == len(keys) >= 17


def test_a_step_shows_the_next_picture_with_its_people(walked: RecordedPage, qtbot: QtBot) -> None:
    for expected in range(1, 8):
        press(walked, "forward")
        qtbot.waitUntil(lambda expected=expected: shown(walked) == expected)
        there = [who for who, (first, end) in THERE.items() if first <= expected < end]
        assert walked._looked[0].tracks.ids.tolist() == there
    press(walked, "back")
    qtbot.waitUntil(lambda: shown(walked) == 6)
    assert "picture 7 of 40" in walked.transport.place.text()


def test_play_goes_to_the_end_and_the_button_says_what_it_does(walked: RecordedPage, qtbot: QtBot) -> None:
    walked.transport.speeds.setCurrentIndex(7)
    walked.transport.speeds.activated.emit(7)
    press(walked, "play")
    assert walked.transport.play.text() == "Pause"
    qtbot.waitUntil(lambda: shown(walked) == 39)
    qtbot.waitUntil(lambda: walked.transport.play.text() == "Play")


def test_a_click_on_the_timeline_goes_there_and_chooses_the_person(
    walked: RecordedPage, qtbot: QtBot
) -> None:
    times = walked.timeline.chart.times
    place = QPoint(round(walked.timeline.x_of(float(times[30]))) + 2, RULER + LANE + LANE // 2)
    qtbot.mouseClick(walked.timeline, Left, pos=place)
    qtbot.waitUntil(lambda: shown(walked) == 30)
    assert walked.timeline.selection == walked.people.people() == (2,)


def test_dragging_ends_where_the_pointer_ends(walked: RecordedPage, qtbot: QtBot) -> None:
    timeline = walked.timeline
    place = [QPoint(round(timeline.x_of(float(t))) + 1, 8) for t in timeline.chart.times]
    qtbot.mousePress(timeline, Left, pos=place[0])
    for n in (*range(39, 0, -1), 25):
        qtbot.mouseMove(timeline, place[n])
    qtbot.mouseRelease(timeline, Left, pos=place[25])
    qtbot.waitUntil(lambda: shown(walked) == 25)


def test_a_loop_is_chosen_by_keys_or_is_all_of_it(walked: RecordedPage, qtbot: QtBot) -> None:
    times = walked.timeline.chart.times
    press(walked, "loop")
    qtbot.waitUntil(lambda: walked.timeline.loop == pytest.approx((times[0], times[39])))
    press(walked, "loop")
    qtbot.waitUntil(lambda: walked.timeline.loop == (0.0, 0.0))
    for number, name in ((10, "loop_start"), (12, "loop_end")):
        walked.opened.ask(lambda review, number=number: review.player.seek(float(times[number])))
        qtbot.waitUntil(lambda number=number: shown(walked) == number)
        press(walked, name)
    qtbot.waitUntil(lambda: walked.timeline.loop == pytest.approx((times[10], times[12])))
    seen: list[int] = []
    walked.canvas.painted.connect(lambda: seen.append(shown(walked)))
    press(walked, "play")
    qtbot.waitUntil(lambda: seen.count(11) >= 2)
    press(walked, "play")
    assert set(seen) <= {10, 11, 12}


def test_a_click_on_somebody_in_the_picture_chooses_them_and_esc_lets_go(walked: RecordedPage) -> None:
    walked.canvas.clicked.emit(*played.standing(1, 0, (640, 360))[11])
    assert walked.timeline.selection == (1,)
    assert walked.people.people() == (1,)
    press(walked, "release")
    assert walked.timeline.selection == walked.people.people() == ()


def test_what_is_not_processed_says_so_and_can_be(walk: Path, page: RecordedPage, qtbot: QtBot) -> None:
    page.open(str(walk))
    qtbot.waitUntil(lambda: page.bar.isVisible())
    assert page.bar.text().startswith("Not processed yet")
    assert not page.export.isEnabled()
    with qtbot.waitSignal(page.process_wanted) as wanted:
        qtbot.mouseClick(page.bar.button, Left)
    assert wanted.args == [[str(walk)]]
    assert not page.bar.button.isVisible()


def test_lanes_grow_while_it_is_processed(
    walk: Path, page: RecordedPage, qtbot: QtBot, tmp_path: Path
) -> None:
    page.open(str(walk))
    qtbot.waitUntil(lambda: page.bar.isVisible())
    (tmp_path / "runs").mkdir()
    making = played.Making(walk, tmp_path / "runs" / "walk.kinetrail", THERE)
    making.write(12)
    page.session_grew()
    qtbot.waitUntil(lambda: [len(row.positions) for row in page.timeline.chart.rows] == [12, 7])
    assert page.bar.text().startswith("Processed to 0:0")
    making.write(40)
    making.finish()
    page.session_grew()
    qtbot.waitUntil(lambda: [len(row.positions) for row in page.timeline.chart.rows] == [20, 35, 18])
    assert not page.bar.isVisible()
    assert page.people.topLevelItemCount() == 3


def test_another_recording_takes_the_place_of_the_first(
    walked: RecordedPage, tmp_path: Path, qtbot: QtBot
) -> None:
    walked.timeline.select((1,))
    clips.constant(tmp_path / "b.mp4", 12)
    walked.open(str(tmp_path / "b.mp4"))
    qtbot.waitUntil(lambda: "of 12" in walked.transport.place.text())
    assert walked.timeline.selection == ()
    assert not walked.timeline.chart.rows
    walked.close_source()
    qtbot.waitUntil(walked.stopped)
    assert walked.transport.place.text() == ""


def test_a_file_that_is_no_video_is_told_of_with_its_remedy(
    page: RecordedPage, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.mp4").write_text("hello")
    page.open(str(tmp_path / "notes.mp4"))
    qtbot.waitUntil(lambda: page.trouble.message() == "notes.mp4: this is text, not a video")
    assert not page.transport.play.isEnabled()
    qtbot.waitUntil(lambda: page._account.looked_for)
    page.session_grew()
    assert not page.bar.isVisible()  # nobody can be looked for in it


def test_a_recording_that_is_cut_off_plays_and_says_so(
    page: RecordedPage, tmp_path: Path, qtbot: QtBot
) -> None:
    clips.truncated(tmp_path / "a.mp4")
    page.open(str(tmp_path / "a.mp4"))
    qtbot.waitUntil(lambda: "is cut off" in page.trouble.message())
    assert page.transport.play.isEnabled()


def test_names_of_the_session_stand_in_the_picture_and_views_are_taken_over(
    walked: RecordedPage, qtbot: QtBot
) -> None:
    walked.opened.ask(lambda review: review.rename(1, "Ada"))
    qtbot.waitUntil(lambda: walked.timeline.chart.rows[0].name == "Ada")
    assert walked.canvas._cast.names == {1: "Ada"}
    walked.set_view(View(picture=False, ids=False, skeleton=False))
    assert walked.canvas.picture().pixelColor(5, 5).lightness() < 10


def test_closing_in_the_middle_of_playing_leaves_nothing_behind(
    walk: Path, page: RecordedPage, qtbot: QtBot
) -> None:
    for _ in range(3):
        page.open(str(walk))
        page.transport.play_wanted.emit(True)
        qtbot.waitUntil(lambda: bool(page._looked))
    page.close()
    assert page.stopped()


def test_tab_reaches_everything_and_everything_has_a_name(walked: RecordedPage) -> None:
    for widget in (
        walked.canvas,
        walked.timeline,
        walked.people,
        walked.transport.speeds,
        walked.bar,
        walked.status,
    ):
        assert widget.accessibleName()
    focusable = (walked.canvas, walked.timeline, walked.people, walked.transport.speeds)
    assert all(widget.focusPolicy() & Qt.FocusPolicy.TabFocus for widget in focusable)
    assert all(isinstance(each, QAction) for each in walked.actions())


def test_a_video_begins_with_the_look_that_is_on_the_screen(walked: RecordedPage) -> None:
    view = View(
        skeleton=False, boxes=True, ids=False, joint_names=True, trails=True, blur_faces=True, line_width=2.5,
        colours="side", picture=False, mirror=True,
    )  # fmt: skip
    walked.set_view(view)
    made = walked._export()
    made.format.setCurrentIndex(1)
    expected = Style(
        skeleton=False, boxes=True, ids=False, joint_names=True, trails=True, blur_faces=True, line_width=2.5,
        colours="side", background="black",
    )  # fmt: skip
    assert made.order().style == expected
    style = made.style_choice
    ticked = {each.objectName() for each in style.findChildren(QCheckBox) if each.isChecked()}
    assert ticked == {"style.boxes", "style.joint_names", "style.trails", "style.blur_faces"}
    assert style.findChild(QDoubleSpinBox, "style.line_width").value() == 2.5
    texts = [style.findChild(QComboBox, f"style.{name}").currentData() for name in ("colours", "background")]
    assert texts == ["side", "black"]
    made.close()
