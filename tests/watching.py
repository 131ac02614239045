"""Watches a live source in a thread, as the program does, for tests that let it down."""

from __future__ import annotations

import queue
import threading
from itertools import pairwise

import numpy as np

from app.sources import open_source
from app.types import Source
from engine.types import Frame

PATIENCE_S = 20.0  #: for what takes a fraction of a second on a quiet machine


class Watching:
    """Iterates a live source in a thread of its own, as the pipeline does."""

    def __init__(self, address: str, threads: int = 1) -> None:
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.notices: queue.Queue[str] = queue.Queue()
        self.stop = threading.Event()
        self.source: Source = open_source(address, stem="live", notice=self.notices.put, threads=threads)
        self._thread = threading.Thread(target=self._watch, name="watching")

    def _watch(self) -> None:
        for frame in self.source.frames(self.stop):
            self.frames.put(frame)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.source.close()

    def end(self) -> None:
        """Stop, and wait no longer than any source may take: 50 looks, each longer where others work too."""
        self.stop.set()
        for _ in range(50):
            self._thread.join(0.05)
        assert not self._thread.is_alive(), "the source did not look at `stop` within 2 s"

    def next(self, count: int) -> list[Frame]:
        return [self.frames.get(timeout=PATIENCE_S) for _ in range(count)]


def check_order(frames: list[Frame]) -> None:
    assert [frame.index for frame in frames] == list(range(len(frames)))
    ticks = [frame.time * 90000 for frame in frames]
    np.testing.assert_allclose(ticks, np.round(ticks), atol=1e-6)
    assert all(a < b for a, b in pairwise(ticks))
