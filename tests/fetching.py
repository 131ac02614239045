"""A file to be downloaded, the server that has it, and what is left in its folder afterwards."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from publisher import Publisher

from app.networks import download as module
from app.networks.download import Wanted, download
from engine.errors import UserError

CONTENT = random.Random(1).randbytes(300_000)
HALF = 131_072  #: bytes; twice what is read at once, so that all of them are kept
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WANTED = Wanted(SHA256, len(CONTENT))


@pytest.fixture(autouse=True)
def straight_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and no long breaths between two connections."""
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(name="server")
def server_() -> Iterator[Publisher]:
    with Publisher(CONTENT) as publisher:
        yield publisher


@pytest.fixture(name="path")
def path_(tmp_path: Path) -> Path:
    return tmp_path / "models" / "net.pth"


def fetch(address: str, path: Path, wanted: Wanted = WANTED) -> list[tuple[int, int]]:
    """Download; what was shown meanwhile."""
    shown: list[tuple[int, int]] = []
    download(address, path, wanted, show=lambda *each: shown.append(each), stop=threading.Event())
    return shown


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def is_there(path: Path) -> bool:
    """Whole, with its sha256 beside it and nothing else."""
    return path.read_bytes() == CONTENT and names(path) == [path.name, path.name + ".sha256"]


def leave_half(server: Publisher, path: Path) -> None:
    """A part of an earlier run, whose connection broke off for good."""
    server.breaks = [HALF] + [0] * module.TRIES
    with pytest.raises(UserError):
        fetch(server.address, path)
    server.breaks.clear()
    server.asked.clear()
    server.sent.clear()
