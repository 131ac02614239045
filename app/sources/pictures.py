"""Pictures as a source: a folder of them, or a single one."""

from __future__ import annotations

import stat
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from app.plain import printable
from app.sources import pages
from app.sources.naming import natural, readable
from app.types import SourceInfo
from engine.errors import UserError
from engine.types import Frame, Image

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
UNKNOWN = (".heic", ".heif", ".avif")  #: pictures that need converting first
VIDEOS = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".ts",
    ".mts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".gif",
)
RATE = Fraction(25)  #: pictures carry no time: the n-th is shown at n / 25 s


class Pictures:
    """A Source of the given picture files, in the order given.

    Each Frame has the size of its own picture; info.width and info.height are those of the first. The pages
    and frames in a file follow one another as if each were a file. Pictures that cannot be read are left out,
    without a gap in index or time, and named in a UserError at the end.
    """

    def __init__(self, paths: Sequence[Path], *, name: str, stem: str) -> None:
        self._paths = paths
        unread: list[str] = []
        first = next(_readable(paths, unread), None)
        if first is None:
            raise UserError(f"{name}: {_account(unread, len(paths))}")
        self.info = SourceInfo(
            name=name,
            stem=stem,
            width=first.shape[1],
            height=first.shape[0],
            time_base=1 / RATE,
            rate=RATE,
            frames=len(paths) if len(paths) > 1 else pages.count(_content(paths[0])),
            live=False,
            stills=True,
            pixel_aspect=Fraction(1),
            audio="",
        )

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Every picture that can be read; see Source.frames."""
        unread: list[str] = []
        for index, image in enumerate(_readable(self._paths, unread)):
            if stop.is_set():
                return
            yield Frame(index, index / RATE.numerator, image)
        if unread and not stop.is_set():
            raise UserError(f"{self.info.name}: {_account(unread, len(self._paths))}")

    def close(self) -> None:
        pass  # no file stays open between pictures


def read_pictures(path: Path) -> Iterator[Image]:
    """The pictures in a file, mostly one, each (H, W, 3) BGR, upright as EXIF asks.

    Grey becomes three equal channels, 16 bits are cut to 8, alpha is dropped. UserError says what is there
    instead of a picture, or behind those that can be read.
    """
    content = _content(path)
    first = _decoded(content)
    yield first
    yield from pages.further(content, first)


def _content(path: Path) -> bytes:
    """The bytes of a picture file. OpenCV itself cannot open every path on every system."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device may never come to an end
            raise UserError("this is no file")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(str(error.strerror)) from error
    if not content:
        raise UserError("the file is empty")
    if content.startswith(b"\x89PNG") and b"IEND" not in content:
        raise UserError("the picture is cut off")  # libpng would complain on stderr
    if content.startswith(b"RIFF") and int.from_bytes(content[4:8], "little") + 8 > len(content):
        raise UserError("the picture is cut off")
    return content


def _decoded(content: bytes) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise UserError("the picture has more than OpenCV's limit of 2^30 pixels") from error
    if image is None:
        raise UserError("the picture is damaged, or not one that can be read")
    return cast(Image, image)


def open_pictures(path: Path, *, stem: str) -> Pictures:
    """A picture file, or the pictures of a folder in natural order, as a Source."""
    name = readable(path)
    if not path.is_dir():
        return Pictures([path], name=name, stem=stem)
    try:
        files = sorted(
            (f for f in path.iterdir() if not f.name.startswith(".")), key=lambda f: natural(f.name)
        )
    except OSError as error:
        raise UserError(f"{name}: the folder cannot be listed ({error.strerror})") from error
    pictures = [file for file in files if file.suffix.lower() in ENDINGS]
    if not pictures:
        raise UserError(f"{name}: no pictures in this folder; it {_contents(path, files)}")
    return Pictures(pictures, name=name, stem=stem)


def _readable(paths: Sequence[Path], unread: list[str]) -> Iterator[Image]:
    """The pictures in order; the names of the others, with reasons, go to `unread`."""
    for path in paths:
        try:
            yield from read_pictures(path)
        except UserError as error:
            unread.append(f"{readable(path)}: {error}" if len(paths) > 1 else str(error))


def _account(unread: Sequence[str], of: int) -> str:
    if of == 1:
        return unread[0]
    more = f" and {len(unread) - 5} more" if len(unread) > 5 else ""
    return f"{len(unread)} of {of} pictures cannot be read ({'; '.join(unread[:5])}{more})"


def _contents(folder: Path, files: Sequence[Path]) -> str:
    """What a folder holds instead of pictures, and what to do about it."""
    endings = Counter(printable(file.suffix.lower()) or "no ending" for file in files if file.is_file())
    folders = sum(file.is_dir() for file in files)
    if videos := sum(endings[ending] for ending in VIDEOS):
        ending = max(VIDEOS, key=lambda ending: endings[ending])
        return f"holds {_count(videos, 'video')}: pass '{printable(folder)}/*{ending}'"
    if endings:
        listed = ", ".join(f"{number} {ending}" for ending, number in endings.most_common(3))
        return f"holds {_count(endings.total(), 'other file')} ({listed}); known are {' '.join(ENDINGS)}"
    if folders:
        return f"holds {_count(folders, 'folder')}: pass one of them"
    return "is empty"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"
