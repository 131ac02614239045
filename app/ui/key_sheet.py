"""The overview of all keys, shown by "?": to look something up, and to change it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.keys import PAGES, Keys, page, plain

NAME = Qt.ItemDataRole.UserRole


class KeySheet(QDialog):
    """A list by page, a line to search it, and below a place to change what is chosen in it."""

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard"))
        self.resize(620, 640)
        self._keys = keys
        self._search = QLineEdit(self)
        self._search.setPlaceholderText(self.tr("Search: what it does, or a key"))
        self._search.setAccessibleName(self.tr("Search the keys"))
        self._search.setToolTip(self.tr("Only lines with this text are shown"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        self._tree = self._list()
        self._said = QLabel(self)
        self._said.setWordWrap(True)
        self._said.setObjectName("keys.said")
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self._search)
        column.addWidget(self._tree, 1)
        column.addLayout(self._changing())
        column.addWidget(self._said)
        column.addWidget(self._buttons())
        self._fill()
        self._chosen()

    def _list(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setAccessibleName(self.tr("Keys by page"))
        tree.setToolTip(self.tr("Choose a line to change its keys"))
        tree.setHeaderLabels([self.tr("What it does"), self.tr("Keys"), self.tr("Usually")])
        tree.setRootIsDecorated(False)
        tree.setAlternatingRowColors(True)
        tree.setIndentation(12)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        tree.currentItemChanged.connect(self._chosen)
        return tree

    def _changing(self) -> QHBoxLayout:
        self._edit = QKeySequenceEdit(self)
        self._edit.setMaximumSequenceLength(1)
        self._edit.setClearButtonEnabled(True)
        self._edit.setAccessibleName(self.tr("New keys"))
        self._edit.setToolTip(self.tr("Press the keys that are to do it from now on"))
        self._edit.editingFinished.connect(self._change)
        self._reset = QPushButton(self.tr("Reset"), self)
        self._reset.setToolTip(self.tr("The usual keys for what is chosen"))
        self._reset.clicked.connect(self._reset_one)
        row = QHBoxLayout()
        label = QLabel(self.tr("&New keys:"), self)
        label.setBuddy(self._edit)
        row.addWidget(label)
        row.addWidget(self._edit, 1)
        row.addWidget(self._reset)
        return row

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        everything = box.addButton(self.tr("Reset all"), QDialogButtonBox.ButtonRole.ResetRole)
        everything.setToolTip(self.tr("The usual keys for everything"))
        everything.setAutoDefault(False)
        everything.clicked.connect(self._reset_all)
        box.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        box.rejected.connect(self.reject)
        self._reset.setAutoDefault(False)
        return box

    def _fill(self) -> None:
        """Groups in the order of the pages, actions in the order in which they were added."""
        names = list(self._keys.actions())
        order = [*PAGES, *(page(name) for name in names)]
        for group in dict.fromkeys(order):
            inside = [name for name in names if page(name) == group]
            if not inside:
                continue
            top = QTreeWidgetItem(self._tree, [self._keys.page_name(inside[0])])
            bold = QFont(self.font())
            bold.setBold(True)
            top.setFont(0, bold)
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for name in inside:
                item = QTreeWidgetItem(top, [plain(self._keys.actions()[name].text())])
                item.setData(0, NAME, name)
                item.setSizeHint(0, QSize(0, round(1.7 * self.fontMetrics().height())))
                item.setToolTip(0, self._keys.actions()[name].toolTip())
                self._write(item)
        self._tree.expandAll()

    def _write(self, item: QTreeWidgetItem) -> None:
        name = item.data(0, NAME)
        item.setText(1, _native(self._keys.keys(name)))
        changed = self._keys.is_changed(name)
        item.setText(2, _native(self._keys.usual(name)) if changed else "")
        font = QFont(self.font())
        font.setBold(changed)
        item.setFont(1, font)

    def _items(self) -> list[QTreeWidgetItem]:
        return [item for top in self._tops() for item in _children(top)]

    def _tops(self) -> list[QTreeWidgetItem]:
        return _children(self._tree.invisibleRootItem())

    def _name(self) -> str:
        """The action that is chosen, or nothing."""
        item = self._tree.currentItem()
        return str(item.data(0, NAME) or "") if item else ""

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for item in self._items():
            line = f"{item.text(0)} {item.text(1)} {item.toolTip(0)}".casefold()
            item.setHidden(not all(word in line for word in wanted))
        for top in self._tops():
            top.setHidden(all(item.isHidden() for item in _children(top)))

    def _chosen(self) -> None:
        name = self._name()
        self._edit.setEnabled(bool(name))
        self._edit.setKeySequence(self._keys.keys(name) if name else QKeySequence())
        self._reset.setEnabled(bool(name) and self._keys.is_changed(name))
        self._say("" if name else self.tr("Choose a line to change its keys."))

    def _change(self) -> None:
        name, keys = self._name(), self._edit.keySequence()
        if not name or keys == self._keys.keys(name):
            return
        self._tell(name, self._keys.change(name, keys), _native(keys))

    def _reset_one(self) -> None:
        if name := self._name():
            self._tell(name, self._keys.reset(name), _native(self._keys.usual(name)))

    def _reset_all(self) -> None:
        self._keys.reset_all()
        for item in self._items():
            self._write(item)
        self._chosen()
        self._say(self.tr("All keys are the usual ones."))

    def _tell(self, name: str, other: str, keys: str) -> None:
        for item in self._items():
            self._write(item)
        self._chosen()
        if other:
            taken = self.tr("{0} is taken by {1}; choose another key, or change that one first.")
            self._say(taken.format(keys, self._keys.said(other)), warn=True)
        elif keys:
            self._say(self.tr("{0} does {1} now.").format(keys, self._keys.said(name)))
        else:
            self._say(self.tr("No key does {0} now.").format(self._keys.said(name)))

    def _say(self, text: str, *, warn: bool = False) -> None:
        colours = QPalette()
        if warn:
            colours.setColor(QPalette.ColorRole.WindowText, theme.red(self.palette()))
        self._said.setPalette(colours)
        self._said.setText(text)


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (item.child(n) for n in range(item.childCount()))
    return [child for child in found if child is not None]


def _native(keys: QKeySequence) -> str:
    return keys.toString(QKeySequence.SequenceFormat.NativeText)
