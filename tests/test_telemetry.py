"""A program that films people tells nobody: ONNX Runtime would, from version 1.29 on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import clips
import networks
import pytest

ROOT = Path(__file__).parents[1]
SENDS_AFTER_S = 11  #: seconds; ONNX Runtime 1.31 first sends 9 s after its import

SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
from engine.session import open_session
session = open_session(Path(sys.argv[1]), threads=1)
session.run(np.zeros((1, 3, 64, 48), np.float32))
time.sleep(float(sys.argv[2]))
session.close()
"""


def test_nothing_is_kept_for_sending(tmp_path: Path) -> None:
    model, home = networks.heatmaps(tmp_path / "model.onnx"), tmp_path / "home"
    home.mkdir()
    clean = {"PATH": os.environ["PATH"], "HOME": str(home)}
    command = [sys.executable, "-c", SCRIPT, str(model), "0"]
    subprocess.run(command, cwd=ROOT, env=clean, check=True, timeout=110)
    assert list(home.rglob("*")) == []


def connections(command: list[str], home: Path) -> str:
    """What the command and its threads connect to or send, as strace tells it; run without CI's variables."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    calls = home.parent / "calls.txt"
    traced = ["strace", "-f", "-e", "trace=connect,sendto", "-o", str(calls), *command]
    home.mkdir()
    clean = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(traced, cwd=ROOT, env=clean, check=False, timeout=110)
    text = calls.read_text() if calls.exists() else ""
    if not text:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0
    assert "exited with 0" in text
    return text


def test_a_network_that_is_open_for_long_connects_nowhere(tmp_path: Path) -> None:
    model = networks.heatmaps(tmp_path / "model.onnx")
    command = [sys.executable, "-c", SCRIPT, str(model), str(SENDS_AFTER_S)]
    assert "AF_INET" not in connections(command, tmp_path / "home")


def test_a_whole_run_connects_nowhere(tmp_path: Path) -> None:
    clips.with_audio(tmp_path / "clip.mp4")
    detector = networks.rectangle_detector(tmp_path / "detector.onnx")
    pose = networks.heatmaps(tmp_path / "pose.onnx")
    models = ["--detector", str(detector), "--pose", str(pose)]
    run = [sys.executable, "-m", "app", "run", str(tmp_path / "clip.mp4"), "-o", str(tmp_path / "out")]
    assert "AF_INET" not in connections([*run, *models], tmp_path / "home")
    assert len(list((tmp_path / "out").iterdir())) == 3
