"""The buttons that play: what they ask for, and how they tell what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.playback.playing import Playing
from app.types import SourceInfo
from app.ui import theme
from app.ui.transport import SPEEDS, Transport

INFO = SourceInfo("a", "a", 8, 8, Fraction(1, 25), Fraction(25), 100, False, False, Fraction(1), "")
READY = Playing(phase="ready", info=INFO, frames=100, end_s=3.96, counted=True)


@pytest.fixture
def transport(qtbot: QtBot) -> Iterator[Transport]:
    page = QWidget()
    qtbot.addWidget(page)
    made = Transport(page)
    made.tell(READY)
    page.show()
    yield made
    page.close()


def test_nothing_can_be_pressed_before_there_is_a_picture(transport: Transport) -> None:
    transport.tell(Playing())
    assert not any(each.isEnabled() for each in transport.actions())
    assert transport.place.text() == ""


def test_each_button_asks_for_what_it_says(transport: Transport, qtbot: QtBot) -> None:
    asked: list[object] = []
    for signal in (transport.play_wanted, transport.stepped, transport.loop_wanted, transport.speed_wanted):
        signal.connect(asked.append)
    for name in ("play", "back", "forward", "loop"):
        qtbot.mouseClick(transport._buttons[name], Qt.MouseButton.LeftButton)
    for each in transport.actions()[-2:]:
        each.trigger()
    assert asked == [True, -1, 1, True, 0.5, 1.0]


def test_speeds_end_where_the_player_does(transport: Transport) -> None:
    asked: list[float] = []
    transport.speed_wanted.connect(asked.append)
    for _ in range(10):
        transport.actions()[-1].trigger()
    assert (SPEEDS[0], asked[-1]) == (0.1, 4.0)


def test_what_goes_on_is_told_without_being_asked_for_again(transport: Transport) -> None:
    asked: list[object] = []
    transport.play_wanted.connect(asked.append)
    transport.loop_wanted.connect(asked.append)
    transport.tell(Playing("ready", INFO, True, 2.0, (1.0, 2.0), 41, 1.64, 100, 0.0, 3.96, True))
    assert transport.play.isChecked()
    assert transport.loop.isChecked()
    assert transport.play.text() == "Pause"
    assert transport.speeds.currentText().startswith("2")
    assert transport.place.text() == "0:01.64 / 0:03.96   picture 42 of 100"
    assert asked == []


def test_what_is_not_counted_yet_is_called_about(transport: Transport) -> None:
    transport.tell(Playing("ready", INFO, frames=100, end_s=3.96))
    assert transport.place.text() == "0:00.00 / ~0:03.96   picture 1 of ~100"


def test_signs_are_seen_on_dark_and_on_light(transport: Transport, qapp: QApplication) -> None:
    for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
        transport.setPalette(theme.palette(scheme))
        qapp.processEvents()
        image = transport.play.icon().pixmap(20, 20).toImage()
        ink = image.pixelColor(image.width() // 2, image.height() // 2)
        ground = transport.palette().window().color()
        assert abs(ink.lightness() - ground.lightness()) > 120
