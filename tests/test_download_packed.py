"""Networks in a zip, and files that were fetched by other means."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from pathlib import Path

import pytest
from fetching import CONTENT, WANTED, fetch, is_there, leave_half, names, path_, server_, straight_and_quick  # noqa: F401  (fixtures)
from publisher import Publisher

from app.networks import download as module
from app.networks.download import Wanted, take
from engine.errors import UserError


def packed(members: dict[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", way) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def onnx(path: Path) -> Path:
    return path.with_name("net.onnx")


@pytest.mark.parametrize(
    "name", ["2023/end2end.onnx", "../../outside.onnx", "/tmp/outside.onnx", "..\\outside.onnx", ".onnx"]
)
def test_a_zip_around_a_network_is_taken_off_whatever_the_name_inside(
    server: Publisher, onnx: Path, name: str
) -> None:
    server.content = packed({name: CONTENT, "detail.json": b"{}"})
    fetch(server.root + "/net.zip", onnx)
    assert is_there(onnx)
    assert [each.name for each in onnx.parents[1].iterdir()] == ["models"]


@pytest.mark.parametrize("members", [{}, {"a.txt": b"x"}, {"a.onnx": b"x", "b.onnx": b"y"}])
def test_a_zip_without_exactly_one_network_is_refused(
    server: Publisher, onnx: Path, members: dict[str, bytes]
) -> None:
    server.content = packed(members)
    with pytest.raises(UserError, match=r"\.onnx files in it, not one"):
        fetch(server.root + "/net.zip", onnx)
    assert names(onnx) == []


def test_a_zip_of_immense_content_is_refused(
    server: Publisher, onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_UNPACKED", 100_000)
    server.content = packed({"a.onnx": bytes(100_001)})
    assert len(server.content) < 1000
    with pytest.raises(UserError, match="has 100,001 bytes"):
        fetch(server.root + "/net.zip", onnx)
    assert names(onnx) == []


def test_a_zip_that_lies_about_its_size_is_refused(server: Publisher, onnx: Path) -> None:
    content = bytearray(packed({"a.onnx": bytes(1_000_000)}))
    real = (1_000_000).to_bytes(4, "little")
    server.content = bytes(content).replace(real, (100).to_bytes(4, "little"))
    assert real not in server.content
    with pytest.raises(UserError, match="zip is damaged"):
        fetch(server.root + "/net.zip", onnx)
    assert names(onnx) == []


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("place", ["content", "flags"])
def test_a_damaged_or_locked_zip_is_refused(server: Publisher, onnx: Path, place: str, way: int) -> None:
    content = bytearray(packed({"a.onnx": CONTENT}, way))
    if place == "content":
        content[1000:1100] = bytes(100)
    else:
        content[6] |= 1  # says that it is encrypted
        content[content.rindex(b"PK\x01\x02") + 8] |= 1
    server.content = bytes(content)
    with pytest.raises(UserError, match="zip is damaged"):
        fetch(server.root + "/net.zip", onnx)
    assert names(onnx) == []


def test_another_network_in_the_zip_is_noticed(server: Publisher, onnx: Path) -> None:
    server.content = packed({"a.onnx": CONTENT[::-1]})
    with pytest.raises(UserError, match="damaged, or another file"):
        fetch(server.root + "/net.zip", onnx)
    assert names(onnx) == []


def bring(source: Path, path: Path, wanted: Wanted = WANTED) -> None:
    take(source, path, wanted, show=lambda *_: None, stop=threading.Event())


def test_a_file_fetched_by_hand_is_checked_and_copied(tmp_path: Path, path: Path) -> None:
    source = tmp_path / "Downloads.pth"
    source.write_bytes(CONTENT)
    bring(source, path)
    assert is_there(path)
    assert source.read_bytes() == CONTENT


def test_a_zip_fetched_by_hand_is_unpacked(tmp_path: Path, onnx: Path) -> None:
    source = tmp_path / "net.zip"
    source.write_bytes(packed({"x/end2end.onnx": CONTENT}))
    bring(source, onnx)
    assert is_there(onnx)


def test_a_wrong_file_fetched_by_hand_is_refused_and_left_alone(tmp_path: Path, path: Path) -> None:
    source = tmp_path / "Downloads.pth"
    source.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match="has 299,999 bytes, not 300,000"):
        bring(source, path)
    assert source.read_bytes() == CONTENT[:-1]
    assert names(path) == []


def test_a_part_completed_by_hand_is_not_emptied_by_being_taken(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    part = path.with_name("net.pth.part")
    part.write_bytes(CONTENT)
    bring(part, path)
    assert is_there(path)


@pytest.mark.parametrize("source", ["missing", "."])
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, path: Path, source: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        bring(tmp_path / source, path)


def test_a_pipe_nobody_writes_to_is_not_waited_for(tmp_path: Path, path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="no file, but a pipe"):
        bring(tmp_path / "pipe", path)
