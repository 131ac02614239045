"""Buttons to play a recording, and where in it one is. The timeline is the slider."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontDatabase
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from app.playback.lanes import moment
from app.playback.playing import Playing
from app.ui.actions import action
from app.ui.glyphs import SIDE, glyph

SPEEDS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


class Transport(QWidget):
    """Says what is wanted by signals; `tell` says how it stands."""

    play_wanted = Signal(bool)
    stepped = Signal(int)  #: pictures
    speed_wanted = Signal(float)
    loop_wanted = Signal(bool)

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        """The actions, and their keys, belong to `page`."""
        super().__init__(parent or page)
        self.setAccessibleName(self.tr("Playing"))
        self._act(page)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 10, 3)
        row.setSpacing(2)
        self._buttons: dict[str, QToolButton] = {}
        for name, each in (
            ("back", self.back),
            ("play", self.play),
            ("forward", self.forward),
            ("loop", self.loop),
        ):
            button = QToolButton(self)
            button.setDefaultAction(each)
            button.setAutoRaise(True)
            button.setIconSize(QSize(SIDE, SIDE))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
            self._buttons[name] = button
        self.speeds = QComboBox(self)
        self.speeds.setAccessibleName(self.tr("Speed"))
        self.speeds.setToolTip(self.tr("How fast it is played"))
        for speed in SPEEDS:
            self.speeds.addItem(f"{speed:g}\u00d7", speed)
        self.speeds.setCurrentIndex(SPEEDS.index(1.0))
        self.speeds.activated.connect(lambda n: self.speed_wanted.emit(SPEEDS[n]))
        row.addSpacing(6)
        row.addWidget(self.speeds)
        row.addStretch(1)
        self.place = QLabel(self)
        self.place.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.place.setAccessibleName(self.tr("Time and picture"))
        row.addWidget(self.place)
        self._draw()
        self.tell(Playing())

    def tell(self, state: Playing) -> None:
        """Show how playing stands."""
        ready = state.phase == "ready"
        for each in (self.play, self.back, self.forward, self.loop, *self._faster):
            each.setEnabled(ready)
        self.speeds.setEnabled(ready)
        self._set(self.play, state.playing)
        self._set(self.loop, state.loop[1] > state.loop[0])
        self.play.setText(self.tr("Pause") if state.playing else self.tr("Play"))
        self._show_playing(state.playing)
        if state.speed in SPEEDS:
            self.speeds.setCurrentIndex(SPEEDS.index(state.speed))
        text = ""
        if ready:
            about = "" if state.counted else "~"
            number = self.tr("picture {0} of {1}").format(state.index + 1, f"{about}{state.frames}")
            text = f"{moment(state.time)} / {about}{moment(state.end_s)}   {number}"
        if text != self.place.text():
            self.place.setText(text)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def actions(self) -> list[QAction]:
        """All of them, in the order of a menu."""
        return [self.play, self.back, self.forward, self.loop, *self._faster]

    def _act(self, page: QWidget) -> None:
        tr = self.tr
        self.play = action(
            page, "recorded.play", tr("Play"), "Space", tr("Play, or pause"), self._play, checked=False
        )
        self.back = action(
            page,
            "recorded.back",
            tr("One picture back"),
            "Left",
            tr("The picture before this one"),
            lambda: self.stepped.emit(-1),
        )
        self.forward = action(
            page,
            "recorded.forward",
            tr("One picture on"),
            "Right",
            tr("The picture after this one"),
            lambda: self.stepped.emit(1),
        )
        self.loop = action(
            page,
            "recorded.loop",
            tr("Loop"),
            "L",
            tr("Play the chosen range again and again; without one, all of it"),
            self.loop_wanted.emit,
            checked=False,
        )
        self._faster = [
            action(
                page, "recorded.slower", tr("Slower"), "<", tr("Play more slowly"), lambda: self._turn(-1)
            ),
            action(page, "recorded.faster", tr("Faster"), ">", tr("Play faster"), lambda: self._turn(1)),
        ]

    def _play(self, on: bool) -> None:
        self.play_wanted.emit(on)

    def _turn(self, step: int) -> None:
        n = min(max(self.speeds.currentIndex() + step, 0), len(SPEEDS) - 1)
        self.speeds.setCurrentIndex(n)
        self.speed_wanted.emit(SPEEDS[n])

    def _set(self, switch: QAction, on: bool) -> None:
        if switch.isChecked() != on:
            switch.blockSignals(True)
            switch.setChecked(on)
            switch.blockSignals(False)

    def _draw(self) -> None:
        """The signs, in the colours that are in use now."""
        self._icons = {
            name: glyph(name, self.palette()) for name in ("play", "pause", "back", "forward", "loop")
        }
        for each, name in ((self.back, "back"), (self.forward, "forward"), (self.loop, "loop")):
            each.setIcon(self._icons[name])
        self._playing = not self.play.isChecked()
        self._show_playing(self.play.isChecked())

    def _show_playing(self, playing: bool) -> None:
        if playing != self._playing:
            self._playing = playing
            self.play.setIcon(self._icons["pause" if playing else "play"])
