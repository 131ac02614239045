"""What was opened before, as cards with a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.plain import printable
from app.playback.thumbnails import Thumbnail, Thumbnails
from app.sources.naming import camera_number, is_address, readable, spoken
from app.ui.bridge import Bridge
from app.ui.cards import Card, Shelf, as_qimage


class RecentCards(QWidget):
    """Files, folders, cameras, and addresses, of which a password is never shown; in the order given."""

    chosen = Signal(str)

    def __init__(self, cache: Path, parent: QWidget | None = None) -> None:
        """Pictures are kept in the folder `cache`."""
        super().__init__(parent)
        self._bridge: Bridge[Mapping[str, Thumbnail]] = Bridge(self)
        self._bridge.ready.connect(self._take)
        self._thumbnails = Thumbnails(cache=cache, show=self._bridge.slot.put)
        self._cards: dict[str, Card] = {}
        self._shelf = Shelf(self)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._shelf)

    def cards(self) -> dict[str, Card]:
        """By source."""
        return dict(self._cards)

    def set_sources(self, sources: Sequence[str]) -> None:
        """Show these."""
        if list(sources) != list(self._cards):
            self._cards = {source: self._cards.get(source) or self._card(source) for source in sources}
            self._shelf.put(list(self._cards.values()))
        self.look_again()

    def look_again(self) -> None:
        """See which files are still there, and whether they changed."""
        if self._cards:
            self._thumbnails.want(list(self._cards))

    def close_thumbnails(self, timeout_s: float) -> bool:
        """Stop making pictures; whether the thread ended within that time."""
        return self._thumbnails.close(timeout_s)

    def _card(self, source: str) -> Card:
        card = Card()
        if (number := camera_number(source)) >= 0:
            card.setText(self.tr("Camera {number}").format(number=number))
            instead, line = self.tr("camera"), self.tr("of this machine")
        elif is_address(source):
            scheme, _, rest = spoken(source).partition("://")
            card.setText(rest)
            instead, line = self.tr("stream"), scheme
        else:
            card.setText(readable(source))
            instead, line = "", _near_home(Path(source).parent)
        card.set_picture(QImage(), instead)
        card.set_line(line)
        card.clicked.connect(lambda: self.chosen.emit(source))
        return card

    def _take(self) -> None:
        for thumbnails in self._bridge.slot.take():
            for source, thumbnail in thumbnails.items():
                if source in self._cards and not (camera_number(source) >= 0 or is_address(source)):
                    self._fill(self._cards[source], source, thumbnail)

    def _fill(self, card: Card, source: str, thumbnail: Thumbnail) -> None:
        card.set_picture(as_qimage(thumbnail.image), self.tr("no picture"))
        if thumbnail.here:
            card.set_line(_near_home(Path(source).parent))
        else:
            card.set_line(self.tr("moved or deleted"), alarming=True)


def _near_home(folder: Path) -> str:
    """A folder as people write it."""
    home = Path.home()
    return printable(Path("~") / folder.relative_to(home) if folder.is_relative_to(home) else folder)
