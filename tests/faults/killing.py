"""Programs that are killed at a chosen moment, and what has to be there afterwards.

One process, which has loaded everything and has no threads, forks a child for each task. The child is ended
by SIGKILL either right before the nth thing that it does to files, counted over all of its threads, or after
so many seconds, whatever it is at by then.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import refusing

ROOT = Path(__file__).parents[2]
NEVER = 1 << 62
PATIENCE_S = 120.0
#: What the program does to files, by the names of the functions of C that do it.
POSIX = frozenset({"rename", "replace", "link", "unlink", "mkdir", "truncate", "ftruncate", "fsync", "open"})
DATABASE = frozenset({"execute", "executemany", "executescript", "close"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    code: int  #: exit code, -9 where it was killed
    moments: int  #: things done to files, where it was not killed
    said: str  #: on stdout and stderr


class Killer:
    """The process that forks. `task` is a name in TASKS, and what it takes."""

    def __init__(self, folder: Path) -> None:
        path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", Path(__file__).parent)))
        self._said = folder / "said"
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._said)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            cwd=folder,
        )

    def run(self, task: str, *given: str, at: int = NEVER, after_s: float = PATIENCE_S) -> Ended:
        """Fork; the child is killed before its moment number `at`, or `after_s`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([task, given, at, after_s]) + "\n")
        self._process.stdin.flush()
        code, moments = json.loads(self._process.stdout.readline())
        return Ended(code, moments, self._said.read_text(errors="replace"))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def count_moments(at: int) -> Callable[[], int]:
    """Kill this process right before its moment number `at`; how many there were so far."""
    counter, seen = itertools.count(1), [0]

    def look(_frame: Any, event: str, function: Any) -> None:
        if event != "c_call" or not _touches(function):
            return
        seen[0] = next(counter)
        if seen[0] >= at:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(look)
    sys.setprofile(look)
    return lambda: seen[0]


def _touches(function: Any) -> bool:
    """Whether a function of C does something to a file."""
    name, owner = function.__name__, getattr(function, "__self__", None)
    if isinstance(owner, sqlite3.Connection):
        return name in DATABASE
    if isinstance(owner, io.FileIO):
        return name in ("write", "truncate")
    return name in POSIX and getattr(function, "__module__", "") == "posix"


def command(*arguments: str) -> int:
    """`kinetrail` with these arguments."""
    from app.cli import main

    return main(arguments)


def repair(session: str, log: str) -> int:
    """All of REPAIRS that are not in the session yet; each is noted in `log` once it is done."""
    from app.store.session import open_session_file

    with closing(open_session_file(Path(session))) as opened, Path(log).open("ab", buffering=0) as noted:
        for number in range(repairs_in(Path(session)), len(REPAIRS)):
            name, *rest = REPAIRS[number]
            getattr(opened, name)(*rest)
            noted.write(b"x")
    return 0


REPAIRS: Sequence[tuple[Any, ...]] = (
    ("rename", 1, "Ada"), ("swap", 1, 2, 0.6), ("split", 2, 0.8), ("rename", 2, "Bo"), ("undo",), ("redo",),
    ("delete", 1), ("undo",), ("split", 1, 1.4), ("swap", 1, 2, 0.4), ("undo",), ("rename", 1, ""),
)  # fmt: skip


def repairs_in(session: Path) -> int:
    """How many entries the log of a session has."""
    with closing(sqlite3.connect(f"file:{session}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM edit").fetchone()[0])


def record(folder: str, frames: str, pause_s: str) -> int:
    """A recording of a made-up camera, all its files, and a session."""
    import numpy as np
    from fakes import info, result, tracks

    from app.outputs.mp4 import Mp4
    from app.outputs.table import Csv
    from app.store.about import Recipe
    from app.store.writer import Writer
    from app.watch import room
    from app.watch.recorder import Recorder
    from app.watch.take import Plan
    from engine.skeleton import KEYPOINTS
    from engine.types import Frame

    def files(source: Any, to: Path, notice: Callable[[str], None]) -> list[Callable[[], Any]]:
        recipe = Recipe("camera", "", "", KEYPOINTS, {})
        return [
            lambda: Mp4(to / f"{source.stem}.mp4", source, 0.3, notice=notice, threads=1),
            lambda: Csv(to / f"{source.stem}.csv", KEYPOINTS, 0.3),
            lambda: Writer(to / f"{source.stem}.kinetrail", source, recipe),
        ]

    room.LEAST = 0  # of a disk that is small from the start
    recorder = Recorder(lambda: None)
    recorder.ready(Plan(info(live=True, size=(64, 48)), files, 1, lambda _: None, lambda: None))
    recorder.start(Path(folder), "walk")
    body = np.linspace((20.0, 8.0), (40.0, 40.0), 17).astype(np.float32)
    for index in range(int(frames)):
        frame = Frame(index, index / 25, np.full((48, 64, 3), index % 250, np.uint8))
        recorder.capture(frame)
        recorder.write(result(frame, tracks(body + 0.01 * index)))
        time.sleep(float(pause_s))
    recorder.stop()
    recorder.close()
    if trouble := recorder.state().trouble:
        sys.stderr.write(f"kinetrail: {trouble}\n")
    return 2 * bool(trouble)


def fetch(source: str, path: str) -> int:
    """A published network, from a copy."""
    from app.networks.download import Wanted, take

    take(Path(source), Path(path), Wanted(), show=lambda _done, _all: None, stop=threading.Event())
    return 0


