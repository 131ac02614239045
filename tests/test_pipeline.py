"""The pipeline's promises: nothing lost, nothing stale, errors arrive, nobody is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest
from fakes import Kept, Pictures, poses, stage

from app.pipeline import run
from app.stages import Stage
from engine.errors import UserError

FOUND = {"detect": poses().boxes, "pose": poses(), "track": None}


def go(source, *sinks, stop=None, show=lambda _: None, tap=lambda _: None, missed=lambda _: None, **on_frame):
    """Run with stages that find nobody; `detect=`, `pose=`, `track=` give them something to do."""
    stages = [stage(name, found, on_frame.get(name, lambda _: None)) for name, found in FOUND.items()]
    openers = [lambda sink=sink: sink for sink in sinks]
    return run(source, stages, openers, stop=stop or threading.Event(), show=show, tap=tap, missed=missed)


class Camera(Pictures):
    """Live pictures, of which a stage lets so many go by while it works on one, on any machine."""

    def __init__(self, number):
        super().__init__(number, live=True, period=0.0005)
        self._number, self._sent, self._more = number, 0, threading.Condition()

    def frames(self, stop):
        for frame in super().frames(stop):
            with self._more:
                self._sent = frame.index + 1
                self._more.notify_all()
            yield frame

    def work_through(self, count):
        def work(frame):
            with self._more:
                wanted = min(frame.index + count, self._number)
                assert self._more.wait_for(lambda: self._sent >= wanted, 20)

        return work


def test_a_file_loses_no_frame_to_a_slow_writer():
    kept = Kept(delay=0.001)
    summary = go(Pictures(300), kept)
    assert (summary.read, summary.written, summary.dropped) == (300, 300, 0)
    assert kept.frames == list(range(300))
    assert kept.closed == 1


def test_a_camera_drops_old_frames_and_stays_fresh():
    kept, camera = Kept(), Camera(200)
    summary = go(camera, kept, detect=camera.work_through(10))
    late = [after - before - 1 for before, after in pairwise(kept.frames)]
    assert summary.dropped + summary.written == summary.read == 200
    assert summary.dropped == sum(late) + kept.frames[0] > 20
    assert kept.frames[-1] == 199  # a queue that grew old would still be far behind


def test_a_tap_sees_every_frame_and_what_was_dropped_is_told_meanwhile():
    tapped, dropped, camera = [], [], Camera(100)
    summary = go(
        camera,
        detect=camera.work_through(10),
        tap=lambda frame: tapped.append(frame.index),
        missed=dropped.append,
    )
    assert tapped == list(range(100))
    assert dropped == sorted(dropped)
    assert 0 < dropped[60] < dropped[-1] == summary.dropped


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("name", ["detect", "pose", "track"])
def test_an_error_in_a_stage_ends_the_run_and_reaches_the_caller(name, live):
    def bad(frame):
        if frame.index >= 5:
            raise RuntimeError(f"{name} ran out of memory")

    kept = Kept()
    with pytest.raises(RuntimeError, match=f"{name} ran out of memory"):
        go(Pictures(10**6, live=live, period=0.0005), kept, **{name: bad})
    assert kept.frames == sorted(kept.frames)
    assert kept.closed == (1 if kept.frames else 0)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("name", ["detect", "pose", "track"])
def test_a_stage_that_cannot_be_opened_leaves_no_file(name, live):
    @contextmanager
    def broken():
        raise UserError("model.onnx: is no model")
        yield

    opened = []
    stages = [Stage(at, 1, broken) if at == name else stage(at, found) for at, found in FOUND.items()]
    source = Pictures(10**6, live=live, period=0.0005)
    with pytest.raises(UserError, match="is no model"):
        run(source, stages, [lambda: opened.append(1)], stop=threading.Event())
    assert not opened


@pytest.mark.parametrize("live", [True, False])
def test_an_error_while_writing_completes_every_file_and_reaches_the_caller(live):
    def full(found):
        if found.frame.index >= 5:
            raise OSError("disk full")

    first, second = Kept(), Kept(on_write=full)
    with pytest.raises(OSError, match="disk full"):
        go(Pictures(10**6, live=live, period=0.0005), first, second)
    assert (first.closed, second.closed) == (1, 1)
    assert first.frames[: len(second.frames)] == second.frames


@pytest.mark.parametrize("live", [True, False])
def test_a_bug_in_a_source_reaches_the_caller(live):
    def bug():
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        go(Pictures(3, live=live, end=bug), Kept())


def test_a_damaged_file_is_written_up_to_the_damage_and_says_so():
    def damaged():
        raise UserError("a.mp4 is cut off")

    kept = Kept(delay=0.005)
    summary = go(Pictures(40, end=damaged), kept)
    assert summary.damage == "a.mp4 is cut off"
    assert kept.frames == list(range(40))


def test_a_source_without_a_frame_makes_no_file():
    opened = []
    stages = [stage(name, found) for name, found in FOUND.items()]
    summary = run(Pictures(0), stages, [lambda: opened.append(1)], stop=threading.Event())
    assert (summary.read, summary.written, opened) == (0, 0, [])


@pytest.mark.parametrize("slow", ["detect", "pose", "track"])
def test_a_stop_leaves_what_waits_and_completes_what_is_written(slow):
    stop, kept = threading.Event(), Kept()
    seen = []

    def work(frame):
        time.sleep(0.01)  # so that frames wait for it
        seen.append(frame.index)
        if frame.index == 20:
            stop.set()

    summary = go(Pictures(10**6), kept, stop=stop, **{slow: work})
    assert kept.closed == 1
    assert kept.frames == list(range(len(kept.frames)))
    assert summary.written == len(kept.frames)
    assert max(seen) < 20 + 4  # at most the batch in hand was finished


def test_ctrl_c_completes_the_output_and_leaves_no_thread():
    def press(found):
        if found.frame.index == 30:
            os.kill(os.getpid(), signal.SIGINT)

    stop, kept = threading.Event(), Kept(on_write=press)
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        go(Pictures(10**9, period=0.001), kept, stop=stop)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(kept.frames) > 30
    assert kept.frames == list(range(len(kept.frames)))


def test_each_result_is_shown_once_in_order_before_it_is_written():
    shown, kept = [], Kept()
    kept._on_write = lambda found: shown.index(found.frame.index)
    go(Pictures(50), kept, show=lambda found: shown.append(found.frame.index))
    assert shown == list(range(50))


def test_huge_pictures_do_not_pile_up():
    alive, most = [0], [0]

    class Huge(Pictures):
        def frames(self, stop):
            for frame in super().frames(stop):
                alive[0] += 1
                most[0] = max(most[0], alive[0])
                yield frame

    source = Huge(60)
    object.__setattr__(source.info, "width", 16384)
    object.__setattr__(source.info, "height", 16384)

    def gone(_):
        alive[0] -= 1

    go(source, Kept(delay=0.002, on_write=gone))
    assert most[0] <= 20
