"""The window as a program: one QApplication, from its first event to its last."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Sequence
from importlib import resources
from typing import Any

import cv2  # noqa: F401 (points Qt to plugins of its own when it is imported; what it sets is taken back)
from PySide6.QtCore import QLocale, QTimer, QTranslator
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.ui import theme
from app.ui.preferences import Preferences
from app.ui.window import Window

LISTEN_MS = 200  #: between two looks at whether Ctrl-C was pressed in the terminal
_FULL = 5  # full collections of garbage after which everything that stays is loaded


def show(sources: Sequence[str], stop: threading.Event) -> int:
    """Open the window, with sources in it; return its exit code when it was closed."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "/cv2/" in os.environ.get(name, ""):
            del os.environ[name]
    assets = resources.files("assets")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Kinetrail")
    application.setDesktopFileName("kinetrail")
    application.setWindowIcon(QIcon(str(assets / "icon.svg")))
    theme.apply(application)
    settle()
    translator = QTranslator()
    if translator.load(QLocale(), "kinetrail", "_", str(assets / "translations")):
        application.installTranslator(translator)
    window = Window(Preferences())
    window.show()
    if sources:
        QTimer.singleShot(0, lambda: window.open_several(sources))
    listening = QTimer()
    listening.timeout.connect(lambda: window.leave() if stop.is_set() else None)
    listening.start(LISTEN_MS)
    return application.exec()


def settle() -> None:
    """Take what is there, and what outlives the next full collections of garbage, for what stays.

    Python goes through everything there is in a full collection, and no thread runs meanwhile: 0.08 s with
    all libraries loaded, a third of it where each leaves out what those before found to be no garbage.
    """
    left = [_FULL]

    def keep(phase: str, what: dict[str, Any]) -> None:
        if phase == "stop" and what["generation"] == 2 and left[0]:
            left[0] -= 1
            gc.freeze()

    gc.freeze()
    gc.callbacks.append(keep)
