"""Bytes from an http or https address; whoever waits for them can be told to stop."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    AbstractHTTPHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from app.plain import printable
from engine.errors import UserError

PATIENCE_S = 20.0  #: for a connection, and then without a single byte
LOOK_S = 0.2  #: so often whoever waits looks up


class Stopped(Exception):
    """Somebody asked to stop."""


class Unobtainable(UserError):
    """The network or the server does not give the file."""


class Refused(Unobtainable):
    """The server says so."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code  #: of HTTP


def open_address(address: str, headers: Mapping[str, str], stop: threading.Event) -> HTTPResponse:
    """The answer to GET, after redirections; its `read` raises `Stopped` soon after `stop` is set.

    Unobtainable where there is no network, no such server, or no answer; Refused where the answer is a no.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise UserError(f"{printable(address)}: an address starts with https:// or http://")
    request = Request(address, headers={"User-Agent": "kinetrail", **headers})
    try:
        return cast(HTTPResponse, _opener(stop).open(request, timeout=PATIENCE_S))
    except HTTPError as error:
        error.close()
        raise Refused(f"{_host(address)} answers {error.code} ({_why(error)})", error.code) from error
    except (OSError, HTTPException, ValueError) as error:
        raise Unobtainable(
            f"{_host(address)} cannot be reached ({reason(error)}); is there a network?"
        ) from error


def reason(error: Exception) -> str:
    """What went wrong on the way, in a few words."""
    inner = error.reason if isinstance(error, URLError) else error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {inner.verify_message}"
    if isinstance(inner, TimeoutError):
        return f"nothing came for {PATIENCE_S:g} s"
    text = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    return printable(text.strip() or type(inner).__name__)


def _host(address: str) -> str:
    return printable(urlsplit(address).netloc)


def _why(error: HTTPError) -> str:
    if 300 <= error.code < 400:
        return "a redirection in a circle, or to where no download may lead"
    return printable(str(error.reason))


def _opener(stop: threading.Event) -> OpenerDirector:
    """As urllib's own, but without file:, ftp: and data:, and never from https back to http."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        _Web(stop),
        HTTPDefaultErrorHandler(),
        _Redirections(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirections(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        fp.close()  # or all of it would be read first, however long
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in allowed:
            raise HTTPError(req.full_url, code, msg, headers, None)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Web(AbstractHTTPHandler):
    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connecting(HTTPConnection), request)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connecting(HTTPSConnection), request)

    http_request = https_request = AbstractHTTPHandler.do_request_

    def _connecting(self, kind: type[HTTPConnection]) -> Callable[..., HTTPConnection]:
        stop = self._stop

        class Answer(HTTPResponse):
            def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
                super().__init__(sock, *args, **more)
                self.fp: io.BufferedReader = io.BufferedReader(_Patient(sock, self.fp, stop))

        def connect(host: str, **options: Any) -> HTTPConnection:
            connection = kind(host, **options)
            connection.response_class = Answer
            return connection

        return connect


class _Patient(io.RawIOBase):
    """The bytes that come from a socket. `owner` keeps it open."""

    def __init__(self, sock: socket.socket, owner: io.BufferedIOBase, stop: threading.Event) -> None:
        self._sock, self._owner, self._stop = sock, owner, stop
        self._before = sock.gettimeout()
        sock.settimeout(LOOK_S)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while not self._stop.is_set():
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
        raise Stopped

    def close(self) -> None:
        if not self.closed:  # a proxy's answer leaves the socket for the handshake, which takes longer
            self._sock.settimeout(self._before)
        self._owner.close()
        super().close()
