"""The plots beside the picture: whose they are, what they draw, looking back, recordings, copying."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.angles import ANGLES, course
from app.painting.palette import COLOURS, shades
from app.ui import theme
from app.ui.plots import Plots
from app.ui.shading import contrast, readable
from app.ui.view import Cast, View
from engine.skeleton import KEYPOINTS
from engine.types import Boxes
from trackers.types import Tracks

STANDING = np.array(
    [(110, 20), *[(104, 16)] * 4, *[(100, 60)] * 2, *[(100, 110)] * 2, *[(100, 155)] * 2, *[(100, 160)] * 2,
     *[(100, 240)] * 2, *[(100, 320)] * 2], np.float32)  # fmt: skip


def bent(degrees: float) -> np.ndarray:
    """A standing body whose left knee is bent by so much."""
    joints, turned = STANDING.copy(), math.radians(degrees)
    joints[KEYPOINTS.index("left_ankle")] = 100 - 80 * math.sin(turned), 240 + 80 * math.cos(turned)
    return joints


def tracks(*ids: int, knee: float = 0.0, score: float = 0.9) -> Tracks:
    n = len(ids)
    joints = np.repeat(bent(knee)[None], n, axis=0)
    boxes = Boxes(np.zeros((n, 4), np.float32), np.ones(n, np.float32))
    return Tracks(np.array(ids, np.int64), boxes, joints, joints.copy(), np.full((n, 17), score, np.float32))


@pytest.fixture
def plots(qtbot: QtBot) -> Iterator[Plots]:
    made = Plots()
    made.resize(360, 640)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


def feed(plots: Plots, knees: Callable[[float], float], seconds: float = 12.0, locked: int = 3) -> None:
    for n in range(round(seconds * 20)):
        plots.add(n / 20, tracks(3, 7, knee=knees(n / 20)), locked)


def numbers(plots: Plots, lane: int) -> list[str]:
    return plots.readout.rows[lane].texts()


def drawn(plots: Plots, which: int) -> np.ndarray:
    """Heights of the curve of the left (0), right (1) or middle (2)."""
    return plots.lanes._curves[which].yData


def test_with_nobody_locked_it_says_what_to_do(plots: Plots) -> None:
    plots.add(0.0, tracks(3, 7), 0)
    hint = plots.findChild(QLabel, "plots.hint")
    assert hint.isVisible()
    assert hint.text() == "Click a person to see their angles"


def test_whoever_is_alone_in_view_is_taken(plots: Plots, qtbot: QtBot) -> None:
    plots.add(0.0, tracks(7, knee=40.0), 0)
    qtbot.waitUntil(lambda: plots.bar.told()[0] == "Person 7")
    assert numbers(plots, 0) == ["40°", "0°"]


def test_numbers_are_the_newest_in_degrees_and_people_have_their_names(plots: Plots, qtbot: QtBot) -> None:
    plots.set_cast(Cast(names={3: "Ada <b>"}))
    feed(plots, lambda t: 10 * t)
    qtbot.waitUntil(lambda: numbers(plots, 0) == ["120°", "0°"])
    assert plots.bar.told() == ("Ada <b>", "")
    assert numbers(plots, 4) == ["0°"]
    assert numbers(plots, 5)[1] == "0"  # stands still


def test_many_results_are_one_drawing(plots: Plots, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    times = []
    show = plots.lanes.show_course
    monkeypatch.setattr(plots.lanes, "show_course", lambda *args: (times.append(1), show(*args)))
    feed(plots, lambda t: t)
    qtbot.waitUntil(lambda: bool(times))
    assert len(times) == 1


def test_there_is_no_line_through_a_gap(plots: Plots, qtbot: QtBot) -> None:
    for n in range(100):
        plots.add(n / 10, tracks(*((3, 7) if not 40 <= n < 60 else (7,)), knee=20.0), 3)
    qtbot.waitUntil(lambda: drawn(plots, 0) is not None and len(drawn(plots, 0)) > 100)
    x, y = plots.lanes._curves[0].xData, drawn(plots, 0)
    first = slice(0, 101)  # of the first lane, and the end of it
    hidden = (x[first] > -5.95) & (x[first] < -3.95)
    assert hidden.sum() == 20
    assert np.isnan(y[first][hidden]).all()
    assert np.isfinite(y[first][:-1][~hidden[:-1]]).all()


def test_left_is_drawn_through_and_right_in_dashes(plots: Plots, qtbot: QtBot) -> None:
    feed(plots, lambda t: t)
    qtbot.waitUntil(lambda: drawn(plots, 1) is not None and len(drawn(plots, 1)) > 100)
    lane = slice(0, 200)
    assert np.isfinite(drawn(plots, 0)[lane]).all()
    assert 0.2 < np.isnan(drawn(plots, 1)[lane]).mean() < 0.45


def test_a_click_stands_still_and_reads_off_while_more_comes_in(plots: Plots, qtbot: QtBot) -> None:
    feed(plots, lambda t: 10 * t)
    qtbot.waitUntil(lambda: numbers(plots, 0) == ["120°", "0°"] or numbers(plots, 0)[0] != "0°")
    plots._redraw()
    middle = QPoint(plots.lanes.viewport().width() // 3, 100)
    qtbot.mouseClick(plots.lanes.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert plots.paused
    read = numbers(plots, 0)[0]
    at = float(plots.bar.told()[1].replace("\N{MINUS SIGN}", "-").split()[0])
    assert -9 < at < -4
    assert float(read[:-1]) == pytest.approx(10 * (11.95 + at), abs=1.0)
    for n in range(40):
        plots.add(12 + n / 20, tracks(3, 7), 3)
    plots._redraw()
    assert numbers(plots, 0)[0] == read
    plots.bar.pause.trigger()
    assert not plots.paused
    assert numbers(plots, 0) == ["0°", "0°"]  # what came in meanwhile is there


def test_keys_move_the_line_by_a_picture_and_by_a_second_up_to_half_a_minute_back(
    plots: Plots, qtbot: QtBot
) -> None:
    feed(plots, lambda t: t, seconds=40)
    plots._redraw()
    qtbot.keyClick(plots.lanes, Qt.Key.Key_Left)
    assert plots.paused
    assert plots.bar.told()[1] == "\N{MINUS SIGN}0.05 s"
    for _ in range(12):
        qtbot.keyClick(plots.lanes, Qt.Key.Key_PageUp)
    assert plots.bar.told()[1] == "\N{MINUS SIGN}12.05 s"
    assert plots.lanes.span[0] <= -12.05 <= plots.lanes.span[1]  # it came along
    for _ in range(30):
        qtbot.keyClick(plots.lanes, Qt.Key.Key_PageUp)
    assert plots.bar.told()[1] == "\N{MINUS SIGN}30.00 s"
    assert numbers(plots, 0)[0] == "10°"


def test_the_bar_looks_back_and_is_there_only_while_it_stands_still(plots: Plots) -> None:
    feed(plots, lambda t: t, seconds=40)
    assert not plots.back.isVisible()
    plots.bar.pause.trigger()
    assert plots.back.isVisible()
    plots.back.setValue(0)
    assert plots.lanes.span == (-30.0, -20.0)
    plots.bar.span.setCurrentIndex(2)
    assert plots.lanes.span == (-30.0, 0.0)
    assert not plots.back.isVisible()  # all of it is seen


def test_locking_on_somebody_else_ends_the_pause(plots: Plots) -> None:
    feed(plots, lambda t: t)
    plots._redraw()
    plots.bar.pause.trigger()
    plots.add(12.1, tracks(3, 7), 3)
    assert plots.paused
    plots.add(12.2, tracks(3, 7), 7)
    assert not plots.paused


def test_another_source_begins_with_nobody(plots: Plots) -> None:
    feed(plots, lambda t: t)
    plots.bar.pause.trigger()
    plots.clear()
    assert not plots.paused
    assert plots.findChild(QLabel, "plots.hint").isVisible()


def recorded(plots: Plots) -> None:
    t = np.arange(0.0, 60.0, 0.04)
    joints = np.array([bent(2 * time) for time in t])
    plots.set_series(5, course(t, joints, np.ones((len(t), 17), bool)))


def test_a_recording_has_its_line_at_the_players_time_and_pages_that_follow(
    plots: Plots, qtbot: QtBot
) -> None:
    recorded(plots)
    plots.show_at(3.0)
    qtbot.waitUntil(lambda: numbers(plots, 0)[0] == "6°")
    page = plots.lanes.span
    plots.show_at(8.0)
    qtbot.waitUntil(lambda: numbers(plots, 0)[0] == "16°")
    assert plots.lanes.span == page  # curves stand still while the line goes
    plots.show_at(30.0)
    qtbot.waitUntil(lambda: numbers(plots, 0)[0] == "60°")
    assert plots.lanes.span[0] < 30.0 < plots.lanes.span[1]
    assert plots.bar.told() == ("Person 5", "30.00 s")


def test_a_click_on_a_recording_asks_for_that_moment(plots: Plots, qtbot: QtBot) -> None:
    recorded(plots)
    plots.show_at(3.0)
    qtbot.waitUntil(lambda: numbers(plots, 0)[0] == "6°")
    with qtbot.waitSignal(plots.sought) as asked:
        qtbot.mouseClick(plots.lanes.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 100))
    assert plots.lanes.span[0] < asked.args[0] < plots.lanes.span[1]
    with qtbot.waitSignal(plots.sought) as asked:
        qtbot.keyClick(plots.lanes, Qt.Key.Key_Right)
    assert asked.args[0] == pytest.approx(3.04)
    plots.set_series(0, course(np.zeros(0), np.zeros((0, 17, 2)), np.zeros((0, 17), bool)))
    assert plots.findChild(QLabel, "plots.hint").isVisible()


def test_which_lanes_are_shown_is_chosen(plots: Plots) -> None:
    plots.bar.switches["elbow"].trigger()
    plots.bar.switches["thigh"].trigger()
    assert [lane.key for lane in plots.lanes.lanes] == ["knee", "hip", "shoulder", "thigh", "trunk", "speed"]
    assert len(plots.readout.rows) == 6
    for switch in plots.bar.switches.values():
        switch.setChecked(False)
    feed(plots, lambda t: t)
    plots._redraw()  # no lane is no error


def test_joints_below_the_threshold_have_no_angle(plots: Plots) -> None:
    plots.set_view(View(threshold=0.5))
    plots.add(0.0, tracks(3, score=0.4), 3)
    plots._redraw()
    assert numbers(plots, 0) == ["\N{EN DASH}"] * 2


def test_copied_is_what_is_seen(plots: Plots) -> None:
    feed(plots, lambda _t: 5.0)
    plots._redraw()
    plots.bar.copy.trigger()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("time_s,left_knee_deg,right_knee_deg,left_hip_deg")
    assert lines[0].endswith("trunk_deg,speed_heights_s,speed_px_s")
    assert lines[-1].startswith("11.950000,5.000,0.000,")
    assert len(lines) == 1 + 201


def test_the_picture_is_saved_and_where_it_cannot_be_a_line_says_so(
    plots: Plots, qtbot: QtBot, tmp_path: Path
) -> None:
    feed(plots, lambda t: t)
    plots._redraw()
    plots.saving.save(tmp_path / "a.png")
    qtbot.waitUntil(lambda: (tmp_path / "a.png").is_file() and not plots.saving.busy)
    with qtbot.waitSignal(plots.trouble) as told:
        plots.saving.save(tmp_path / "nowhere" / "a.png")
    assert "cannot be written; choose another folder" in told.args[0]


def test_everything_has_a_key_or_a_menu_and_a_name(plots: Plots) -> None:
    named = {action.objectName(): action for action in plots.actions()}
    assert {"plots.pause", "plots.copy", "plots.save", "plots.knee", "plots.speed"} <= set(named)
    assert all(action.toolTip() and action.text() for action in named.values())
    assert plots.lanes.accessibleName()
    assert plots.bar.span.accessibleName()


def test_dark_and_light_are_followed_while_it_runs(plots: Plots, qapp: QApplication) -> None:
    before = qapp.palette()
    feed(plots, lambda t: t)
    try:
        for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
            qapp.setPalette(theme.palette(scheme))
            qapp.processEvents()
            plots._redraw()
            ground = plots.grab().toImage().pixelColor(plots.width() - 120, 60)
            dark = scheme == Qt.ColorScheme.Dark
            assert (ground.lightness() < 60) == dark
    finally:
        qapp.setPalette(before)


@pytest.mark.parametrize("ground", ["#171b1f", "#ffffff"])
def test_every_persons_curves_can_be_told_from_the_ground_and_left_from_right(ground: str) -> None:
    for person in range(1, len(COLOURS) + 1):
        shade = shades(person)
        left, right = readable(shade.left, QColor(ground)), readable(shade.right, QColor(ground))
        assert min(contrast(left, QColor(ground)), contrast(right, QColor(ground))) >= 3
        assert contrast(left, right) > 1.2


def test_the_order_of_numbers_is_that_of_the_angles(plots: Plots) -> None:
    left = [row.columns[0] for row in plots.readout.rows]
    assert [ANGLES[c] for c in left[:5]] == ["left_knee", "left_hip", "left_elbow", "left_shoulder", "trunk"]
