"""All cameras are seen at once, opened one by one, and let go before one of them is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction

import clips
import pytest
from mjpeg import MjpegCamera
from watching import PATIENCE_S

from app.sources.live import Connection, Lost
from app.sources.stream import Stream
from app.watch import previews as module
from app.watch.cameras import IN_USE, SILENT, Camera
from app.watch.previews import Preview, Previews
from engine.types import Image


class Room:
    """Cameras that can be plugged in, taken by others, and stopped; counts who is open."""

    def __init__(self) -> None:
        self.cameras = [Camera(0, "one", ""), Camera(2, "two", "")]
        self.taken: set[int] = set()
        self.mute: set[int] = set()
        self.open: list[int] = []
        self.looks: list[bool] = []
        self.idle: Callable[[], bool] = lambda: False
        self.early = False  #: whether it was said that no camera is held while one was
        self.changed = threading.Condition()
        self.previews: tuple[Preview, ...] = ()

    def look(self, *, fresh: bool) -> tuple[Camera, ...]:
        self.looks.append(fresh)
        return tuple(self.cameras)

    def connect(self, number: int) -> Connection:
        if number in self.taken:
            raise Lost(IN_USE)
        self.open.append(number)
        return Seat(self, number)

    def show(self, previews: tuple[Preview, ...]) -> None:
        with self.changed:
            self.previews = previews
            self.changed.notify_all()

    def wait(self, fits: Callable[[dict[int, Preview]], bool]) -> None:
        with self.changed:
            happened = self.changed.wait_for(
                lambda: fits({each.camera.number: each for each in self.previews}), PATIENCE_S
            )
        assert happened, self.previews


class Seat:
    rate = Fraction(30)

    def __init__(self, room: Room, number: int) -> None:
        self.room, self.number = room, number

    def read(self) -> list[Image]:
        if self.number in self.room.mute:
            raise Lost("it sends no picture")
        return [clips.picture(self.number, 1280, 720)]

    def close(self) -> None:
        self.room.early |= self.room.idle()
        self.room.open.remove(self.number)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def previews(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Previews]:
    monkeypatch.setattr(module, "LOOK_S", 0.02)
    monkeypatch.setattr(module, "AGAIN_S", 0.02)
    made = Previews(look=room.look, connect=room.connect, show=room.show, pause_s=0.005)
    room.idle = made.idle
    yield made
    assert made.close(PATIENCE_S)
    assert room.open == []
    assert not room.early


def seen(*numbers: int) -> Callable[[dict[int, Preview]], bool]:
    return lambda now: [number for number, each in now.items() if each.image.size] == list(numbers)


def test_every_camera_is_seen_small_and_in_proportion(room: Room, previews: Previews) -> None:
    previews.on()
    room.wait(seen(0, 2))
    assert {each.image.shape for each in room.previews} == {(225, 400, 3)}


def test_switched_off_it_lets_go_of_every_camera_and_says_so(room: Room, previews: Previews) -> None:
    assert previews.idle()
    previews.on()
    assert not previews.idle()
    room.wait(seen(0, 2))
    previews.off()
    room.wait(lambda _: previews.idle())
    assert room.open == []
    previews.on()
    room.wait(lambda _: room.open == [0, 2])


def test_a_camera_that_another_program_has_does_not_hold_up_the_others(
    room: Room, previews: Previews
) -> None:
    room.taken = {0}
    previews.on()
    room.wait(seen(2))
    room.wait(lambda now: now[0].camera.problem == IN_USE)
    room.taken = set()
    room.wait(seen(0, 2))
    room.wait(lambda now: not now[0].camera.problem)


def test_a_camera_that_falls_silent_says_so_and_comes_back(room: Room, previews: Previews) -> None:
    previews.on()
    room.wait(seen(0, 2))
    room.mute = {2}
    room.wait(lambda now: now[2].camera.problem == SILENT and not now[2].image.size)
    room.mute = set()
    room.wait(seen(0, 2))


def test_a_camera_with_a_known_problem_is_not_opened(room: Room, previews: Previews) -> None:
    room.cameras[0] = Camera(0, "one", "no permission; join the group “video” and log in again")
    previews.on()
    room.wait(seen(2))
    assert room.open == [2]


def test_cameras_come_and_go_while_looked_at(room: Room, previews: Previews) -> None:
    previews.on()
    room.wait(seen(0, 2))
    room.cameras = [Camera(2, "another", ""), Camera(4, "new", "")]
    room.wait(lambda now: list(now) == [2, 4] and now[2].camera.name == "another")
    room.wait(seen(2, 4))
    assert sorted(room.open) == [2, 4]
    room.cameras = []
    room.wait(lambda now: not now)
    assert room.open == []


def test_only_the_first_look_is_fresh_and_one_that_was_asked_for(room: Room, previews: Previews) -> None:
    previews.on()
    room.wait(lambda _: len(room.looks) > 3)
    assert room.looks[0]
    assert not any(room.looks[1:4])
    before = len(room.looks)
    previews.on()
    room.wait(lambda _: any(room.looks[before:]))


def test_switching_fast_leaves_one_thread_and_one_hold_on_each_camera(room: Room, previews: Previews) -> None:
    for _ in range(200):
        previews.on()
        previews.off()
    previews.on()
    room.wait(seen(0, 2))
    room.wait(lambda _: sorted(room.open) == [0, 2])
    assert sum(thread.name == "previews" for thread in threading.enumerate()) == 1


def test_real_streams_are_shown_and_hung_up() -> None:
    with ExitStack() as stack:
        sending = [stack.enter_context(MjpegCamera()) for _ in range(2)]
        room = Room()
        room.cameras = [Camera(n, f"camera {n}", "") for n in range(2)]
        made = Previews(
            look=room.look, connect=lambda n: Stream(sending[n].address, 3.0, 1), show=room.show, pause_s=0.01
        )
        made.on()
        room.wait(seen(0, 1))
        assert made.close(PATIENCE_S)
        assert [camera.connections for camera in sending] == [1, 1]
