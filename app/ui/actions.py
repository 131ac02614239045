"""How an action is made: one line for each, with the name under which its keys can be changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget


def action(
    owner: QWidget,
    name: str,
    text: str,
    keys: str,
    tip: str,
    do: Callable[..., object],
    *,
    checked: bool | None = None,
) -> QAction:
    """An action of `owner`, for its menus, bars and keys. `checked`: it is a switch, and how it stands."""
    made = QAction(text, owner)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setStatusTip(tip)
    if keys:
        made.setShortcut(QKeySequence(keys))
    made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    if checked is None:
        made.triggered.connect(lambda _checked=False: do())
    else:
        made.setCheckable(True)
        made.setChecked(checked)
        made.toggled.connect(do)
    owner.addAction(made)
    return made


def button(owner: QWidget, what: QAction) -> QToolButton:
    """A flat button for an action, which tells its key too."""
    made = QToolButton(owner)
    made.setDefaultAction(what)
    made.setAutoRaise(True)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    keys = what.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    made.setToolTip(f"{what.toolTip()} ({keys})" if keys else what.toolTip())
    made.setAccessibleName(what.text())
    return made
