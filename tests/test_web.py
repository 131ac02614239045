"""Servers that lead elsewhere, refuse, talk nonsense or fall silent: one clear line, and soon."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from fetching import (  # noqa: F401  (fixtures)
    CONTENT,
    HALF,
    WANTED,
    fetch,
    is_there,
    leave_half,
    names,
    path_,
    server_,
    straight_and_quick,
)
from publisher import Publisher, redirection, refusal

from app.networks import download as module
from app.networks.download import download
from app.networks.web import LOOK_S, Stopped, Unobtainable, _Redirections
from engine.errors import UserError


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirection_is_followed(server: Publisher, path: Path, code: int) -> None:
    server.special["/old"] = redirection("/older", code)
    server.special["/older"] = redirection(server.address, code)
    fetch(server.root + "/old", path)
    assert is_there(path)


def test_a_part_is_taken_up_behind_a_redirection(server: Publisher, path: Path) -> None:
    server.special["/old"] = redirection(server.address)
    server.breaks = [HALF]
    fetch(server.root + "/old", path)
    assert server.sent == [HALF, len(CONTENT) - HALF]


@pytest.mark.parametrize("to", ["/there", "/here", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://a..b/"])
def test_a_redirection_to_nowhere_is_refused(server: Publisher, path: Path, to: str) -> None:
    server.special["/here"] = redirection(to)
    server.special["/there"] = redirection("/here")
    with pytest.raises(Unobtainable, match=r"redirection|cannot be reached"):
        fetch(server.root + "/here", path)
    assert names(path) == []


def test_no_redirection_leads_from_https_to_http() -> None:
    for to, followed in (("http://x/f", False), ("https://x/f", True)):
        request, headers = Request("https://x/"), HTTPMessage(Message().policy)
        try:
            found = _Redirections().redirect_request(request, io.BytesIO(), 302, "", headers, to)
        except HTTPError as error:
            error.close()
            found = None
        assert (found is not None) is followed


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "/etc/passwd"])
def test_only_the_web_is_asked(path: Path, address: str) -> None:
    with pytest.raises(UserError, match="an address starts with https://"):
        fetch(address, path)


def test_a_web_page_is_not_the_file(server: Publisher, path: Path) -> None:
    leave_half(server, path)
    server.kind, server.ranges = "text/html; charset=utf-8", False
    with pytest.raises(Unobtainable, match=r"a web page, not .*; 0\.1 MB are kept"):
        fetch(server.address, path)


@pytest.mark.parametrize("code", [403, 404, 429, 500, 503])
def test_a_no_is_told_with_its_code(server: Publisher, path: Path, code: int) -> None:
    server.special["/file.pth"] = refusal(code)
    with pytest.raises(Unobtainable, match=f"127.0.0.1:[0-9]+ answers {code}"):
        fetch(server.address, path)
    assert names(path) == []


def test_without_a_server_it_is_one_clear_line(path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        with pytest.raises(
            Unobtainable, match=r"cannot be reached \(Connection refused\); is there a network"
        ):
            fetch(address, path)
    assert names(path) == []


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000])
def test_what_is_no_web_server_is_one_clear_line(path: Path, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:

        def speak() -> None:
            connection, _ = port.accept()
            with connection, suppress(OSError):  # whoever has heard enough hangs up
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(Unobtainable) as caught:
            fetch(f"http://127.0.0.1:{port.getsockname()[1]}/file", path)
        thread.join()
    assert "\n" not in str(caught.value)


def test_a_server_that_falls_silent_is_given_up(
    server: Publisher, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.web.PATIENCE_S", 1.0)  # its first words have to come within it
    monkeypatch.setattr(module, "TRIES", 1)
    server.stall_after = 0
    with pytest.raises(Unobtainable, match=r"broke off \(nothing came for 1 s\)"):
        fetch(server.address, path)
    assert names(path) == []


def test_a_server_that_falls_silent_on_the_way_is_asked_for_the_rest(
    server: Publisher, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.networks.web.PATIENCE_S", 1.0)
    server.stall_after = HALF
    fetch(server.address, path)
    assert is_there(path)
    assert [each.get("Range") for each in server.asked] == [None, f"bytes={HALF}-", f"bytes={2 * HALF}-"]


def test_a_server_that_says_nothing_at_all_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.networks.web.PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as port:
        address = f"http://127.0.0.1:{port.getsockname()[1]}/file"
        with pytest.raises(Unobtainable, match=r"cannot be reached \(nothing came for 0\.3 s\)"):
            fetch(address, path)


def test_what_lies_behind_a_proxy_may_take_its_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy opens the way; the server behind it is silent for longer than a look, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as port:

        def pass_on() -> None:
            connection, _ = port.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(b"HTTP/1.0 200 Connection established\r\n\r\n")
                time.sleep(2 * LOOK_S)

        asked: list[bytes] = []
        thread = threading.Thread(target=pass_on)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port.getsockname()[1]}")
        with pytest.raises(Unobtainable) as caught:
            fetch("https://somewhere.invalid/file", path)
        thread.join()
    assert asked[0].startswith(b"CONNECT somewhere.invalid:443")
    assert "nothing came" not in str(caught.value)


def test_stopping_ends_even_a_silent_connection_and_keeps_what_came(server: Publisher, path: Path) -> None:
    server.stall_after = HALF
    stop = threading.Event()

    def show(done: int, _: int) -> None:
        if done == HALF:
            stop.set()  # the next bytes never come

    with pytest.raises(Stopped):
        download(server.address, path, WANTED, show=show, stop=stop)
    assert path.with_name("net.pth.part").read_bytes() == CONTENT[:HALF]
    server.stall_after = None
    fetch(server.address, path)
    assert server.sent == [len(CONTENT) - HALF]


def test_stopping_while_waiting_for_a_server(server: Publisher, path: Path) -> None:
    stop = threading.Event()

    def silent(_: object) -> None:
        stop.set()
        server._ended.wait()

    server.special["/file.pth"] = silent
    with pytest.raises(Stopped):
        download(server.address, path, WANTED, show=lambda *_: None, stop=stop)
    assert names(path) == []
