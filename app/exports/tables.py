"""Tables as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.exports.csv import lines
from app.outputs.partial import Partial, unwritable
from app.store.blocks import FRAMES

if TYPE_CHECKING:
    from app.exports import Work


def write(work: Work) -> list[Path]:
    """The CSV. UserError where it cannot be written."""
    part = Partial(work.out, overwrite=work.overwrite)
    first, last = work.choice.places(work.session)
    try:
        for done, piece in enumerate(
            lines(work.session, work.choice, raw=work.style.raw, long=work.style.long)
        ):
            if work.stop.is_set():
                return []
            rest = memoryview(piece)
            while rest:
                rest = rest[part.file.write(rest) :]
            work.show(min(done * FRAMES, last - first), last - first)
        part.publish()
    except OSError as error:
        raise unwritable(work.out, error) from error
    finally:
        part.discard()
    return [work.out]
