"""What is worked on in the background: a row for each recording, with how far it is and a way to stop it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.playback.belonging import stem_for
from app.processing import Queue, Work
from app.settings import Settings
from app.ui.bridge import Bridge
from app.ui.queue_row import QueueRow


class QueuePanel(QWidget):
    """Looks on at a queue that it owns."""

    open_wanted = Signal(str)  #: the recording to look at
    worked = Signal()  #: something is new of some recording

    def __init__(self, jobs: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changes: Bridge[None] = Bridge(self)
        self._changes.ready.connect(self._look)
        self.queue = Queue(lambda: self._changes.slot.put(None), jobs=jobs, stem_of=_stem)
        self._rows: dict[int, QueueRow] = {}
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

    def open_works(self) -> list[Work]:
        """What waits or is worked on."""
        return [work for work in self.works() if not work.over]

    def process(self, sources: Sequence[str], settings: Settings) -> None:
        """Add recordings; what waits or is worked on already is not added twice."""
        folder = _whole(settings.output)
        there = {_whole(work.source) for work in self.open_works()}
        for source in sources:
            place, ending = os.path.split(_whole(source))
            itself = place == folder and ending.lower().endswith(".mp4")  # its MP4 would take its place
            if _whole(source) not in there:
                quiet = settings.no_video or itself
                self.queue.add(source, replace(settings, output=folder, no_video=quiet))

    def work_on(self, source: str) -> list[Work]:
        """The last that was asked for of a recording, if there is one."""
        return [work for work in self.works() if _whole(work.source) == _whole(source)][-1:]

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
                self._rows[number] = row = QueueRow(work, self)
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


def _whole(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 (asks no disk)


def _stem(work: Work) -> str:
    """What its files are called, beside those of others of the same name."""
    return work.stem or stem_for(work.source, Path(work.settings.output))
