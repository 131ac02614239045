"""Several sources at once, each worked on by a process of its own; told of as one run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TextIO

from app.account import Account
from app.call import admitted, run_all
from app.job import Job
from app.processing import Queue, Work
from app.progress import Board, along
from app.settings import Settings
from app.sources import expand, stems
from engine.errors import UserError

LOOK_S = 0.2  #: how often it is looked whether somebody wants it to stop


def run_many(
    arguments: Sequence[str],
    settings: Settings,
    stop: threading.Event,
    *,
    jobs: int,
    out: TextIO | None = None,
    start: Sequence[str] | None = None,
) -> bool:
    """Work through all sources, so many at once; whether everything went well.

    They begin in order, and share the cores of the machine. When `stop` is set all complete their files.
    `start`: as of Queue. Raises UserError where nothing can go on.
    """
    sources = expand(arguments)
    if jobs == 1 or len(sources) == 1:
        return run_all(arguments, settings, stop)
    board = Board(out or sys.stderr, quiet=settings.quiet)
    job, account = Job(settings, board.say), Account(len(sources))
    ready = admitted(job, sources, stems(sources), settings, board, account)
    if ready:
        job.use_engines(board, stop)  # before each process builds them for itself
        at_once = min(jobs, len(ready))
        company = _Company(board, at_once, start)
        works = company.work(ready, settings, max(1, job.cores // at_once), stop)
        account.done = sum(work.state == "done" for work in works)
        account.skipped = sum(work.state == "skipped" for work in works)
        account.failures += [work.message for work in works if work.state == "failed"]
    for line in account.lines():
        board.done(line)
    return account.well


class _Company:
    """Those who work, and what they say: passed on from whatever thread, the same of several only once."""

    def __init__(self, board: Board, jobs: int, start: Sequence[str] | None) -> None:
        self._board = board
        self._said: set[str] = set()
        self._refused = ""  # why no source can be worked on
        self._queue = Queue(self._look, heard=self._hear, jobs=jobs, start=start)

    def work(
        self, sources: Sequence[tuple[str, str]], settings: Settings, cores: int, stop: threading.Event
    ) -> tuple[Work, ...]:
        """All sources, with the names of their outputs; what came of them."""
        try:
            for source, stem in sources:
                self._queue.add(source, settings, stem=stem, cores=cores)
            while not (stop.is_set() or self._refused or self._queue.wait(LOOK_S)):
                pass
        finally:
            self._queue.close(threading.TIMEOUT_MAX)  # as a single run would: it asked for whole files
            self._board.show({}, "")
        if self._refused:
            raise UserError(self._refused)
        return self._queue.works()

    def _hear(self, kind: str, line: str, details: str) -> None:
        if kind == "refused":
            self._refused = line
        elif kind == "failed":
            self._board.fail(UserError(line), details)
        elif kind == "said":
            if line not in self._said:
                self._said.add(line)
                self._board.say(line)
        else:
            self._board.done(line)

    def _look(self) -> None:
        works = self._queue.works()
        going = [work for work in works if work.state == "working" and work.frames]
        wide = max((len(_name(work)) for work in going), default=0)
        rows = {work.number: f"{_name(work).ljust(wide)}  {_far(work)}" for work in going}
        self._board.show(rows, f"{sum(work.over for work in works)} of {len(works)} are over")


def _name(work: Work) -> str:
    return f"{work.name}, {work.doing}" if work.doing else work.name


def _far(work: Work) -> str:
    return along(work.frames, work.total, work.fps, work.people)
