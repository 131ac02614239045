"""The CSV with measured joints beside the smoothed, as Parquet: typed, compressed, read column by column."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app import grid
from app.exports.joints import boxes, joints, rows
from app.exports.writing import stretches, whole
from app.outputs.table import PERSON
from engine.errors import UserError

if TYPE_CHECKING:
    from app.exports import Work
    from app.store.session import Session, Stretch

ROWS = 50_000  #: of a row group, at least

Columns = Mapping[str, tuple[NDArray[Any], NDArray[np.bool_]]]  #: values, and which of them are blank


def write(work: Work) -> list[Path]:
    """The file. UserError where it cannot be written, and without PyArrow."""
    try:
        import pyarrow  # noqa: F401 (only to know)
    except ImportError as error:
        raise UserError("parquet needs PyArrow; pip install 'kinetrail[parquet]' installs it") from error
    return whole(work, _pieces(work))


class _Sink(io.RawIOBase):
    """What PyArrow needs of a file; keeps what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._end = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # anything that is bytes
        self._pieces.append(bytes(data))
        self._end += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._end

    def take(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def _pieces(work: Work) -> Iterator[bytes]:
    import pyarrow
    from pyarrow import parquet

    names = {person.id: person.name for person in work.session.people()}
    kinds = dict.fromkeys((*PERSON, *_places(work.session)), pyarrow.float32())
    kinds |= {"frame": pyarrow.int64(), "time_s": pyarrow.float64(), "track_id": pyarrow.int64()}
    schema = pyarrow.schema([*kinds.items(), ("name", pyarrow.string())])
    sink, some, waiting = _Sink(), [], 0
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for stretch in stretches(work):
            columns = _columns(work.session, stretch)
            arrays = [
                pyarrow.array(columns[name][0], kind, mask=columns[name][1]) for name, kind in kinds.items()
            ]
            called = pyarrow.array([names[who] or None for who in stretch.ids.tolist()], pyarrow.string())
            some.append(pyarrow.record_batch([*arrays, called], schema=schema))
            waiting += len(stretch.ids)
            if waiting >= ROWS:
                writer.write_table(pyarrow.Table.from_batches(some, schema))
                some, waiting = [], 0
                yield sink.take()
        writer.write_table(pyarrow.Table.from_batches(some, schema))
    yield sink.take()


def _places(session: Session) -> list[str]:
    parts = ("x", "y", "raw_x", "raw_y", "score")
    return [f"{name}_{part}" for name in session.about.keypoints for part in parts]


def _columns(session: Session, stretch: Stretch) -> Columns:
    """All but the name."""
    there, around = joints(session, stretch), boxes(stretch)
    raw = stretch.people.measured
    nowhere = (raw == grid.NOWHERE).any(axis=2)
    untold = ~(there.known | there.foretold)
    whole_table: dict[str, tuple[NDArray[Any], NDArray[np.bool_]]] = {}
    full = np.zeros(len(stretch.ids), np.bool_)
    person = (rows(stretch, stretch.frames), rows(stretch, stretch.times), stretch.ids, around[:, 4])
    for name, values in zip(PERSON, (*person, *around[:, :4].T), strict=True):
        whole_table[name] = values, full
    for number, name in enumerate(session.about.keypoints):
        smooth, seen = there.places[:, number], raw[:, number] / float(grid.PIXEL)
        for axis, part in enumerate("xy"):
            whole_table[f"{name}_{part}"] = smooth[:, axis], untold[:, number]
            whole_table[f"{name}_raw_{part}"] = seen[:, axis], untold[:, number] | nowhere[:, number]
        whole_table[f"{name}_score"] = there.scores[:, number], ~there.known[:, number]
    return whole_table
