"""A source that is watched: it opens, is lost and found, fails with a reason, and always ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from clips import picture, write
from fakes import info, poses, stage
from mjpeg import DeafPort, MjpegCamera

from app.outputs.mp4 import Mp4
from app.settings import Settings
from app.sources import stream
from app.stages import Stage
from app.store.session import open_session_file
from app.types import Result
from app.watch import ahead, live
from app.watch.live import Live, Wanted
from engine.errors import UserError
from engine.types import Boxes, Frame

PATIENCE_S = 20.0
FOUND = {"detect": poses().boxes, "pose": poses(), "track": None}


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


class Fake:
    """Stands in for JobAhead: networks that find nobody, at once."""

    cores, models = 2, (Path("d.onnx"), Path("p.onnx"))

    def __init__(self, *, on_frame=lambda _: None, opening=lambda: None) -> None:
        self._on_frame, self._opening = on_frame, opening
        self.closed = 0

    def __call__(self, _settings, opened):
        opened("CPU")
        return self

    def lag_ms(self, _info) -> float:
        return 12.0

    def stages(self, _info) -> list[Stage]:
        real = [stage(name, found) for name, found in FOUND.items()]
        real[1] = stage("pose", FOUND["pose"], self._on_frame)
        first = real[0]

        @contextmanager
        def opened():
            self._opening()
            with first.open() as work:
                yield work

        return [Stage("detect", 1, opened), *real[1:]]

    def sinks(self, source, folder, notice):
        return [lambda: Mp4(folder / f"{source.stem}.mp4", source, 0.3, notice=notice)]

    def close(self) -> None:
        self.closed += 1


class Watched:
    """A Live whose results are kept, for the length of a `with` block."""

    def __init__(self, argument: str, settings: Settings | None = None) -> None:
        self.results: list[Result] = []
        self.phases: list[str] = []
        self.live = Live(argument, settings or Settings(), show=self.results.append, changed=self._changed)

    def _changed(self) -> None:
        self.phases.append(self.live.state().phase)

    def __enter__(self) -> Watched:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self.live.stop()
        assert self.live.join(PATIENCE_S)

    def phase(self, wanted: str) -> live.State:
        until(lambda: self.live.state().phase == wanted)
        return self.live.state()

    def next(self, count: int) -> list[Result]:
        there = len(self.results)
        until(lambda: len(self.results) >= there + count)
        return self.results[there:]


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(live, "JobAhead", fake)
    return fake


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "AGAIN_S", 0.5)


def test_a_camera_runs_until_it_is_stopped(job):
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(5)
        state = watched.phase("running")
        assert (state.info.name, state.info.live, state.info.width) == (camera.address, True, 160)
        assert (state.message, state.device, state.models, state.lag_ms) == ("", "CPU", "d, p", 12.0)
        assert watched.live.health().camera_fps > 1
        watched.end()
    assert watched.live.state().phase == "ended"
    assert watched.phases[-1] == "ended"
    assert job.closed == 1


@pytest.mark.usefixtures("job")
def test_a_camera_that_goes_is_lost_and_runs_on_when_it_is_back():
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(3)
        camera.hang_up()
        state = watched.phase("lost")
        assert state.message.startswith(f"{state.info.name}: connection lost (")
        assert state.message.endswith("trying again")
        camera.come_back()
        watched.next(3)
        assert watched.phase("running").message == ""


@pytest.mark.usefixtures("job", "impatient")
def test_a_camera_that_stalls_is_lost_and_is_left_at_once_when_nobody_wants_it():
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(3)
        camera.stall()
        watched.phase("lost")
        watched.end()
    assert watched.live.state().phase == "ended"


def test_what_was_captured_for_a_recording_is_worked_on_before_the_end(job, tmp_path):
    job._on_frame = lambda _: time.sleep(0.1)
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(1)
        watched.live.recorder.start(tmp_path, "walk")
        watched.next(3)
        watched.end()
    assert times(tmp_path / "walk.mp4")[-1] == times(tmp_path / "walk.clean.mp4")[-1]


@pytest.mark.usefixtures("job")
def test_a_recording_goes_on_through_a_lost_camera_with_a_gap(tmp_path):
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(1)
        watched.live.recorder.start(tmp_path, "walk")
        watched.next(5)
        camera.hang_up()
        watched.phase("lost")
        assert watched.live.recorder.state().on
        camera.come_back()
        watched.next(5)
        assert watched.live.recorder.state().on
        watched.end()  # while it records
    state = watched.live.recorder.state()
    assert (state.on, state.finishing, state.trouble) == (False, False, "")
    assert state.files == (tmp_path / "walk.mp4", tmp_path / "walk.clean.mp4")
    lost = [b.frame.time - a.frame.time for a, b in pairwise(watched.results)]
    moments = times(tmp_path / "walk.clean.mp4")
    steps = [b - a for a, b in pairwise(moments)]
    # On a busy machine pictures beside the gap may be filmed and never worked on.
    assert 0.5 * max(lost) < max(steps) < max(lost) + 0.02
    assert set(times(tmp_path / "walk.mp4")) <= set(moments)
    assert times(tmp_path / "walk.mp4")[-1] == moments[-1]  # what was captured was worked on before the end


def test_a_gpu_lost_in_the_middle_is_told_and_what_was_recorded_stays(job, tmp_path):
    lost = threading.Event()

    def fail(_frame):
        if lost.is_set():
            raise UserError("pose.engine: the GPU does not answer any more; start again, or use --device cpu")

    job._on_frame = fail
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        watched.next(1)
        watched.live.recorder.start(tmp_path, "walk")
        watched.next(10)
        lost.set()
        state = watched.phase("failed")
        assert watched.live.join(PATIENCE_S)
    assert state.message == "pose.engine: the GPU does not answer any more; start again, or use --device cpu"
    assert state.details == ""
    assert len(times(tmp_path / "walk.mp4")) >= 9
    assert len(times(tmp_path / "walk.clean.mp4")) >= 10


def test_a_bug_is_told_with_where_it_was_and_without_passwords(job):
    def bug(_frame):
        raise ZeroDivisionError("rtsp://me:hunter2@192.0.2.1/live")

    job._on_frame = bug
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        state = watched.phase("failed")
    assert "bug (ZeroDivisionError)" in state.message
    assert "hunter2" not in state.message + state.details
    assert "\n" not in state.message
    assert "in bug" in state.details


@pytest.mark.usefixtures("impatient")
def test_networks_that_cannot_open_are_told_even_while_the_camera_is_silent(job, tmp_path):
    silent = threading.Event()

    def refuse():
        silent.wait(PATIENCE_S)
        raise UserError("pose.onnx: there is no such model file")

    job._opening = refuse
    with MjpegCamera() as camera, Watched(camera.address) as watched:
        until(lambda: watched.live.recorder.start(tmp_path, "walk") or watched.live.recorder.state().on)
        before = watched.live.health().dropped
        until(lambda: watched.live.health().dropped > before + 5)
        camera.stall()
        watched.phase("lost")
        silent.set()
        assert watched.phase("failed").message == "pose.onnx: there is no such model file"
        assert watched.live.join(PATIENCE_S)
    assert len(times(tmp_path / "walk.clean.mp4")) > 5


@pytest.mark.usefixtures("job")
def test_what_cannot_be_opened_is_told_with_its_remedy(tmp_path):
    (tmp_path / "text.mp4").write_text("no video at all")
    for argument, told in (
        ("nothing.mp4", "there is no file"),
        (str(tmp_path / "text.mp4"), "text, not a video"),
    ):
        with Watched(argument) as watched:
            assert told in watched.phase("failed").message
    assert watched.results == []


def test_a_model_that_is_missing_is_told(tmp_path):
    settings = Settings(pose=str(tmp_path / "mine.onnx"))
    with MjpegCamera() as camera, Watched(camera.address, settings) as watched:
        assert "mine.onnx: there is no such model file" in watched.phase("failed").message


@pytest.mark.usefixtures("job")
def test_a_source_that_does_not_answer_can_be_left_while_it_opens():
    with DeafPort() as address, Watched(address) as watched:
        assert watched.live.state().phase == "opening"
    assert watched.results == []


@pytest.mark.usefixtures("job")
def test_neither_start_nor_stop_waits_for_anything():
    slow = Live("nothing.mp4", Settings(), show=print, changed=lambda: None)
    slow.stop()
    slow.start()
    assert slow.join(PATIENCE_S)


class Film:
    """Eight frames of a recording at 25 a second."""

    info = info()

    def frames(self, _stop: threading.Event) -> Iterator[Frame]:
        for n in range(8):
            yield Frame(n, n / 25, np.zeros((4, 8, 3), np.uint8))

    def close(self) -> None:
        pass


class Enough(threading.Event):
    """Time passes on `clock` only while somebody waits for this."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock[0] += timeout or 0.0
        return self.is_set()


