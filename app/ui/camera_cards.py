"""The cameras of this machine as cards, each with a small moving picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.sources.live import Connection
from app.ui.bridge import Bridge
from app.ui.cards import Card, Shelf, as_qimage
from app.watch.previews import Look, Preview, Previews


class CameraCards(QWidget):
    """Cameras that appear and vanish by themselves while `on`. All are let go before one is `chosen`."""

    chosen = Signal(str)
    arranged = Signal()  #: there are other cards, or in another order

    def __init__(
        self, look: Look, connect: Callable[[int], Connection], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._waiting = ""  # what was chosen while cameras were held
        self._bridge: Bridge[tuple[Preview, ...]] = Bridge(self)
        self._bridge.ready.connect(self._take)
        self._previews = Previews(look=look, connect=connect, show=self._bridge.slot.put)
        self._cards: dict[int, Card] = {}
        self._shelf = Shelf(self)
        self._shelf.hide()
        self._none = QLabel(self.tr("Looking for cameras…"), self)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._none.setWordWrap(True)
        self._none.setMinimumHeight(96)
        self._none.setStyleSheet("QLabel { border: 1px dashed palette(mid); border-radius: 10px; }")
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._shelf)
        inside.addWidget(self._none)

    def cards(self) -> dict[int, Card]:
        """By number of the camera."""
        return dict(self._cards)

    def on(self) -> None:
        """Look for cameras, and at them."""
        self._waiting = ""
        self._previews.on()

    def off(self) -> None:
        """Ask for all cameras to be let go; returns at once."""
        self._previews.off()

    def idle(self) -> bool:
        """Whether no camera is held."""
        return self._previews.idle()

    def choose(self, source: str) -> None:
        """Let go of all cameras, then tell that this was chosen."""
        self._waiting = source
        self._previews.off()
        for number, card in self._cards.items():
            if str(number) == source:
                card.set_line(self.tr("opening…"))
        self._tell_when_free()

    def close_previews(self, timeout_s: float) -> bool:
        """Let go for good; whether the thread ended within that time."""
        return self._previews.close(timeout_s)

    def _take(self) -> None:
        for previews in self._bridge.slot.take():
            if not self._waiting:
                self._show(previews)
        self._tell_when_free()

    def _tell_when_free(self) -> None:
        if self._waiting and self._previews.idle():
            source, self._waiting = self._waiting, ""
            self.chosen.emit(source)

    def _show(self, previews: tuple[Preview, ...]) -> None:
        numbers = [preview.camera.number for preview in previews]
        if numbers != list(self._cards):
            self._cards = {number: self._cards.get(number) or self._card(number) for number in numbers}
            self._shelf.put(list(self._cards.values()))
            self.arranged.emit()
        for card, preview in zip(self._cards.values(), previews, strict=True):
            self._fill(card, preview)
        self._shelf.setVisible(bool(previews))
        self._none.setVisible(not previews)
        self._none.setText(self.tr("No camera is connected.\nPlug one in, and it appears here by itself."))

    def _card(self, number: int) -> Card:
        card = Card()
        card.clicked.connect(lambda: self.choose(str(number)))
        return card

    def _fill(self, card: Card, preview: Preview) -> None:
        card.setText(preview.camera.name)
        problem, _, remedy = preview.camera.problem.partition("; ")
        card.set_picture(as_qimage(preview.image), remedy[:1].upper() + remedy[1:] if problem else "…")
        if problem:
            card.set_line(problem, alarming=True)
        else:
            card.set_line(self.tr("camera {number}").format(number=preview.camera.number))
