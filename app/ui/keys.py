"""Which key does what: changed keys are kept, and `sheet` shows all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.ui.preferences import Preferences

EVERYWHERE = "window"  #: the page of actions that can be done on every page

#: Pages by the first part of their actions' names, in the order in which they are shown.
PAGES = {"window": "Everywhere", "start": "Start", "live": "Live", "recorded": "Recorded"}


@dataclass(frozen=True, slots=True)
class _Known:
    action: QAction
    usual: tuple[QKeySequence, ...]  #: its keys where nobody changed them


class Keys(QObject):
    """The keys of all actions, by the names of the actions: "live.record"."""

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._known: dict[str, _Known] = {}
        self._shown: list[QDialog] = []

    def add(self, actions: Iterable[QAction]) -> None:
        """Take care of them; whoever has a key that was changed gets it now."""
        for action in actions:
            self._known[action.objectName()] = _Known(action, tuple(action.shortcuts()))
        changed = {name: keys for name, keys in self._preferences.shortcuts().items() if name in self._known}
        for name, keys in changed.items():
            self._known[name].action.setShortcut(QKeySequence(keys))
        for name in changed:
            if self.conflict(name, self.keys(name)):  # of a file written by hand, or of an older program
                self._known[name].action.setShortcuts(list(self._known[name].usual))

    def actions(self) -> Mapping[str, QAction]:
        """All that can be done, by name."""
        return {name: known.action for name, known in self._known.items()}

    def keys(self, name: str) -> QKeySequence:
        """What does it now; empty where nothing does."""
        return self._known[name].action.shortcut()

    def usual(self, name: str) -> QKeySequence:
        """What does it where nobody changed it."""
        return next(iter(self._known[name].usual), QKeySequence())

    def is_changed(self, name: str) -> bool:
        known = self._known[name]
        return tuple(known.action.shortcuts()) != known.usual

    def conflict(self, name: str, keys: QKeySequence) -> str:
        """The name of another action that these keys do on the same page; "" where they are free."""
        if keys.isEmpty():
            return ""
        for other, known in self._known.items():
            meet = page(other) == page(name) or EVERYWHERE in (page(other), page(name))
            if other != name and meet and keys in known.action.shortcuts():
                return other
        return ""

    def change(self, name: str, keys: QKeySequence) -> str:
        """Let these keys do it, none where they are empty; else the name of what they do already."""
        if other := self.conflict(name, keys):
            return other
        if keys == self.usual(name) or (keys.isEmpty() and not self._known[name].usual):
            return self.reset(name)
        self._known[name].action.setShortcut(keys)
        self._preferences.set_shortcut(name, keys.toString(QKeySequence.SequenceFormat.PortableText))
        return ""

    def reset(self, name: str) -> str:
        """Its usual keys again; else the name of what they do now."""
        known = self._known[name]
        for keys in known.usual:
            if other := self.conflict(name, keys):
                return other
        known.action.setShortcuts(list(known.usual))
        self._preferences.reset_shortcut(name)
        return ""

    def reset_all(self) -> None:
        """Everything by its usual keys again."""
        for known in self._known.values():
            known.action.setShortcuts(list(known.usual))
        self._preferences.reset_shortcut(*self._known)

    def said(self, name: str) -> str:
        """The action as people know it, and its page where that is not certain."""
        action = self._known[name].action
        return f"“{plain(action.text())}” ({self.page_name(name)})"

    def page_name(self, name: str) -> str:
        """The page of an action, for people."""
        return self.tr(PAGES.get(page(name), page(name).capitalize()))

    def sheet(self) -> None:
        """Show what every key does, over the window that is used now."""
        from app.ui.key_sheet import KeySheet  # it knows this file

        above: QWidget | None = QApplication.activeWindow()
        sheet = KeySheet(self, above)
        self._shown = [sheet]  # with no window below, nobody else would keep it
        sheet.open()


def page(name: str) -> str:
    """The first part of an action's name."""
    return name.partition(".")[0]


def plain(text: str) -> str:
    """The text of an action without what only its menu needs."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("….")
