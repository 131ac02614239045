"""Colours of the window: readable in both schemes, and after the system."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from eyesight import apart, contrast
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel

from app.ui import theme
from app.ui.trouble import Trouble

Role = QPalette.ColorRole
BOTH = pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])


@pytest.fixture(autouse=True)
def _as_before(qapp: QApplication) -> Iterator[None]:
    palette, style = qapp.palette(), qapp.style().name()
    yield
    if qapp.property("dressed"):
        qapp.styleHints().colorSchemeChanged.disconnect()
        qapp.setProperty("dressed", False)
    qapp.setStyle(style)
    qapp.setPalette(palette)


def dressed(qapp: QApplication) -> None:
    theme.apply(qapp)
    qapp.setProperty("dressed", True)


@BOTH
def test_all_text_has_a_contrast_of_four_and_a_half_on_what_it_stands_on(scheme: Qt.ColorScheme) -> None:
    palette = theme.palette(scheme)
    for ink, grounds in (
        (Role.WindowText, [Role.Window, Role.Base, Role.AlternateBase]),
        (Role.Text, [Role.Base, Role.AlternateBase, Role.Window]),
        (Role.ButtonText, [Role.Button]),
        (Role.PlaceholderText, [Role.Base, Role.Window]),
        (Role.HighlightedText, [Role.Highlight, Role.Accent]),
        (Role.ToolTipText, [Role.ToolTipBase]),
        (Role.Link, [Role.Window, Role.Base, Role.ToolTipBase]),
        (Role.LinkVisited, [Role.Window, Role.Base]),
    ):
        for ground in grounds:
            assert contrast(palette.color(ink).name(), palette.color(ground).name()) >= 4.5, (ink, ground)


@BOTH
def test_signals_are_readable_and_differ_to_every_eye(scheme: Qt.ColorScheme) -> None:
    palette = theme.palette(scheme)
    signals = [each(palette).name() for each in (theme.red, theme.amber, theme.green)]
    for signal in (*signals, theme.quiet(palette).name()):
        for ground in (Role.Window, Role.Base, Role.Button, Role.AlternateBase):
            assert contrast(signal, palette.color(ground).name()) >= 4.5
    assert min(apart(a, b) for a, b in combinations(signals, 2)) > 0.09


@BOTH
def test_what_cannot_be_used_is_fainter_but_still_seen(scheme: Qt.ColorScheme) -> None:
    palette = theme.palette(scheme)
    faint = palette.color(QPalette.ColorGroup.Disabled, Role.Text).name()
    usual, ground = palette.color(Role.Text).name(), palette.color(Role.Base).name()
    assert 3 <= contrast(faint, ground) < contrast(usual, ground)


@BOTH
def test_the_error_bar_is_as_readable(qtbot, qapp: QApplication, scheme: Qt.ColorScheme) -> None:
    qapp.setPalette(theme.palette(scheme))
    bar = Trouble()
    qtbot.addWidget(bar)
    colours = bar.palette()
    assert contrast(colours.color(Role.WindowText).name(), colours.color(Role.Window).name()) >= 4.5


def test_the_program_is_light_or_dark_as_the_system_is_also_when_that_changes(qapp: QApplication) -> None:
    dressed(qapp)
    assert qapp.style().name() == "fusion"
    hints = qapp.styleHints()
    for scheme, dark in ((Qt.ColorScheme.Dark, True), (Qt.ColorScheme.Light, False)):
        hints.colorSchemeChanged.emit(scheme)
        assert theme.is_dark(qapp.palette()) is dark


def test_a_system_that_tells_no_scheme_is_believed_by_its_colours(qapp: QApplication) -> None:
    qapp.setPalette(theme.palette(Qt.ColorScheme.Dark))
    dressed(qapp)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Unknown)
    assert theme.is_dark(qapp.palette())


def test_a_widget_that_is_there_changes_with_the_scheme(qtbot, qapp: QApplication) -> None:
    dressed(qapp)
    label = QLabel("x")
    qtbot.addWidget(label)
    label.show()
    seen = []
    for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
        qapp.styleHints().colorSchemeChanged.emit(scheme)
        qapp.processEvents()
        seen.append(theme.red(label.palette()).name())
    assert seen == [theme.DARK.red, theme.LIGHT.red]
