"""One recording of the queue: how far it is, what came of it, and what can be done about it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from app.progress import clock
from app.sources.naming import stem
from app.ui import theme
from app.ui.text import shortened
from app.ui.wording import in_window
from app.work import Work

MOST_SAID = 4  #: lines of what else is worth knowing; all of them stand in the tool tip


class QueueRow(QWidget):
    """Looks on at one `Work`."""

    def __init__(self, work: Work, parent: QWidget) -> None:
        super().__init__(parent)
        name = Path(work.source).name
        self.setAccessibleName(name)
        self._name, self._about, self._said = QLabel(shortened(name, 32), self), QLabel(self), QLabel(self)
        self._name.setToolTip(work.source)
        bold = QFont(self._name.font())
        bold.setWeight(QFont.Weight.DemiBold)
        self._name.setFont(bold)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self._about, self._said):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self._said.setAccessibleName(self.tr("What is worth knowing of {0}").format(name))
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
        grid.addWidget(self._said, 3, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self._colour()

    def tell(self, work: Work) -> None:
        """How it stands with it now."""
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
        self._tell_said(work)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        colours = QPalette()
        colours.setColor(QPalette.ColorRole.WindowText, theme.quiet(self.palette()))
        self._said.setPalette(colours)

    def _tell_said(self, work: Work) -> None:
        """What else is worth knowing: where files are kept, what was left out."""
        said = [in_window(line) for line in dict.fromkeys(work.said) if work.occupied or line != work.message]
        if work.stem not in ("", plain := stem(work.source)):
            told = self.tr("{0} is taken there by another recording; the files of this one are called {1}")
            said.insert(0, told.format(plain, work.stem))
        self._said.setText("\n".join(said[-MOST_SAID:]))
        self._said.setToolTip("\n".join(said) if len(said) > MOST_SAID else "")
        self._said.setVisible(bool(said))

    def _text(self, work: Work) -> str:
        if work.state == "waiting":
            return self.tr("waits")
        if work.occupied:
            return self.tr("{0}; Replace makes it anew").format(work.occupied)
        if work.state != "working":
            return in_window(work.message) or work.state
        if not work.frames:
            return self.tr("begins…")
        told = [work.doing] if work.doing else []
        if work.share >= 0:
            told.append(f"{work.share:.0%}")
        told.append(f"{work.fps:.1f} fps")
        if work.left_s >= 0:
            told.append(self.tr("{0} left").format(clock(work.left_s)))
        return "  ·  ".join(told)
