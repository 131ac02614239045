"""Whom the user points at: locked on, followed, named or hidden, by mouse and menu."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from app.ui.canvas import Canvas
from app.ui.view import Cast
from app.watch.attention import Attention
from trackers.types import Tracks


class Company(QObject):
    """The people on a canvas, as the user wants them."""

    changed = Signal(Cast)

    def __init__(self, canvas: Canvas, release: QAction, parent: QWidget) -> None:
        """`release` lets go of whoever is locked on; it stands in the menu too."""
        super().__init__(parent)
        self._canvas, self._release, self._window = canvas, release, parent
        self.attention = Attention()
        canvas.clicked.connect(lambda x, y: self.lock(canvas.person_at(x, y)))
        canvas.menu_wanted.connect(self._menu)

    def clear(self) -> None:
        """Nobody is known any more."""
        self.attention = Attention()
        self._tell()

    def see(self, tracks: Tracks, time: float) -> None:
        """Take in the people at `time` seconds."""
        self.attention.see(tracks, time)
        self._say()

    def lock(self, who: int) -> None:
        """Keep an eye on one person, or with 0 on nobody."""
        self.attention.lock(who)
        self._tell()

    def release(self) -> None:
        """Lock on nobody, zoom with nobody."""
        self._canvas.follow(0)
        self.lock(0)

    def follow(self, who: int) -> None:
        """Lock on somebody and zoom with them."""
        self.lock(who)
        self._canvas.follow(who)

    def name(self, who: int, name: str) -> None:
        """Call somebody by a name."""
        self.attention.rename(who, name)
        self._tell()

    def hide(self, who: int) -> None:
        """Do not paint somebody."""
        self.attention.hide(who)
        self._tell()

    def show_all(self) -> None:
        """Paint everyone again."""
        self.attention.show_all()
        self._tell()

    def _menu(self, x: float, y: float, place: QPoint) -> None:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if who := self._canvas.person_at(x, y):
            name = self.attention.called(who)
            menu.addAction(self.tr("Lock on {0}").format(name), lambda: self.lock(who))
            menu.addAction(self.tr("Follow {0}: zoom with them").format(name), lambda: self.follow(who))
            menu.addAction(self.tr("Rename {0}…").format(name), lambda: self._rename(who))
            menu.addAction(self.tr("Hide {0}").format(name), lambda: self.hide(who))
            menu.addSeparator()
        if self.attention.hidden:
            menu.addAction(self.tr("Show everyone"), self.show_all)
        menu.addAction(self._release)
        menu.popup(place)

    def _rename(self, who: int) -> None:
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename"))
        dialog.setLabelText(self.tr("What is {0} called?").format(self.attention.called(who)))
        dialog.setTextValue(self.attention.names.get(who, ""))
        dialog.textValueSelected.connect(lambda name: self.name(who, name))
        dialog.open()

    def _tell(self) -> None:
        attention = self.attention
        self.changed.emit(Cast(attention.locked, attention.hidden, dict(attention.names)))
        self._say()

    def _say(self) -> None:
        """How the lock on somebody fares."""
        attention = self.attention
        who, text = attention.called(attention.locked), ""
        if attention.locked and not attention.lost:  # the canvas itself says that somebody is lost
            text = self.tr("{0}  ·  sure to {1} %").format(who, round(100 * attention.held.confidence))
        self._canvas.caption(text)
