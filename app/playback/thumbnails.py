"""A small picture of each recording that was opened before, made once and kept."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import cast

import cv2
import numpy as np

from app.sources import open_source
from app.sources.naming import camera_number, is_address, natural
from app.sources.pictures import VIDEOS
from app.watch.previews import NOTHING, small
from engine.cache import keep_private, put
from engine.errors import UserError
from engine.types import Image

PATIENCE = 120  #: pictures looked at for a good one: films begin with black
PLAIN = 12.0  #: standard deviation of grey levels below which a picture shows nothing
MOST = 300  #: pictures kept


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """What there is to see of a source."""

    image: Image  #: uint8 (H, W, 3) BGR, small; (0, 0, 3) where there is none
    here: bool  #: whether the file is still there; true for what is no file


class Thumbnails:
    """Makes thumbnails in a thread that ends when all are made; what was asked last is done first.

    `show` gets everything asked for so far, from that thread, each time that there is more.
    """

    def __init__(self, *, cache: Path, show: Callable[[Mapping[str, Thumbnail]], None]) -> None:
        self._cache, self._show = cache, show
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._asked: tuple[str, ...] = ()
        self._running = False
        self._thread = threading.Thread()

    def want(self, sources: Sequence[str]) -> None:
        """Of these, in this order."""
        with self._lock:
            self._asked = tuple(sources)
            if not self._running and not self._stop.is_set():
                self._running = True
                self._thread = threading.Thread(target=self._run, name="thumbnails")
                self._thread.start()

    def close(self, timeout_s: float) -> bool:
        """Stop; whether the thread ended within that time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while asked := self._next():
            made: dict[str, Thumbnail] = {}
            for source in asked:
                if self._asked or self._stop.is_set():
                    break
                made[source] = thumbnail(source, self._cache, self._stop)
                self._show(MappingProxyType(made.copy()))

    def _next(self) -> tuple[str, ...]:
        """What was asked for last; when nothing was, the thread ends."""
        with self._lock:
            asked, self._asked = () if self._stop.is_set() else self._asked, ()
            self._running = bool(asked)
        return asked


def thumbnail(source: str, cache: Path, stop: threading.Event) -> Thumbnail:
    """The first good picture of a recording, from `cache` where it was made before. Never fails.

    Cameras and addresses are not opened: that can take long, and others may see it. A folder of videos shows
    the first of them. A recording that changed gets a new picture.
    """
    if camera_number(source) >= 0 or is_address(source):
        return Thumbnail(NOTHING, here=True)
    try:
        path = _shown(Path(source))
        found = path.stat()
    except OSError:
        return Thumbnail(NOTHING, here=False)
    which = f"{path.resolve()}\0{found.st_mtime_ns}\0{found.st_size}".encode(errors="surrogateescape")
    kept = cache / f"{hashlib.sha256(which).hexdigest()[:32]}.jpg"
    image = _load(kept)
    if not image.size:
        image = _good(path, stop)
        if image.size:
            _keep(kept, image)
    return Thumbnail(image, here=True)


def _shown(path: Path) -> Path:
    """What a folder is known by: its first video, else itself, which is then one of pictures."""
    if not path.is_dir():
        return path
    videos = (each for each in path.iterdir() if each.suffix.lower() in VIDEOS and each.is_file())
    return min(videos, key=lambda each: natural(each.name), default=path)


def _good(path: Path, stop: threading.Event) -> Image:
    """The first picture on which there is something to see, or else the one with the most."""
    best, most = NOTHING, -1.0
    with suppress(UserError, OSError), closing(open_source(os.fspath(path), stem="thumbnail")) as source:
        for frame in islice(source.frames(stop), PATIENCE):
            image = small(frame.image)
            if (contrast := float(np.std(cast(Image, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))))) > most:
                best, most = image, contrast
            if most > PLAIN:
                break
    return best


def _load(kept: Path) -> Image:
    with suppress(OSError):
        coded = np.frombuffer(kept.read_bytes(), np.uint8)
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
        return NOTHING if image is None else cast(Image, image)
    return NOTHING


def _keep(kept: Path, image: Image) -> None:
    """Where that fails, it is made anew next time."""
    with suppress(OSError, UserError):
        keep_private(kept.parent)  # people are in these pictures
        put(kept, cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
        pictures = sorted(kept.parent.glob("*.jpg"), key=lambda each: each.stat().st_mtime)
        for old in pictures[: max(0, len(pictures) - MOST)]:
            old.unlink()
