"""The red dot: since when a recording runs, how large it is, and whether the disk will hold it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.progress import clock
from app.recorder import Recording

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
        self._picture = picture
        picture.installEventFilter(self)

    def tell(self, recording: Recording) -> None:
        """Say how the recording goes; nothing when there is none."""
        if not (recording.on or recording.finishing):
            self.hide()
            return
        text = self.tr("Completing the files…")
        if recording.on:
            text = f"{clock(recording.seconds)}&nbsp;&nbsp;{size(recording.bytes)}"
            if recording.free_bytes < LOW_BYTES:
                text += self.tr("&nbsp;&nbsp;{0} left on the disk").format(size(recording.free_bytes))
        self.setText(f'<span style="color:#ff5a52">●</span>&nbsp; {text}')
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
