"""A web server on loopback that offers one file, and can be made to fail in every way that servers do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class Publisher:
    """Offers `content` at `address`. All the rest may be changed at any time.

    `breaks` says for each answer to come after how many bytes it ends, None: not at all. `announced` is the
    length that is said, if it is not the right one. With `ranges` False, every answer is the whole file.
    `special` answers a path in another way. Each request is added to `asked` (its headers), the bytes that
    went out to `sent`.
    """

    content: bytes
    etag: str = '"one"'
    ranges: bool = True
    minds_if_range: bool = True
    announced: int | None = None
    chunked: bool = False
    kind: str = "application/octet-stream"
    breaks: list[int | None] = field(default_factory=list)
    special: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    stalled: threading.Event = field(
        default_factory=threading.Event
    )  #: set once it stalls, see `stall_after`
    stall_after: int | None = None  #: bytes after which nothing more comes, until the server is closed

    def __enter__(self) -> Publisher:
        self._ended = threading.Event()
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.close_connection = True
                publisher.special.get(self.path, publisher.answer)(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def address(self) -> str:
        return f"{self.root}/file.pth"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = dict(request.headers.items())
        self.asked.append(asked)
        start, whole = 0, len(self.content)
        other = self.minds_if_range and asked.get("If-Range", self.etag) != self.etag
        if self.ranges and "Range" in asked and not other:
            start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
        if start > whole or (start == whole and start):
            request.send_response(416)
            request.send_header("Content-Length", "0")
            request.end_headers()
            self.sent.append(0)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Type", self.kind)
        if self.etag:
            request.send_header("ETag", self.etag)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self._send(request, self.content[start:])

    def _send(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        after = self.breaks.pop(0) if self.breaks else None
        if self.chunked:
            request.send_header("Transfer-Encoding", "chunked")
        else:
            request.send_header(
                "Content-Length", str(len(body) if self.announced is None else self.announced)
            )
        request.end_headers()
        if self.stall_after is not None:
            request.wfile.write(body[: self.stall_after])
            request.wfile.flush()
            self._ended.wait()
            return
        body = body[:after]
        self.sent.append(len(body))
        if self.chunked:
            body = b"%x\r\n%s\r\n" % (len(body), body) + (b"0\r\n\r\n" if after is None else b"")
        request.wfile.write(body)


def redirection(to: str, code: int = 302) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that sends the asker elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def refusal(code: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that is a no."""
    return lambda request: request.send_error(code)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the other side hung up: part of the play