@pytest.mark.parametrize("work_s", [0.0, 0.03, 0.1])
def test_a_recording_plays_no_faster_than_it_was_filmed_and_is_not_hurried(monkeypatch, work_s):
    clock = [50.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    seen = []
    for frame in Wanted(Film(), Enough(clock)).frames(threading.Event()):
        seen.append((frame.index, clock[0]))
        clock[0] += work_s
    assert [index for index, _ in seen] == list(range(8))
    steps = np.diff([moment for _, moment in seen])
    np.testing.assert_allclose(steps, max(0.04, work_s), atol=1e-9)


def test_after_a_long_hold_up_it_goes_on_at_its_own_speed(monkeypatch):
    clock, seen = [50.0], []
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    for frame in Wanted(Film(), Enough(clock)).frames(threading.Event()):
        seen.append(clock[0])
        clock[0] += 3.0 if frame.index == 3 else 0.0
    np.testing.assert_allclose(np.diff(seen), [0.04, 0.04, 0.04, 3.0, 0.04, 0.04, 0.04], atol=1e-9)


def test_a_recording_is_watched_to_its_end_and_recorded_whole(tmp_path):
    """With the networks that come along, and everything a run writes."""
    write(tmp_path / "a.mp4", [picture(n) for n in range(12)], [3600 * n for n in range(12)])
    settings = Settings(no_video=True, no_csv=True, no_session=True)
    with Watched(str(tmp_path / "a.mp4"), settings) as watched:
        until(lambda: watched.live.state().info.stem == "a")
        until(lambda: watched.live.recorder.start(tmp_path, "b") or watched.live.recorder.state().on)
        state = watched.phase("ended")
    assert [result.frame.index for result in watched.results] == list(range(12))
    assert (state.message, state.device) == ("", "CPU")
    assert state.models == "person_yolo26n, pose_hrnet_tiny_128x96"
    names = [path.name for path in watched.live.recorder.state().files]
    assert names == ["b.mp4", "b.clean.mp4", "b.csv", "b.kinetrail"]
    expected = times(tmp_path / "b.clean.mp4")
    assert 0 < len(expected) <= 12
    assert times(tmp_path / "b.mp4") == expected
    with closing(open_session_file(tmp_path / "b.kinetrail")) as session:
        assert [round(moment, 6) for moment in session.times().tolist()] == expected
        assert session.indices().tolist() == list(range(len(expected)))


def test_networks_open_while_the_camera_does(monkeypatch):
    begun = threading.Event()
    real = ahead.Job._open_detector

    def open_detector(self):
        begun.set()
        return real(self)

    monkeypatch.setattr(ahead.Job, "_open_detector", open_detector)

    def open_source(*_, **__):
        assert begun.wait(PATIENCE_S), "the networks wait for the camera"
        raise UserError("no camera today")

    monkeypatch.setattr(live, "open_source", open_source)
    with Watched("0") as watched:
        assert watched.phase("failed").message == "no camera today"


def test_a_network_that_cannot_be_closed_leaves_no_thread_behind():
    class Stuck:
        def detect(self, images):
            return [poses().boxes for _ in images]

        def close(self) -> None:
            raise ZeroDivisionError("a bug")

    before = set(threading.enumerate())
    early = ahead.EarlyDetector(Stuck)
    early.wait()
    with pytest.raises(ZeroDivisionError):
        early.close()
    assert set(threading.enumerate()) <= before


def test_a_network_ahead_answers_as_the_network_does():
    job = ahead.JobAhead(Settings(no_video=True, follow="3"), lambda _: None)
    plain = ahead.Job(Settings())
    image = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    boxes = Boxes(np.array([[20, 10, 60, 80]], np.float32), np.ones(1, np.float32))
    early, pose = job._open_detector(), job._open_pose()
    detector, estimator = plain._open_detector(), plain._open_pose()
    np.testing.assert_array_equal(early.detect([image])[0].xyxy, detector.detect([image])[0].xyxy)
    np.testing.assert_array_equal(pose(image, boxes).keypoints, estimator(image, boxes).keypoints)
    both = pose.estimate([image, image], [boxes, boxes])
    np.testing.assert_array_equal(
        both[1].keypoints, estimator.estimate([image, image], [boxes, boxes])[1].keypoints
    )
    assert pose.keypoints == estimator.keypoints
    detector.close()
    estimator.close()
    early.close()
    job.close()
    job.close()


@pytest.mark.usefixtures("job")
def test_opening_and_closing_again_and_again_leaves_no_thread_and_no_handle():
    def one() -> None:
        with Watched(camera.address) as watched:
            watched.next(1)

    with MjpegCamera(rate=200) as camera:
        one()
        threads, handles = threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for _ in range(15):
            one()
        until(lambda: threading.active_count() <= threads)
        until(lambda: len(os.listdir("/proc/self/fd")) <= handles)  # noqa: PTH208


def times(path: Path) -> list[float]:
    with av.open(str(path)) as video:
        return [round(float(frame.pts * frame.time_base), 6) for frame in video.decode(video=0)]