def prefer(path: str, text: str) -> int:
    """Keep something among the preferences of the window; 2 where it says that it cannot."""
    from app.ui.preferences import Preferences

    said: list[str] = []
    preferences = Preferences(Path(path))
    preferences.troubled.connect(said.append)
    preferences.set_shortcut("live.record", text)
    sys.stderr.write("".join(f"kinetrail: {line}\n" for line in said))
    return 2 * bool(said)


def vanish(folder: str, *arguments: str) -> int:
    """`kinetrail`, whose folder is deleted as soon as there is a session in it."""

    def delete(_: list[int]) -> None:
        while Path(folder).exists():  # what is made in it meanwhile goes too
            shutil.rmtree(folder, ignore_errors=True)

    refusing.when(_touches, 1, "*.kinetrail", delete)
    return command(*arguments)


def replaced(clip: str, by: str, folder: str, *arguments: str) -> int:
    """`kinetrail`, whose source is replaced by another file as soon as there is a session."""
    refusing.when(_touches, 1, f"{folder}/*.kinetrail", lambda _: Path(by).replace(clip))
    return command(*arguments)


def at_odd_times(*arguments: str) -> int:
    """`kinetrail` while the clock on the wall jumps back an hour whenever somebody looks."""
    now = [2e9]

    def earlier() -> float:
        now[0] -= 3600
        return now[0]

    time.time, time.time_ns = earlier, lambda: int(1e9 * earlier())
    return command(*arguments)


def on_share(pattern: str, calls: str, error: str, nth: str, task: str, *given: str) -> int:
    """A task on a share that from a moment on answers with an error whoever asks for files called so."""
    refused: list[int] = []

    def act(found: Sequence[int]) -> None:
        refused.extend(found)
        refusing.refuse(calls.split(), found, int(error))

    refusing.when(_touches, int(nth), pattern, act)
    code = _told(task, given)
    sys.stderr.write("" if refused else "nothing was refused\n")
    return code


def _told(task: str, given: Sequence[str]) -> int:
    """A task, and what it says of what goes wrong, as the command would."""
    try:
        return TASKS[task](*given)
    except Exception as error:
        if type(error).__name__ not in ("UserError", "Blocked", "Occupied"):
            raise
        sys.stderr.write(f"kinetrail: {error}\n")
        return 2


def on_disk(options: str, filled: str, disk: str, kept: str, task: str, *given: str) -> int:
    """A task while `disk` is a file system of its own, with what is in it; then what it holds goes to `kept`.

    `options` for mounting it; `filled`: bytes that are to be left free, "" for all. Nobody else sees it.
    """
    before = {path.name: path.read_bytes() for path in Path(disk).iterdir()}
    _mount("none", "/", "", PRIVATE, "")
    _mount("tmpfs", disk, "tmpfs", 0, options.replace(",ro", ""))
    for name, content in before.items():
        Path(disk, name).write_bytes(content)
    if filled:
        free = os.statvfs(disk)
        Path(disk, "filler").write_bytes(bytes(max(0, free.f_bavail * free.f_bsize - int(filled))))
    if "ro" in options.split(","):
        _mount("tmpfs", disk, "tmpfs", REMOUNT | READ_ONLY, options.replace(",ro", ""))
    try:
        return _told(task, given)
    finally:
        sys.stderr.flush()
        for path in Path(disk).iterdir():
            if path.is_file() and path.name != "filler":
                shutil.copy2(path, kept)


PRIVATE, REMOUNT, READ_ONLY, NAMESPACE = (1 << 18) | (1 << 14), 32, 1, 0x20000  #: of mount and unshare


def _mount(source: str, place: str, kind: str, flags: int, options: str) -> None:
    c = ctypes.CDLL(None, use_errno=True)
    if flags == PRIVATE and c.unshare(NAMESPACE):
        raise OSError(ctypes.get_errno(), "no file systems of our own")
    if c.mount(source.encode(), place.encode(), kind.encode(), flags, options.encode()):
        raise OSError(ctypes.get_errno(), f"{place} cannot be mounted")


TASKS: Mapping[str, Callable[..., int]] = {
    "command": command,
    "repair": repair,
    "record": record,
    "fetch": fetch,
    "prefer": prefer,
    "vanish": vanish,
    "replaced": replaced,
    "at_odd_times": at_odd_times,
    "on_disk": on_disk,
    "on_share": on_share,
}


def serve(said: str) -> None:
    """Fork for each line that comes in."""
    import av  # noqa: F401 (loaded once for all)
    import cv2
    import onnxruntime  # noqa: F401

    import app.call
    import app.exports.mp4
    import app.exports.tables
    import app.watch.take  # noqa: F401

    cv2.setNumThreads(1)
    for line in sys.stdin:
        task, given, at, after_s = json.loads(line)
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            _child(TASKS[task], given, at, said, tells)
        os.close(tells)
        code = _waited(child, after_s)
        moments = os.read(told, 20) or b"0"
        os.close(told)
        sys.stdout.write(json.dumps([code, int(moments)]) + "\n")
        sys.stdout.flush()


def _child(task: Callable[..., int], given: Sequence[str], at: int, said: str, tells: int) -> None:
    code = 99
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        moments = count_moments(at)
        code = task(*given)
        sys.setprofile(None)
        os.write(tells, str(moments()).encode())
        sys.stdout.flush()
    except BaseException as error:
        os.write(2, "".join(traceback.format_exception(error)).encode())
        raise
    finally:
        os._exit(code)


def _waited(child: int, after_s: float) -> int:
    """The exit code of a child, which is killed after so long."""
    deadline = time.monotonic() + after_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(min(0.002, after_s))
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextmanager
def killer(folder: Path) -> Iterator[Killer]:
    """One, closed afterwards."""
    with closing(Killer(folder)) as made:
        yield made


if __name__ == "__main__":
    serve(sys.argv[1])
