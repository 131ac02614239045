"""What is said of a run: right at any rate, with nobody in view, and when frames stop coming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import result, tracks

from app.types import Timings
from app.watch.health import Health, Pulse
from engine.types import Frame

SOMEBODY = np.zeros((17, 2), np.float32)


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Run:
    """A run whose frames come at a steady rate and are done so many seconds later."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pulse = Pulse(self.clock)

    def go(self, seconds: float, fps: float, *, late=0.05, every=1, people=1, detect=0.0, pose=0.0) -> None:
        picture = np.zeros((4, 8, 3), np.uint8)
        began = self.clock.now
        for n in range(round(seconds * fps)):
            captured = self.clock.now = began + n / fps
            self.pulse.captured(Frame(n, captured, picture))
            if n % every:
                continue
            self.clock.now = captured + late
            there = tracks(*[SOMEBODY] * people)
            spent = Timings(captured, detect, pose, 0.001)
            self.pulse.done(replace(result(Frame(n, captured, picture), there), timings=spent))

    def later(self, seconds: float) -> Health:
        self.clock.now += seconds
        return self.pulse.read()


def test_before_anything_happens_all_is_nothing():
    assert Run().pulse.read() == Health()


@pytest.mark.parametrize("fps", [5, 25, 29.97, 240])
def test_rates_latency_and_people_are_those_of_the_run(fps):
    run = Run()
    run.go(5.0, fps, late=0.05, people=3)
    health = run.pulse.read()
    assert health.camera_fps == pytest.approx(fps, rel=0.01)
    assert health.done_fps == pytest.approx(fps, rel=0.01)
    assert health.latency_ms == pytest.approx(50)
    assert (health.people, health.dropped, health.limit) == (3, 0, "")


def test_of_frames_that_are_dropped_the_busiest_stage_is_the_reason():
    run = Run()
    run.go(3.0, 30, every=3, detect=0.02, pose=0.09)
    run.pulse.missed(60)
    health = run.pulse.read()
    assert health.camera_fps == pytest.approx(30, rel=0.01)
    assert health.done_fps == pytest.approx(10, rel=0.02)
    assert (health.dropped, health.limit) == (60, "pose")


def test_writing_can_be_the_limit_too():
    run = Run()
    run.go(3.0, 30, every=3, detect=0.02, pose=0.04)
    for _ in range(10):
        run.pulse.recorded(0.1)
    run.pulse.missed(1)
    assert run.pulse.read().limit == "record"


def test_a_frame_dropped_long_ago_is_counted_and_blamed_on_nobody():
    run = Run()
    run.go(1.0, 30, detect=0.03)
    run.pulse.missed(5)
    assert run.pulse.read().limit == "detect"
    run.go(3.0, 30, detect=0.03)
    health = run.pulse.read()
    assert (health.dropped, health.limit) == (5, "")


def test_nobody_in_view_costs_nothing_and_breaks_nothing():
    run = Run()
    run.go(2.0, 25, people=0)
    health = run.pulse.read()
    assert (health.people, health.limit) == (0, "")
    assert health.done_fps == pytest.approx(25, rel=0.01)


def test_rates_sink_as_soon_as_frames_stop_and_are_nothing_soon_after():
    run = Run()
    run.go(3.0, 25, people=2)
    before = run.pulse.read()
    soon = run.later(0.5)
    assert soon.camera_fps < 0.9 * before.camera_fps
    assert soon.people == 2
    assert run.later(3.0) == Health()


def test_the_last_minute_weighs_no_more_than_the_last_seconds():
    run = Run()
    run.go(60.0, 100)
    kept = [each for each in vars(run.pulse).values() if hasattr(each, "popleft")]
    assert sum(map(len, kept)) < 3000
