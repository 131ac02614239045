"""Qt without a screen, unless QT_QPA_PLATFORM names one, and waiting in its event loop.

To be imported before anything else imports Qt.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import cv2  # noqa: F401 (points Qt to plugins of its own)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(name, None)

from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402

PATIENCE_S = 120.0


def wait(seconds: float) -> None:
    """Let the window live for so long. Its thread sleeps in between; QTest.qWait would keep the GIL busy."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def until(
    true: Callable[[], bool],
    told: Callable[[], object],
    *,
    every_s: float = 0.05,
    patience_s: float = PATIENCE_S,
) -> None:
    """Wait for something, looking every so many seconds. SystemExit with what is `told` if it never comes."""
    deadline = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"it never came about: {told()}")
        wait(every_s)
