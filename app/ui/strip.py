"""The quiet line under a live picture: how it goes, and what is in the way when it does not go well."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.ui import theme
from app.watch.health import Health
from app.watch.live import State


class Strip(QWidget):
    """One label for each figure; a figure that nobody knows is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("How it goes"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(18)
        self._slow = False
        self._labels: dict[str, QLabel] = {}
        for name, tip in (
            ("source", self.tr("Where the pictures come from")),
            ("camera", self.tr("Pictures that arrive, a second")),
            ("shown", self.tr("Pictures with their skeletons on screen, a second")),
            ("latency", self.tr("From the arrival of a picture until it is on screen")),
            ("smoothing", self.tr("How late joints are while somebody starts to move, from smoothing")),
            ("dropped", self.tr("Pictures that came while the one before was still worked on")),
            ("people", self.tr("People in view")),
            ("limit", self.tr("What takes longest, when not every picture can be worked on")),
            ("device", self.tr("What the networks run on, and which they are")),
        ):
            label = QLabel(self)
            label.setToolTip(tip)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setObjectName(f"strip.{name}")
            self._labels[name] = label
            if name == "device":
                row.addStretch(1)
                label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                row.addWidget(label, 3)
            else:
                row.addWidget(label)

    def tell(self, state: State, health: Health, shown_fps: float, latency_ms: float) -> None:
        """Say how it goes. `latency_ms`: until it is on screen; below 0 where nothing was shown yet."""
        n = health.people
        told = {
            "source": state.info.name,
            "camera": self.tr("camera {0} fps").format(f"{health.camera_fps:.0f}"),
            "shown": self.tr("shown {0} fps").format(f"{shown_fps:.0f}"),
            "latency": f"{latency_ms:.0f} ms" if latency_ms >= 0 else "",
            "smoothing": self.tr("+{0} ms smoothing").format(f"{state.lag_ms:.0f}")
            if state.lag_ms > 0
            else "",
            "dropped": self.tr("{0} dropped").format(health.dropped) if health.dropped else "",
            "people": self.tr("1 person") if n == 1 else self.tr("{0} people").format(n),
            "limit": self.tr("{0} is the limit").format(health.limit) if health.limit else "",
            "device": self._elided(f"{state.device}  ·  {state.models}" if state.models else state.device),
        }
        for name, text in told.items():
            label = self._labels[name]
            if label.text() != text:
                label.setText(text)
                label.setVisible(bool(text) or name == "device")
        self._slow = bool(health.limit)
        self._colour(slow=self._slow)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour(slow=self._slow)

    def text(self, name: str) -> str:
        """What stands in one of the places."""
        return self._labels[name].text()

    def _elided(self, text: str) -> str:
        """As much of it as there is room for."""
        label = self._labels["device"]
        label.setAccessibleDescription(text)
        return label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, label.width())

    def _colour(self, *, slow: bool) -> None:
        """Amber while the machine cannot keep up."""
        amber = theme.amber(self.palette()).name() if slow else ""
        sheet = f"color: {amber}" if amber else ""
        for name in ("camera", "shown", "dropped", "limit"):
            if self._labels[name].styleSheet() != sheet:
                self._labels[name].setStyleSheet(sheet)
