"""Live sources: pictures as they come, through interruptions, and never a wait that cannot be ended."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path

import clips
import pytest
from mjpeg import DeafPort, MjpegCamera, web_server
from rtsp import RtspCamera
from watching import PATIENCE_S, Watching, check_order

from app.sources import live, open_source, stream
from app.sources.naming import spoken, stems
from engine.errors import UserError
from engine.types import Image


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence of a second is as good as one of two for tests that wait until it is noticed."""
    monkeypatch.setattr(stream, "AGAIN_S", 1.0)


def test_frames_come_in_order_at_growing_times_of_arrival() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        frames = watching.next(40)
        shown = [clips.number(frame.image) for frame in frames]
        info = watching.source.info
    check_order(frames)
    assert shown == sorted(set(shown))
    assert (info.live, info.frames, info.audio, info.width, info.height) == (True, 0, "", 160, 120)
    assert info.time_base == Fraction(1, 90000)
    assert frames[-1].time > 0.1  # 39 pictures at 50 a second take 0.78 s, less what it took to open
    assert not frames[0].image.flags.writeable


def test_pictures_that_arrive_at_one_moment_get_times_one_tick_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Burst:
        rate = Fraction(30)

        def read(self) -> list[Image]:
            return [clips.picture(i) for i in range(5)]

        def close(self) -> None:
            pass

    monkeypatch.setattr(live.time, "monotonic", lambda: 100.0)  # a clock too coarse to tell them apart
    stop = threading.Event()
    source = live.Live(Burst(), lambda _: Burst(), name="burst", stem="x", notice=print, stop=stop)
    frames = [frame for frame, _ in zip(source.frames(stop), range(8), strict=False)]
    assert [frame.time for frame in frames] == [i / 90000 for i in range(8)]


@pytest.mark.usefixtures("impatient")
def test_the_last_picture_before_a_silence_is_not_held_back() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        frames = watching.next(3)
        camera.stall()
        watching.notices.get(timeout=PATIENCE_S)
        while not watching.frames.empty():
            frames.append(watching.frames.get())
    assert clips.number(frames[-1].image) == camera.sent - 1


def test_a_coded_stream_gives_every_frame_from_its_first_key_frame_and_holds_none_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "stream.ts"
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": "250"}  # one key frame, at the very start
    clips.write(path, [clips.picture(i) for i in range(40)], [3600 * i for i in range(40)], options=options)
    with streaming(path) as address, Watching(address, threads=4) as watching:
        watching.notices.get(timeout=PATIENCE_S)
        shown = [clips.number(watching.frames.get().image) for _ in range(watching.frames.qsize())]
    # A transport stream says where a frame ends by beginning the next.
    assert shown in (list(range(39)), list(range(40)))


@pytest.mark.usefixtures("impatient")
def test_an_rtsp_camera_is_logged_in_to_and_watched_from_its_first_key_frame() -> None:
    with RtspCamera(30, login="me:secret") as camera:
        with pytest.raises(UserError, match="401") as raised:
            open_source(camera.address.replace("//", "//me:wrong@"), stem="x")
        with Watching(camera.address.replace("//", "//me:secret@"), threads=4) as watching:
            lost = watching.notices.get(timeout=PATIENCE_S)
            shown = [clips.number(watching.frames.get().image) for _ in range(watching.frames.qsize())]
    # FFmpeg waits for the beginning of the 30th; by now the camera may be watched anew.
    assert shown[:29] == list(range(29))
    assert watching.source.info.name == camera.address
    assert "secret" not in lost
    assert "wrong" not in str(raised.value)


@contextmanager
def streaming(path: Path) -> Iterator[str]:
    """A server that sends a file as if it were live, once: it never says how long it is, then silence."""
    over, sent = threading.Event(), threading.Event()

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            if not sent.is_set():
                sent.set()
                self.wfile.write(path.read_bytes())
            over.wait(PATIENCE_S)

        def log_message(self, *_: object) -> None:
            pass

    with web_server(Endless) as address:
        yield f"{address}/stream.ts"
        over.set()


