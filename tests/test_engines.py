"""Engines as a user meets them: `build_engine.py`, and `kinetrail run` where there is a GPU."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import clips
import networks
import numpy as np
import pandas as pd
import pytest
import simulated_cuda
from gpu_machine import machine
from simulated_cuda import DEVICE
from simulated_tensorrt import MAJORS, SIMULATION

from app.cli import main
from app.networks.engines import describe, engines_of
from app.progress import Console
from build_engine import main as build_engine
from engine.cache import engines

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, params=MAJORS[1:])
def _machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    with machine(monkeypatch, tmp_path / "cache", request.param):
        yield


@pytest.fixture
def pose(tmp_path: Path) -> Path:
    return networks.heatmaps(tmp_path / "pose.onnx")


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return networks.rectangle_detector(tmp_path / "detector.onnx")


def used(*files: Path, device: str = "auto") -> tuple[list[Path], str]:
    """What `engines_of` makes of them, and what it says."""
    said = io.StringIO()
    found = engines_of(files, device, Console(said, quiet=False), threading.Event())
    return list(found), said.getvalue()


def test_the_command_builds_an_engine_and_prints_where_it_is(
    pose: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build_engine([str(pose), "--batch", "1,2,4"]) == 0
    said = capsys.readouterr()
    assert [Path(said.out.strip())] == engines()
    assert "joints within 0.0" in said.err
    assert said.err.startswith(f"TensorRT {SIMULATION.version} on Simulated GPU, by pycuda ")
    assert said.err.count("TensorRT") == 1
    assert build_engine([str(pose), "--batch", "1,2,4"]) == 0
    again = capsys.readouterr().err
    assert "is there already" in again
    assert "TensorRT" not in again
    assert SIMULATION.built == 1


def test_the_command_says_that_it_builds_without_pycuda(
    pose: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated_cuda.install(monkeypatch, "cuda-bindings")
    assert build_engine([str(pose), "--batch", "1,2,4"]) == 0
    said = capsys.readouterr().err
    assert said.count("by cuda-bindings 13.0.3: PyCUDA cannot be had (") == 1


def test_the_command_tells_what_is_wrong_with_exit_code_2(
    pose: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, says in (
        ([str(pose), "--batch", "many"], "--batch many"),
        ([str(pose), "-o", str(tmp_path / "x.onnx")], "end in .engine"),
        ([str(tmp_path / "none.onnx")], "cannot be read"),
        ([str(tmp_path / "net.pth")], "built of .onnx files"),
        ([str(pose), "--device", "cuda:3"], "cuda:3"),
        ([str(pose), "--precision", "int8"], "--calibrate"),
    ):
        assert build_engine(arguments) == 2
        said = capsys.readouterr().err
        assert says in said
        assert said.startswith("kinetrail: ")
        assert said.count("\n") == 1
    with pytest.raises(SystemExit) as exit_code:
        build_engine([str(pose), "--precision", "fp64"])
    assert exit_code.value.code == 2


def test_what_is_missing_is_told_in_one_line_and_help_needs_nothing() -> None:
    for arguments, code, says in ((["a.onnx"], 2, "numpy"), (["--help"], 0, "usage")):
        command = [sys.executable, "-S", "-E", "build_engine.py", *arguments]  # no site-packages
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, says in done.stdout + done.stderr) == (code, True)
        assert "Traceback" not in done.stderr


def test_whoever_reads_along_may_leave(pose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("sys.stdout.write", broken)
    assert build_engine([str(pose), "--batch", "1,2,4"]) == 0


def test_an_engine_that_answers_something_else_is_exit_code_3(
    pose: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SIMULATION.spoil = lambda _, heatmaps: np.roll(heatmaps, 1, axis=3)
    assert build_engine([str(pose), "--batch", "1,2,4"]) == 3
    assert ".refused.engine" in capsys.readouterr().err
    assert engines() == []


def test_ctrl_c_calls_a_build_off_and_leaves_nothing(pose: Path, tmp_path: Path) -> None:
    SIMULATION.between = lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 2 else None
    folder = tmp_path / "engines"
    SIMULATION.steps = 200  # the signal arrives a moment later
    assert build_engine([str(pose), "-o", str(folder / "x.engine")]) == 130
    assert list(folder.iterdir()) == []


def test_a_missing_engine_is_built_once_and_then_used_without_a_word(pose: Path) -> None:
    found, said = used(pose)
    assert found == engines()
    assert "takes some minutes, once" in said.splitlines()[0]
    assert "joints within" in said.splitlines()[-1]
    assert used(pose) == (found, "")
    assert SIMULATION.built == 1


def test_what_was_edited_since_is_built_again(pose: Path) -> None:
    (engine,), _ = used(pose)
    engine.write_bytes(engine.read_bytes() + b" ")
    assert used(pose)[0] == [engine]
    assert SIMULATION.built == 2


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0"])
def test_whoever_names_a_device_gets_the_file_he_named(pose: Path, device: str) -> None:
    assert used(pose, device=device) == ([pose], "")


def test_without_a_gpu_nothing_is_said_about_tensorrt(
    pose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    monkeypatch.setattr("app.networks.engines.KERNEL_MODULE", tmp_path / "no driver")
    assert used(pose, pose) == ([pose, pose], "")
    monkeypatch.setattr("app.networks.engines.KERNEL_MODULE", tmp_path)
    found, said = used(pose, pose)
    assert found == [pose, pose]
    assert said.count("\n") == 1
    assert "pip install 'kinetrail[gpu]'" in said


def test_what_keeps_a_network_from_tensorrt_is_one_line_and_onnx_runtime_does_the_work(pose: Path) -> None:
    DEVICE.reset(count=0)
    found, said = used(pose, pose)
    assert found == [pose, pose]
    assert said.count("\n") == 1
    assert said.startswith("networks run on ONNX Runtime, not on TensorRT: the GPU cannot be used: ")


@pytest.mark.parametrize("broken", ["raise OSError('libnvinfer.so.11: cannot open')", ""])
def test_a_tensorrt_that_is_broken_is_one_line_too(
    pose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.delitem(sys.modules, "tensorrt")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tensorrt.py").write_text(broken)
    monkeypatch.syspath_prepend(tmp_path / "broken")
    monkeypatch.setattr("app.networks.engines.KERNEL_MODULE", tmp_path)
    found, said = used(pose)
    assert found == [pose]
    assert said.startswith("networks run on ONNX Runtime, not on TensorRT: engines need TensorRT (")
    assert said.count("\n") == 1


def test_an_engine_that_was_refused_is_not_built_at_every_run(pose: Path) -> None:
    SIMULATION.spoil = lambda _, heatmaps: np.roll(heatmaps, 1, axis=3)
    assert "not used: its joints" in used(pose)[1]
    found, said = used(pose)
    assert found == [pose]
    assert said.count("\n") == 1
    assert f"python build_engine.py {pose} --force" in said
    assert SIMULATION.built == 1


def test_a_run_works_through_engines_as_it_does_through_onnx(
    pose: Path, detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [np.full((96, 160, 3), 20, np.uint8) for _ in range(12)]
    for index, frame in enumerate(frames):
        frame[16:88, 40 + index : 72 + index] = 190
        frame[45:58, 50 + index : 63 + index] = 255
    clips.write(tmp_path / "walk.mp4", frames, [3600 * index for index in range(12)])
    call = ["run", str(tmp_path / "walk.mp4"), "--no-video", "--detector", str(detector), "--pose"]
    assert main([*call, str(pose), "-o", str(tmp_path / "cpu"), "--device", "cpu"]) == 0
    assert DEVICE.copies == 0
    assert main([*call, str(pose), "-o", str(tmp_path / "auto")]) == 0
    proof = DEVICE.copies
    assert main([*call, str(pose), "-o", str(tmp_path / "again")]) == 0
    assert DEVICE.copies > proof
    assert "detector.onnx: runs on ONNX Runtime: the network has no convolution" in capsys.readouterr().err
    (engine,) = engines()
    assert main([*call, str(engine), "-o", str(tmp_path / "named")]) == 0
    cpu, *others = (pd.read_csv(tmp_path / name / "walk.csv") for name in ("cpu", "again", "named"))
    assert len(cpu) == 12
    for other in others:
        np.testing.assert_allclose(other.to_numpy(), cpu.to_numpy(), atol=0.05)


def test_cuda_graphs_are_used_where_they_are_wished_for_and_each_thing_is_said_once(
    pose: Path,
    detector: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    simulated_cuda.install(monkeypatch, "pycuda", "cuda-bindings")
    frame = np.full((96, 160, 3), 20, np.uint8)
    frame[16:88, 40:72] = 190
    for name in ("one", "two"):
        clips.write(tmp_path / f"{name}.mp4", [frame] * 3, [0, 3600, 7200])
    call = [*(str(tmp_path / f"{name}.mp4") for name in ("one", "two")), "--detector", str(detector)]
    call = ["run", *call, "--no-video", "--pose", str(pose), "--overwrite", "-o", str(tmp_path / "out")]
    assert main(call) == 0
    assert DEVICE.launched == 0
    said = capsys.readouterr().err
    assert said.count("by pycuda") == 1
    assert "cuda-graphs" not in said
    assert main([*call, "--cuda-graphs"]) == 0
    assert DEVICE.launched > 0
    said = capsys.readouterr().err
    assert said.count("by cuda-bindings") == 1
    assert said.count("detector.onnx: --cuda-graphs does nothing for it: ONNX Runtime runs it") == 1
    assert said.count("cuda-graphs") == 1


def test_an_engine_from_elsewhere_runs_only_when_it_is_trusted(
    pose: Path,
    detector: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (engine,), _ = used(pose)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of somebody else"))
    clips.write(tmp_path / "dark.mp4", [np.zeros((96, 160, 3), np.uint8)] * 3, [0, 3600, 7200])
    call = ["run", str(tmp_path / "dark.mp4"), "-o", str(tmp_path / "out"), "--detector", str(detector)]
    assert main([*call, "--pose", str(engine)]) == 2
    assert "--trust-engine" in capsys.readouterr().err
    assert main([*call, "--pose", str(engine), "--trust-engine"]) == 0


def test_the_line_of_a_build_says_how_far_it_is() -> None:
    assert describe("pose.onnx", "preparing", 0.0, -1.0) == "pose.onnx  preparing"
    line = describe("pose.onnx", "Timing graph nodes", 0.25, 65)
    assert line == " 25%  1:05 left  pose.onnx  Timing graph nodes"
