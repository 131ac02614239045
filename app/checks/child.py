"""Questions put to another process: a broken library or driver may crash or hang whoever asks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]  #: where our packages lie
PATIENCE_S = 20.0  #: a cold disk under a large library; nobody waits longer for a page about his machine


class Unanswered(Exception):
    """The process crashed, hung or complained. The message is one line."""


def asked(what: str, *, patience: float = PATIENCE_S, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What `app.checks.inside` says about `what`. Raises Unanswered."""
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))
    around = {**surroundings(), "PYTHONPATH": os.pathsep.join(paths), **(env or {})}
    # -P: no folder named app where the user happens to be
    said = answer([sys.executable, "-P", "-m", "app.checks.inside", what], patience=patience, env=around)
    try:
        found = json.loads((said.splitlines() or [""])[-1])
    except ValueError as error:
        raise Unanswered(f"an answer that cannot be read: {said[-60:]!r}") from error
    return dict(found)


def surroundings() -> dict[str, str]:
    """The environment, less what OpenCV put there for its own Qt, if it was imported into this process."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith("QT_") and "/cv2/qt/" in value)
    }


def answer(
    command: Sequence[str], *, patience: float = PATIENCE_S, env: Mapping[str, str] | None = None
) -> str:
    """What a command prints. Raises Unanswered, at the latest a second after `patience` seconds."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,  # a file, not a pipe: a pipe is open as long as any grandchild has it
                stderr=complained,
                env=env,
                start_new_session=True,
            )
        except OSError as error:
            raise Unanswered(f"{command[0]} cannot be started: {error.strerror}") from error
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            _end(process)
            raise Unanswered(f"no answer within {patience:g} s") from None
        texts = []
        for file in (said, complained):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    if code:
        raise Unanswered(_reason(code, texts[1] or texts[0]))
    return texts[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and its children. One that hangs in a driver cannot be killed; it is left to the system."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.returncode = -signal.SIGKILL  # so that nobody asks after it


def _reason(code: int, complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if code < 0:
        crash = f"it crashed ({signal.Signals(-code).name})"
        told = next((line for line in lines if "could not" in line.lower()), last)  # Qt's first is the cause
        return f"{crash}: {told[:200]}" if told else crash
    return (last or f"it ended with code {code}")[:300]
