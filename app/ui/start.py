"""The first page: cameras, addresses, files, and what was opened before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path

import platformdirs
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QAction,
    QFont,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPixmap,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.sources.live import Connection
from app.sources.naming import camera_number
from app.sources.pictures import ENDINGS, VIDEOS
from app.store.writer import ENDING as SESSION
from app.ui.actions import action
from app.ui.address import AddressField
from app.ui.camera_cards import CameraCards
from app.ui.cards import CARD, GAP
from app.ui.drops import dropped
from app.ui.recent_cards import RecentCards
from app.watch.cameras import Cameras, connect
from app.watch.previews import Look

NARROWEST = 600
WIDEST = 4 * CARD.width() + 3 * GAP
ICON = 52  #: side of the picture beside the name
TIMEOUT_S = 3.0  #: longest wait for threads at the end


class StartPage(QWidget):
    """Where one chooses what to open. Cameras are looked at only while this is shown."""

    source_chosen = Signal(str)  #: a camera number, an address or a path; no camera is held
    files_chosen = Signal(list)  #: several at once

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        look: Look | None = None,
        connect: Callable[[int], Connection] = connect,
        cache: Path | None = None,
    ) -> None:
        """`look` says which cameras there are, `connect` opens one, `cache` is for small pictures."""
        super().__init__(parent)
        self.setMinimumWidth(NARROWEST)
        self._cameras = CameraCards(look or Cameras(), connect)
        self._recent = RecentCards(cache or platformdirs.user_cache_path("kinetrail") / "thumbnails")
        self._address = AddressField()
        self._buttons: list[QPushButton] = []
        self._recent_title = _heading(self.tr("Recent"))
        self._lay_out()
        self._act()
        self._cameras.chosen.connect(self.source_chosen)
        self._recent.chosen.connect(self._choose)
        self._address.chosen.connect(self._choose)
        self._cameras.arranged.connect(self._order)
        self.set_recent([])

    def set_recent(self, sources: list[str]) -> None:
        """What was opened before, newest first; an address may hold a password, it is not shown."""
        self._recent.set_sources(list(dict.fromkeys(sources)))
        self._recent_title.setVisible(bool(sources))
        self._recent.setVisible(bool(sources))
        self._order()

    def refresh(self) -> None:
        """Look for cameras and files anew."""
        self._recent.look_again()
        if self.isVisible():
            self._cameras.on()

    def actions(self) -> list[QAction]:
        """What can be done here by a key."""
        return list(self._actions)

    def stop_previews(self) -> None:
        """Ask for all cameras to be let go; returns at once, see `holds_no_camera`."""
        self._cameras.off()

    def holds_no_camera(self) -> bool:
        return self._cameras.idle()

    def close_page(self) -> bool:
        """Let go of everything, for good; whether all threads ended."""
        return self._cameras.close_previews(TIMEOUT_S) & self._recent.close_thumbnails(TIMEOUT_S)

    def open_video(self) -> None:
        """Ask for files."""
        endings = " ".join(f"*{ending}" for ending in (*VIDEOS, *ENDINGS, SESSION))
        dialog = QFileDialog(self, self.tr("Open video"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        known = self.tr("Videos, pictures and sessions")
        dialog.setNameFilters([f"{known} ({endings})", self.tr("All files (*)")])
        self._ask(dialog)

    def open_folder(self) -> None:
        """Ask for a folder."""
        dialog = QFileDialog(self, self.tr("Open folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._ask(dialog)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if not event.spontaneous():
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._cameras.off()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Paste):
            self._open(dropped(QGuiApplication.clipboard().mimeData()))
        else:
            super().keyPressEvent(event)

    def _open(self, sources: Sequence[str]) -> None:
        """Whatever was pasted or picked; what it is, is found out by whoever opens it."""
        if len(sources) == 1:
            self._choose(sources[0])
        elif sources:
            self.files_chosen.emit(list(sources))

    def _choose(self, source: str) -> None:
        if camera_number(source) >= 0:
            self._cameras.choose(source)
        else:
            self.source_chosen.emit(source)

    def _ask(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._open)
        dialog.open()

    def _act(self) -> None:
        tr = self.tr
        folder = (tr("Open folder…"), "Ctrl+Shift+O", tr("Of videos or pictures"), self.open_folder)
        address = (tr("Type an address"), "Ctrl+L", tr("Of a network camera"), self._to_address)
        again = (tr("Look again"), "F5", tr("For cameras and files"), self.refresh)
        self._actions = [
            action(self, "start.folder", *folder),
            action(self, "start.address", *address),
            action(self, "start.refresh", *again),
        ]

    def _to_address(self) -> None:
        self._address.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _lay_out(self) -> None:
        column = QWidget()
        column.setMaximumWidth(WIDEST)
        rows = QVBoxLayout(column)
        rows.setContentsMargins(0, 28, 0, 28)
        rows.setSpacing(12)
        rows.addLayout(self._head())
        rows.addSpacing(10)
        rows.addWidget(_heading(self.tr("Cameras")))
        rows.addWidget(self._cameras)
        rows.addWidget(self._address)
        rows.addSpacing(14)
        rows.addWidget(self._recent_title)
        rows.addWidget(self._recent)
        rows.addStretch(1)
        middle = QWidget()
        sides = QHBoxLayout(middle)
        sides.setContentsMargins(24, 0, 24, 0)
        sides.addStretch(1)
        sides.addWidget(column, 1000)  # all there is, up to its maximum
        sides.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(middle)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        all_ = QVBoxLayout(self)
        all_.setContentsMargins(0, 0, 0, 0)
        all_.addWidget(scroll)

    def _order(self) -> None:
        """Tab goes as one reads."""
        cameras, recent = self._cameras.cards().values(), self._recent.cards().values()
        order = [*self._buttons, *cameras, self._address.field, self._address.button, *recent]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _head(self) -> QHBoxLayout:
        """Icon, name and hint on the left; what opens files on the right."""
        icon, hint = QLabel(), QLabel(self.tr("Drop a video, a folder or several files anywhere here."))
        picture = QPixmap(str(resources.files("assets") / "icon.png"))
        picture.setDevicePixelRatio(picture.width() / ICON)
        icon.setPixmap(picture)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(_heading("Kinetrail", 1.9))
        words.addWidget(hint)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(icon)
        head.addLayout(words)
        head.addStretch(1)
        for text, tip, do in (
            (self.tr("Open video…"), self.tr("One to look at, or several to work on"), self.open_video),
            (self.tr("Open folder…"), self.tr("Of videos or pictures"), self.open_folder),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setAutoDefault(True)  # Enter presses it too
            button.setMinimumSize(124, 38)
            button.clicked.connect(do)
            self._buttons.append(button)
            head.addWidget(button)
        return head


def _heading(text: str, larger: float = 1.15) -> QLabel:
    label = QLabel(text)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * larger)
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label
