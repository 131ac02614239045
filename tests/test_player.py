"""A recording played: any picture exactly, the clock kept, and wishes that overtake one another."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import clips
import numpy as np
import pytest
from reading import read

from app.playback import player
from app.playback.film import Film
from app.playback.player import Player
from app.playback.playing import Playing
from app.playback.reel import Reel
from engine.types import Frame

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"


def open_groups(path: Path) -> None:
    """Groups of pictures whose first, in the order they are shown, need the group before."""
    options = {"preset": "veryfast", "qp": "12", "g": "12", "bf": "3", "x264-params": "open-gop=1:b-adapt=0"}
    clips.write(path, [clips.picture(i) for i in range(60)], [3600 * i for i in range(60)], options=options)


CLIPS: dict[str, Callable[[Path], object]] = {
    "constant.mp4": clips.constant,
    "variable.mp4": clips.variable_rate_with_audio,
    "b-frames.mp4": clips.with_b_frames,
    "late.mp4": clips.late_start,
    "open.mp4": open_groups,
    "phone.mp4": lambda path: clips.rotated(path, 90),
    "noisy.mp4": clips.corrupt_middle,
    "cut off.mp4": clips.truncated,
    **{f"container{ending}": clips.in_container for ending in clips.CONTAINERS},
}


@pytest.fixture(autouse=True)
def _sleeps_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks of these tests go their own way, so there is no use in waiting for long."""
    monkeypatch.setattr("app.playback.player.POLL_S", 0.001)


class Watched:
    """A player and all it ever showed; time passes only as the test wants, where it says so."""

    def __init__(self, path: Path, **options: object) -> None:
        self.seen: list[Frame] = []
        self.changed = threading.Condition()
        self.player = Player(str(path), show=self._show, changed=self._wake, threads=2, **options)

    def _show(self, frame: Frame) -> None:
        self.seen.append(frame)

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def until(self, true: Callable[[Playing], bool]) -> Playing:
        deadline = time.monotonic() + 20
        while not true(self.player.state()):
            assert time.monotonic() < deadline, self.player.state()
            with self.changed:
                self.changed.wait(0.01)
        return self.player.state()

    def at(self, index: int) -> Frame:
        self.until(lambda state: state.index == index and self.seen[-1].index == index)
        return self.seen[-1]


@contextmanager
def watched(path: Path, **options: object) -> Iterator[Watched]:
    it = Watched(path, **options)
    try:
        yield it
    finally:
        it.player.close()


@contextmanager
def ready(path: Path, **options: object) -> Iterator[Watched]:
    with watched(path, **options) as it:
        it.until(lambda state: state.counted)
        it.at(0)
        yield it


def same(shown: Frame, truth: Frame) -> bool:
    return (shown.index, shown.time) == (truth.index, truth.time) and np.array_equal(shown.image, truth.image)


