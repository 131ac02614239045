"""Files that hold several pictures: the pages of a TIFF, the frames of an animated WebP or PNG."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np

from engine.errors import UserError
from engine.types import Image

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  #: first bytes; those with a plus have offsets of 64 bits
MOST = 1 << 30  #: bytes of decoded frames; OpenCV gives an animation only as a whole


def further(content: bytes, first: Image) -> Iterator[Image]:
    """The pictures behind the first one in a file, each (H, W, 3) BGR; mostly none.

    UserError says how many there were when one cannot be read; with it the reading ends. Small copies and
    masks, which a TIFF may hold beside its pictures, are left out.
    """
    read = 1
    for image in _pages(content) if content[:4] in TIFF else _frames(content, first):
        if image is None:
            raise UserError(f"only the first {_pictures(read)} in it can be read")
        yield image
        read += 1


def count(content: bytes) -> int:
    """How many pictures a file says it holds, 1 where it says nothing."""
    if content[:4] not in TIFF:
        return max(1, _announced(content))
    return 1 + sum(own is not False for own in list(_directories(content))[1:])


def _pages(content: bytes) -> Iterator[Image | None]:
    buffer = np.frombuffer(content, np.uint8)
    for number, own in enumerate(_directories(content)):
        if own is None:
            yield None
        elif own and number:
            yield _decoded(buffer, number, number + 1).get(0)


def _frames(content: bytes, first: Image) -> Iterator[Image | None]:
    announced = _announced(content)
    if announced < 2:
        return
    images = _decoded(np.frombuffer(content, np.uint8), 0, min(announced, max(1, MOST // first.nbytes)))
    yield from (images.get(number) for number in range(1, announced))


def _decoded(buffer: Image, start: int, end: int) -> dict[int, Image]:
    """The pictures from `start` to before `end`, by their place among them; none of them after a damage."""
    try:
        whole, images = cv2.imdecodemulti(buffer, cv2.IMREAD_COLOR, range=(start, end))
    except cv2.error:
        return {}
    return dict(enumerate(cast("list[Image]", images))) if whole else {}


def _directories(content: bytes) -> Iterator[bool | None]:
    """For each page of a TIFF, whether it is a picture of its own; at the end None where the file is cut off.

    A directory is the number of its entries, the entries in ascending order of their tag, and the place of
    the next directory (TIFF 6.0, section 2); tag 254 says if it is a small copy (1) or a mask (4) of another.
    """
    order = "<" if content.startswith(b"II") else ">"
    number, entry, place = ("Q", "HHQQ", "Q") if b"+" in content[2:4] else ("H", "HHII", "I")
    number, entry, place = order + number, order + entry, order + place
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(place, content, struct.calcsize(place))
        while offset and offset not in seen:
            seen.add(offset)
            (entries,) = struct.unpack_from(number, content, offset)
            start = offset + struct.calcsize(number)
            end = start + entries * struct.calcsize(entry)
            (following,) = struct.unpack_from(place, content, end)
            tag, _, _, kind = struct.unpack_from(entry, content, start)
            yield tag != 254 or not kind & 5
            offset = following
    except (struct.error, OverflowError):
        yield None


def _announced(content: bytes) -> int:
    """Frames of an animated WebP (its chunks ANMF) or PNG (as its chunk acTL says), 0 for anything else."""
    if content.startswith(b"\x89PNG"):
        at = content.find(b"acTL", 0, content.find(b"IDAT"))
        return int.from_bytes(content[at + 4 : at + 8]) if at > 0 else 0
    if not content.startswith(b"RIFF") or content[8:16] != b"WEBPVP8X":
        return 0
    frames, at = 0, 12
    while at + 8 <= len(content):
        frames += content[at : at + 4] == b"ANMF"
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return frames


def _pictures(number: int) -> str:
    return "picture" if number == 1 else f"{number} pictures"
