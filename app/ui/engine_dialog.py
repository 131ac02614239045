"""Engines for the GPU in this machine: what is lacking, or building them with progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.networks.workshop import Look, Step, look, make
from app.progress import clock
from app.ui import theme
from app.ui.errand import Errand, Tell
from app.ui.preferences import Preferences
from app.ui.trouble import Trouble

STEPS = 1000  #: of the bar


class Maker(Protocol):
    """Builds engines as `workshop.make` does."""

    def __call__(
        self,
        files: Sequence[Path],
        device: str,
        show: Callable[[Step], None],
        stop: threading.Event,
        *,
        force: bool = False,
    ) -> list[str]: ...


class EngineDialog(QDialog):
    """Says what there is; builds when asked to; stops when asked to, and when it is closed."""

    built = Signal()  #: engines are there now that whatever runs could use

    def __init__(
        self,
        preferences: Preferences,
        parent: QWidget | None = None,
        *,
        look: Callable[[str, str, str], Look] = look,
        make: Maker = make,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Build engine for this GPU"))
        self.resize(580, 380)
        self._make = make
        self._found: list[Look] = []
        self._looking: Errand[Look] = Errand(self, self._show, self._looked)
        self._building: Errand[Step | list[str]] = Errand(self, self._tell, self._ended)
        self._lay_out()
        settings = preferences.settings()
        device, pose, detector = settings.device, settings.pose, settings.detector
        self._looking.start(lambda tell, _: tell(look(device, pose, detector)), "engine-look")

    def done(self, result: int) -> None:
        for errand in (self._looking, self._building):
            errand.close()
        super().done(result)

    def _lay_out(self) -> None:
        tr = self.tr
        about = QLabel(
            tr(
                "An engine is a network made for one GPU by TensorRT; it runs faster there. Building takes"
                " some minutes, once, and each engine is held against its network before it is used."
            ),
            self,
        )
        about.setWordWrap(True)
        self._state = QLabel(tr("Looking at this machine…"), self)
        self._state.setObjectName("engine.state")
        self._state.setWordWrap(True)
        self._state.setTextFormat(Qt.TextFormat.RichText)
        self._state.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._step = QLabel(self)
        self._step.setObjectName("engine.step")
        self._step.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(tr("How far building is"))
        self._bar.setToolTip(tr("How much of this engine is built"))
        self._bar.setRange(0, 0)
        self._trouble = Trouble(self)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._build = QPushButton(tr("&Build"), self)
        self._build.setToolTip(tr("Build the engines that are not there"))
        self._build.setEnabled(False)
        self._build.clicked.connect(self._start)
        self._cancel = QPushButton(tr("&Cancel building"), self)
        self._cancel.setToolTip(tr("Stop; of the engine that is not finished nothing is kept"))
        self._cancel.clicked.connect(self._stop)
        for button in (self._build, self._cancel):
            box.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
            button.setAutoDefault(False)
        self._cancel.hide()
        box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        for widget in (about, self._state, self._step, self._bar):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self._trouble)
        column.addWidget(box)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for found in self._found:
                self._write(found)

    def _show(self, found: Look) -> None:
        self._found = [found]
        self._write(found)
        self._build.setEnabled(not found.lacking)

    def _write(self, found: Look) -> None:
        """What was found, as a list; what is lacking first."""
        colours = self.palette()
        lines = []
        if found.lacking:
            lack = self.tr("No engine can be built here: {0}.").format(escape(found.lacking))
            lines.append(f'<p style="color: {theme.red(colours).name()}"><b>{lack}</b></p>')
            lines.append(f"<p>{escape(self.tr('Networks run as they are, on ONNX Runtime.'))}</p>")
        else:
            names = ", ".join(path.name for path in found.files)
            ready = self.tr("Ready to build for {0}: {1}").format(escape(found.device), escape(names))
            lines.append(f'<p style="color: {theme.green(colours).name()}"><b>{ready}</b></p>')
            lines += [f"<p>{escape(each)}</p>" for each in found.left_out]
        rows = []
        for name, finding in found.findings:
            remedy = f"<br><i>{escape(finding.remedy)}</i>" if finding.remedy else ""
            rows.append(
                f"<tr><td><b>{escape(name)}</b>&nbsp;&nbsp;</td><td>{escape(finding.text)}{remedy}</td></tr>"
            )
        self._state.setText(f"{''.join(lines)}<table cellpadding=2>{''.join(rows)}</table>")

    def _looked(self, errors: list[Exception]) -> None:
        self._bar.hide()
        for error in errors:
            self._state.setText(escape(self.tr("This machine could not be looked at.")))
            self._trouble.show_error(error)

    def _start(self) -> None:
        [found] = self._found
        make = self._make

        def work(tell: Tell[Step | list[str]], stop: threading.Event) -> None:
            tell(make(found.files, found.device, tell, stop))

        self._trouble.set("")
        self._step.setText(self.tr("Starting…"))
        self._turn(building=True)
        self._building.start(work, "engine-build")

    def _stop(self) -> None:
        self._cancel.setEnabled(False)
        self._step.setText(self.tr("Stopping…"))
        self._building.stop()

    def _tell(self, told: Step | list[str]) -> None:
        if isinstance(told, list):
            self._step.setText("\n".join(told))
            return
        if not self._cancel.isEnabled():  # it is stopping, and that is said
            return
        of = self.tr("{0} of {1}: ").format(told.number, told.count) if told.count > 1 else ""
        left = self.tr(", {0} left").format(clock(told.left_s)) if told.left_s >= 0 else ""
        self._step.setText(f"{of}{told.network}: {told.phase}{left}")
        self._bar.setRange(0, STEPS if told.done >= 0 else 0)
        self._bar.setValue(round(STEPS * told.done))

    def _ended(self, errors: list[Exception]) -> None:
        stopped = not self._cancel.isEnabled()
        self._turn(building=False)
        if not errors:
            self._step.setText(self.tr("Done.\n{0}").format(self._step.text()))
            self.built.emit()
        elif stopped:
            self._step.setText(self.tr("Cancelled; nothing of the unfinished engine was kept."))
        else:
            self._step.setText("")
            self._trouble.show_error(errors[0])

    def _turn(self, *, building: bool) -> None:
        self._bar.setRange(0, 0 if building else STEPS)
        self._bar.setVisible(building)
        self._build.setVisible(not building)
        self._cancel.setVisible(building)
        self._cancel.setEnabled(True)
