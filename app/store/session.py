"""A session file opened for reading and for repairs."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.plain import printable
from app.store import about, edits, opened, schema
from app.store.edits import Edit
from app.store.opened import INDEX, Block, Index
from app.store.told import Lane, Measured, Person, Stretch, cut
from app.store.writer import read_block, transaction
from engine.errors import UserError
from trackers.types import Tracks

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

__all__ = ["Lane", "Measured", "Person", "Session", "Stretch", "open_session_file"]

RESERVED = 100_000  #: up to here ids are the tracker's, while it may still give new ones
LONGEST_NAME = 200  #: letters


def open_session_file(path: Path) -> Session:
    """The session in `path`. UserError where it is none, or damaged."""
    try:
        database = schema.connect(path)
    except UserError:
        if not path.is_file():
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
        """See what was written meanwhile; whether there is more, or it is finished now."""
        before = len(self._times), self.about.finished
        self._read()
        return before != (len(self._times), self.about.finished)

    def times(self) -> Floats:
        """(F,) s, of every stored frame."""
        return self._times

    def indices(self) -> Ints:
        """(F,) number of each frame, as the source delivered it."""
        return self._frames

    def tracks(self, position: int) -> Tracks:
        """Who is in the frame at that place of `times`, after all repairs."""
        first = self._first_of(position)
        if self._opened[0] != first:
            self._opened = first, list(self._stretch(first).tracks())
        return self._opened[1][position - first]

    def each(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, float, Tracks]]:
        """Index, time and people of the frames at the places from `first` to before `last`, in order."""
        for stretch in self.stretches(first, last):
            yield from zip(stretch.frames.tolist(), stretch.times.tolist(), stretch.tracks(), strict=True)

    def stretches(self, first: int = 0, last: int | None = None, *, bare: bool = False) -> Iterator[Stretch]:
        """The same frames, many at once; `bare`: without spreads, which takes less time."""
        end = len(self._times) if last is None else min(last, len(self._times))
        for start in [each for each in self._firsts if each < end]:
            frames = len(self._index[start].frames)
            if start + frames > first:
                yield cut(self._stretch(start, bare=bare), max(first - start, 0), min(end - start, frames))

    def measured(self, first: int = 0, last: int | None = None) -> Iterator[Measured]:
        """The same frames as the networks saw them, before anybody had an id."""
        end = len(self._times) if last is None else min(last, len(self._times))
        for start in [each for each in self._firsts if each < end]:
            index = self._index[start]
            if start + len(index.frames) <= first:
                continue
            with schema.reading(self.path):
                block = self._block(start)
                columns = index.frames.tolist(), index.times.tolist(), block.poses(), block.looked().tolist()
                frames = [Measured(*each) for each in zip(*columns, strict=True)]
            yield from frames[max(first - start, 0) : end - start]

    def people(self) -> list[Person]:
        """Everybody, after all repairs, in order of ids."""
        ids = self._shown()
        there = np.flatnonzero(ids != edits.NOBODY)
        known, which, frames = np.unique(ids[there], return_inverse=True, return_counts=True)
        first, last = np.full(len(known), len(ids)), np.zeros(len(known), np.int64)
        np.minimum.at(first, which, there)
        last[which] = there  # the last one written stays
        scores = np.bincount(which, np.nan_to_num(self._confidences[there]), len(known)) / np.maximum(
            frames, 1
        )
        times, called = self._times[self._places], edits.names(self._done)
        return [
            Person(who, called.get(who, ""), float(times[a]), float(times[b]), count, score)
            for who, a, b, count, score in zip(
                known.tolist(), first.tolist(), last.tolist(), frames.tolist(), scores.tolist(), strict=True
            )
        ]

    def lane(self, track_id: int) -> Lane:
        """Where somebody is, after all repairs; nowhere who is not there."""
        rows = np.flatnonzero(self._shown() == track_id)
        return Lane(self._places[rows], self._confidences[rows])

    def swap(self, a: int, b: int, at_s: float) -> None:
        """From `at_s` on, that frame included, a is b, and b is a."""
        if a == b:
            raise UserError(f"{a} cannot be exchanged with itself; choose two people")
        self._known(a, b)
        self._add(Edit(edits.SWAP, a, b, _moment(at_s)))

    def merge(self, gone: int, into: int) -> None:
        """All of `gone` becomes `into`. UserError where both are in one frame."""
        if gone == into:
            raise UserError(f"{gone} cannot become part of itself; choose two people")
        self._known(gone, into)
        both = np.intersect1d(self.lane(gone).positions, self.lane(into).positions)
        if both.size:
            raise UserError(
                f"{gone} and {into} are both in the picture at {self._times[both[0]]:.2f} s, so they are two"
                " people; split or delete one of them there first"
            )
        self._add(Edit(edits.MERGE, gone, into))

    def split(self, who: int, at_s: float) -> int:
        """From `at_s` on, that frame included, `who` is somebody else, whose new id is returned."""
        self._known(who)
        at_s = _moment(at_s)
        times = self._times[self.lane(who).positions]
        if not (times[0] < at_s <= times[-1]):
            raise UserError(
                f"{who} is there from {times[0]:.2f} s to {times[-1]:.2f} s and cannot be split at"
                f" {at_s:.2f} s"
            )
        known = max(self._ids.max(initial=0), 0 if self.about.finished else RESERVED)
        new = 1 + max(int(known), *(edit.b for edit in self._log if edit.kind == edits.SPLIT), 0)
        self._add(Edit(edits.SPLIT, who, new, at_s))
        return new

    def delete(self, who: int) -> None:
        """Nobody of that id is told of any more."""
        self._known(who)
        self._add(Edit(edits.DELETE, who))

    def rename(self, who: int, name: str) -> None:
        """Give somebody a name, or none with ""."""
        self._known(who)
        name = name.strip()
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise UserError(f"a name is one line of at most {LONGEST_NAME} letters, not {name[:40]!r}")
        self._add(Edit(edits.RENAME, who, name=name))

    def undo(self) -> str:
        """Take back the last repair that holds; what it was, "" where there is none."""
        self._read()
        words = self.undoable()
        if words:
            self._add(Edit(edits.UNDO))
        return words

    def redo(self) -> str:
        """Repair again what was taken back last; what it is, "" where there is nothing."""
        self._read()
        words = self.redoable()
        if words:
            self._add(Edit(edits.REDO))
        return words

    def undoable(self) -> str:
        """What `undo` would take back, in words."""
        return self._done[-1].words() if self._done else ""

    def redoable(self) -> str:
        """What `redo` would do again, in words."""
        return self._undone[-1].words() if self._undone else ""

    def _read(self) -> None:
        """Everything about the file that is new."""
        with schema.reading(self.path):
            (version,) = self._database.execute("PRAGMA data_version").fetchone()
            if version == self._version:
                return
            with transaction(self._database, "BEGIN"):
                self.about = about.recall(self._database)
                self._read_log()
                self._read_blocks()
            self._version, self._opened = version, (-1, list[Tracks]())

    def _read_log(self) -> None:
        rows = self._database.execute("SELECT kind, a, b, at_s, name FROM edit ORDER BY number").fetchall()
        self._log = [Edit(str(kind), int(a), int(b), float(at), str(name)) for kind, a, b, at, name in rows]
        if odd := {edit.kind for edit in self._log} - edits.KINDS:
            raise ValueError(f"a repair called {min(odd)!r}")
        self._done, self._undone = edits.standing(self._log)
        self._repaired = np.zeros(0, np.int64)

    def _read_blocks(self) -> None:
        since = max(self._index, default=0)  # the last block may have grown
        query = f"SELECT position, {', '.join(INDEX)} FROM block WHERE position >= ? ORDER BY position"
        for position, *columns in self._database.execute(query, (since,)):
            self._index[position] = opened.index(columns)
        self._firsts = list(self._index)
        index = list(self._index.values())
        ends = np.cumsum([0, *(len(each.frames) for each in index)]).tolist()
        if self._firsts != ends[:-1]:
            raise ValueError("frames are missing in the middle")
        self._frames = np.concatenate([_NO_INTS, *(each.frames for each in index)])
        self._times = np.concatenate([_NO_FLOATS, *(each.times for each in index)])
        self._ids = np.concatenate([_NO_INTS, *(each.ids for each in index)])
        self._confidences = np.concatenate([np.zeros(0, np.float32), *(each.confidences for each in index)])
        counts = np.concatenate([_NO_INTS, *(each.counts for each in index)])
        self._places = np.repeat(np.arange(len(counts)), counts)  # of each row of `_ids`, in `_times`
        self._rows = np.concatenate([[0], np.cumsum(counts)])  # at which people of each place begin
        if self._ids.min(initial=1) < 1:
            raise ValueError("an id below 1")

    def _shown(self) -> Ints:
        """The ids (R,) of everybody in every frame after all repairs."""
        if self._repaired.size != self._ids.size:
            times = self._times[self._places]
            self._repaired = edits.repaired(self._ids, self._places, times, self._done)
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
        ids = self._shown()[self._rows[first] : self._rows[first + frames]]
        if not self._done:
            return Stretch(index.frames, index.times, index.counts, ids, people, cameras)
        which = np.repeat(np.arange(frames), index.counts)
        order = np.lexsort((ids, which))
        order = order[ids[order] != edits.NOBODY]
        counts = np.bincount(which[order], minlength=frames)
        return Stretch(index.frames, index.times, counts, ids[order], people.take(order), cameras)

    def _block(self, first: int) -> Block:
        return Block(read_block(self._database, first), len(self.about.keypoints))

    def _first_of(self, position: int) -> int:
        """Where the block begins that a position is in."""
        if not 0 <= position < len(self._times):
            raise IndexError(f"position {position} of {len(self._times)} frames")
        return self._firsts[int(np.searchsorted(self._firsts, position, "right")) - 1]

    def _known(self, *people: int) -> None:
        """See what others did; UserError where one of the people is not there."""
        self._read()
        for who in people:
            if who < 1 or not (self._shown() == who).any():
                raise UserError(f"{printable(self.path.name)}: there is nobody with the number {who}")

    def _add(self, edit: Edit) -> None:
        made = datetime.now(UTC).isoformat(timespec="seconds")
        row = (made, edit.kind, edit.a, edit.b, edit.at_s, edit.name)
        with schema.writing(self.path), transaction(self._database):
            self._database.execute(
                "INSERT INTO edit (made, kind, a, b, at_s, name) VALUES (?, ?, ?, ?, ?, ?)", row
            )
        with schema.reading(self.path):
            self._read_log()
        self._opened = -1, list[Tracks]()


def _moment(at_s: float) -> float:
    if not math.isfinite(at_s):
        raise UserError(f"a repair begins at a time in seconds, not at {at_s}")
    return float(at_s)


_NO_INTS, _NO_FLOATS = np.zeros(0, np.int64), np.zeros(0, np.float64)
