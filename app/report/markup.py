"""Text made harmless for HTML."""

from __future__ import annotations

import html

from app.plain import printable


def escaped(text: object) -> str:
    """The text on one line, for the inside of an element or of an attribute in quotes."""
    return html.escape(printable(str(text)), quote=True)
