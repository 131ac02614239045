"""Rows of a batch run side by side on the cores of a CPU."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.session import CPU_BATCH, Session
from engine.types import Array, Image


class SideBySide:
    """A Session made of two of the same network: one gives all threads to a row, the other each row its own.

    A row alone is answered soonest when all threads share its work. Several rows are done soonest when each
    thread has its own: two threads in one row gain 7 %, in two rows 90 % (SimplePose on two cores). It takes
    any number of rows, whatever the network's own batch is.
    """

    on_cpu = True

    def __init__(self, alone: Session, open_each: Callable[[], Session], threads: int) -> None:
        """`alone` is taken over; `open_each` opens the other at the first run of several rows."""
        self.signature = alone.signature
        self.max_batch, self.best_batch = sys.maxsize, CPU_BATCH
        self._sessions = [alone]
        self._open_each = open_each
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rows")

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output, N first, N >= 1. The results are the caller's to keep."""
        if len(batch) == 1:
            return self._sessions[0].run(batch)
        if len(self._sessions) == 1:
            self._sessions.append(self._open_each())
        each = self._sessions[1]
        rows = min(each.max_batch, -(-len(batch) // self._threads))
        parts = [batch[start : start + rows] for start in range(0, len(batch), rows)]
        outputs = zip(*self._pool.map(each.run, parts), strict=True)
        return tuple(np.concatenate(output) for output in outputs)

    def close(self) -> None:
        self._pool.shutdown()
        for session in self._sessions:
            session.close()
