"""The menu bar: what the window itself can do, and what the page in view can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from app.ui.actions import action
from app.ui.keys import Keys

Entry = tuple[str, str, str, str, Callable[[], object]]  #: name, text, keys, tip, what it does


class Menus:
    """File, the menu of the page in view, Tools and Help. Keys of a page hold while it has the focus."""

    def __init__(self, window: QMainWindow, keys: Keys) -> None:
        self._window, self._keys = window, keys
        self._pages: dict[QWidget, QMenu] = {}

    def add(self, title: str, entries: Iterable[Entry], others: Sequence[QAction] = ()) -> None:
        """A menu of the window's own, which is always there."""
        made = [action(self._window, *entry) for entry in entries]
        menu = self._window.menuBar().addMenu(title)
        for each in (*made, *others):
            each.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            menu.addAction(each)
        self._keys.add([*made, *others])

    def add_page(self, title: str, page: QWidget) -> None:
        """The menu of a page, which is there while the page is."""
        menu = self._pages[page] = QMenu(title, self._window)
        self._window.menuBar().addMenu(menu)
        for each in page.actions():
            each.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            menu.addAction(each)
        self._keys.add(page.actions())

    def turn_to(self, shown: QWidget) -> None:
        """Show the menu of that page, and of no other."""
        for page, menu in self._pages.items():
            menu.menuAction().setVisible(page is shown)