def test_a_camera_that_hangs_up_and_comes_back_goes_on_where_it_was() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        frames = watching.next(5)
        camera.hang_up()
        lost = watching.notices.get(timeout=PATIENCE_S)
        while not watching.frames.empty():
            frames.append(watching.frames.get())
        camera.come_back()
        frames += watching.next(5)
        back = watching.notices.get(timeout=PATIENCE_S)
    while not watching.frames.empty():
        frames.append(watching.frames.get())
    check_order(frames)
    name = watching.source.info.name
    assert lost.startswith(f"{name}: connection lost (")
    assert back == f"{name}: connection is back"
    assert watching.notices.empty()


def test_a_picture_that_comes_back_in_another_size_is_brought_to_the_first() -> None:
    with MjpegCamera(size=(160, 120)) as camera, Watching(camera.address) as watching:
        watching.next(2)
        camera.hang_up()
        camera.size = (320, 240)
        camera.come_back()
        watching.notices.get(timeout=PATIENCE_S)
        watching.notices.get(timeout=PATIENCE_S)
        last = watching.next(8)[-1]
    assert last.image.shape == (120, 160, 3)


@pytest.mark.usefixtures("impatient")
def test_a_camera_that_freezes_is_left_and_found_again() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        frames = watching.next(3)
        camera.stall()
        assert "no answer" in watching.notices.get(timeout=PATIENCE_S)
        camera.hang_up()
        camera.come_back()
        assert "back" in watching.notices.get(timeout=PATIENCE_S)
        while not watching.frames.empty():
            frames.append(watching.frames.get())
    check_order(frames)


def test_stop_is_heard_while_the_camera_is_silent() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        watching.next(2)
        camera.stall()
        watching.end()


def test_stop_is_heard_while_the_camera_is_gone() -> None:
    with MjpegCamera() as camera, Watching(camera.address) as watching:
        watching.next(2)
        camera.hang_up()
        watching.notices.get(timeout=PATIENCE_S)
        watching.end()


def test_a_port_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "START_S", 0.3)
    with DeafPort() as address, pytest.raises(UserError, match=r"no answer within 0\.3 s$"):
        open_source(address, stem="x")


def test_a_camera_that_says_hello_and_sends_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "START_S", 0.5)
    with MjpegCamera() as camera:
        camera.stall()
        with pytest.raises(UserError, match="no answer within"):
            open_source(camera.address, stem="x")


def free_port() -> int:
    with MjpegCamera() as camera:
        return int(camera.address.split(":")[2].split("/")[0])


PASSWORDS = ["secret", "12/ret", "sec:ret", "s@cret", "sec/ret", "sec?ret", "s#c%20ret", "sécret"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("query", ["", "?pwd={}"])
def test_no_password_is_ever_shown(password: str, query: str) -> None:
    address = f"http://me:{password}@127.0.0.1:{free_port()}/video" + query.format(password)
    with pytest.raises(UserError) as raised:
        open_source(address, stem="x")
    for said in (str(raised.value), spoken(address), stems([address])[0], repr(raised.value.__cause__)):
        assert password not in said
        assert "me:" not in said
        assert "ret" not in said


def test_the_password_is_used_and_the_name_is_without_it() -> None:
    with MjpegCamera() as camera:
        address = camera.address.replace("//", "//me:secret@") + "?token=secret"
        with Watching(address) as watching:
            watching.next(1)
            camera.hang_up()
            lost = watching.notices.get(timeout=PATIENCE_S)
    assert watching.source.info.name == camera.address
    assert "secret" not in lost


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server of files, on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with web_server(functools.partial(Quiet, directory=str(tmp_path))) as address:
        yield address


def test_a_recording_on_a_web_server_is_read_like_a_file(tmp_path: Path, server: str) -> None:
    times = clips.variable_rate_with_audio(tmp_path / "clip.mp4")
    source = open_source(f"{server}/clip.mp4", stem="x")
    frames = list(source.frames(threading.Event()))
    source.close()
    assert (source.info.live, source.info.frames, source.info.audio) == (False, 40, "")
    assert [clips.number(frame.image) for frame in frames] == list(range(40))
    assert [round(f.time / source.info.time_base) * source.info.time_base for f in frames] == times


def test_a_missing_page_is_said_and_not_waited_for(server: str) -> None:
    with pytest.raises(UserError, match=r"/nothing\.mp4: .*404"):
        open_source(f"{server}/nothing.mp4", stem="x")
