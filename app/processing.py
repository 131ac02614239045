"""Many recordings, one after the other or several at once, each worked on by a program of its own.

A program of its own shares neither lock nor memory with whoever waits for it: a window stays quick beside it,
and what goes wrong in one recording stays there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.settings import Settings
from app.task import read_task as read_task
from app.task import task
from app.work import SAID, State, told
from app.work import Work as Work

ROOT = Path(__file__).parents[1]
PATIENCE_S = 20.0  #: for a program that was asked to stop (SIGTERM, which jobs in the background heed too)
WORDS = 4096  #: bytes that are kept of what a program complains of

Heard = Callable[[str, str, str], None]


def unheard(_kind: str, _line: str, _details: str) -> None:
    """What nobody listens to."""


def as_added(work: Work) -> str:
    """What the outputs are called, unless told otherwise."""
    return work.stem


def program() -> list[str]:
    """What starts Kinetrail anew, also where it was packed into one folder."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-P", "-m", "app"]  # -P: no folder named app where the user happens to be


class Queue:
    """Works through recordings in the order they were added. Any thread may ask."""

    def __init__(
        self,
        changed: Callable[[], None],
        *,
        heard: Heard = unheard,
        jobs: int = 1,
        start: Sequence[str] | None = None,
        stem_of: Callable[[Work], str] = as_added,
    ) -> None:
        """`changed` is called, from any thread, when something about `works` is new. `jobs` at once.

        `heard` is told, from any thread, of which kind (see SAID) each line is that is said of a recording,
        the line, and details. `start`: the program, where it is not Kinetrail itself. `stem_of`: what the
        outputs of a recording are to be called, asked in a thread when it begins; see `Work.stem`.
        """
        self._changed, self._heard, self._stem_of = changed, heard, stem_of
        self._start = [*(program() if start is None else start), "work"]
        self._works: dict[int, Work] = {}
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._last = 0  # number given
        self._closed = False
        self._more = threading.Condition()
        self._threads = [threading.Thread(target=self._serve, name=f"queue {n + 1}") for n in range(jobs)]
        for thread in self._threads:
            thread.start()

    def add(self, source: str, settings: Settings, *, stem: str = "", cores: int = 0) -> int:
        """One more recording, at the end; its number. See `Work`."""
        with self._more:
            self._last = number = self._last + 1
            self._works[number] = Work(number, source, settings, stem, cores)
            self._more.notify()
        self._changed()
        return number

    def again(self, number: int, *, overwrite: bool = False) -> int:
        """Put one that is over at the end once more; its new number.

        The old one is forgotten, unless it was cancelled and still completes its files.
        """
        with self._more:
            work = self._works[number]
            if number not in self._running:
                del self._works[number]
        settings = replace(work.settings, overwrite=overwrite)
        return self.add(work.source, settings, stem=work.stem, cores=work.cores)

    def works(self) -> tuple[Work, ...]:
        """Everything that was added and not cleared, in order."""
        with self._more:
            return tuple(self._works.values())

    def cancel(self, number: int) -> None:
        """Take it out, or ask it to stop where it stands and complete its files; asked twice, it is ended."""
        with self._more:
            work, running = self._works.get(number), self._running.get(number)
            if work is not None and not work.over:
                self._works[number] = replace(work, state="cancelled", message="cancelled")
                if running:
                    running.terminate()
            elif running:
                running.kill()
            self._more.notify_all()
        self._changed()

    def clear(self) -> None:
        """Forget what is over."""
        with self._more:
            self._works = {n: work for n, work in self._works.items() if n in self._running or not work.over}
        self._changed()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until nothing is left to do; whether that is so."""
        with self._more:
            return self._more.wait_for(lambda: all(work.over for work in self._works.values()), timeout_s)

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Stop what runs and wait for it; end what is not done with its files after so many seconds."""
        for work in self.works():
            if not work.over:
                self.cancel(work.number)
        with self._more:
            self._closed = True
            self._more.notify_all()
            self._more.wait_for(lambda: not self._running, patience_s)
            for running in self._running.values():
                running.kill()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            self._do(work)

    def _next(self) -> Work | None:
        """The next one that waits, now being worked on; None: there will be none."""
        with self._more:
            while not self._closed:
                for number, work in self._works.items():
                    if work.state == "waiting":
                        self._works[number] = replace(work, state="working")
                        return self._works[number]
                self._more.wait()
        return None

    def _do(self, work: Work) -> None:
        self._change(work.number, stem=(stem := self._stem_of(work)))
        paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))
        try:
            running = subprocess.Popen(
                self._start,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
        except OSError as error:
            return self._change(work.number, state="failed", message=f"cannot be started ({error.strerror})")
        with self._more:
            self._running[work.number] = running
            if self._works[work.number].state == "cancelled":
                running.terminate()
        complaints = _Tail(running)
        kinds: set[str] = set()
        with running, suppress(BrokenPipeError):
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(task(work.source, work.settings, stem=stem, cores=work.cores))
            running.stdin.close()
            kinds = {self._hear(work, line) for line in running.stdout}
        self._finish(work.number, running.returncode, kinds, complaints.text())
        return None

    def _hear(self, work: Work, line: bytes) -> str:
        """Take in what the program says of itself; of which kind it is, "" where a library says something."""
        try:
            heard = json.loads(line)
            kind, fields = str(heard["kind"]), told(heard)
        except (ValueError, LookupError, TypeError):
            return ""
        self._change(work.number, **fields)
        if kind in SAID:
            self._heard(kind, fields["message"], fields.get("details", ""))
        return kind

    def _finish(self, number: int, code: int, kinds: Collection[str], complaints: str) -> None:
        with self._more:
            del self._running[number]
            work = self._works[number]
            if work.state == "working":
                state: State = "failed" if code else "skipped" if "skipped" in kinds else "done"
                self._works[number] = replace(work, state=state)
            explained = code > 0 and not {"failed", "refused"}.isdisjoint(kinds)
            untold = code != 0 and not explained and work.state == "working"
            if untold:
                last = complaints.strip().rpartition("\n")[2]
                line = f"{work.name}: the work on it ended early ({last or code})"
                self._works[number] = replace(self._works[number], message=line, details=complaints)
            self._more.notify_all()
        if untold:
            self._heard("failed", line, "")
        self._changed()

    def _change(self, number: int, **fields: Any) -> None:
        with self._more:
            work = self._works[number]
            if work.state != "cancelled":
                fields["said"] = work.said + fields.get("said", ())
                self._works[number] = replace(work, **fields)
        self._changed()


class _Tail:
    """Reads what a program complains of, in a thread of its own, and keeps the end of it."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        self._last = b""
        self._running = running
        self._thread = threading.Thread(target=self._read, name="complaints")
        self._thread.start()

    def _read(self) -> None:
        assert self._running.stderr is not None
        for line in self._running.stderr:
            self._last = (self._last + line)[-WORDS:]

    def text(self) -> str:
        self._thread.join()
        return self._last.decode("utf-8", "replace")
