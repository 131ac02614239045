"""Other trackers on the same boxes: an environment made once in the cache folder, and what they answered."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from walkers import Shot

from benchmarks.tracking_scores import Told

PACKAGE = "trackers==2.6.1"  #: Roboflow's; its name is that of our own package, hence an environment
PEERS = Path(__file__).with_name("tracking_peers.py")


def others(stories: Mapping[str, Sequence[Shot]], folder: Path) -> dict[str, dict[str, list[Told]]]:
    """What each of the others says, by story and by name; kept in the folder.

    Raises CalledProcessError where they cannot be installed.
    """
    asked = BytesIO()
    columns: dict[str, Any] = {
        f"{name}/{part}": column for name, shots in stories.items() for part, column in _sent(shots)
    }
    np.savez(asked, **columns)
    sent = b"".join(a.tobytes() for shots in stories.values() for _, a in _sent(shots))
    names = repr((PACKAGE, list(stories))).encode()
    key = hashlib.sha256(names + sent + PEERS.read_bytes()).hexdigest()[:20]
    answer = folder / f"others-{key}.npz"
    if not answer.exists():
        question = answer.with_suffix(".boxes")
        question.write_bytes(asked.getvalue())
        beside = answer.with_suffix(".part.npz")
        command = [str(each) for each in (environment(folder), "-I", PEERS, question, beside)]
        subprocess.run(command, check=True, capture_output=True)
        beside.replace(answer)
        question.unlink()
    with np.load(answer) as kept:
        return {name: _read(kept, name, shots) for name, shots in stories.items()}


def environment(folder: Path) -> Path:
    """The interpreter that has the package; made at the first call, in a minute."""
    home = folder / PACKAGE.replace("==", "-")
    python, ready = home / ("Scripts" if sys.platform == "win32" else "bin") / "python", home / "ready"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
        subprocess.run(install, check=True, capture_output=True)
        ready.touch()
    return python


def _sent(shots: Sequence[Shot]) -> list[tuple[str, np.ndarray]]:
    return [
        ("times", np.array([shot.time for shot in shots])),
        ("counts", np.array([len(shot.poses) for shot in shots])),
        ("boxes", np.concatenate([shot.poses.boxes.xyxy for shot in shots])),
        ("scores", np.concatenate([shot.poses.boxes.scores for shot in shots])),
    ]


def _read(kept: Mapping[str, np.ndarray], story: str, shots: Sequence[Shot]) -> dict[str, list[Told]]:
    answers = [name for name in kept if name.startswith(f"{story}/")]
    return {name.removeprefix(f"{story}/"): _told(kept[name], shots) for name in answers}


def _told(ids: np.ndarray, shots: Sequence[Shot]) -> list[Told]:
    frames = np.split(ids, np.cumsum([len(shot.poses) for shot in shots])[:-1])
    boxes = [shot.poses.boxes.xyxy.astype(float) for shot in shots]
    return [Told(i[i >= 0], box[i >= 0]) for i, box in zip(frames, boxes, strict=True)]
