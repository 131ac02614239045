"""Whoever is killed leaves files that can be read, and whoever starts again ends as if nothing had been."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import killing
import numpy as np
import pytest
import trials
from fakes import info, result
from trials import Trials

from app.outputs.growing import whole
from app.outputs.mp4 import Mp4
from engine.types import Frame


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("kills")
    with killing.killer(folder) as killer:
        yield Trials(folder, killer, frames=40)


@pytest.mark.parametrize(
    ("kind", "share"),
    [("run", 0.12), ("run", 0.6), ("run", 0.93), ("export", 0.5), ("repair", 0.6), ("recording", 0.5)],
)
def test_a_kill_costs_no_file_and_what_is_done_again_is_as_if_it_had_not_been(
    tried: Trials, kind: str, share: float
) -> None:
    """At a share of what it does to files: while the session is made, in the middle, and near the end."""
    at = round(share * tried.moments(kind))
    while not tried.kill(kind, f"{kind} {share} {at}", at=at).killed:
        at = at * 9 // 10  # it did less than the first, which may have been slower and stored more often
        assert at


class Writes(io.RawIOBase):
    """A file that keeps what it was after every single write."""

    def __init__(self, file: io.FileIO, kept: list[tuple[int, bytes]]) -> None:
        self._file, self._kept = file, kept

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self._kept.append((self._file.tell(), bytes(content)))
        return self._file.write(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@pytest.mark.parametrize("expected", [60, 1])
def test_an_mp4_can_be_played_after_each_single_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: int
) -> None:
    """Also while it is completed: with an index in front, or behind where more frames came than expected."""
    if expected == 1:
        monkeypatch.setattr("app.outputs.container.LARGEST_ROOM", 400)
    kept: list[tuple[int, bytes]] = []
    sink = Mp4(tmp_path / "a.mp4", info(size=(64, 48), frames=60), 0.3, notice=lambda _: None)
    sink._growing._file = Writes(sink._growing._file, kept)  # type: ignore[assignment]
    rng = np.random.default_rng(1)
    for index in range(60):
        sink.write(result(Frame(index, index / 25, rng.integers(0, 255, (48, 64, 3), np.uint8))))
    sink.close()
    truth = trials.pictures(tmp_path / "a.mp4")
    assert len(truth) == 60
    path, most = tmp_path / "b.mp4", 0
    with path.open("w+b", buffering=0) as file:
        for place, content in kept:
            file.seek(place)
            file.write(content)
            most = max(most, whole(file)[1])
            if most:
                shown = trials.playable(path)
                assert shown == truth[: len(shown)]
                assert len(shown) >= most
    assert path.read_bytes() == (tmp_path / "a.mp4").read_bytes()
    assert most == 60
