"""The file FFmpeg writes an MP4 into, playable at any moment while it grows.

FFmpeg writes fragments (ISO/IEC 14496-12, section 8.8), each with an index of its own, behind a space kept
for the index of the whole. In the end it writes that index into the space and hides those of the fragments
(its option hybrid_fragmented): a finished file is a plain MP4 with the index in front, and nothing was
copied. Until then the space has to look like a box, and after an error FFmpeg must not touch what is good.

A player that finds both kinds of index, or none, gives up. So the index is put where nobody looks, inside of
an empty box, with a header behind it that will hide the fragments; and one write of a few bytes, by which the
empty box ends before the index, turns the one kind of file into the other. There is no moment in between.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from io import FileIO

_HEAD, _DATA_HEAD = 8, 16  # bytes before the content of a box, and of one whose size takes 64 bits
HIDING = 2 * _HEAD + _DATA_HEAD  #: bytes that an index takes more room by, until it is seen


class Growing:
    """What PyAV needs of a file to write to. After the first error every further call raises it again."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._end = 0
        self._errors: list[OSError] = []
        self._room = range(0)  # positions kept for the index
        self._index = io.BytesIO()  # what FFmpeg writes there, once it does
        self._indexing = False

    def write(self, data: bytes) -> int:
        """All of `data`, or an error."""
        if self._indexing:
            return self._index.write(data)
        self.verify()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            self._end = max(self._end, self._file.tell())
        except OSError as error:
            self._errors.append(error)
            raise
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as in any file; what is left out on the way to beyond the end becomes the room.

        Never raises, because PyAV would print that and go on: the next `write` or `verify` does.
        """
        target = self._end
        try:
            target = offset + (0, self.tell(), self._end)[whence]
            if self._indexing and target > self._room.start + self._length():
                self._indexing = False  # the index is complete
                self._reveal_index()
            if target > self._end:
                self._room = range(self._end, target)
                self._file.seek(self._end)
                self.write(_empty(len(self._room)) + bytes(len(self._room) - _HEAD))
            self._indexing |= target == self._room.start < self._end
            if self._indexing:
                return self._room.start + self._index.seek(target - self._room.start)
            return self._file.seek(target)
        except OSError as error:
            self._errors.append(error)
            return target

    def tell(self) -> int:
        return self._room.start + self._index.tell() if self._indexing else self._file.tell()

    def append_index(self) -> bool:
        """Put an index that is too long for its room behind everything; False if it is not that.

        FFmpeg gives up at this point. Left to do is what it does otherwise: make one box of data of all
        fragments, over the two empty boxes that stand before them for this.
        """
        if self._length() <= len(self._room):
            return False
        self._indexing = False
        end = self._end + _HEAD
        self._file.seek(self._end)
        self.write(_empty(_HEAD + self._length()) + self._index.getvalue())
        self._file.seek(self._room.stop)
        self.write(_data(end - self._room.stop))
        return True

    def stop(self, error: OSError) -> OSError:
        """Take nothing more because of `error`; the first error there was."""
        self._errors.append(error)
        return self._errors[0]

    def verify(self) -> None:
        """Raise the first error there was."""
        if self._errors:
            raise self._errors[0]

    def _reveal_index(self) -> None:
        """Put the index into its room, and let the fragments be mere data: all at once."""
        index, data = self._index.getvalue(), _data(self._end - self._room.stop + _DATA_HEAD)
        size = int.from_bytes(index[:4], "big")
        left = len(self._room) - _HEAD - size - len(data)
        if 0 < left < _HEAD or left < 0:  # no room to hide it
            self._file.seek(self._room.start)
            self.write(index)
            return
        self._file.seek(self._room.start + _HEAD)
        self.write(index[:size] + (_empty(left) + bytes(left - _HEAD) if left else b"") + data)
        self._file.seek(self._room.start)
        self.write(_empty(_HEAD))

    def _length(self) -> int:
        return self._index.getbuffer().nbytes


def whole(file: FileIO) -> tuple[int, int]:
    """Where the last complete fragment ends, and how many samples of track 1 the complete ones hold."""
    end = samples = announced = 0
    for kind, start, size in _boxes(file):
        if kind == b"moof":
            file.seek(start)
            announced = _samples(file.read(size))
        elif kind == b"mdat":
            end, samples, announced = start + size, samples + announced, 0
    return end, samples


def _empty(size: int) -> bytes:
    """The head of an empty box of that size."""
    return size.to_bytes(4, "big") + b"free"


def _data(size: int) -> bytes:
    """The head of a box of data of that size."""
    return (1).to_bytes(4, "big") + b"mdat" + size.to_bytes(8, "big")


def _boxes(file: FileIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of the content of each box that is there as a whole."""
    total = file.seek(0, os.SEEK_END)
    position = 0
    while position + 8 <= total:
        file.seek(position)
        header = file.read(16)
        size, kind, head = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:
            size, head = int.from_bytes(header[8:16], "big"), 16
        if size < head or position + size > total:
            return
        yield kind, position + head, size - head
        position += size


def _samples(moof: bytes) -> int:
    """Samples of track 1 in the content of a fragment's index: those of its runs (trun), 8.8.8."""
    count = track = 0
    for kind, content in _children(moof):
        for inner, fields in _children(content) if kind == b"traf" else ():
            if inner == b"tfhd":
                track = int.from_bytes(fields[4:8], "big")
            elif inner == b"trun" and track == 1:
                count += int.from_bytes(fields[4:8], "big")
    return count


def _children(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        size = max(8, int.from_bytes(content[position : position + 4], "big"))
        yield content[position + 4 : position + 8], content[position + 8 : position + size]
        position += size
