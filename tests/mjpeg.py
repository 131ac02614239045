"""Cameras and servers on loopback that a test can make misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import clips
import cv2
import numpy as np
from numpy.typing import NDArray

BOUNDARY = "picture"


class MjpegCamera:
    """Serves `multipart/x-mixed-replace`, as network cameras do; picture n shows the number n.

    `hang_up` closes every connection and the port; `come_back` opens the same port again; `stall` keeps the
    connections and sends nothing; `size` may be changed at any time. Leaving the `with` block joins every
    thread.
    """

    def __init__(self, *, rate: float = 50.0, size: tuple[int, int] = (160, 120)) -> None:
        self.size = size
        self.sent = 0
        self.connections = 0
        self._rate = rate
        self._stalled = threading.Event()
        self._ended = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/video"

    def __enter__(self) -> MjpegCamera:
        self.come_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def come_back(self) -> None:
        self._ended = threading.Event()
        self._stalled.clear()
        self._server = _Server(("127.0.0.1", self._port), _handler(self._serve))
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="mjpeg camera")
        self._thread.start()

    def hang_up(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()  # joins the threads of the connections
        self._thread.join()
        self._server = self._thread = None

    def stall(self) -> None:
        self._stalled.set()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.connections += 1
        ended = self._ended
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={BOUNDARY}")
        request.end_headers()
        while not ended.wait(1 / self._rate):
            if not self._stalled.is_set():
                jpeg = self._picture().tobytes()
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")
                self.sent += 1

    def _picture(self) -> NDArray[np.uint8]:
        width, height = self.size
        return cv2.imencode(".jpg", clips.picture(self.sent % 1024, width, height))[1]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the other side hung up: part of the play


def _handler(serve: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            serve(self)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


class DeafPort:
    """A port that accepts connections and never says a word."""

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/video"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


@contextmanager
def web_server(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on loopback that answers with `handler`; all its threads are joined."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
