"""The red dot: since when a recording runs, how large it is, whether the disk will hold it, where it went."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from app.plain import printable
from app.progress import clock
from app.ui.text import shortened
from app.watch.recorder import Recording

SAVED_MS = 8000  #: for so long it is said where the files are
LOW_BYTES = 2 << 30  #: of free disk, below which it is said how much is left


class RecordLight(QLabel):
    """Floats in the corner of the picture while something is recorded or completed."""

    def __init__(self, picture: QWidget) -> None:
        super().__init__(picture)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Recording"))
        self.setStyleSheet(
            "background: rgba(16, 18, 22, 190); color: #faf8f6; border-radius: 6px; padding: 5px 10px;"
        )
        self.hide()
        self._due = False  # a recording was on, and it has not been said yet where it is
        self._saved = QTimer(self)
        self._saved.setSingleShot(True)
        self._saved.setInterval(SAVED_MS)
        self._saved.timeout.connect(self.hide)
        self._picture = picture
        picture.installEventFilter(self)

    def tell(self, recording: Recording) -> None:
        """Say how the recording goes; nothing when there is none."""
        if not (recording.on or recording.finishing):
            if self._due and recording.files:
                self._say("#7fe0d0", "✓", self._where(recording.files))
                self._saved.start()
            elif not self._saved.isActive():
                self.hide()
            self._due = False
            return
        self._saved.stop()
        self._due = True
        text = self.tr("Completing the files…")
        if recording.on:
            text = f"{clock(recording.seconds)}&nbsp;&nbsp;{size(recording.bytes)}"
            if 0 < recording.free_bytes < LOW_BYTES:
                text += self.tr("&nbsp;&nbsp;{0} left on the disk").format(size(recording.free_bytes))
        self._say("#ff5a52", "●", text)

    def clear(self) -> None:
        """Another source is shown."""
        self._due = False
        self._saved.stop()
        self.hide()

    def _where(self, files: Sequence[Path]) -> str:
        folder = html.escape(shortened(printable(files[0].parent), 48))
        return self.tr("Saved: {0} files in {1}").format(len(files), folder)

    def _say(self, colour: str, sign: str, text: str) -> None:
        self.setText(f'<span style="color:{colour}">{sign}</span>&nbsp; {text}')
        self.adjustSize()
        self._settle()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._settle()
        return super().eventFilter(watched, event)

    def _settle(self) -> None:
        self.move(self._picture.width() - self.width() - 14, 14)


def size(count: float) -> str:
    """Bytes for people: 812 KB, 3.4 MB, 12.1 GB."""
    for unit in ("KB", "MB"):
        count /= 1000
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "KB" else f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"
