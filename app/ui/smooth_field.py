"""How joints are smoothed, and beside it what that costs in time."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.choices import Choice
from app.job import LIVE, RECORDED_S
from app.ui.fields import Choices, Number, Value
from trackers.smoothing import LONGEST_LAG

LEAST_S = 0.05
AHEAD, EURO = "lag:", "one-euro"
WAITLESS = (LIVE, EURO)  #: ways whose lag has to be worked out


class SmoothField(QWidget):
    """A way to smooth; where it looks ahead, the seconds too."""

    changed = Signal()

    def __init__(self, rate: float, parent: QWidget | None = None) -> None:
        """`rate`: frames a second that the costs are told for."""
        super().__init__(parent)
        self._rate = rate
        self._lags: Mapping[str, float] = {}
        self._how = Choices(
            [
                Choice("", self.tr("As suits the source")),
                Choice(LIVE, self.tr("Live: by what was before")),
                Choice(EURO, self.tr("1-Euro filter")),
                Choice(AHEAD, self.tr("Look ahead, for so many seconds:")),
                Choice("full", self.tr("Full: read a recording twice")),
                Choice("off", self.tr("Off: as measured")),
            ],
            parent=self,
        )
        self._seconds = Number(LEAST_S, LONGEST_LAG, decimals=2, unit=" s", parent=self)
        self._seconds.set_value(RECORDED_S)
        self._seconds.setToolTip(self.tr("How far ahead smoothing looks"))
        self._seconds.setAccessibleName(self.tr("Seconds to look ahead"))
        self._cost = QLabel(self)
        self._cost.setWordWrap(True)
        self._cost.setObjectName("settings.cost")
        self._cost.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusProxy(self._how)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self._how, 0, 0)
        grid.addWidget(self._seconds, 0, 1)
        grid.addWidget(self._cost, 1, 0, 1, 2)
        for part in (self._how, self._seconds):
            part.changed.connect(self._follow)
        self._follow()

    def value(self) -> Value:
        how = self._how.value()
        return f"{AHEAD}{self._seconds.value():g}s" if how == AHEAD else how

    def set_value(self, value: Value) -> None:
        how, colon, seconds = str(value).partition(":")
        if colon:
            self._seconds.set_value(float(seconds.removesuffix("s")))
        self._how.set_value(AHEAD if colon else how)

    def said(self, value: Value) -> str:
        return self._how.said(value).partition(":")[0].lower() if value == "" else str(value)

    def set_lags(self, lags: Mapping[str, float]) -> None:
        """How many seconds late joints are with the ways that wait for nothing, once that is worked out."""
        self._lags = lags
        self._follow()

    def setAccessibleName(self, name: str) -> None:  # noqa: N802 (Qt's name)
        super().setAccessibleName(name)
        self._how.setAccessibleName(name)

    def setToolTip(self, text: str) -> None:  # noqa: N802 (Qt's name)
        self._how.setToolTip(text)

    def _follow(self) -> None:
        self._seconds.setVisible(self._how.value() == AHEAD)
        self._cost.setText(self._told())
        self._cost.setAccessibleName(self._cost.text())
        self.changed.emit()

    def _told(self) -> str:
        start = self.tr("joints are late by {0} while somebody starts to walk")
        live, euro = (start.format(self._time(self._lags.get(how, -1.0))) for how in WAITLESS)
        camera = self.tr("Camera: live, {0}.").format(live)
        texts = {
            "": self.tr("{0} Recording: it looks ahead by {1}.").format(camera, self._time(RECORDED_S)),
            LIVE: self.tr("Nothing waits; {0}.").format(live),
            EURO: self.tr("Nothing waits; {0}.").format(euro),
            AHEAD: self.tr("Everything is shown {0} later.").format(self._time(self._seconds.value())),
            "full": self.tr(
                "For recordings: results come at the end. A camera cannot be smoothed like this."
            ),
            "off": self.tr("Nothing is late (0 ms), and joints tremble."),
        }
        return texts[self._how.value()]

    def _time(self, seconds: float) -> str:
        """Milliseconds and frames."""
        if seconds < 0:
            return self.tr("a little")
        told = self.tr("{0} ms ({1} frames at {2} fps)")
        return told.format(f"{1e3 * seconds:.0f}", f"{seconds * self._rate:.1f}", f"{self._rate:g}")
