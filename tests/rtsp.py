"""A camera that speaks as much RTSP as a player needs: H.264 in RTP, interleaved in the TCP connection."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
from contextlib import suppress
from fractions import Fraction
from io import BufferedReader
from types import TracebackType

import av
import clips

START_CODE = re.compile(rb"\x00\x00\x00?\x01")


class RtspCamera:
    """Serves one client at a time `frames` pictures, number n showing n, and then silence.

    Only the first is a key frame. RFC 2326 for the dialogue, RFC 6184 in its single NAL unit mode for the
    pictures. Wants user and password as RFC 2617 (Basic) has it, when given.
    """

    def __init__(self, frames: int, *, login: str = "") -> None:
        self._pictures = _coded(frames)
        self._sets = [unit for unit in self._pictures[0] if unit[0] & 31 in (7, 8)]
        self._login = base64.b64encode(login.encode()).decode() if login else ""
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"rtsp://127.0.0.1:{self._listening.getsockname()[1]}/live"
        self._thread = threading.Thread(target=self._serve, name="rtsp camera")

    def __enter__(self) -> RtspCamera:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client, client.makefile("rb") as requests, suppress(OSError):  # the other side hangs up
                client.settimeout(20.0)
                while self._answer(client, requests.readline(), requests):
                    pass

    def _answer(self, client: socket.socket, request: bytes, requests: BufferedReader) -> bool:
        """One request and its answer; whether to go on."""
        if not request.strip():
            return False
        headers = {}
        while line := requests.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        method = request.split()[0].decode()
        status, extra, body = "200 OK", "", ""
        if self._login and headers.get("authorization") != f"Basic {self._login}":
            status, extra = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "DESCRIBE":
            extra, body = "Content-Type: application/sdp\r\n", self._description()
        elif method == "SETUP":
            extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        answer = f"RTSP/1.0 {status}\r\nCSeq: {headers['cseq']}\r\nSession: 1\r\n{extra}"
        client.sendall(f"{answer}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        if method == "PLAY" and status == "200 OK":
            self._play(client)
            return False
        return method != "TEARDOWN"

    def _description(self) -> str:
        sets = ",".join(base64.b64encode(unit).decode() for unit in self._sets)
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
            f"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=0;sprop-parameter-sets={sets}\r\n"
            "a=control:video\r\n"
        )

    def _play(self, client: socket.socket) -> None:
        sequence = 0
        for number, picture in enumerate(self._pictures):
            for unit in picture:
                last = unit is picture[-1]
                head = struct.pack(">BBHII", 0x80, 96 | last << 7, sequence, 3600 * number, 1)
                client.sendall(struct.pack(">BBH", 36, 0, len(head) + len(unit)) + head + unit)
                sequence += 1
        self._silence(client)

    def _silence(self, client: socket.socket) -> None:  # noqa: ARG002 (another camera may look at it)
        self._over.wait(20)


def _coded(frames: int) -> list[list[bytes]]:
    """The NAL units of each picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = clips.WIDTH, clips.HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "250"}
    pictures = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(clips.picture(number), format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        for packet in encoder.encode(frame):
            units = START_CODE.split(bytes(packet))
            pictures.append([unit for unit in units if unit])
    return pictures
