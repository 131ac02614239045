"""Files arrive whole or not at all, whatever the network and the disk do."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from fetching import (  # noqa: F401  (fixtures)
    CONTENT,
    HALF,
    SHA256,
    WANTED,
    fetch,
    is_there,
    leave_half,
    names,
    path_,
    server_,
    straight_and_quick,
)
from publisher import Publisher

from app.networks import download as module
from app.networks.download import Wanted, download, is_whole
from app.networks.part import kept
from app.networks.web import Unobtainable
from engine.errors import UserError

ROOT = Path(__file__).parents[1]


def test_a_file_arrives_with_its_sha256_beside_it(server: Publisher, path: Path) -> None:
    shown = fetch(server.address, path)
    assert is_there(path)
    assert path.with_name("net.pth.sha256").read_text() == f"{SHA256}  net.pth\n"
    assert shown == sorted(shown)
    assert shown[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_that_is_there_is_not_fetched_again(server: Publisher, path: Path) -> None:
    fetch(server.address, path)
    fetch(server.address, path)
    assert len(server.asked) == 1


def test_a_connection_that_breaks_off_is_taken_up_where_it_ended(server: Publisher, path: Path) -> None:
    server.breaks = [HALF]
    fetch(server.address, path)
    assert is_there(path)
    assert "Range" not in server.asked[0]
    assert server.asked[1]["Range"] == f"bytes={HALF}-"
    assert server.asked[1]["If-Range"] == server.etag
    assert server.sent == [HALF, len(CONTENT) - HALF]


def test_a_later_run_goes_on_where_the_last_one_ended(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    assert names(path) == ["net.pth.part", "net.pth.part.json"]
    fetch(server.address, path)
    assert is_there(path)
    assert server.sent == [len(CONTENT) - HALF]


def test_what_is_kept_after_a_broken_connection_is_told(server: Publisher, path: Path) -> None:
    server.breaks = [HALF] + [0] * module.TRIES
    with pytest.raises(Unobtainable, match=r"broke off.*; 0\.1 MB are kept, the same command goes on"):
        fetch(server.address, path)
    assert len(server.asked) == 1 + module.TRIES


def test_a_connection_that_never_brings_anything_is_given_up(server: Publisher, path: Path) -> None:
    server.breaks = [0] * 100
    with pytest.raises(Unobtainable, match="broke off"):
        fetch(server.address, path)
    assert len(server.asked) == module.TRIES
    assert names(path) == []


def test_a_server_without_ranges_sends_it_all_again(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    server.ranges = False
    fetch(server.address, path)
    assert is_there(path)
    assert server.sent == [len(CONTENT)]


@pytest.mark.parametrize("where", ["bytes 0-299999/300000", "bytes 131072-299999/*", "bytes", ""])
def test_an_answer_that_is_not_the_rest_is_not_put_behind_the_part(
    server: Publisher, path: Path, where: str
) -> None:
    def other_rest(request: BaseHTTPRequestHandler) -> None:
        if "Range" not in request.headers:
            server.answer(request)
            return
        request.send_response(206)
        request.send_header("ETag", server.etag)
        request.send_header("Content-Range", where)
        request.send_header("Content-Length", str(len(CONTENT) - HALF))
        request.end_headers()
        request.wfile.write(CONTENT[: len(CONTENT) - HALF])

    leave_half(server, path)
    server.special["/file.pth"] = other_rest
    fetch(server.address, path)
    assert is_there(path)


@pytest.mark.parametrize("minds_if_range", [True, False])
def test_a_part_of_a_file_that_has_changed_is_not_used(
    server: Publisher, path: Path, minds_if_range: bool
) -> None:
    server.content = CONTENT[::-1]
    leave_half(server, path)
    server.content, server.etag, server.minds_if_range = CONTENT, '"two"', minds_if_range
    fetch(server.address, path)
    assert is_there(path)


def test_a_part_of_a_file_that_has_become_shorter_is_not_used(server: Publisher, path: Path) -> None:
    server.content = CONTENT * 2
    server.breaks = [len(CONTENT) + HALF] + [0] * module.TRIES
    with pytest.raises(UserError):
        fetch(server.address, path, Wanted(SHA256))
    server.breaks, server.content, server.minds_if_range = [], CONTENT, False
    fetch(server.address, path)
    assert is_there(path)


def test_a_part_from_another_address_is_not_used(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    fetch(server.root + "/mirror.pth", path)
    assert is_there(path)
    assert "Range" not in server.asked[0]


@pytest.mark.parametrize(
    "about", ["", "[]", '{"address": 1}', '{"address": "x", "validator": 1, "total": "x"}']
)
def test_a_part_that_nobody_can_say_anything_about_is_not_used(
    server: Publisher, path: Path, about: str
) -> None:
    leave_half(server, path)
    path.with_name("net.pth.part.json").write_text(about)
    fetch(server.address, path)
    assert is_there(path)


def test_a_part_that_only_wants_its_name_needs_no_network(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("net.pth.part").write_bytes(CONTENT)
    about = {"address": "http://127.0.0.1:9/file", "validator": "", "total": len(CONTENT)}
    path.with_name("net.pth.part.json").write_text(json.dumps(about))
    fetch("http://127.0.0.1:9/file", path)
    assert is_there(path)


def test_a_single_wrong_byte_is_noticed_and_nothing_stays(server: Publisher, path: Path) -> None:
    damaged = bytearray(CONTENT)
    damaged[200_000] ^= 1
    server.content = bytes(damaged)
    with pytest.raises(UserError) as caught:
        fetch(server.address, path)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(damaged).hexdigest() in str(caught.value)
    assert names(path) == []


def test_a_damaged_part_is_noticed_after_the_rest_has_come(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    part = path.with_name("net.pth.part")
    part.write_bytes(bytes(1) + part.read_bytes()[1:])
    with pytest.raises(UserError, match=" damaged"):
        fetch(server.address, path)
    assert names(path) == []
    fetch(server.address, path)
    assert is_there(path)


def test_the_first_digits_of_a_sha256_are_held_against_it(server: Publisher, path: Path) -> None:
    fetch(server.address, path, Wanted(SHA256[:8]))
    assert kept(path) == SHA256
    wrong = f"{int(SHA256[:8], 16) ^ 1:08x}"
    with pytest.raises(UserError, match=f"should be {wrong}"):
        fetch(server.address, path.with_name("other.pth"), Wanted(wrong))
    assert not path.with_name("other.pth").exists()


def test_a_damaged_file_is_fetched_again(server: Publisher, path: Path) -> None:
    fetch(server.address, path)
    path.write_bytes(CONTENT[:-1])
    fetch(server.address, path)
    assert is_there(path)


def test_damage_shows_even_where_only_a_few_digits_are_published(server: Publisher, path: Path) -> None:
    fetch(server.address, path, Wanted(SHA256[:1]))
    other = next(text for n in range(999) if sha(text := b"%d" % n).startswith(SHA256[:1]))
    path.write_bytes(other)
    assert not is_whole(path, Wanted(SHA256[:1]))
    assert kept(path) == SHA256


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_that_never_came_from_here_is_not_overwritten(server: Publisher, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my own network")
    with pytest.raises(UserError, match="move it out of the way"):
        fetch(server.address, path)
    assert path.read_text() == "my own network"
    assert names(path) == ["net.pth"]


def test_a_length_that_is_too_great_is_a_broken_connection(server: Publisher, path: Path) -> None:
    server.announced = len(CONTENT) + 1
    with pytest.raises(Unobtainable, match="broke off"):
        fetch(server.address, path, Wanted(SHA256))
    assert not path.exists()


def test_a_length_that_is_too_small_is_another_file(server: Publisher, path: Path) -> None:
    server.announced = len(CONTENT) - 1
    with pytest.raises(UserError, match="damaged, or another file"):
        fetch(server.address, path, Wanted(SHA256))
    assert names(path) == []


def test_a_file_of_another_size_is_refused_before_it_comes(server: Publisher, path: Path) -> None:
    server.content = CONTENT * 2
    with pytest.raises(Unobtainable, match="has a file of 600,000 bytes, not of 300,000"):
        fetch(server.address, path)
    assert names(path) == []


def test_a_file_of_unknown_length_arrives(server: Publisher, path: Path) -> None:
    server.chunked = True
    shown = fetch(server.address, path)
    assert is_there(path)
    assert shown[-1] == (len(CONTENT), 0)


def test_a_file_of_unknown_length_that_breaks_off_is_fetched_anew(server: Publisher, path: Path) -> None:
    server.chunked, server.breaks = True, [HALF]
    fetch(server.address, path)
    assert is_there(path)


def test_a_file_without_end_is_left(server: Publisher, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", HALF)
    server.chunked = True
    with pytest.raises(UserError, match="more came than was announced"):
        fetch(server.address, path)
    assert names(path) == []


def test_a_full_disk_leaves_nothing_under_the_final_name(server: Publisher, path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    try:
        with pytest.raises(UserError, match=r"the disk is full.*; 0\.1 MB are kept") as caught:
            fetch(server.address, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not isinstance(caught.value, Unobtainable)
    assert not path.exists()
    fetch(server.address, path)
    assert is_there(path)
    assert server.sent[1] == len(CONTENT) - HALF


def test_a_disk_without_room_is_told_before_anything_comes(
    server: Publisher, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 200_000})
    monkeypatch.setattr("app.networks.download.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"0\.3 MB are to come, but the disk has 0\.2 MB left"):
        fetch(server.address, path)
    assert names(path) == []


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        fetch("http://127.0.0.1:9/", tmp_path / "file" / "net.pth")


def test_a_link_in_the_place_of_the_part_is_not_followed(server: Publisher, path: Path) -> None:
    path.parent.mkdir()
    precious = path.with_name("precious")
    precious.write_text("as it was")
    path.with_name("net.pth.part").symlink_to(precious)
    with pytest.raises(UserError, match="cannot be written"):
        fetch(server.address, path)
    assert precious.read_text() == "as it was"


def test_two_runs_do_not_fetch_one_file_at_once(server: Publisher, path: Path) -> None:
    said: list[str] = []

    def second(*_: int) -> None:
        if not said:
            with pytest.raises(UserError, match=r"another run is fetching net\.pth") as caught:
                fetch(server.address, path)
            said.append(str(caught.value))

    download(server.address, path, WANTED, show=second, stop=threading.Event())
    assert said
    assert is_there(path)
    assert len(server.asked) == 1


WORKER = """
import sys, threading
from pathlib import Path
from app.networks.download import Wanted, download
download(sys.argv[1], Path(sys.argv[2]), Wanted(sys.argv[3]), show=lambda *_: None, stop=threading.Event())
"""


def test_a_killed_run_leaves_a_part_that_the_next_one_takes_up(server: Publisher, path: Path) -> None:
    server.stall_after = HALF
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, server.address, str(path), SHA256], cwd=ROOT, env=os.environ
    )
    part = path.with_name("net.pth.part")
    while not (part.exists() and part.stat().st_size == HALF):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    server.stall_after = None
    fetch(server.address, path)
    assert is_there(path)
    assert server.asked[-1]["Range"] == f"bytes={HALF}-"


def test_of_many_runs_at_once_each_ends_with_the_whole_file_or_a_clear_line(path: Path) -> None:
    with Publisher(CONTENT) as server:
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, server.address, str(path), SHA256],
                cwd=ROOT,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for run in runs:
            _, said = run.communicate()
            assert run.returncode == 0 or "another run is fetching" in said
    assert is_there(path)
