"""Fingers on the picture: what they hold stays under them; a tap clicks, a long one opens the menu."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from canvases import flat, grab, people
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.canvas import Canvas

BOX = (200.0, 80.0, 360.0, 460.0)


@pytest.fixture(scope="module")
def screen() -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[Canvas]:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    made.show_result(flat(640, 480), people(BOX))
    grab(made)
    return made


def below(canvas: Canvas, x: float, y: float) -> np.ndarray:
    """Which point of the picture is there."""
    return np.array(canvas._look.place.point(x, y))


def drag(canvas: Canvas, screen: QPointingDevice, *fingers: tuple[QPoint, QPoint]) -> None:
    """All of them go down together, each from its first place to its second in ten steps, and leave."""
    sequence = QTest.touchEvent(canvas, screen, False)
    for n, (start, _) in enumerate(fingers):
        sequence.press(n, start, canvas)
    sequence.commit()
    for step in range(1, 11):
        sequence = QTest.touchEvent(canvas, screen, False)
        for n, (start, end) in enumerate(fingers):
            sequence.move(n, start + (end - start) * (step / 10), canvas)
        sequence.commit()
    sequence = QTest.touchEvent(canvas, screen, False)
    for n, (_, end) in enumerate(fingers):
        sequence.release(n, end, canvas)
    sequence.commit()


def test_two_fingers_that_part_make_what_is_between_them_larger(canvas: Canvas, screen: QPointingDevice):
    before = below(canvas, 320, 240)
    drag(canvas, screen, (QPoint(270, 240), QPoint(170, 240)), (QPoint(370, 240), QPoint(470, 240)))
    assert canvas._look.place.zoom == pytest.approx(3.0, rel=0.01)  # three times as far apart
    assert below(canvas, 320, 240) == pytest.approx(before, abs=0.6)


def test_the_picture_stays_under_both_fingers_wherever_they_go(canvas: Canvas, screen: QPointingDevice):
    starts, ends = (QPoint(300, 200), QPoint(380, 260)), (QPoint(250, 190), QPoint(410, 310))
    held = [below(canvas, p.x(), p.y()) for p in starts]
    drag(canvas, screen, *zip(starts, ends, strict=True))
    for point, end in zip(held, ends, strict=True):
        assert below(canvas, end.x(), end.y()) == pytest.approx(point, abs=1.0)
    drag(canvas, screen, *zip(ends, starts, strict=True))
    assert canvas._look.place.zoom == pytest.approx(1.0, abs=0.01)


def test_one_finger_moves_a_picture_that_is_larger_than_its_place(
    canvas: Canvas, screen: QPointingDevice, qtbot: QtBot
):
    canvas.zoom_in()
    canvas.zoom_in()
    held = below(canvas, 300, 300)
    with qtbot.assertNotEmitted(canvas.clicked):
        drag(canvas, screen, (QPoint(300, 300), QPoint(340, 320)))
    assert below(canvas, 340, 320) == pytest.approx(held, abs=1.0)


def test_a_tap_is_a_click_at_that_place(canvas: Canvas, screen: QPointingDevice, qtbot: QtBot):
    with qtbot.waitSignal(canvas.clicked) as clicked:
        QTest.touchEvent(canvas, screen).press(0, QPoint(280, 200), canvas)
        QTest.touchEvent(canvas, screen).release(0, QPoint(281, 200), canvas)
    assert clicked.args == pytest.approx([280.0, 200.0], abs=1.0)
    assert canvas.person_at(*clicked.args) == 1


def test_two_fingers_that_touch_and_leave_click_nobody(canvas: Canvas, screen: QPointingDevice, qtbot: QtBot):
    with qtbot.assertNotEmitted(canvas.clicked):
        drag(canvas, screen, (QPoint(280, 200), QPoint(280, 200)), (QPoint(380, 200), QPoint(380, 200)))


def test_a_second_finger_that_comes_later_makes_nothing_jump(canvas: Canvas, screen: QPointingDevice):
    canvas.zoom_in()
    before = canvas._look.place
    QTest.touchEvent(canvas, screen).press(0, QPoint(200, 200), canvas)
    QTest.touchEvent(canvas, screen).stationary(0).press(1, QPoint(500, 400), canvas)
    QTest.touchEvent(canvas, screen).release(0, QPoint(200, 200), canvas).stationary(1)
    QTest.touchEvent(canvas, screen).release(1, QPoint(500, 400), canvas)
    assert canvas._look.place == before


def test_a_finger_that_stays_opens_the_menu_and_clicks_nobody(
    canvas: Canvas, screen: QPointingDevice, qtbot: QtBot
):
    with qtbot.assertNotEmitted(canvas.clicked), qtbot.waitSignal(canvas.menu_wanted) as wanted:
        QTest.touchEvent(canvas, screen).press(0, QPoint(280, 200), canvas)
    QTest.touchEvent(canvas, screen).release(0, QPoint(280, 200), canvas)
    assert wanted.args[:2] == pytest.approx([280.0, 200.0], abs=1.0)


def test_whoever_is_followed_is_not_lost_by_zooming_with_two_fingers(canvas: Canvas, screen: QPointingDevice):
    canvas.follow(1)
    drag(canvas, screen, (QPoint(270, 240), QPoint(220, 250)), (QPoint(370, 240), QPoint(420, 250)))
    assert canvas.following == 1
    drag(canvas, screen, (QPoint(270, 240), QPoint(220, 250)))
    assert canvas.following == 0


def test_pinching_on_a_touchpad_zooms_at_the_pointer(canvas: Canvas):
    pad = QPointingDevice.primaryPointingDevice()
    assert isinstance(pad, QInputDevice)
    place, before = QPointF(200, 100), below(canvas, 200, 100)
    kind = Qt.NativeGestureType.ZoomNativeGesture
    for _ in range(4):
        pinch = QNativeGestureEvent(kind, pad, 2, place, place, place, 0.25, QPointF())
        QApplication.sendEvent(canvas, pinch)
    assert canvas._look.place.zoom == pytest.approx(1.25**4)
    assert below(canvas, 200, 100) == pytest.approx(before, abs=0.6)