@pytest.mark.parametrize("room", [200 << 20, 1], ids=["much kept", "little kept"])
@pytest.mark.parametrize("name", CLIPS)
def test_wherever_one_goes_stands_the_picture_that_a_run_has_there(
    tmp_path: Path, name: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.playback.reel.ROOM", room)  # little: nearly every move has to seek and decode
    path = tmp_path / name
    CLIPS[name](path)
    _, truth, _ = read(path)
    with ready(path) as it:
        for _ in truth:  # once through, so that a damaged recording is known as a run knows it
            it.player.step(1)
        it.at(len(truth) - 1)
        chance = random.Random(1)
        for _ in range(25):
            wanted = chance.randrange(len(truth))
            it.player.seek(truth[wanted].time)
            assert same(it.at(wanted), truth[wanted])
            if wanted:
                it.player.step(-1)
                assert same(it.at(wanted - 1), truth[wanted - 1])
        assert (it.player.state().start_s, it.player.state().frames) == (truth[0].time, len(truth))


def test_times_between_two_pictures_show_the_earlier_and_times_outside_the_ends(tmp_path: Path) -> None:
    times = clips.variable_rate_with_audio(tmp_path / "a.mp4")
    with ready(tmp_path / "a.mp4") as it:
        for number in (3, 17, 30):
            it.player.seek(float(times[number] + times[number + 1]) / 2)
            assert clips.number(it.at(number).image) == number
        it.player.seek(1e6)
        assert clips.number(it.at(39).image) == 39
        it.player.seek(-5)
        assert clips.number(it.at(0).image) == 0


def test_steps_beyond_either_end_stay_there(tmp_path: Path) -> None:
    clips.with_b_frames(tmp_path / "a.mp4")
    with ready(tmp_path / "a.mp4") as it:
        it.player.step(-3)
        it.player.step(29)
        it.at(26)  # asked for in one breath: 26 on
        it.player.step(50)
        it.at(29)
        it.player.step(-1)
        it.at(28)


def test_a_joined_stream_whose_clock_begins_anew_is_read_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "joined.ts"
    clips.write(tmp_path / "one.ts", [clips.picture(i) for i in range(60)], [3600 * i for i in range(60)])
    path.write_bytes((tmp_path / "one.ts").read_bytes() * 2)
    _, truth, _ = read(path)
    with watched(path) as it:
        it.until(lambda state: state.phase == "ready")
        for wanted in (100, 20, 61, 119):
            it.player.seek(truth[wanted].time)
            shown = it.at(wanted)
            assert same(shown, truth[wanted])
        it.player.step(-1)
        assert same(it.at(118), truth[118])


def test_playing_at_its_own_speed_shows_every_picture_and_stops_at_the_end(tmp_path: Path) -> None:
    clips.with_b_frames(tmp_path / "a.mp4")
    clock = Steady(0.003)
    with ready(tmp_path / "a.mp4", now=clock) as it:
        it.player.play()
        it.until(lambda state: state.index == 29 and not state.playing)
        assert [clips.number(frame.image) for frame in it.seen][-30:] == list(range(30))


class Steady:
    """A clock that goes on by the same amount each time one looks at it, however slow the machine is."""

    def __init__(self, step: float) -> None:
        self._now, self._step = 0.0, step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


class Hand:
    """A clock whose hand the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_clock_decides_what_is_shown_and_what_is_late_is_left_out(tmp_path: Path) -> None:
    clips.write(tmp_path / "a.mp4", [clips.picture(i) for i in range(50)], [3600 * i for i in range(50)])
    hand = Hand()
    with ready(tmp_path / "a.mp4", now=hand) as it:
        it.player.set_speed(2)
        it.player.play()
        it.until(lambda _: bool(it.player._anchor))
        for second, expected in [(0.1, 5), (0.22, 11), (0.24, 12), (0.4, 20)]:
            hand.now = second
            it.at(expected)
        shown = [frame.index for frame in it.seen]
        assert shown[-4:] == [5, 11, 12, 20]


def test_a_loop_plays_its_range_again_and_again(tmp_path: Path) -> None:
    times = clips.constant(tmp_path / "a.mp4")
    clock = Steady(0.003)
    with ready(tmp_path / "a.mp4", now=clock) as it:
        it.player.set_loop(float(times[5]), float(times[8]))
        it.player.play()
        it.until(lambda _: [frame.index for frame in it.seen].count(8) == 3)
        it.player.pause()
        shown = [frame.index for frame in it.seen]
        assert shown[shown.index(5) :][:8] == [5, 6, 7, 8, 5, 6, 7, 8]


def test_play_at_the_end_begins_at_the_start(tmp_path: Path) -> None:
    clips.constant(tmp_path / "a.mp4")
    with ready(tmp_path / "a.mp4", now=Steady(0.003)) as it:
        it.player.seek(100)
        it.at(29)
        it.player.play()
        it.until(lambda state: not state.playing and len(it.seen) > 20)
        shown = [frame.index for frame in it.seen]
        assert shown[shown.index(29) + 1] == 0
        assert shown[-1] == 29


def test_of_many_wishes_the_newest_is_what_one_sees_in_the_end() -> None:
    with ready(DEMO) as it:
        for index in range(240):
            it.player.seek(index / 25)
        it.at(239)
        assert len(it.seen) < 200  # most were overtaken
        assert [frame.index for frame in it.seen] == sorted(frame.index for frame in it.seen)


def test_what_is_kept_stays_within_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips.write(
        tmp_path / "a.mp4",
        [clips.picture(i) for i in range(200)],
        range(200),
        time_base=clips.Fraction(1, 25),
        options={"g": "250", "preset": "ultrafast"},
    )
    info, _, _ = read(tmp_path / "a.mp4")
    import av

    film = Film(lambda: av.open(str(tmp_path / "a.mp4")), info, 1)
    monkeypatch.setattr("app.playback.reel.ROOM", 40 * 128 * 96 * 3 // 2)
    reel = Reel(film)
    reel.seek(7.0)
    assert len(reel._kept) <= 42
    for expected in range(174, 20, -1):
        assert clips.number(reel.back()[0].image()) == expected
        assert len(reel._kept) <= 42
    reel.close()


def test_a_file_that_is_no_video_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("hello")
    with watched(tmp_path / "a.mp4") as it:
        state = it.until(lambda state: state.phase == "failed")
        assert state.message == "a.mp4: this is text, not a video"
        assert state.details == ""


def test_a_bug_is_told_with_where_it_was_and_without_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError("rtsp://me:hunter2@192.0.2.1/live")

    monkeypatch.setattr(player, "Projector", bug)
    with watched(tmp_path / "a.mp4") as it:
        state = it.until(lambda state: state.phase == "failed")
        assert "bug (ZeroDivisionError)" in state.message
        assert "in bug" in state.details
        assert "hunter2" not in state.message + state.details


def test_a_recording_that_is_cut_off_is_played_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    clips.truncated(tmp_path / "a.mp4")
    with ready(tmp_path / "a.mp4") as it:
        state = it.until(lambda state: bool(state.message))
        assert state.message.startswith("a.mp4 is cut off: 23 of 60 pictures")
        assert state.phase == "ready"


def test_a_folder_of_pictures_is_gone_through_like_a_film(tmp_path: Path) -> None:
    import cv2

    for i in range(6):
        cv2.imwrite(str(tmp_path / f"{i}.png"), clips.picture(i))
    with watched(tmp_path) as it:
        it.until(lambda state: state.phase == "ready")
        it.player.seek(4 / 25)
        assert clips.number(it.at(4).image) == 4
        it.player.step(-2)
        assert clips.number(it.at(2).image) == 2


def test_closing_in_the_middle_of_anything_ends_every_thread(tmp_path: Path) -> None:
    clips.constant(tmp_path / "a.mp4")
    for delay in (0.0, 0.001, 0.01, 0.05):
        before = threading.active_count()
        with watched(tmp_path / "a.mp4") as it:
            it.player.play()
            time.sleep(delay)
        assert threading.active_count() == before
