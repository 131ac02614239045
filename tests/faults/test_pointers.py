"""A file that only points to others, and a name that could mean more, lead nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import clips
import pytest
from mjpeg import web_server

from app.sources import open_source
from engine.errors import UserError

ROOT = Path(__file__).parents[2]
PASSWORD = "s3cret-Pa55"
PATIENCE_S = 60.0


@pytest.fixture
def visited() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the paths it was asked for."""
    asked: list[str] = []

    class Ears(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = self.path.encode() if self.path.endswith("x.ts") else PLAYLISTS.get(self.path[1:], b"")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with web_server(Ears) as address:
        yield address, asked
    PLAYLISTS.clear()


PLAYLISTS: dict[str, bytes] = {}  #: what the server has, by name


def _pointing(to: str) -> dict[str, bytes]:
    """Texts that make players open `to`."""
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{to}\n#EXT-X-ENDLIST\n"
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 23456 RTP/AVP 26\n"
    mpd = f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{to}</BaseURL></MPD>'
    texts = {"hls": hls, "concat": f"ffconcat version 1.0\nfile '{to}'\n", "sdp": sdp, "dash": mpd}
    texts |= {"asx": f'<asx version="3.0"><entry><ref href="{to}"/></entry></asx>', "rtsp": f"rtsptext\n{to}"}
    return {name: text.encode() for name, text in texts.items()}


def test_a_file_that_points_elsewhere_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visited: tuple[str, list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    address, asked = visited
    clips.write(tmp_path / "x.ts", [clips.picture(i) for i in range(5)], [3600 * i for i in range(5)])
    for to in ("x.ts", str(tmp_path / "x.ts"), f"file://{tmp_path}/x.ts", f"{address}/x.ts"):
        for kind, text in _pointing(to).items():
            for ending in (".mp4", ".m3u8", ".ffconcat", ".sdp", ".mpd"):
                path = tmp_path / f"{kind}{ending}"
                path.write_bytes(text)
                with pytest.raises(UserError, match="this is text, not a video"):
                    open_source(path.name, stem="x")
    assert asked == []


def test_an_address_that_points_to_files_here_is_not_followed(
    tmp_path: Path, visited: tuple[str, list[str]]
) -> None:
    address, asked = visited
    clips.write(tmp_path / "x.ts", [clips.picture(i) for i in range(5)], [3600 * i for i in range(5)])
    for kind, text in _pointing(f"file://{tmp_path}/x.ts").items():
        PLAYLISTS[kind] = text
        with pytest.raises(UserError) as said:
            open_source(f"{address}/{kind}", stem="x").close()
        assert str(tmp_path) not in str(said.value)
    assert {path.strip("/") for path in asked} == set(PLAYLISTS)


NAMES = ("-i", "concat:a.mp4|b.mp4", "%d.mp4", "http:x", "pipe:1", "data:,x", "subfile,,start,0,end,9,,:a",
    "a'b$(c).mp4", "file:a.mp4", "\n.mp4", "tcp:1", "*.mp4", "~", "--help")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    clips.constant(tmp_path / "walk.mp4", 4)
    (tmp_path / "walk.mp4").rename(tmp_path / name)
    with closing(open_source(name, stem="x")) as source:
        assert len(list(source.frames(threading.Event()))) == 4


def test_a_pattern_in_a_name_is_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("%d.ppm", 9), ("1.ppm", 60), ("2.ppm", 60)):
        Path(name).write_bytes(b"P6\n2 2\n255\n" + bytes([value]) * 12)
    with closing(open_source("%d.ppm", stem="x")) as source:
        (frame,) = source.frames(threading.Event())
    assert (frame.image < 20).all()
