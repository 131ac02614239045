"""What is dropped on the window or pasted into it, as sources; and the frame that shows where it may go."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QRectF, Qt, QUrl
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from app.sources import PROTOCOLS
from app.sources.naming import ADDRESS, camera_number, natural


def dropped(mime: QMimeData) -> list[str]:
    """Files and folders as paths, 2 before 10, links to web pages or cameras as addresses; none twice."""
    urls = mime.urls() if mime.hasUrls() else [QUrl(line.strip()) for line in mime.text().splitlines()]
    files = sorted({url.toLocalFile() for url in urls if url.isLocalFile()}, key=natural)
    others = dict.fromkeys(
        url.toString(QUrl.ComponentFormattingOption.FullyEncoded) for url in urls if _streams(url)
    )
    # A file that is called like a camera is still a file, and a folder does not end in a slash.
    return [(path.rstrip("/") or "/") if camera_number(path) < 0 else f"./{path}" for path in files] + [
        *others
    ]


def wrong_address(text: str) -> str:
    """What is wrong with an address as somebody typed it, and what to write; "" when nothing is."""
    found = ADDRESS.fullmatch(text)
    if found is None:
        return f"An address begins with its protocol, such as rtsp://{text.strip('/') or '192.168.1.20/live'}"
    scheme, rest = found.groups()
    if scheme.lower() not in PROTOCOLS:
        return f"“{scheme}” is not a protocol for video; known are {', '.join(PROTOCOLS)}"
    return "" if rest.strip("/") else f"The address of a camera comes after {scheme}://"


def _streams(url: QUrl) -> bool:
    return url.scheme() in PROTOCOLS and bool(url.host())


class DropFrame(QWidget):
    """Lies over its parent while something is dragged across it. Takes no mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    def offer(self, many: int) -> None:
        """Show that so many things can be dropped."""
        whole = self.tr("Drop to open it") if many == 1 else self.tr("Drop to open all {number}")
        self._text = whole.format(number=many)
        self.setGeometry(self._over.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.palette().color(QPalette.ColorRole.Window))
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        tint = QColor(accent)
        tint.setAlpha(28)
        painter.setBrush(tint)
        painter.setPen(QPen(accent, 3, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(18, 18, -18, -18), 16, 16)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
