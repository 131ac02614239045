"""What every window owes to those who do not see it or use no mouse."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QWidget,
)
from shiboken6 import isValid

INTERACTIVE = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractItemView)


def nameless(window: QWidget) -> list[QWidget]:
    """Widgets to work with that have no accessible name or no tool tip; Qt's own inside others left out."""
    found = []
    for each in window.findChildren(QWidget):
        if not isinstance(each, INTERACTIVE) or _inside_another(each):
            continue
        name = each.accessibleName() or (each.text() if isinstance(each, QAbstractButton) else "")
        standard = isinstance(each.parent(), QDialogButtonBox)  # OK, Cancel, Close speak for themselves
        if not name or not (each.toolTip() or standard):
            found.append(each)
    return found


def _inside_another(widget: QWidget) -> bool:
    above = widget.parentWidget()
    return above is not None and (
        isinstance(above, QComboBox | QAbstractSpinBox | QLineEdit | QAbstractItemView)
        or _inside_another(above)
    )


def tab_order(window: QWidget) -> list[QWidget]:
    """What Tab reaches one after another, as far as it is visible."""
    found, each = [], window.nextInFocusChain()
    while each is not window:
        if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.isVisibleTo(window) and each.isEnabled():
            found.append(each)
        each = each.nextInFocusChain()
    return found


def close_all(windows: list[QWidget]) -> None:
    """Those that were not closed and deleted by the test itself."""
    for window in windows:
        if isValid(window):
            window.close()
