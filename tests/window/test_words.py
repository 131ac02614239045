"""Every word that is read can be translated, and every widget says what it is to those who do not see it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from named import nameless, tab_order
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QDialog, QLabel, QWidget
from windows import networks, out, until, window

__all__ = ["networks", "out", "window"]  # fixtures

ROOT = Path(__file__).parents[2]
#: Calls whose first text is read by users.
SHOWN = {
    "QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QToolButton", "QGroupBox", "QAction",
    "QDockWidget",
    "addAction", "addButton", "addItem", "addMenu", "addRow", "addTab", "setAccessibleName",
    "setInformativeText", "setLabelText", "setPlaceholderText", "setStatusTip", "setText", "setTitle",
    "setToolTip", "setWhatsThis", "setWindowTitle", "showMessage",
}  # fmt: skip
#: Names, and signs that are the same in every language.
NAMES = {"Kinetrail", "AGPL-3.0-or-later", "MB", "GB", "fps"}
MARKS = re.compile("<[^>]*>|&nbsp;")  #: of rich text


def words(node: ast.expr) -> str:
    """What is written in a text, placeholders left out; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value for part in node.values if isinstance(part, ast.Constant))
    return ""


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "ui").glob("*.py")), ids=lambda path: path.name)
def test_every_word_that_is_shown_can_be_translated(path):
    bare = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            text = MARKS.sub("", words(node.args[0])).strip() if name in SHOWN else ""
            if any(letter.isalpha() for letter in text) and text not in NAMES:
                bare.append(f"{path.name}:{node.lineno}: {name}({text!r})")
    assert not bare


def test_what_is_looked_for_is_found():
    """The test above sees a text that is not handed to tr."""
    (call,) = (node for node in ast.walk(ast.parse('label.setText(f"{n} people")')) if type(node) is ast.Call)
    assert words(call.args[0]) == " people"


def unnamed(window: QWidget) -> list[str]:
    """See `nameless`; Qt's own left out, and lists whose name says it all."""
    found = [each for each in nameless(window) if not each.objectName().startswith("qt_")]
    found = [each for each in found if not (isinstance(each, QAbstractItemView) and each.accessibleName())]
    return [f"{type(each).__name__} in {type(each.parent()).__name__}" for each in found]


def test_all_widgets_of_all_pages_say_what_they_are(window):
    assert unnamed(window) == []


@pytest.mark.parametrize("name", ["settings", "models", "engine", "keys"])
def test_all_widgets_of_a_dialog_say_what_they_are(name, window, qtbot):
    window.keys.actions()[f"window.{name}"].trigger()
    dialogs: list[QDialog] = []
    until(
        qtbot,
        lambda: bool(dialogs.extend(d for d in window.findChildren(QDialog) if d.isVisible()) or dialogs),
    )
    assert unnamed(dialogs[0]) == []
    assert len(tab_order(dialogs[0])) >= 1
    dialogs[0].reject()


def test_tab_goes_through_the_first_page_from_its_top_to_its_end(window, qapp):
    qapp.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    order = [each for each in tab_order(window.start_page) if each.isVisible()]
    tops = [each.mapTo(window, each.rect().topLeft()).y() for each in order]
    assert len(order) >= 4
    assert tops == sorted(tops)


SCALED = """
import sys
sys.path[:0] = ["tests", "tests/window"]
import cv2, os
for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(name, None)
from pathlib import Path
from PySide6.QtWidgets import QApplication
application = QApplication([])
from app.ui import start, theme
theme.apply(application)
start.Cameras = lambda: (lambda *, fresh: ())
from app.ui.preferences import Preferences
from app.ui.window import Window
from test_words import cut_off
window = Window(Preferences(Path(sys.argv[1]) / "window.ini"))
window.resize(1000, 640)
window.show()
assert window.devicePixelRatioF() == 1.5, window.devicePixelRatioF()
for page in (window.start_page, window.live_page, window.recorded_page):
    window.pages.setCurrentWidget(page)
    application.processEvents()
    print(*cut_off(page), sep="\\n")
window.leave()
while window.isVisible():
    application.processEvents()
"""


def cut_off(window: QWidget) -> list[str]:
    """Words for which there is not the room that they take."""
    found = []
    for each in window.findChildren(QWidget):
        if not isinstance(each, QLabel | QAbstractButton) or not each.isVisible() or not each.text():
            continue
        wraps = isinstance(each, QLabel) and each.wordWrap()
        elides = each.sizePolicy().horizontalPolicy() == each.sizePolicy().Policy.Ignored
        needed = each.minimumSizeHint()
        short = each.height() < needed.height() or (
            each.width() < needed.width() and not wraps and not elides
        )
        if short:
            found.append(f"{each.text()!r}: {each.width()} x {each.height()} of {needed.toTuple()}")
    return found


def test_nothing_is_cut_off_where_the_screen_is_scaled_to_150_percent(tmp_path):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "1.5"}
    env |= {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", SCALED, str(tmp_path)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
