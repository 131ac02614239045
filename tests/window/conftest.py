"""Windows without a screen. Every test leaves no widget behind, as it leaves no thread."""

from __future__ import annotations

import os
from collections.abc import Iterator

import cv2  # noqa: F401 (points Qt to plugins of its own, which are not wanted, when it is imported)
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QStandardPaths
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(name, None)
PATIENCE_MS = 20_000  #: for what takes a moment on a quiet machine; five seconds are too few on others
for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed):
    wait.__kwdefaults__["timeout"] = PATIENCE_MS


@pytest.fixture(autouse=True)
def _no_widget_is_left(
    qapp: QApplication, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fails a test after which a window is still there. Settings go to a folder of the test's own."""
    QStandardPaths.setTestModeEnabled(True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = set(QApplication.topLevelWidgets())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    qapp.processEvents()
    left = [widget for widget in QApplication.topLevelWidgets() if widget not in before]
    for widget in left:
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not left, f"left behind: {left}"
