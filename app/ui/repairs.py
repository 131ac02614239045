"""Repairs of who is who: what can be done with the people chosen, by menu, key and button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QToolButton, QWidget

from app.playback.lanes import EMPTY, Chart
from app.playback.looked import Account
from app.playback.remedies import reasons
from app.playback.review import Review
from app.ui.actions import action


class Repairs(QObject):
    """Knows what is chosen and where one looks; enables what makes sense, and says of the rest why not."""

    def __init__(self, page: QWidget, ask: Callable[[Callable[[Review], None]], None]) -> None:
        """The actions, and their keys, belong to `page`; `ask` does something with what is open."""
        super().__init__(page)
        self._page, self._do = page, ask
        self._chart: Chart = EMPTY
        self._chosen: tuple[int, ...] = ()
        self._at_s = 0.0
        self._act(page)
        self._enable()

    def look(self, account: Account, chosen: tuple[int, ...], at_s: float) -> None:
        """What is there, who is chosen, and the time of the picture shown."""
        self._chart, self._chosen, self._at_s = account.chart, chosen, at_s
        self._enable()
        for each, words, text in (
            (self.undo, account.undoable, self.tr("Undo")),
            (self.redo, account.redoable, self.tr("Redo")),
        ):
            each.setEnabled(bool(words))
            each.setText(f"{text}: {words}" if words else text)
            each.setToolTip(each.text() if words else self.tr("There is nothing to do here"))
            each.setIconText(text)

    def pass_by(self, at_s: float) -> None:
        """Playing has come to this time: whether repairs make sense here is found out when it stops."""
        self._at_s = at_s

    def actions(self) -> list[QAction]:
        """All of them, in the order of a menu."""
        return [self.undo, self.redo, self.swap, self.merge, self.split, self.rename, self.delete]

    def menu(self, place: QPoint, parent: QWidget) -> QMenu:
        """Open a menu of what can be done."""
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.addActions([self.swap, self.merge, self.split])
        menu.addSeparator()
        menu.addActions([self.rename, self.delete])
        menu.addSeparator()
        menu.addActions([self.undo, self.redo])
        menu.popup(place)
        return menu

    def ask_name(self, who: int) -> QInputDialog:
        """Open a small window to give somebody a name."""
        dialog = QInputDialog(self._page)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename"))
        dialog.setLabelText(self.tr("What is {0} called? Leave it empty for the number.").format(who))
        dialog.setTextValue("".join(row.name for row in self._chart.row(who)))
        dialog.textValueSelected.connect(lambda name: self._do(lambda review: review.rename(who, name)))
        dialog.open()
        return dialog

    def bar(self, parent: QWidget) -> QWidget:
        """The same as a row of buttons."""
        bar = QWidget(parent)
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(2)
        for each in (self.swap, self.merge, self.split, self.rename, self.delete, self.undo, self.redo):
            button = QToolButton(bar)
            button.setDefaultAction(each)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        return bar

    def _act(self, page: QWidget) -> None:
        tr = self.tr
        self._tips = {
            "swap": tr("The two people chosen exchange their numbers from this picture on"),
            "merge": tr("Both people chosen become the one chosen first"),
            "split": tr("From this picture on it is somebody else, with a new number"),
            "rename": tr("Give the person a name"),
            "delete": tr("Leave the people chosen out of everything"),
        }
        self.swap = action(page, "recorded.swap", tr("Swap"), "X", self._tips["swap"], self._swap)
        self.merge = action(page, "recorded.merge", tr("Merge"), "Ctrl+M", self._tips["merge"], self._merge)
        self.split = action(page, "recorded.split", tr("Split"), "K", self._tips["split"], self._split)
        self.rename = action(page, "recorded.rename", tr("Rename…"), "F2", self._tips["rename"], self._rename)
        self.delete = action(page, "recorded.delete", tr("Delete"), "Del", self._tips["delete"], self._delete)
        self.undo = action(page, "recorded.undo", tr("Undo"), "Ctrl+Z", "", lambda: self._do(Review.undo))
        self.redo = action(
            page, "recorded.redo", tr("Redo"), "Ctrl+Shift+Z", "", lambda: self._do(Review.redo)
        )

    def _enable(self) -> None:
        why = reasons(self._chart, self._chosen, self._at_s)
        for name, tip in self._tips.items():
            each: QAction = getattr(self, name)
            reason: str = getattr(why, name)
            each.setEnabled(not reason)
            if each.toolTip() != (reason or tip):
                each.setToolTip(reason or tip)
                each.setStatusTip(reason or tip)

    def _swap(self) -> None:
        a, b = self._chosen
        self._do(lambda review: review.swap(a, b, self._at_s))

    def _merge(self) -> None:
        into, gone = self._chosen
        self._do(lambda review: review.merge(gone, into))

    def _split(self) -> None:
        self._do(lambda review: review.split(self._chosen[0], self._at_s))

    def _delete(self) -> None:
        for who in self._chosen:
            self._do(lambda review, who=who: review.delete(who))  # type: ignore[misc]

    def _rename(self) -> None:
        self.ask_name(self._chosen[0])
