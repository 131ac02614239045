"""Whether a window can be opened here. Qt itself would end the program without a chance to say why."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from PySide6.QtCore import QLibraryInfo

from engine.errors import UserError


def check_screen() -> None:
    """Say what is missing before Qt ends the program without a chance to."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "") not in ("", "xcb"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set); `kinetrail run` works"
            " without one"
        )
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath))
    try:
        ctypes.CDLL(str(plugins / "platforms" / "libqxcb.so"))
    except OSError as error:
        missing = str(error).partition(":")[0]
        raise UserError(
            f"Qt cannot open a window: {missing} is missing; `kinetrail doctor` says what to install"
        ) from error
