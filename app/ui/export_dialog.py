"""The window to write what was measured as a table, a video or another format."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.exports import Style
from app.playback.exporting import Material, Order, formats, target, write
from app.progress import clock
from app.ui.errand import Errand, Tell
from app.ui.export_choice import PeopleChoice, RangeChoice
from app.ui.export_style import StyleChoice
from app.ui.trouble import Trouble, trouble_of

Done = tuple[int, int]  #: frames written, and of how many


class ExportDialog(QDialog):
    """Chooses what, of whom, from when to when and where to; then writes it, beside everything else."""

    def __init__(self, material: Material, style: Style, parent: QWidget | None = None) -> None:
        """`style`: how a video looks, unless another is chosen."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export"))
        self._material = material
        self._written: list[Path] = []
        self._replaced: list[Path] = []  # the user agreed to replace these
        self._since = 0.0
        self._errand: Errand[Done] = Errand(self, self._heard, self._ended)
        self.format = QComboBox(self)
        self._offers = formats()
        for each in self._offers:
            self.format.addItem(f"{each.name.upper()}: {each.about}", each.name)
        self.format.setAccessibleName(self.tr("Format"))
        self.people, self.range = PeopleChoice(material, self), RangeChoice(material, self)
        self.style_choice = StyleChoice(material, style, self)
        self.folder = QLineEdit(str(material.folder), self)
        self.folder.setAccessibleName(self.tr("Folder"))
        self.browse = QPushButton(self.tr("Choose…"), self)
        self.browse.setAccessibleName(self.tr("Choose the folder"))
        self.trouble = Trouble(self)
        self.progress, self.left = QProgressBar(self), QLabel(self)
        self.go = QPushButton(self.tr("Export"), self)
        self.go.setDefault(True)
        self.cancel = QPushButton(self.tr("Close"), self)
        self.shown = QPushButton(self.tr("Show in folder"), self)
        self._lay_out()
        self._connect()
        self._adapt()

    def order(self) -> Order:
        """What is wanted, as it stands."""
        start, end = self.range.seconds()
        return Order(
            format=str(self.format.currentData()),
            folder=Path(self.folder.text()).expanduser(),
            people=self.people.people(),
            start_s=start,
            end_s=end,
            style=self.style_choice.style_wanted(),
        )

    def export(self) -> None:
        """Write it; asks first where that would replace a file."""
        order = self.order()
        path = target(self._material, order)
        replaces = path.exists()
        if replaces and path not in self._replaced:
            self._replaced = [path]
            self.go.setText(self.tr("Replace"))
            self._say(self.tr("{0} exists already; Replace writes it anew").format(path.name))
            return
        self.trouble.set("")
        self._written.clear()
        self._since = time.monotonic()

        def work(tell: Tell[Done], stop: threading.Event) -> None:
            self._written.extend(
                write(self._material, order, lambda done, of: tell((done, of)), stop, overwrite=replaces)
            )

        self._errand.start(work, "export")
        self._show_working(working=True)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self._errand.close()
        self.style_choice.close_example()
        super().closeEvent(event)

    def reject(self) -> None:
        """Esc or Cancel: what is being written stops; then the window goes."""
        if self._errand.busy:
            self._errand.stop()
            self._say(self.tr("Stopping…"))
        else:
            super().reject()

    def show_folder(self) -> None:
        """Open the folder of what was written, in whatever shows folders here."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written[0].parent)))

    def _heard(self, done: Done) -> None:
        frames, total = done
        self.progress.setRange(0, max(1, total))
        self.progress.setValue(frames)
        passed = time.monotonic() - self._since
        if frames and passed > 1.0:
            self._say(self.tr("{0} left").format(clock(passed * (total - frames) / frames)))

    def _ended(self, errors: list[Exception]) -> None:
        self._show_working(working=False)
        self._replaced = []
        self.go.setText(self.tr("Export"))
        for error in errors:
            self.trouble.set(*trouble_of(error))
            self._say("")
        if not errors and self._written:
            more = self.tr(" and {0} more").format(len(self._written) - 1) if len(self._written) > 1 else ""
            self._say(self.tr("Written: {0}").format(f"{self._written[0]}{more}"))
        elif not errors:
            self._say(self.tr("Stopped; nothing was written"))
        self.shown.setVisible(bool(self._written))

    def _show_working(self, *, working: bool) -> None:
        self.progress.setVisible(working)
        self.progress.setRange(0, 0)
        self.cancel.setText(self.tr("Cancel") if working else self.tr("Close"))
        self.shown.hide()
        if working:
            self._say(self.tr("Writing…"))
        for widget in (
            self.go,
            self.format,
            self.people,
            self.range,
            self.style_choice,
            self.folder,
            self.browse,
        ):
            widget.setEnabled(not working)

    def _say(self, text: str) -> None:
        self.left.setText(text)
        self.left.setAccessibleName(text)

    def _adapt(self) -> None:
        """Show what belongs to the format, and forget what was agreed for another file."""
        for each in self._offers:
            if each.name == self.format.currentData():
                self.style_choice.set_format(each)
        self.style_choice.set_people(self.people.people())
        self._replaced = []
        self.go.setText(self.tr("Export"))
        self._say("")
        self.go.setEnabled(bool(self.people.people()) and self.format.count() > 0)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Folder"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._adapt)
        self.people.changed.connect(self._adapt)
        self.style_choice.changed.connect(self._adapt)
        self.range.changed.connect(self._adapt)
        self.folder.textChanged.connect(self._adapt)
        self.browse.clicked.connect(self._choose_folder)
        self.go.clicked.connect(self.export)
        self.cancel.clicked.connect(self.reject)
        self.shown.clicked.connect(self.show_folder)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("Format"), self.format)
        form.addRow(self.tr("Time"), self.range)
        form.addRow(self.tr("People"), self.people)
        place = QHBoxLayout()
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        form.addRow(self.tr("Folder"), place)
        columns = QHBoxLayout()
        columns.addLayout(form, 1)
        columns.addWidget(self.style_choice, 0, Qt.AlignmentFlag.AlignTop)
        columns.setSpacing(20)
        foot = QHBoxLayout()
        self.left.setTextFormat(Qt.TextFormat.PlainText)
        self.left.setWordWrap(True)
        foot.addWidget(self.left, 1)
        for button in (self.shown, self.cancel, self.go):
            foot.addWidget(button)
        whole = QVBoxLayout(self)
        whole.addWidget(self.trouble)
        whole.addLayout(columns, 1)
        whole.addWidget(self.progress)
        whole.addLayout(foot)
        self.progress.setAccessibleName(self.tr("How far it is written"))
        self.progress.hide()
        self.shown.hide()
