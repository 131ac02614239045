"""Text that has to fit."""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """At most so many letters: the middle makes room, because names of files differ at their ends."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"
