"""The timeline: what its pixels say, and what clicks, drags, the wheel and keys do."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.painting.palette import COLOURS
from app.playback.lanes import Chart, Handover, Row
from app.ui.timeline import Timeline
from app.ui.timeline_paint import GUTTER, LANE, RULER
from app.ui.timescale import Timescale

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Left = Qt.MouseButton.LeftButton


def row(who: int, first: int, end: int, sure: float = 1.0, name: str = "") -> Row:
    return Row(who, name, np.arange(first, end), np.arange(end - first + 1) * sure)


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    """Ten seconds at 25 frames a second, three people, 100 pixels a second."""
    made = Timeline()
    qtbot.addWidget(made)
    made.resize(GUTTER + 1001, RULER + 5 * LANE)
    times = np.arange(250) / 25
    rows = (row(1, 0, 100), row(2, 50, 250, 0.5, "Ada"), row(3, 110, 250))
    made.set_extent(0.0, 10.0)
    made.set_chart(Chart(times, rows, (Handover(4.4, 1, 3),)))
    made.show()
    return made


def x(seconds: float) -> int:
    return GUTTER + round(100 * seconds)


def y(lane: int) -> int:
    return RULER + round((lane + 0.5) * LANE)


def test_a_lane_has_the_colour_of_its_id_where_somebody_is_and_none_where_nobody_is(
    timeline: Timeline,
) -> None:
    image = timeline.grab().toImage()
    ratio = image.devicePixelRatio()

    def colour(seconds: float, lane: int) -> tuple[int, int, int]:
        at = image.pixelColor(round(x(seconds) * ratio), round((y(lane) + 4) * ratio))
        return at.red(), at.green(), at.blue()

    assert colour(3.9, 0) == COLOURS[0]
    assert colour(4.1, 0) != COLOURS[0]
    assert colour(1.9, 1) != COLOURS[1]
    assert colour(2.1, 1) == COLOURS[1]
    assert colour(4.45, 2) == COLOURS[2]


def test_a_bar_is_as_high_as_the_network_was_sure(timeline: Timeline) -> None:
    image = timeline.grab().toImage()
    ratio = image.devicePixelRatio()

    def filled(lane: int) -> int:
        top = RULER + lane * LANE
        column = [image.pixelColor(round(x(3) * ratio), round((top + n) * ratio)) for n in range(LANE)]
        return sum((at.red(), at.green(), at.blue()) == COLOURS[lane] for at in column)

    assert filled(1) == pytest.approx(filled(0) / 2, abs=1)


def test_a_click_seeks_and_a_drag_goes_on_seeking(timeline: Timeline, qtbot: QtBot) -> None:
    sought: list[float] = []
    timeline.sought.connect(sought.append)
    qtbot.mousePress(timeline, Left, pos=QPoint(x(3), 5))
    qtbot.mouseMove(timeline, QPoint(x(4), 5))
    qtbot.mouseMove(timeline, QPoint(5000, 5))
    qtbot.mouseRelease(timeline, Left, pos=QPoint(x(4), 5))
    assert sought == pytest.approx([3.0, 4.0, 10.0], abs=0.006)


def test_a_click_chooses_a_person_and_with_ctrl_a_second_one_without_seeking(
    timeline: Timeline, qtbot: QtBot
) -> None:
    sought: list[float] = []
    timeline.sought.connect(sought.append)
    qtbot.mouseClick(timeline, Left, pos=QPoint(x(5), y(1)))
    assert (timeline.selection, len(sought)) == ((2,), 1)
    qtbot.mouseClick(timeline, Left, Ctrl, QPoint(x(5), y(0)))
    assert timeline.selection == (2, 1)
    qtbot.mouseClick(timeline, Left, Ctrl, QPoint(x(5), y(2)))
    assert timeline.selection == (2, 3)
    qtbot.mouseClick(timeline, Left, Ctrl, QPoint(20, y(2)))
    assert timeline.selection == (2,)
    assert timeline.accessibleDescription() == "Chosen: Ada"
    assert len(sought) == 1


def test_shift_and_dragging_chooses_a_loop_whose_ends_can_be_moved(timeline: Timeline, qtbot: QtBot) -> None:
    loops: list[tuple[float, float]] = []
    timeline.loop_changed.connect(lambda a, b: loops.append((a, b)))

    def drag(start: float, end: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.mousePress(timeline, Left, keys, QPoint(x(start), 8))
        qtbot.mouseMove(timeline, QPoint(x(end), 8))
        qtbot.mouseRelease(timeline, Left, keys, QPoint(x(end), 8))

    drag(6, 2, Shift)
    assert loops[-1] == pytest.approx((2.0, 6.0), abs=0.006)
    drag(6.02, 7)
    assert loops[-1] == pytest.approx((2.0, 7.0), abs=0.006)
    drag(1.98, 1)
    assert loops[-1] == pytest.approx((1.0, 7.0), abs=0.006)


def test_a_loop_that_is_being_chosen_is_not_overruled_by_what_is_played(
    timeline: Timeline, qtbot: QtBot
) -> None:
    loops: list[tuple[float, float]] = []
    timeline.loop_changed.connect(lambda a, b: loops.append((a, b)))
    qtbot.mousePress(timeline, Left, Shift, QPoint(x(2), 8))
    qtbot.mouseMove(timeline, QPoint(x(6), 8))
    timeline.set_loop(0.0, 0.0)  # as the page does it with every picture that is played
    qtbot.mouseRelease(timeline, Left, Shift, QPoint(x(6), 8))
    assert loops == [pytest.approx((2.0, 6.0), abs=0.006)]
    timeline.set_loop(0.0, 0.0)
    assert timeline.loop == (0.0, 0.0)


def wheel(widget: Timeline, place: QPointF, steps: int, keys: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_ctrl_and_the_wheel_zoom_around_the_pointer_and_shift_moves_along(timeline: Timeline) -> None:
    place = QPointF(x(7), y(1))
    for _ in range(8):
        wheel(timeline, place, 1, Ctrl)
    span = timeline.scale.right_s - timeline.scale.left_s
    assert span == pytest.approx(10 / 1.25**8)
    assert timeline.seconds_at(x(7)) == pytest.approx(7.0, abs=0.02)
    before = timeline.scale.left_s
    wheel(timeline, place, -2, Shift)
    assert timeline.scale.left_s == pytest.approx(before + 0.2 * span)
    wheel(timeline, place, -500, Shift)
    assert timeline.scale.right_s == 10.0
    timeline.show_all()
    assert (timeline.scale.left_s, timeline.scale.right_s) == (0.0, 10.0)


def test_the_cursor_stays_in_view_while_it_is_zoomed(timeline: Timeline) -> None:
    timeline.zoom(10, 1.0)
    timeline.set_cursor(8.0)
    assert timeline.scale.left_s < 8.0 < timeline.scale.right_s


def test_keys_choose_lanes_and_go_through_time(timeline: Timeline, qtbot: QtBot) -> None:
    steps: list[int] = []
    sought: list[float] = []
    timeline.stepped.connect(steps.append)
    timeline.sought.connect(sought.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(timeline, key)
    assert timeline.selection == (2,)
    qtbot.keyClick(timeline, Qt.Key.Key_Down, Shift)
    assert timeline.selection == (2, 3)
    qtbot.keyClick(timeline, Qt.Key.Key_Up)
    assert timeline.selection == (2,)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Home):
        qtbot.keyClick(timeline, key)
    assert (steps, sought) == ([1, -1], [10.0, 0.0])
    qtbot.keyClick(timeline, Qt.Key.Key_Escape)
    assert timeline.selection == ()


def test_a_place_tells_its_time_who_it_is_and_how_sure_the_network_was(timeline: Timeline) -> None:
    assert timeline.told_at(QPoint(x(3), y(1))) == "0:03.00  ·  Ada  ·  sure to 50 %"
    assert timeline.told_at(QPoint(x(1), y(1))) == "0:01.00  ·  Ada  ·  not there"
    assert timeline.told_at(QPoint(x(9), 5)) == "0:09.00"
    assert "1 ends and 3 begins here: perhaps the same person" in timeline.told_at(QPoint(x(4.4), y(0)))


def test_whoever_is_chosen_stays_chosen_when_lanes_change_unless_gone(timeline: Timeline) -> None:
    timeline.select((3, 1))
    chart = timeline.chart
    timeline.set_chart(Chart(chart.times, chart.rows[1:], ()))
    assert timeline.selection == (3,)


def test_three_hundred_people_scroll_and_the_chosen_one_comes_into_view(
    timeline: Timeline, qtbot: QtBot
) -> None:
    times = np.arange(250) / 25
    timeline.set_chart(Chart(times, tuple(row(n, 0, 250) for n in range(1, 301)), ()))
    for _ in range(100):
        qtbot.keyClick(timeline, Qt.Key.Key_Down)
    (who,) = timeline.selection
    assert who == 100
    assert [each.id for n in range(5) for each in timeline.row_at(y(n))][-1] in (100, 101)


def test_zooming_never_leaves_the_recording_and_its_moments_stay() -> None:
    scale = Timescale().of(1.5, 61.5)
    for factor, at in [(4, 30.0), (3, 31.0), (1000, 31.5), (0.5, 10.0), (0.001, 60.0)]:
        before = scale.share(at)
        scale = scale.zoomed(factor, at)
        assert 1.5 <= scale.left_s < scale.right_s <= 61.5
        if 0 < before < 1 and scale.left_s > 1.5 and scale.right_s < 61.5:
            assert scale.share(at) == pytest.approx(before)
    assert (scale.left_s, scale.right_s) == (1.5, 61.5)
    assert scale.of(1.5, 100.0).right_s == 100.0
