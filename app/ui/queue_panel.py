"""What is worked on in the background: a row for each recording, with how far it is and a way to stop it."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.processing import Queue, Work
from app.progress import clock
from app.ui.bridge import Bridge
from app.ui.text import shortened


class QueuePanel(QWidget):
    """Looks on at a queue that it owns."""

    open_wanted = Signal(str)  #: the recording to look at
    worked = Signal()  #: something is new of some recording

    def __init__(self, jobs: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changes: Bridge[None] = Bridge(self)
        self._changes.ready.connect(self._look)
        self.queue = Queue(lambda: self._changes.slot.put(None), jobs=jobs)
        self._rows: dict[int, _Row] = {}
        self._closer: threading.Thread | None = None
        self._nothing = QLabel(
            self.tr("Nothing waits. Recordings to process can be dropped on the window."), self
        )
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._clear = QPushButton(self.tr("Clear what is over"), self)
        self._clear.setToolTip(self.tr("Take away what is done, failed or cancelled; no file is deleted"))
        self._clear.clicked.connect(self.queue.clear)
        inside = QWidget(self)
        self._list = QVBoxLayout(inside)
        self._list.setSpacing(8)
        self._list.addWidget(self._nothing)
        self._list.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(320)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(area, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._clear)
        column.addLayout(foot)
        self._look()

    def works(self) -> tuple[Work, ...]:
        """Everything in the queue."""
        return self.queue.works()

    def close_queue(self) -> None:
        """Stop what runs; returns at once, see `closed`."""
        if self._closer is None:
            self._closer = threading.Thread(target=self.queue.close, name="close queue")
            self._closer.start()

    def closed(self) -> bool:
        """Whether everything has stopped since `close_queue`."""
        return self._closer is not None and not self._closer.is_alive()

    def _look(self) -> None:
        self._changes.slot.take()
        works = {work.number: work for work in self.queue.works()}
        for number in [number for number in self._rows if number not in works]:
            self._rows.pop(number).deleteLater()
        for number, work in works.items():
            if number not in self._rows:
                self._rows[number] = row = _Row(work, self)
                row.cancel.clicked.connect(lambda _=False, n=number: self.queue.cancel(n))
                row.again.clicked.connect(lambda _=False, n=number: self._again(n))
                row.show_it.clicked.connect(lambda _=False, source=work.source: self.open_wanted.emit(source))
                self._list.insertWidget(self._list.count() - 1, row)
            self._rows[number].tell(work)
        self._nothing.setVisible(not works)
        self._clear.setEnabled(any(work.over for work in works.values()))
        self.worked.emit()

    def _again(self, number: int) -> None:
        for work in self.queue.works():
            if work.number == number and work.over:
                self.queue.again(number, overwrite=bool(work.occupied))


class _Row(QWidget):
    def __init__(self, work: Work, parent: QWidget) -> None:
        super().__init__(parent)
        name = Path(work.source).name
        self.setAccessibleName(name)
        self._name, self._about = QLabel(shortened(name, 32), self), QLabel(self)
        self._name.setToolTip(work.source)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName(self.tr("Progress of {0}").format(name))
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.setToolTip(self.tr("Stop here; what is done is kept"))
        self.show_it = QPushButton(self.tr("Show"), self)
        self.show_it.setToolTip(self.tr("Look at this recording and its people"))
        self.again = QPushButton(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.addWidget(self._name, 0, 0)
        buttons = QHBoxLayout()
        for button in (self.show_it, self.again, self.cancel):
            buttons.addWidget(button)
        grid.addLayout(buttons, 0, 1)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.addWidget(self._about, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def tell(self, work: Work) -> None:
        working = work.state == "working"
        self._bar.setVisible(working)
        self._bar.setRange(0, 1000 if work.share >= 0 else 0)
        self._bar.setValue(round(1000 * max(0.0, work.share)))
        self.cancel.setVisible(working or work.state == "waiting")
        self.show_it.setVisible(work.state in ("working", "done", "skipped"))
        self.again.setVisible(work.state in ("failed", "cancelled"))
        self.again.setText(self.tr("Replace") if work.occupied else self.tr("Try again"))
        replaces = self.tr("Work through it once more, and replace what is there")
        goes_on = self.tr("What is done is kept; it goes on from there")
        self.again.setToolTip(replaces if work.occupied else goes_on)
        self._about.setText(self._text(work))
        self._about.setToolTip(work.details)

    def _text(self, work: Work) -> str:
        if work.state == "waiting":
            return self.tr("waits")
        if work.occupied:
            return self.tr("{0}; Replace makes it anew").format(work.occupied)
        if work.state != "working":
            return work.message or work.state
        if not work.frames:
            return self.tr("begins…")
        told = [work.doing] if work.doing else []
        if work.share >= 0:
            told.append(f"{work.share:.0%}")
        told.append(f"{work.fps:.1f} fps")
        if work.left_s >= 0:
            told.append(self.tr("{0} left").format(clock(work.left_s)))
        return "  ·  ".join(told)
