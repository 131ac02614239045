"""Writing what a format has to say, piece by piece, so that the longest session takes little memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.outputs.partial import Partial, unwritable

if TYPE_CHECKING:
    from app.exports import Work
    from app.store.session import Stretch

LONGEST = 90  #: bytes of a name as a part of a file name


def stretches(work: Work) -> Iterator[Stretch]:
    """The frames that are wanted, with those who are wanted, saying how far they are; ends when stopped."""
    first, last = work.choice.places(work.session)
    done = 0
    for stretch in work.choice.stretches(work.session):
        if work.stop.is_set():
            return
        yield stretch
        done += len(stretch.frames)
        work.show(done, last - first)


def whole(work: Work, pieces: Iterable[str] | Iterable[bytes]) -> list[Path]:
    """The file of all the pieces, or none when it was stopped. UserError where it cannot be written."""
    part = Partial(work.out, overwrite=work.overwrite)
    try:
        for piece in pieces:
            part.add(piece.encode() if isinstance(piece, str) else piece)
            if work.stop.is_set():
                break
        if work.stop.is_set():  # maybe after the last piece, which then is not the last one there is
            return []
        part.publish()
    except OSError as error:
        raise unwritable(work.out, error) from error
    finally:
        part.discard()
    return [work.out]


def quoted(text: str) -> str:
    """A field of a CSV, in quotes where it needs them (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text


def harmless(text: str) -> str:
    """What is left of a text as a part of a file name: no folders, no hidden files, nothing odd."""
    plain = re.sub(r"[^\w. -]", "_", text).strip(" .")
    return plain.encode()[:LONGEST].decode(errors="ignore") or "_"
