"""What is said of an error: plain words for people, and the details that help whoever mends it."""

from __future__ import annotations

import os
import platform
import re
import traceback
from importlib import metadata
from pathlib import Path

from app import __version__
from app.plain import CONTROL
from app.sources.naming import SECRET, spoken
from engine.errors import UserError

PACKAGES = (
    "numpy", "opencv-python", "onnxruntime", "av", "scipy", "pyside6-essentials", "torch", "tensorrt-cu13",
)  # fmt: skip

#: A secret may hold any sign, blanks and slashes too: on one line, all up to the last @ may be of it.
BEFORE_HOST = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://)[^\n]*@")
IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")


def trouble_of(error: BaseException) -> tuple[str, str]:
    """One line for the user, and the details to copy: no password in them, and not where home is."""
    lines = "".join(traceback.format_exception(error))
    details = unnamed(f"{lines.rstrip()}\n\n{circumstances()}\n")
    if isinstance(error, UserError):
        return " ".join(str(error).split()), details
    return f"Kinetrail ran into a bug ({type(error).__name__}); please report the details", details


def plainly(error: BaseException) -> tuple[str, str]:
    """The same, with details only of a bug: what users can put right they need not report."""
    message, details = trouble_of(error)
    return message, "" if isinstance(error, UserError) else details


def circumstances() -> str:
    """Versions and system, one to a line."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    python = f"Python {platform.python_version()}"
    return f"Kinetrail {__version__}\n{python}, {', '.join(versions)}\n{system}"


def unnamed(text: str) -> str:
    """The text without passwords, and with ~ for the folder that carries the user's name."""
    text = BEFORE_HOST.sub(r"\1***@", text)
    text = IN_TEXT.sub(lambda found: spoken(found[0]) or found[0], text)
    text = SECRET.sub(r"\1=***", text)
    for home in {str(Path.home()), os.path.realpath(Path.home())} - {os.sep}:
        text = re.sub(re.escape(home) + r"(?![\w.-])", "~", text)
    return "\n".join(CONTROL.sub("?", line) for line in text.split("\n"))
