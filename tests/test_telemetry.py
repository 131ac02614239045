"""A program that films people tells nobody: ONNX Runtime would, from version 1.29 on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

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


def run(home: Path, seconds: float, *before: str) -> None:
    """A network opened and run by a program without CI's variables, which silence ONNX Runtime too."""
    model = networks.heatmaps(home.parent / "model.onnx")
    home.mkdir()
    command = [*before, sys.executable, "-c", SCRIPT, str(model), str(seconds)]
    clean = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(command, cwd=ROOT, env=clean, check=True, timeout=60)


def test_nothing_is_kept_for_sending(tmp_path: Path) -> None:
    run(tmp_path / "home", 0)
    assert list((tmp_path / "home").rglob("*")) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_connects_anywhere(tmp_path: Path) -> None:
    calls = tmp_path / "calls.txt"
    try:
        run(tmp_path / "home", SENDS_AFTER_S, "strace", "-f", "-e", "trace=connect,sendto", "-o", str(calls))
    except subprocess.CalledProcessError:
        if not calls.exists() or not calls.read_text():
            pytest.skip("strace may not trace here")
        raise
    text = calls.read_text()
    assert "exited with 0" in text
    assert "AF_INET" not in text
