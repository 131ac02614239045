"""Cards to choose from: a picture, a name and a line under it; and the shelf that they stand on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QEnterEvent,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.ui.theme import amber, quiet
from engine.types import Image

GAP = 14
ROUND = 10.0
CARD = QSize(216, 172)
PICTURE = 122  #: height of a picture on a card, width is the card's


def as_qimage(image: Image) -> QImage:
    """A picture (H, W, 3) BGR, its own memory; null for one of no size."""
    height, width = image.shape[:2]
    if not image.size:
        return QImage()
    return QImage(image.tobytes(), width, height, 3 * width, QImage.Format.Format_BGR888).copy()


class Card(QAbstractButton):
    """One thing to choose, with the mouse, Enter or Space."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(CARD)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = QImage()
        self._instead = self._line = ""
        self._alarming = False

    def set_picture(self, picture: QImage, instead: str = "") -> None:
        """What to show; `instead` is written where the picture is null."""
        self._picture, self._instead = picture, instead
        self.update()

    def set_line(self, line: str, *, alarming: bool = False) -> None:
        """What stands below the name, `alarming` when something is wrong."""
        self._line, self._alarming = line, alarming
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(f"{line}; {self._instead}" if alarming else line)
        self.setToolTip(f"{self.text()}\n{line}")
        self.update()

    def line(self) -> str:
        return self._line

    def picture(self) -> QImage:
        return self._picture

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        outline = QPainterPath()
        outline.addRoundedRect(box, ROUND, ROUND)
        painter.save()
        painter.setClipPath(outline)
        painter.fillRect(box, self.palette().color(QPalette.ColorRole.Base))
        self._paint_picture(painter, QRectF(box.left(), box.top(), box.width(), PICTURE))
        painter.restore()
        self._paint_words(painter, QRectF(box.left() + 12, box.top() + PICTURE, box.width() - 24, 0))
        painter.setPen(self._edge())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(outline)

    def _edge(self) -> QPen:
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        if self.hasFocus() or self.isDown():
            return QPen(accent, 3)
        if self.underMouse():
            return QPen(accent, 1.5)
        return QPen(self.palette().color(QPalette.ColorRole.Mid), 1)

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        """The middle of the picture, filling its place."""
        if self._picture.isNull():
            painter.fillRect(place, self.palette().color(QPalette.ColorRole.AlternateBase))
            painter.setPen(quiet(self.palette()))
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place.adjusted(14, 10, -14, -10), int(wrapped), self._instead)
            return
        size = self._picture.size().toSizeF()
        share = min(size.width() / place.width(), size.height() / place.height())
        width, height = place.width() * share, place.height() * share
        part = QRectF((size.width() - width) / 2, (size.height() - height) / 2, width, height)
        painter.drawImage(place, self._picture, part)

    def _paint_words(self, painter: QPainter, place: QRectF) -> None:
        name_font, line_font = QFont(self.font()), QFont(self.font())
        name_font.setWeight(QFont.Weight.DemiBold)
        line_font.setPointSizeF(self.font().pointSizeF() * 0.86)
        ink = amber(self.palette()) if self._alarming else quiet(self.palette())
        for text, font, baseline, colour in (
            (self.text(), name_font, 20.0, self.palette().color(QPalette.ColorRole.WindowText)),
            (self._line, line_font, 38.0, ink),
        ):
            painter.setFont(font)
            painter.setPen(colour)
            shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideMiddle, place.width())
            painter.drawText(QPointF(place.left(), place.top() + baseline), shown)


class Shelf(QWidget):
    """Cards side by side, in as many rows as they need; tells its height to a layout."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[Card] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def cards(self) -> Sequence[Card]:
        return tuple(self._cards)

    def put(self, cards: Sequence[Card]) -> None:
        """Show these, in this order; what stood here before and does not now goes for good."""
        for gone in [card for card in self._cards if card not in cards]:
            gone.hide()
            gone.deleteLater()
        self._cards = list(cards)
        for card in cards:
            card.setParent(self)
            card.show()
        self._arrange()
        self.updateGeometry()

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        rows = -(-len(self._cards) // self._columns(width))
        return max(0, rows * (CARD.height() + GAP) - GAP)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(4 * CARD.width() + 3 * GAP, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(CARD.width(), self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()
        self.updateGeometry()

    def _columns(self, width: int) -> int:
        return max(1, (width + GAP) // (CARD.width() + GAP))

    def _arrange(self) -> None:
        columns = self._columns(self.width())
        for n, card in enumerate(self._cards):
            row, column = divmod(n, columns)
            x, y = column * (CARD.width() + GAP), row * (CARD.height() + GAP)
            card.setGeometry(QRect(x, y, CARD.width(), CARD.height()))
