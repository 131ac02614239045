"""What sources and their outputs are called: readable, safe as file names, and never with a password."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from app.plain import printable, text

ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)  #: two letters or more: C:// is a drive
CAMERA = re.compile(r"(?:/dev/video)?([0-9]{1,3})", re.ASCII)
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::[0-9]*)?")  #: with or without a port
SECRET = re.compile(r"(?i)(pass\w*?|pwd|token|secret|auth|key)=[^&/]*")
LONGEST = 200  #: bytes of a stem in UTF-8; file systems allow 255, and an ending follows


def is_address(argument: str) -> bool:
    """Whether this is a URL."""
    return ADDRESS.fullmatch(argument) is not None


def camera_number(argument: str) -> int:
    """The number of the camera that "0" or "/dev/video0" names, -1 for anything else."""
    found = CAMERA.fullmatch(argument)
    return int(found[1]) if found else -1


def readable(path: str | Path) -> str:
    """The name of a file or folder for people to read, also for "." and ".."."""
    return printable(_named(path))


def spoken(address: str) -> str:
    """A URL as it may be shown: scheme, host, port and path.

    User and password go, and so does everything else that could hold a secret: query, fragment, and
    `password=...` inside a path, as some cameras want it. Where it is not certain that a password ends
    before the host, because "/" or "?" stand in it unescaped, nothing but the scheme is left.
    """
    found = ADDRESS.fullmatch(address)
    if found is None:
        return ""
    scheme, rest = found.groups()
    authority = re.split(r"[/?#]", rest)[0]
    beyond = rest[len(authority) :]
    host = authority.rpartition("@")[2]
    doubtful = "@" in beyond and ("@" in authority or ":" in authority)
    if doubtful or HOST.fullmatch(host) is None:
        return f"{scheme}://***"
    path = re.split(r"[?#]", beyond)[0]
    return printable(f"{scheme}://{host}" + SECRET.sub(r"\1=***", path))


def named(argument: str) -> str:
    """Any source as it may be shown: an address without its password, else the name of the file or folder."""
    return spoken(argument) if is_address(argument) else readable(argument)


def is_place(argument: str) -> bool:
    """Whether it is a file or a folder, by how it is written."""
    return not is_address(argument) and camera_number(argument) < 0


def stem(argument: str) -> str:
    """The file name, without ending, of what comes out of this source; never empty, hidden or a path."""
    if (number := camera_number(argument)) >= 0:
        return f"camera-{number}"
    if is_address(argument):
        place = PurePosixPath(spoken(argument).partition("://")[2])
        bare = str(place.with_suffix("")) if len(place.parts) > 1 else str(place)
        return _safe(re.sub(r"[^A-Za-z0-9._-]+", "-", bare)) or "stream"
    name = text(_named(argument))
    folder = os.path.isdir(argument)  # noqa: PTH112 because Path.is_dir fails on names that are too long
    return _safe(name if folder else PurePosixPath(name.lstrip(".")).stem) or "source"


def stems(arguments: Sequence[str]) -> list[str]:
    """One stem for each source, no two the same even where the file system ignores case.

    The first keeps the plain name; walk.mp4, b/walk.mov -> walk, walk-2.
    """
    taken: set[str] = set()
    chosen = []
    for argument in arguments:
        plain = candidate = stem(argument)
        number = 1
        while _folded(candidate) in taken:
            number += 1
            candidate = f"{plain}-{number}"
        taken.add(_folded(candidate))
        chosen.append(candidate)
    return chosen


def natural(name: str | Path) -> list[tuple[int, str]]:
    """Sorting key that puts picture 2 before picture 10."""
    pieces = re.split(r"([0-9]+)", str(name))
    return [(int(piece), "") if piece.isdecimal() else (-1, piece.casefold()) for piece in pieces] + [
        (0, str(name))
    ]


def _named(path: str | Path) -> str | Path:
    path = Path(path)
    name = path.name if path.name not in ("", "..") else Path(os.path.abspath(path)).name  # noqa: PTH100
    return name or path


def _safe(name: str) -> str:
    """Without what file systems or shells stumble over; spaces and letters of all languages stay."""
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "-", unicodedata.normalize("NFC", name))
    name = name.encode()[:LONGEST].decode(errors="ignore")[:100]
    return name.strip(" .-")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
