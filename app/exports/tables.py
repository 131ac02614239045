"""Tables as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.exports.csv import lines
from app.exports.writing import whole
from app.store.blocks import FRAMES

if TYPE_CHECKING:
    from app.exports import Work


def write(work: Work) -> list[Path]:
    """The CSV. UserError where it cannot be written."""
    return whole(work, _pieces(work))


def _pieces(work: Work) -> Iterator[bytes]:
    """The table piece by piece, saying how far it is."""
    first, last = work.choice.places(work.session)
    for done, piece in enumerate(lines(work.session, work.choice, raw=work.style.raw, long=work.style.long)):
        yield piece
        work.show(min(done * FRAMES, last - first), last - first)
