"""The command line, whole runs with tiny networks: what comes out, what is said, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import clips
import cv2
import mjpeg
import networks
import numpy as np
import pandas as pd
import pytest

from app.cli import main
from app.store.session import open_session_file
from engine.errors import UserError

ROOT = Path(__file__).parents[1]
PERSON = (
    40,
    16,
    71,
    87,
)  #: left, top, right, bottom pixel of the bright rectangle


def person(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A bright rectangle with a brighter spot in it, one pixel further to the right with each frame."""
    image = np.full((height, width, 3), 20, np.uint8)
    left, top, right, bottom = PERSON
    image[top : bottom + 1, left + index : right + 1 + index] = 190
    image[45:58, left + 10 + index : right - 9 + index] = 255
    return image


def walk(path: Path, frames: int = 30) -> list[Fraction]:
    """A clip of `person` at 25 frames a second; returns its times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ticks = [3600 * index for index in range(frames)]
    return clips.write(path, [person(index % 80) for index in range(frames)], ticks)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[str]:
    """A detector that finds the bright rectangle, and a pose network that looks for light."""
    folder = tmp_path_factory.mktemp("models")
    networks.rectangle_detector(folder / "detector.onnx")
    networks.heatmaps(folder / "pose.onnx")
    return ["--detector", str(folder / "detector.onnx"), "--pose", str(folder / "pose.onnx")]


@pytest.fixture
def run(models, tmp_path, capsys, monkeypatch):
    """`kinetrail run` in this process: exit code, standard output, standard error, output folder."""
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.progress.LINE_S", 1e9)  # on a slow machine it would tell how far it is

    def call(*arguments) -> tuple[int, str, str, Path]:
        code = main(["run", *models, "-o", str(out), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err, out

    return call


def complaints(told: str) -> list[str]:
    """What a process of its own says, but for how far it is: that depends on how long it takes."""
    return [line for line in told.splitlines() if " fps" not in line]


def times(path: Path) -> list[Fraction]:
    """Presentation time of every frame of a video, by decoding it."""
    with av.open(str(path)) as video:
        return [frame.pts * frame.time_base for frame in video.decode(video=0)]


def test_a_video_becomes_an_mp4_and_a_csv_with_its_own_times(run, tmp_path):
    truth = walk(tmp_path / "walk.mp4")
    code, said, told, out = run(tmp_path / "walk.mp4")
    assert (code, told) == (0, "")
    assert said.startswith("walk.mp4: 30 frames read, 30 written, 1 person seen, ")
    assert said.endswith(f"fps -> {out}/walk.mp4, {out}/walk.csv, {out}/walk.kinetrail\n")
    assert times(out / "walk.mp4") == truth
    table = pd.read_csv(out / "walk.csv")
    assert table.frame.tolist() == list(range(30))
    assert set(table.track_id) == {1}
    np.testing.assert_allclose(table.time_s, [float(each) for each in truth], atol=1e-9)
    left, top, right, bottom = PERSON
    np.testing.assert_allclose(table.bbox_x, left - 0.5 + np.arange(30), atol=0.6)
    np.testing.assert_allclose(table.bbox_y, top - 0.5, atol=0.6)
    np.testing.assert_allclose(table.bbox_w, right + 1 - left, atol=1)
    np.testing.assert_allclose(table.bbox_h, bottom + 1 - top, atol=1)


def test_variable_rate_and_sound_come_out_as_they_went_in(run, tmp_path):
    truth = clips.variable_rate_with_audio(tmp_path / "clip.mp4")
    code, _, _, out = run(tmp_path / "clip.mp4")
    assert code == 0
    assert times(out / "clip.mp4") == truth

    def sound(path):
        with av.open(str(path)) as file:
            return [(packet.pts, bytes(packet)) for packet in file.demux(audio=0) if packet.size]

    assert sound(out / "clip.mp4") == sound(tmp_path / "clip.mp4")


def test_nobody_in_view_is_an_ordinary_run(run, tmp_path):
    clips.write(
        tmp_path / "empty.mp4", [np.full((96, 160, 3), 20, np.uint8)] * 5, list(range(0, 18000, 3600))
    )
    code, said, _, out = run(tmp_path / "empty.mp4", "--detection-threshold", "0.95")
    assert code == 0
    assert "5 frames read, 5 written, 0 people seen" in said
    assert len(pd.read_csv(out / "empty.csv")) == 0


def test_folders_globs_and_pictures_are_sources(run, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    for index in (1, 2, 10):
        cv2.imwrite(str(folder / f"{index}.png"), person(index))
    walk(tmp_path / "videos" / "über 1.mp4", 3)
    walk(tmp_path / "videos" / "b.mp4", 4)
    code, said, told, out = run(folder, folder / "10.png", "videos/*.mp4")
    assert (code, told) == (0, "")
    assert [line.split(",")[0] for line in said.splitlines()] == [
        "a folder: 3 frames read",
        "10.png: 1 frames read",
        "b.mp4: 4 frames read",
        "über 1.mp4: 3 frames read",
        "4 sources: 4 done",
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"{stem}.{ending}"
        for stem in ("a folder", "10", "b", "über 1")
        for ending in ("csv", "kinetrail", "mp4")
    )
    xs = pd.read_csv(out / "a folder.csv").bbox_x
    assert xs.is_monotonic_increasing
    assert xs.iloc[-1] - xs.iloc[0] == pytest.approx(9, abs=1)


def test_pictures_of_many_sizes_are_one_film_and_each_keeps_its_own_pixels(run, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), person(0))
    cv2.imwrite(str(folder / "2.png"), cv2.resize(person(0), None, fx=2, fy=2))
    cv2.imwrite(str(folder / "3.png"), np.rot90(person(0)))
    code, said, told, out = run(folder)
    assert (code, told) == (0, "")
    assert said.startswith("holiday: 3 frames read, 3 written")
    with av.open(str(out / "holiday.mp4")) as video:
        shown = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    assert {image.shape for image in shown} == {(96, 160, 3)}
    assert shown[2][:, :40].max() < 30  # an upright picture stands in the middle, on black
    assert shown[2][:, 60:100].max() > 150
    table = pd.read_csv(out / "holiday.csv")
    assert table.frame.tolist() == [0, 1, 2]
    assert table.bbox_w[1] == pytest.approx(2 * table.bbox_w[0], abs=2)
    assert table.bbox_w[2] == pytest.approx(table.bbox_h[0], abs=2)


def test_an_output_never_takes_the_place_of_a_source(run, tmp_path):
    walk(tmp_path / "out" / "walk.mp4", 3)
    before = (tmp_path / "out" / "walk.mp4").read_bytes()
    code, _, told, _ = run(tmp_path / "out" / "walk.mp4", "--overwrite")
    assert code == 2
    assert "is a source of this call; choose another folder with -o" in told
    assert (tmp_path / "out" / "walk.mp4").read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["walk.mp4"]


def test_sources_of_one_name_have_outputs_of_their_own(run, tmp_path):
    walk(tmp_path / "a" / "walk.mp4", 3)
    walk(tmp_path / "b" / "walk.mp4", 5)
    code, _, _, out = run(tmp_path / "a" / "walk.mp4", tmp_path / "b" / "walk.mp4")
    assert code == 0
    assert [len(times(out / name)) for name in ("walk.mp4", "walk-2.mp4")] == [3, 5]
    assert [len(pd.read_csv(out / name)) for name in ("walk.csv", "walk-2.csv")] == [3, 5]


def test_only_what_is_wanted_is_written(run, tmp_path):
    walk(tmp_path / "walk.mp4", 3)
    assert run(tmp_path / "walk.mp4", "--no-video", "--quiet")[:3] == (0, "", "")
    assert run(tmp_path / "walk.mp4", "--no-csv", "--quiet")[:3] == (0, "", "")
    code, _, told, out = run(tmp_path / "walk.mp4", "--no-csv", "--no-video", "--no-session")
    assert code == 2
    assert told.startswith("kinetrail: --no-video, --no-csv and --no-session together leave nothing to write")
    assert sorted(path.name for path in out.iterdir()) == ["walk.csv", "walk.kinetrail", "walk.mp4"]


def test_what_exists_is_kept_unless_told_otherwise(run, tmp_path):
    walk(tmp_path / "walk.mp4", 3)
    walk(tmp_path / "other.mp4", 2)
    out = tmp_path / "out"
    out.mkdir()
    (out / "walk.csv").write_text("precious")
    code, said, told, _ = run(tmp_path / "walk.mp4", tmp_path / "other.mp4")
    assert code == 2
    assert told.count("\n") == 1
    assert "walk.csv" in told
    assert "--overwrite" in told
    assert (out / "walk.csv").read_text() == "precious"
    assert not (out / "walk.mp4").exists()
    assert said.startswith("other.mp4: 2 frames read, 2 written")
    code, _, _, _ = run(tmp_path / "walk.mp4", "--overwrite")
    assert code == 0
    assert len(pd.read_csv(out / "walk.csv")) == 3


def test_smoothing_can_be_turned_off(run, tmp_path):
    rng = np.random.default_rng(4)
    shaken = [np.roll(person(0), int(rng.integers(-3, 4)), axis=1) for _ in range(25)]
    clips.write(tmp_path / "shaken.mp4", shaken, [3600 * index for index in range(25)])
    wobble = {}
    for smooth in ("lag:0.3s", "off"):
        code, _, _, out = run(tmp_path / "shaken.mp4", "--smooth", smooth, "--overwrite", "--no-video")
        assert code == 0
        xs = pd.read_csv(out / "shaken.csv").nose_x
        wobble[smooth] = np.abs(np.diff(xs, 2)).mean()
    assert (
        wobble["lag:0.3s"] < 0.85 * wobble["off"]
    )  # all joints shake together here, as somebody would who jumps


def test_a_bug_met_in_one_source_shows_and_does_not_take_the_others_along(run, tmp_path, monkeypatch):
    import app.passes

    walk(tmp_path / "a.mp4", 3)
    walk(tmp_path / "b.mp4", 4)
    real = app.passes.run

    def sometimes(source, *rest, **more):
        if source.info.stem == "a":
            raise ZeroDivisionError("a bug")
        return real(source, *rest, **more)

    monkeypatch.setattr(app.passes, "run", sometimes)
    code, said, told, _ = run(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert code == 2
    assert "a.mp4: ran into a bug of Kinetrail" in told
    assert "ZeroDivisionError: a bug" in told
    assert said.startswith("b.mp4: 4 frames read, 4 written")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "| true"])
def test_a_closed_terminal_or_pipe_does_not_stop_the_work(models, tmp_path, closed):
    walk(tmp_path / "a.mp4", 3)
    walk(tmp_path / "b.mp4", 3)
    command = [sys.executable, "-m", "app", "run", "a.mp4", "b.mp4", "-o", "out", *models]
    subprocess.run(
        f"{shlex.join(command)} {closed}",
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        timeout=60,
    )
    names = [f"{stem}.{ending}" for stem in "ab" for ending in ("csv", "kinetrail", "mp4")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_names_that_the_terminal_cannot_show_are_no_problem(models, tmp_path):
    walk(tmp_path / "ü🎉.mp4", 3)
    done = subprocess.run(
        [sys.executable, "-m", "app", "run", "ü🎉.mp4", "-o", "out", *models],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, complaints(done.stderr.decode("latin-1"))) == (0, [])
    assert b"3 frames read, 3 written" in done.stdout


def _no_video(path):
    path.write_text("this is a letter, not a film")


def _cut_off(path):
    clips.truncated(path, frames=60, keep=0.5)


BAD = {
    "missing.mp4": (lambda _: None, "there is no file"),
    "letter.mp4": (_no_video, "letter.mp4"),
    "empty.mp4": (lambda path: path.touch(), "empty.mp4"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "sound.mp4": (clips.without_video, "sound.mp4"),
    "frameless.mp4": (clips.without_frames, "frameless.mp4"),
    "indexless.mp4": (clips.without_index, "indexless.mp4"),
    "picture.png": (_no_video, "picture.png"),
    "no*match.mp4": (lambda _: None, "no file fits"),
    "rtsp://127.0.0.1:9/x": (lambda _: None, "rtsp://127.0.0.1:9/x"),
    "97": (lambda _: None, "camera 97"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_source_that_is_none_is_one_line_and_stops_nobody_else(run, tmp_path, name):
    make, message = BAD[name]
    make(tmp_path / name) if "://" not in name else None
    walk(tmp_path / "good.mp4", 3)
    code, said, told, out = run(name, tmp_path / "good.mp4")
    assert code == 2
    assert told.startswith("kinetrail: ")
    assert told.count("\n") == 1
    assert message in told
    assert said.startswith("good.mp4: 3 frames read, 3 written")
    assert sorted(path.name for path in out.iterdir()) == ["good.csv", "good.kinetrail", "good.mp4"]


@pytest.mark.parametrize("make", [_cut_off, clips.corrupt_middle])
def test_a_damaged_video_yields_all_that_can_be_read_and_says_how_much(run, tmp_path, make):
    make(tmp_path / "hurt.mp4")
    code, said, told, out = run(tmp_path / "hurt.mp4")
    written = len(times(out / "hurt.mp4"))
    assert code == 2
    assert 20 <= written <= 60
    assert f"{written} frames read, {written} written" in said
    assert told.startswith("kinetrail: hurt.mp4")
    assert told.count("\n") == 1
    pd.read_csv(out / "hurt.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pose", "letter.onnx"], "letter.onnx"),
        (["--detector", "letter.onnx"], "letter.onnx"),
        (["--pose", "gone.onnx"], "gone.onnx: there is no such model file"),
        (["--pose", "letter.pth"], "letter.pth"),
        (["--device", "cuda:0"], "device cuda:0"),
        (["--config", "letter.toml"], "is no valid TOML"),
        (["--config", "gone.toml"], "cannot be read"),
        (["--config", "odd.toml"], "odd.toml: unknown option max-peple; did you mean max-people?"),
        (["--max-people", "0"], "max-people must be at least 1"),
        (["--max-people", "many"], "invalid int value: 'many'"),
        (["--colour", "red"], "unrecognized arguments: --colour red"),
    ],
)
def test_a_wrong_option_or_model_is_one_line_before_anything_is_written(run, tmp_path, arguments, message):
    walk(tmp_path / "walk.mp4", 3)
    for name in ("letter.onnx", "letter.pth", "letter.toml"):
        (tmp_path / name).write_text("this is a letter, not a model")
    (tmp_path / "odd.toml").write_text("max-peple = 3")
    code, said, told, out = run(tmp_path / "walk.mp4", "another.mp4", *arguments)
    assert (code, said) == (2, "")
    assert told.startswith("kinetrail: ")
    assert told.count("\n") == 1
    assert message in told
    assert not out.exists() or not list(out.iterdir())


def test_the_detector_as_pose_network_is_named(models, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walk(tmp_path / "walk.mp4", 3)
    detector = models[1]
    code = main(["run", "walk.mp4", "-o", "out", "--detector", detector, "--pose", detector])
    told = capsys.readouterr().err
    assert code == 2
    assert "a person detector, where a pose network is needed" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("blocked", ["file", "folder"])
def test_an_output_folder_that_cannot_be_written_is_one_line(run, tmp_path, blocked):
    walk(tmp_path / "walk.mp4", 3)
    out = tmp_path / "out"
    if blocked == "file":
        out.write_text("in the way")
    elif os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    else:
        out.mkdir(mode=0o500)
    code, _, told, _ = run(tmp_path / "walk.mp4")
    assert code == 2
    assert told.count("\n") == 1
    assert "out" in told


def kinetrail(*arguments, **more) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "app", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **more,
    )


def stored(session: Path) -> int:
    """Frames in a session that is being written."""
    with suppress(UserError), closing(open_session_file(session)) as opened:
        return len(opened.times())
    return 0


def interrupted(process: subprocess.Popen, growing: Path) -> tuple[int, str, str]:
    """Press Ctrl-C once the run has stored some frames."""
    while process.poll() is None and not any(stored(path) >= 5 for path in growing.glob("*.kinetrail")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_ctrl_c_leaves_files_that_are_whole_up_to_there(models, tmp_path):
    walk(tmp_path / "walk.mp4", 3000)
    process = kinetrail("run", tmp_path / "walk.mp4", "-o", tmp_path / "out", *models)
    code, said, told = interrupted(process, tmp_path / "out")
    assert (code, complaints(told)) == (130, [])
    found = times(tmp_path / "out" / "walk.mp4")
    assert 0 < len(found) < 3000
    assert found == [Fraction(index, 25) for index in range(len(found))]
    assert pd.read_csv(tmp_path / "out" / "walk.csv").frame.tolist() == list(range(len(found)))
    assert f"{len(found)} written" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "walk.csv",
        "walk.kinetrail",
        "walk.mp4",
    ]


def test_a_stream_is_recorded_until_ctrl_c(models, tmp_path):
    with mjpeg.MjpegCamera(rate=25) as camera:
        process = kinetrail("run", camera.address, "-o", tmp_path / "out", *models)
        code, _, told = interrupted(process, tmp_path / "out")
    assert (code, complaints(told)) == (130, [])
    (video,), (table,) = (tmp_path / "out").glob("*.mp4"), (tmp_path / "out").glob("*.csv")
    found = times(video)
    assert len(found) >= 3
    assert all(before < after for before, after in pairwise(found))
    assert abs(len(pd.read_csv(table)) - len(found)) <= 1


@pytest.mark.parametrize("name", ["-dash.mp4", "-out.mp4", "--odd.mp4", "-plain"])
def test_a_file_that_reads_like_a_flag_is_told_how_to_be_named(run, tmp_path, name):
    (tmp_path / name).write_bytes(b"pictures")
    for arguments in ((name,), ("missing.mp4", name)):
        code, said, told, _ = run(*arguments)
        assert (code, said) == (2, "")
        assert told == f"kinetrail: {name} would be taken for a flag; write ./{name}\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["bench", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    script = (
        "import sys\nfrom app.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n"
        "    assert end.code == 0\nheavy = {'numpy', 'cv2', 'av', 'onnxruntime', 'scipy', 'PySide6'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "kinetrail" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a screen is looked for on Linux")
def test_without_a_command_and_without_a_screen_the_answer_is_one_line(capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith("kinetrail: there is no screen here")
    assert said.count("\n") == 1


def test_one_recording_of_a_queue_is_told_of_as_json(models, tmp_path, capsys, monkeypatch):
    walk(tmp_path / "walk.mp4", 1)
    options = {"output": str(tmp_path / "out"), "detector": models[1], "pose": models[3]}
    given = json.dumps({"source": str(tmp_path / "walk.mp4"), "settings": options}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert main(["work"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1]["kind"] == "done"
    assert "walk.mp4: " in told[-1]["line"]
    assert (tmp_path / "out" / "walk.csv").exists()


def test_a_bench_of_a_damaged_video_measures_what_can_be_read(models, tmp_path, capsys):
    clips.truncated(tmp_path / "hurt.mp4", frames=60, keep=0.5)
    assert main(["bench", str(tmp_path / "hurt.mp4"), *models]) == 2
    said = capsys.readouterr()
    assert "whole job" in said.out
    assert said.err.startswith("kinetrail: hurt.mp4")


def test_a_bench_reports_what_each_stage_costs(models, tmp_path, capsys):

    walk(tmp_path / "walk.mp4", 12)
    assert main(["bench", str(tmp_path / "walk.mp4"), "--json", *models]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frames"] == 12
    assert report["people"] == 1
    assert list(report["alone_cpu_ms"]) == ["read", "detect", "pose", "track", "draw", "write"]
    assert all(report["alone_wall_ms"][name] > 0 for name in report["alone_wall_ms"])
    assert report["efficiency"] > 0
    assert report["latency_p50_ms"] <= report["latency_p95_ms"]
