"""What a run says: one line that fits, with time left when it can be known."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from fakes import info, result, tracks

import app.progress
from app.progress import Console, Progress, Transfer, clock, describe
from engine.types import Frame

FRAME = Frame(0, 0.0, np.zeros((4, 8, 3), np.uint8))
TWO = tracks(np.ones((17, 2)), np.zeros((17, 2)))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def hands(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(app.progress.time, "monotonic", lambda: now[0])
    return now


def test_half_way_through_ten_seconds_at_twenty_frames_a_second():
    line = describe(info(frames=200), 100, 20.0, 2)
    assert line.startswith("made up  [############------------]  50%  100/200")
    assert line.endswith("20.0 fps  2 people in view  0:05 left")


def test_which_pass_it_is_is_told_where_there_are_several():
    line = describe(info(frames=200), 100, 20.0, 2, "second pass")
    assert line.startswith("made up, second pass  [############------------]  50%  100/200")


def test_without_a_known_end_there_is_no_time_left():
    assert describe(info(live=True), 7, 24.96, 1) == "made up  7 frames  25.0 fps  1 person in view"
    assert describe(info(frames=0), 7, 0.0, 0) == "made up  7 frames  0.0 fps  0 people in view"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (65, "1:05"), (7400, "2:03:20")])
def test_time_reads_like_a_clock(seconds, text):
    assert clock(seconds) == text


def test_plain_lines_come_every_five_seconds(hands):
    out = io.StringIO()
    progress = Progress(info(frames=1000), Console(out, quiet=False))
    for _ in range(300):
        hands[0] += 0.04
        progress.show(result(FRAME, TWO))
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all("25.0 fps  2 people in view" in line for line in lines)
    assert "\r" not in out.getvalue()


def test_a_terminal_has_one_bar_that_goes_away(hands):
    out = Terminal()
    console = Console(out, quiet=False)
    progress = Progress(info(frames=1000), console)
    for _ in range(30):
        hands[0] += 0.04
        progress.show(result(FRAME))
    console.say("camera lost")
    console.clear()
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().count("\r\x1b[K") == len(out.getvalue().split("\r")) - 1 > 8
    assert out.getvalue().endswith("\r\x1b[Kcamera lost\n\r\x1b[K")


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()])
def test_quiet_says_nothing(hands, out):
    console = Console(out, quiet=True)
    progress = Progress(info(frames=10), console)
    for _ in range(10):
        hands[0] += 10
        progress.show(result(FRAME))
    console.say("camera lost")
    console.clear()
    assert out.getvalue() == ""


def test_the_rate_speaks_of_the_last_seconds_not_of_the_start(hands):
    out = io.StringIO()
    progress = Progress(info(frames=10000), Console(out, quiet=False))
    for step in [1.0] * 20 + [0.05] * 400:
        hands[0] += step
        progress.show(result(FRAME))
    assert "20.0 fps" in out.getvalue().splitlines()[-1]


def test_a_transfer_shows_how_far_how_fast_and_how_long_still(hands, monkeypatch):
    monkeypatch.setattr(app.progress.shutil, "get_terminal_size", lambda: os.terminal_size((200, 24)))
    out = Terminal()
    progress = Transfer("net.pth", Console(out, quiet=False))
    progress.show(40_000_000, 100_000_000)  # an earlier run brought most of them
    hands[0] += 2.0
    progress.show(50_000_000, 100_000_000)
    assert "[############------------]  50%" in out.getvalue()
    assert "50.0/100.0 MB  5.0 MB/s  0:10 left" in out.getvalue()
    hands[0] += 2.0
    progress.show(60_000_000, 0)
    assert out.getvalue().endswith("net.pth  60.0 MB  5.0 MB/s")
