"""A session file opened for reading and for repairs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.store import about, edits, opened, repairs, schema, told
from app.store.edits import Edit
from app.store.opened import INDEX, Block, Index
from app.store.told import Floats, Ints, Lane, Measured, Person, Stretch, cut
from app.store.writer import read_block, transaction
from engine.errors import UserError
from trackers.types import Tracks

__all__ = ["Lane", "Measured", "Person", "Session", "Stretch", "open_session_file"]

RESERVED = 100_000  #: up to here ids are the tracker's, while it may still give new ones


def open_session_file(path: Path) -> Session:
    """The session in `path`. UserError where it is none, or damaged."""
    try:
        database = schema.connect(path)
    except UserError:
        if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file fails on names that are too long)
            raise
        database = schema.connect(path, write=False)
    return Session(path, database)


class Session:
    """A session, read and repaired by one thread at a time, maybe while a Writer elsewhere adds to it.

    Every method raises UserError where the file turns out to be damaged.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Takes over the `database`."""
        self.path, self._database = path, database
        self._index: dict[int, Index] = {}  # of each block, by the position of its first frame
        self._version = -1  # of what others wrote
        self._opened = -1, list[Tracks]()  # of the last block looked into: its position, and its frames
        try:
            self._read()
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def refresh(self) -> bool:
        """See what was written meanwhile; whether there is more, it is finished, or others repaired it."""
        before = len(self._outline.times), self.about.finished, len(self._log)
        self._read()
        return before != (len(self._outline.times), self.about.finished, len(self._log))

    def times(self) -> Floats:
        """(F,) s, of every stored frame."""
        return self._outline.times

    def indices(self) -> Ints:
        """(F,) number of each frame, as the source delivered it."""
        return self._outline.frames

    def latencies(self) -> Floats:
        """(F,) s, from capture to result, of every stored frame; NaN where that is not known."""
        with schema.reading(self.path):
            rows = self._database.execute("SELECT frames, latency FROM block ORDER BY position")
            return np.concatenate([np.zeros(0), *map(opened.latencies, rows)])[: len(self.times())]

    def tracks(self, position: int) -> Tracks:
        """Who is in the frame at that place of `times`, after all repairs."""
        if not 0 <= position < len(self._outline.times):
            raise IndexError(f"position {position} of {len(self._outline.times)} frames")
        first = int(self._outline.firsts[np.searchsorted(self._outline.firsts, position, "right") - 1])
        if self._opened[0] != first:
            self._opened = first, list(self._stretch(first).tracks())
        return self._opened[1][position - first]

    def each(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, float, Tracks]]:
        """Index, time and people of the frames at the places from `first` to before `last`, in order."""
        for stretch in self.stretches(first, last):
            yield from zip(stretch.frames.tolist(), stretch.times.tolist(), stretch.tracks(), strict=True)

    def stretches(self, first: int = 0, last: int | None = None, *, bare: bool = False) -> Iterator[Stretch]:
        """The same frames, many at once; `bare`: without spreads, which takes less time."""
        for start, begin, end in self._wanted(first, last):
            yield cut(self._stretch(start, bare=bare), begin, end)

    def measured(self, first: int = 0, last: int | None = None) -> Iterator[Measured]:
        """The same frames as the networks saw them, before anybody had an id."""
        for start, begin, end in self._wanted(first, last):
            index = self._index[start]
            with schema.reading(self.path):
                block = self._block(start)
                columns = index.frames.tolist(), index.times.tolist(), block.poses(), block.looked().tolist()
                frames = [Measured(*each) for each in zip(*columns, strict=True)]
            yield from frames[begin:end]

    def people(self) -> list[Person]:
        """Everybody, after all repairs, in order of ids."""
        return told.people(self._outline, self._shown(), edits.names(self._done))

    def lane(self, track_id: int) -> Lane:
        """Where somebody is, after all repairs; nowhere who is not there."""
        rows = np.flatnonzero(self._shown() == track_id)
        return Lane(self._outline.places[rows], self._outline.confidences[rows])

    def swap(self, a: int, b: int, at_s: float) -> None:
        """From `at_s` on, that frame included, a is b, and b is a."""
        with self._repairing() as add:
            add(repairs.swap(self, a, b, at_s))

    def merge(self, gone: int, into: int) -> None:
        """All of `gone` becomes `into`. UserError where both are in one frame."""
        with self._repairing() as add:
            add(repairs.merge(self, gone, into))

    def split(self, who: int, at_s: float) -> int:
        """From `at_s` on, that frame included, `who` is somebody else, whose new id is returned."""
        with self._repairing() as add:
            known = max(self._outline.ids.max(initial=0), 0 if self.about.finished else RESERVED)
            new = 1 + max(int(known), *(edit.b for edit in self._log if edit.kind == edits.SPLIT), 0)
            add(repairs.split(self, who, at_s, new))
        return new

    def delete(self, who: int) -> None:
        """Nobody of that id is told of any more."""
        with self._repairing() as add:
            add(repairs.delete(self, who))

    def rename(self, who: int, name: str) -> None:
        """Give somebody a name, or none with ""."""
        with self._repairing() as add:
            add(repairs.rename(self, who, name))

    def undo(self) -> str:
        """Take back the last repair that holds; what it was, "" where there is none."""
        with self._repairing() as add:
            if words := self.undoable():
                add(Edit(edits.UNDO))
        return words

    def redo(self) -> str:
        """Repair again what was taken back last; what it is, "" where there is nothing."""
        with self._repairing() as add:
            if words := self.redoable():
                add(Edit(edits.REDO))
        return words

    def undoable(self) -> str:
        """What `undo` would take back, in words."""
        return self._done[-1].words() if self._done else ""

    def redoable(self) -> str:
        """What `redo` would do again, in words."""
        return self._undone[-1].words() if self._undone else ""

    def _read(self) -> None:
        """Everything about the file that is new."""
        with schema.reading(self.path), transaction(self._database, "BEGIN"):
            self._look()

    def _look(self) -> None:
        """The same, within a transaction."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self.about = about.recall(self._database)
            self._read_log()
            self._read_blocks()
            self._version, self._opened = version, (-1, list[Tracks]())

    def _read_log(self) -> None:
        rows = self._database.execute("SELECT number, kind, a, b, at_s, name FROM edit ORDER BY number")
        self._log = edits.read(rows)
        self._done, self._undone = edits.standing(self._log)
        self._repaired = np.zeros(0, np.int64)

    def _read_blocks(self) -> None:
        since = max(self._index, default=0)  # the last block may have grown
        query = f"SELECT position, {', '.join(INDEX)} FROM block WHERE position >= ? ORDER BY position"
        for position, *columns in self._database.execute(query, (since,)):
            if position != since:  # at once: a damaged tree may go round in circles for ever
                raise ValueError("frames are missing in the middle")
            self._index[position] = opened.index(columns)
            since += len(self._index[position].frames)
        self._outline = told.outline(self._index)

    def _shown(self) -> Ints:
        """The ids (R,) of everybody in every frame after all repairs."""
        if self._repaired.size != self._outline.ids.size:
            times = self._outline.times[self._outline.places]
            self._repaired = edits.repaired(self._outline.ids, self._outline.places, times, self._done)
        return self._repaired

    def _stretch(self, first: int, *, bare: bool = False) -> Stretch:
        """The block that begins at that position, after all repairs."""
        index = self._index[first]
        with schema.reading(self.path):
            block = self._block(first)
            people, cameras = block.people(bare=bare), block.cameras()
            if block.person_counts.tolist() != index.counts.tolist():
                raise ValueError("a block that changed")
        frames = len(index.frames)
        ids = self._shown()[self._outline.rows[first] : self._outline.rows[first + frames]]
        if not self._done:
            return Stretch(index.frames, index.times, index.counts, ids, people, cameras)
        which = np.repeat(np.arange(frames), index.counts)
        order = np.lexsort((ids, which))
        order = order[ids[order] != edits.NOBODY]
        counts = np.bincount(which[order], minlength=frames)
        return Stretch(index.frames, index.times, counts, ids[order], people.take(order), cameras)

    def _block(self, first: int) -> Block:
        return Block(read_block(self._database, first), len(self.about.keypoints))

    def _wanted(self, first: int, last: int | None) -> Iterator[tuple[int, int, int]]:
        """Where each block begins that has some of the frames, and from which to before which of its own."""
        end = len(self._outline.times) if last is None else min(last, len(self._outline.times))
        for start in self._outline.firsts[self._outline.firsts < end].tolist():
            frames = len(self._index[start].frames)
            if start + frames > first:
                yield start, max(first - start, 0), min(end - start, frames)

    @contextmanager
    def _repairing(self) -> Iterator[Callable[[Edit], None]]:
        """Seeing how the session is, and adding to its log, is one step: nobody comes in between."""
        with schema.writing(self.path), transaction(self._database):
            with schema.reading(self.path):
                self._look()
            yield self._add
        with schema.reading(self.path):
            self._read_log()
        self._opened = -1, list[Tracks]()

    def _add(self, edit: Edit) -> None:
        made = datetime.now(UTC).isoformat(timespec="seconds")
        row = (made, edit.kind, edit.a, edit.b, edit.at_s, edit.name)
        self._database.execute(
            "INSERT INTO edit (made, kind, a, b, at_s, name) VALUES (?, ?, ?, ?, ?, ?)", row
        )
