"""The last line about a source says what was done now, and how many of the people were there at all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import Pictures, info, result, tracks

from app.closing import Stopwatch, closing_line
from app.pipeline import Summary, run
from app.stages import Stage


def told(summary: Summary, before: int = 0, head_s: float = 0.0, *, stills: bool = False) -> str:
    watch = Stopwatch(before)
    watch.seconds = head_s
    return closing_line(replace(info(), stills=stills), summary, [Path("a.csv")], None, watch)


def summary(people: int = 3, brief: int = 0, *, read: int = 100, written: int = 100) -> Summary:
    return Summary(read, written, 0, people, brief, 10.0, "")


def test_speed_is_that_of_the_frames_that_were_measured_now() -> None:
    assert ", 10.0 fps ->" in told(summary())
    line = told(summary(), before=60, head_s=2.0)
    assert "100 frames read, 100 written (60 measured before), 3 people seen, 5.0 fps -> a.csv" in line


def test_where_nothing_was_measured_there_is_no_speed() -> None:
    line = told(summary(), before=100, head_s=10.0)
    assert "100 written (all measured before), 3 people seen -> a.csv" in line


def test_the_watch_stops_when_the_last_known_frame_is_through(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [5.0]
    monkeypatch.setattr("app.closing.time.perf_counter", lambda: now[0])
    watch = Stopwatch(3)
    for _ in range(6):
        now[0] += 1.0
        watch.count()
    assert watch.seconds == 3.0


@pytest.mark.parametrize(
    ("people", "brief", "said"),
    [
        (8, 5, "8 people seen, 5 of them for less than 0.5 s, 10.0 fps"),
        (1, 1, "1 person seen, for less than 0.5 s, 10.0 fps"),
        (2, 0, "2 people seen, 10.0 fps"),
        (0, 0, "0 people seen, 10.0 fps"),
    ],
)
def test_who_only_flickered_up_is_told_of_as_such(people: int, brief: int, said: str) -> None:
    assert said in told(summary(people, brief))
    assert "less than" not in told(summary(people, brief), stills=True), "pictures last for no time"


def test_brief_is_who_comes_and_goes_within_half_a_second() -> None:
    """1 is there all along, 2 for 12 frames of 25 a second, 3 for 14, and 4 twice, a second apart."""
    there = {1: range(60), 2: range(10, 22), 3: range(30, 44), 4: (3, 28)}

    @contextmanager
    def ready():
        def work(packets):
            for packet in packets:
                ids = [who for who, frames in there.items() if packet.frame.index in frames]
                found = tracks(*[np.ones((17, 2))] * len(ids))
                yield result(packet.frame, replace(found, ids=np.array(ids, np.int64)))

        yield lambda packets: list(work(packets))

    made = run(Pictures(60), [Stage("track", 1, ready)], [], stop=threading.Event())
    assert (made.people, made.brief) == (4, 1)
