"""Whole runs that wait, take two passes, follow one person, or look for people in some frames only."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import clips
import mjpeg
import networks
import numpy as np
import pandas as pd
import pytest
from fakes import Kept, Pictures, info, stage, tracks

import app.job
import app.passes
from app.cli import main
from app.passes import Call, once, twice
from app.pipeline import run as run_stages
from app.pipeline import unseen
from app.results import Results, check_room
from app.stages import Stage
from app.types import Timings
from engine.errors import UserError

DEMO = Path(__file__).parents[1] / "assets" / "demo.mp4"


class Waiting:
    """A smoother that waits for so many frames, and marks what it has seen."""

    def __init__(self, frames):
        self.delay, self._frames, self._held = frames / 25, frames, []

    def push(self, told, time):  # noqa: ARG002
        self._held.append(told)
        return [self._held.pop(0)] if len(self._held) > self._frames else []

    def finish(self):
        held, self._held = self._held, []
        return held


def numbered(results_of):
    """A stage in which frame n has the person n + 1, on its way through `results_of`."""
    from contextlib import contextmanager

    @contextmanager
    def ready():
        results = results_of()

        def work(packets):
            if not packets:
                return results.rest()
            return [
                done
                for packet in packets
                for done in results.add(
                    packet.frame,
                    tracks(np.ones((17, 2)), first_id=packet.frame.index + 1),
                    Timings(0, 0, 0, 0),
                )
            ]

        yield work

    return Stage("track", 4, ready)


class Pairs(Kept):
    """Remembers who was in which frame."""

    def write(self, found):
        self.frames.append((found.frame.index, found.tracks.ids.tolist()))


@pytest.mark.parametrize("frames", [0, 1, 7, 1000])
def test_frames_wait_for_their_smoothing_and_none_is_lost_or_swapped(frames):
    kept = Pairs()
    stages = [numbered(lambda: Results(Waiting(frames), lambda done: done))]
    summary = run_stages(Pictures(40), stages, [lambda: kept], stop=threading.Event())
    assert (summary.read, summary.written) == (40, 40)
    assert kept.frames == [(n, [n + 1]) for n in range(40)]


def test_a_stop_writes_what_was_waiting_too():
    stop, kept = threading.Event(), Pairs()

    def show(done):
        if done.frame.index == 20:
            stop.set()

    stages = [numbered(lambda: Results(Waiting(5), lambda done: done))]
    run_stages(Pictures(10**6), stages, [lambda: kept], stop=stop, show=show)
    assert kept.frames == [(n, [n + 1]) for n in range(len(kept.frames))]
    assert len(kept.frames) >= 26


def test_two_passes_write_each_frame_with_its_own_people_and_look_at_nobody_twice():
    kept, seen = Pairs(), []
    first = numbered(lambda: Results(Waiting(0), lambda done: done))
    call = Call(
        [lambda: kept],
        lambda done: done,
        threading.Event(),
        lambda doing: lambda done: seen.append((doing, done)),
    )
    summary = twice(Pictures(30), lambda: Pictures(30), [first], call)
    assert (summary.read, summary.written, summary.people, summary.brief) == (30, 30, 30, 30)
    assert kept.frames == [(n, [n + 1]) for n in range(30)]
    assert kept.closed == 1
    assert [doing for doing, _ in seen] == ["first pass"] * 30 + ["second pass"] * 30


def test_a_damaged_file_is_written_in_two_passes_up_to_the_damage_which_is_told_once():
    def damaged():
        raise UserError("a.mp4 is cut off")

    kept = Pairs()
    first = numbered(lambda: Results(Waiting(0), lambda done: done))
    call = Call([lambda: kept], lambda done: done, threading.Event(), lambda _: unseen)
    summary = twice(Pictures(9, end=damaged), lambda: Pictures(9, end=damaged), [first], call)
    assert summary.damage == "a.mp4 is cut off"
    assert len(kept.frames) == 9


def test_damage_that_only_the_second_pass_meets_is_told():
    def damaged():
        raise UserError("a.mp4 is cut off")

    first = numbered(lambda: Results(Waiting(0), lambda done: done))
    call = Call([Kept], lambda done: done, threading.Event(), lambda _: unseen)
    summary = twice(Pictures(9), lambda: Pictures(5, end=damaged), [first], call)
    assert (summary.read, summary.written, summary.damage) == (9, 5, "a.mp4 is cut off")


def test_stopped_before_everything_is_tracked_two_passes_write_and_smooth_nothing(monkeypatch):
    stop, opened = threading.Event(), []
    call = Call([lambda: opened.append(1)], lambda done: done, stop, lambda _: lambda _: stop.set())
    monkeypatch.setattr("trackers.whole.Whole.finish", lambda _: pytest.fail("smoothed for nobody"))
    summary = twice(Pictures(10**6), lambda: pytest.fail("read again"), [stage("track", None)], call)
    assert (summary.written, opened) == (0, [])


def test_one_pass_is_a_plain_run():
    kept = Kept()
    summary = once(
        Pictures(5), [stage("track", None)], Call([lambda: kept], None, threading.Event(), lambda _: unseen)
    )
    assert summary.written == 5


def test_a_lag_that_would_fill_the_memory_is_refused_with_what_fits():
    large = info(size=(7680, 4320))
    check_room(0.3, large)
    with pytest.raises(UserError, match=r"hold 4\.6 GB of pictures of 7680 x 4320; at most lag:0\.86s"):
        check_room(2.0, large)


def test_a_recording_is_smoothed_by_what_comes_where_there_is_room_and_a_camera_at_once():
    job = app.job.Job(app.job.Settings())
    assert job.smoothing(info()) == "lag:0.3s"
    assert job.smoothing(info(live=True)) == "live"
    assert job.smoothing(info(size=(16384, 16384))) == "live"
    assert app.job.Job(app.job.Settings(smooth="off")).smoothing(info()) == "off"


# ------------------------------------------------------------------ whole runs


def picture(index):
    """A bright rectangle with a brighter spot in it, one pixel further to the right with each frame."""
    image = np.full((96, 160, 3), 20, np.uint8)
    image[16:88, 40 + index : 72 + index] = 190
    image[45:58, 50 + index : 63 + index] = 255
    return image


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """`kinetrail run` of walk.mp4, or of what is given: exit code, standard output, standard error."""
    networks.rectangle_detector(tmp_path / "detector.onnx")
    networks.heatmaps(tmp_path / "pose.onnx")
    clips.write(tmp_path / "walk.mp4", [picture(n) for n in range(20)], [3600 * n for n in range(20)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.progress.LINE_S", 1e9)  # on a slow machine it would tell how far it is

    def call(*arguments, source="walk.mp4"):
        models = ["--detector", "detector.onnx", "--pose", "pose.onnx"]
        code = main(["run", source, *models, "-o", "out", "--overwrite", *arguments])
        return (code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("how", ["live", "one-euro", "lag:0.3s", "full", "off"])
def test_every_smoothing_writes_every_frame(run, tmp_path, how):
    code, said, told = run("--smooth", how)
    assert (code, told) == (0, "")
    assert "20 frames read, 20 written, 1 person seen" in said
    assert pd.read_csv(tmp_path / "out" / "walk.csv").frame.tolist() == list(range(20))
    assert clips_frames(tmp_path / "out" / "walk.mp4") == [Fraction(n, 25) for n in range(20)]


def test_while_a_recording_is_read_for_the_first_time_no_other_run_writes_the_same_files(
    run, tmp_path, monkeypatch
):
    others = []

    class Told(app.passes.Told):
        def frames(self):
            others.append(run("--smooth", "full", "--quiet"))
            return super().frames()

    monkeypatch.setattr(app.passes, "Told", Told)
    code, said, told = run("--smooth", "full")
    assert (others[0][0], others[0][1]) == (2, "")
    assert "another run is writing out/walk.mp4; wait until it is done" in others[0][2]
    assert (code, told) == (0, "")
    assert "20 written" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "walk.csv",
        "walk.kinetrail",
        "walk.mp4",
    ]


def _remove(path):
    path.unlink()


def _replace(path):
    """Another clip, of the same size and the same times."""
    clips.write(path, [picture(n)[:, ::-1] for n in range(20)], [3600 * n for n in range(20)])


@pytest.mark.parametrize("change", [_remove, _replace])
def test_a_file_that_changes_between_two_passes_is_not_written_with_the_tracks_of_the_old(
    run, tmp_path, monkeypatch, change
):
    class Told(app.passes.Told):
        def close(self):
            super().close()
            change(tmp_path / "walk.mp4")

    monkeypatch.setattr(app.passes, "Told", Told)
    code, said, told = run("--smooth", "full")
    assert (code, said) == (2, "")
    assert told.startswith("kinetrail: walk.mp4: was changed or removed while it was read")
    assert told.count("\n") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["walk.kinetrail"]


def clips_frames(path):
    with av.open(str(path)) as video:
        return [frame.pts * frame.time_base for frame in video.decode(video=0)]


def test_a_live_source_has_no_end_to_wait_for(run):
    with mjpeg.MjpegCamera(rate=25) as camera:
        code, said, told = run("--smooth", "full", source=camera.address)
    assert (code, said) == (2, "")
    assert "smooth full needs the end of a recording" in told
    assert "--smooth lag:0.3s, or live" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("every", ["3", "auto"])
def test_looking_seldom_still_tells_of_every_frame_and_twice_the_same(run, tmp_path, every):
    code, said, told = run("--detect-every", every, "--no-video")
    assert (code, told) == (0, "")
    assert "20 frames read, 20 written, 1 person seen" in said
    once_told = (tmp_path / "out" / "walk.csv").read_text()
    run("--detect-every", every, "--no-video")
    assert (tmp_path / "out" / "walk.csv").read_text() == once_told


@pytest.mark.parametrize("smooth", ["live", "full"])
def test_one_person_is_followed_alone_and_the_summary_says_so(run, tmp_path, smooth):
    code, said, told = run("--follow", "56,50@0", "--smooth", smooth)
    assert (code, told) == (0, "")
    assert "20 written, one person followed, never lost, " in said
    assert set(pd.read_csv(tmp_path / "out" / "walk.csv").track_id) == {1}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("9", "walk.mp4: --follow 9: nobody is number 9; seen were 1"),
        ("159,5@0.2", "walk.mp4: --follow 159,5@0.2: nobody is at 159,5 at 0.2 s; the nearest is number 1, "),
        ("50,50@7", "walk.mp4: --follow 50,50@7: nobody is at 50,50 at 7 s: the source ends at 0.76 s"),
    ],
)
def test_whoever_is_not_there_cannot_be_followed_and_the_files_are_whole(run, tmp_path, target, message):
    code, said, told = run("--follow", target)
    assert code == 2
    assert "20 written, nobody followed" in said
    assert told.startswith(f"kinetrail: {message}")
    assert told.count("\n") == 1
    assert len(pd.read_csv(tmp_path / "out" / "walk.csv")) == 0
    assert len(clips_frames(tmp_path / "out" / "walk.mp4")) == 20


def test_who_was_out_of_sight_for_longer_than_remembered_is_somebody_new(tmp_path, monkeypatch):
    with av.open(str(DEMO)) as demo:
        decoded = [next(demo.decode(video=0)).to_ndarray(format="bgr24")[::2, ::2] for _ in range(8)]
    moments = [0.04 * n for n in range(8)]
    nobody_there = [1.0, 2.0, 3.0, 4.0]
    images = [*decoded, *[np.full_like(decoded[0], 120)] * 4, *decoded]
    when = [*moments, *nobody_there, *(5.0 + moment for moment in moments)]
    clips.write(tmp_path / "back.mp4", images, [round(90000 * moment) for moment in when])
    monkeypatch.chdir(tmp_path)
    ids = {}
    for seconds in ("3", "20"):
        main(["run", "back.mp4", "-o", seconds, "--no-video", "--quiet", "--remember", seconds])
        told = pd.read_csv(tmp_path / seconds / "back.csv")
        ids[seconds] = [set(told[told.time_s < 1].track_id), set(told[told.time_s > 4].track_id)]
    assert not ids["3"][0] & ids["3"][1]
    assert ids["20"][0] & ids["20"][1]


@pytest.mark.parametrize("flags", [("--detect-every", "0"), ("--smooth", "lag:-1s"), ("--follow", "1,2")])
def test_values_that_mean_nothing_are_one_line(run, flags):
    code, said, told = run(*flags)
    assert (code, said) == (2, "")
    assert told.startswith(f"kinetrail: command line: {flags[0][2:]} must be ")
    assert told.count("\n") == 1


def test_how_late_joints_are_is_known_for_a_camera():
    settings = app.job.Settings(detector="", pose="", smooth="lag:0.3s")
    job = app.job.Job(settings)
    assert job.lag_ms(info(live=True)) == pytest.approx(300)
    assert app.job.Job(app.job.Settings(smooth="off")).lag_ms(info(live=True)) == 0
    assert 5 < app.job.Job(app.job.Settings()).lag_ms(info(live=True)) < 80
