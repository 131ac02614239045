"""Published networks: what they are, which are here, and fetching them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.networks.shelf import Offer, fetch, lacking_for_onnx, offers, to_onnx
from app.networks.web import Stopped
from app.ui.errand import Errand, Tell
from app.ui.trouble import Trouble

PARTS = 1000  #: of the bar
NAME = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Coming:
    """How far a download is: bytes that are there, of how many; 0: nobody knows."""

    done: int
    total: int


class ModelDialog(QDialog):
    """A list, what is to be said of the chosen one, and what can be done with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Networks"))
        self.resize(820, 520)
        self._offers: dict[str, Offer] = {}
        self._lacking = ""
        self._listing: Errand[tuple[list[Offer], str]] = Errand(self, self._show, self._complain)
        self._working: Errand[Coming | str] = Errand(self, self._tell, self._ended)
        self._lay_out()
        self._refresh()

    def done(self, result: int) -> None:
        for errand in (self._listing, self._working):
            errand.close()
        super().done(result)

    def _lay_out(self) -> None:
        self._tree = self._list()
        self._about = QLabel(self)
        self._about.setObjectName("models.about")
        self._about.setWordWrap(True)
        self._about.setOpenExternalLinks(True)
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._said = QLabel(self)
        self._said.setObjectName("models.said")
        self._said.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(self.tr("How far it is"))
        self._bar.setToolTip(self.tr("How much of the file is here"))
        self._bar.hide()
        self._trouble = Trouble(self)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self._tree, 1)
        for widget in (self._about, self._said, self._bar, self._trouble, self._buttons()):
            column.addWidget(widget)

    def _list(self) -> QTreeWidget:
        tr = self.tr
        tree = QTreeWidget(self)
        tree.setAccessibleName(tr("Published networks"))
        tree.setToolTip(tr("Networks that others have published; choose one"))
        titles = [tr("Network"), tr("Kind"), tr("Input"), tr("AP"), tr("Size"), tr("Licence"), tr("Here")]
        tree.setHeaderLabels(titles)
        tree.headerItem().setToolTip(3, tr("On COCO val2017, in percent, as published; ?: not published"))
        tree.setRootIsDecorated(False)
        tree.setAlternatingRowColors(True)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.currentItemChanged.connect(self._chosen)
        return tree

    def _buttons(self) -> QDialogButtonBox:
        tr = self.tr
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._fetch, self._take, self._turn, self._cancel = (
            self._button(box, text, tip, do)
            for text, tip, do in (
                (tr("&Download"), tr("Fetch it, and check that it is the published file"), self._download),
                (
                    tr("From &file…"),
                    tr("Take it from a file that was fetched by other means"),
                    self._from_file,
                ),
                (tr("&Turn into ONNX"), tr("So that it can run; takes up to a minute"), self._convert),
                (tr("&Cancel"), tr("Stop; what has come is kept for the next time"), self._stop),
            )
        )
        self._cancel.hide()
        box.rejected.connect(self.reject)
        return box

    def _button(self, box: QDialogButtonBox, text: str, tip: str, do: Callable[[], None]) -> QPushButton:
        button = box.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: do())
        return button

    def _refresh(self) -> None:
        self._listing.start(lambda tell, _: tell((offers(), lacking_for_onnx())), "models-list")

    def _show(self, found: tuple[list[Offer], str]) -> None:
        before = self._name()
        self._offers, self._lacking = {each.published.name: each for each in found[0]}, found[1]
        self._tree.clear()
        for name, offer in self._offers.items():
            item = QTreeWidgetItem(self._tree, self._cells(offer))
            item.setData(0, NAME, name)
            item.setSizeHint(0, QSize(0, round(1.7 * self.fontMetrics().height())))
            for column in (3, 4):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if name == before or self._tree.currentItem() is None:
                self._tree.setCurrentItem(item)
        self._chosen()

    def _cells(self, offer: Offer) -> list[str]:
        each, tr = offer.published, self.tr
        height, width = each.input_size
        here = {"yes": tr("yes"), "checkpoint": tr("checkpoint"), "no": tr("no")}
        return [
            each.about,
            tr("pose") if each.kind == "pose" else tr("detector"),
            f"{height} x {width}",
            f"{each.ap:.1f}" if each.ap else "?",
            f"{each.size / 1e6:.0f} MB" if each.size else "?",
            each.licence,
            here[offer.here],
        ]

    def _name(self) -> str:
        item = self._tree.currentItem()
        return str(item.data(0, NAME)) if item else ""

    def _chosen(self) -> None:
        """What is to be said of it, and what can be done with it."""
        offer = self._offers.get(self._name())
        idle = not self._working.busy
        self._fetch.setEnabled(bool(offer) and idle and offer is not None and offer.here == "no")
        self._take.setEnabled(self._fetch.isEnabled())
        self._turn.setEnabled(idle and offer is not None and offer.here == "checkpoint" and not self._lacking)
        if offer is None:
            self._about.setText("")
            return
        each = offer.published
        about = [f'{each.name}, <a href="{each.page}">{each.page}</a>']
        if each.arch and offer.here != "yes":
            told = self.tr(
                "A checkpoint: it has to be turned into ONNX to run, which needs kinetrail[train]."
            )
            about.append(f"{told} {self._lacking}")
        self._about.setText("<br>".join(about))

    def _download(self) -> None:
        self._work(Path())

    def _from_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("The file of this network"))
        if name:
            self._work(Path(name))

    def _work(self, source: Path) -> None:
        each = self._offers[self._name()].published

        def work(tell: Tell[Coming | str], stop: threading.Event) -> None:
            tell(fetch(each, lambda done, total: tell(Coming(done, total)), stop, source))

        self._begin(work, self.tr("Fetching {0}…").format(each.name))

    def _convert(self) -> None:
        each = self._offers[self._name()].published
        self._begin(
            lambda tell, stop: tell(to_onnx(each, stop)),
            self.tr("Turning {0} into ONNX; this takes up to a minute.").format(each.name),
        )

    def _begin(self, work: Callable[[Tell[Coming | str], threading.Event], None], said: str) -> None:
        self._trouble.set("")
        self._said.setText(said)
        self._bar.setRange(0, 0)
        self._bar.show()
        self._cancel.setEnabled(True)
        self._cancel.show()
        self._working.start(work, "models-work")
        self._chosen()

    def _stop(self) -> None:
        self._cancel.setEnabled(False)
        self._said.setText(self.tr("Stopping…"))
        self._working.stop()

    def _tell(self, told: Coming | str) -> None:
        if isinstance(told, str):
            self._said.setText(told)
        elif self._cancel.isEnabled():
            whole = f" / {told.total / 1e6:.1f}" if told.total else ""
            self._said.setText(f"{told.done / 1e6:.1f}{whole} MB")
            self._bar.setRange(0, PARTS if told.total else 0)
            self._bar.setValue(PARTS * told.done // max(1, told.total))

    def _ended(self, errors: list[Exception]) -> None:
        stopped = not self._cancel.isEnabled()
        self._bar.hide()
        self._cancel.hide()
        if stopped and (not errors or isinstance(errors[0], Stopped)):
            self._said.setText(
                self.tr("Stopped; what has come is kept, and the next download goes on from there.")
            )
        elif errors:
            self._said.setText("")
            self._complain(errors)
        self._refresh()

    def _complain(self, errors: list[Exception]) -> None:
        for error in errors:
            self._trouble.show_error(error)
