"""What a widget looks like, saved as a picture."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.plain import printable
from app.ui.errand import Errand, Tell
from engine.errors import UserError


class Saving(QObject):
    """Asks where, and writes in a thread: a share of the network may be slow."""

    trouble = Signal(str)  #: one line: what went wrong and what to do

    def __init__(self, widget: QWidget, name: str) -> None:
        """`name` is what the file is called at first."""
        super().__init__(widget)
        self._widget, self._name = widget, name
        self._errand: Errand[None] = Errand(self, lambda _nothing: None, self._ended)

    def ask(self) -> None:
        """Where to, and then save."""
        dialog = QFileDialog(self._widget, self.tr("Save picture"), self._name, self.tr("Pictures (*.png)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, path: Path) -> None:
        """The widget as it looks now. `trouble` says where that cannot be."""
        image = self._widget.grab().toImage()

        def write(_tell: Tell[None], _stop: threading.Event) -> None:
            if not image.save(str(path)):
                what = "cannot be written; choose another folder, and a name that ends in .png"
                raise UserError(f"{printable(path)}: {what}")

        self._errand.start(write, "save-picture")

    @property
    def busy(self) -> bool:
        """Whether a picture is being written."""
        return self._errand.busy

    def _ended(self, errors: list[Exception]) -> None:
        for error in errors:
            self.trouble.emit(str(error))
