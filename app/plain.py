"""Names of files as they may be shown on a terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: Control characters, line ends of Unicode, and what turns the direction of the text around it.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def text(path: str | Path) -> str:
    """The path as text; bytes that are none become a replacement sign."""
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def printable(path: str | Path) -> str:
    r"""The path as `text` on one line, without power over a terminal: a line end is written as "\n"."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text(path))
