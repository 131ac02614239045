"""What is put into a session once its frames are in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from app.store import about, schema
from app.store.blocks import Moment
from app.store.opened import Block
from app.store.writer import put_block, read_block, settle_down, transaction
from app.types import Seen
from trackers.types import Tracks

Setting = str | int | float | bool

NOTHING_NEW: Mapping[str, Setting] = MappingProxyType({})


def restate(path: Path, told: Mapping[int, Tracks]) -> None:
    """Who is in each frame, by its index, now that everything is known; in whole steps (app/grid.py)."""
    with closing(schema.connect(path)) as database, schema.writing(path), schema.reading(path):
        joints = len(about.recall(database).keypoints)
        with transaction(database):
            for (position,) in database.execute("SELECT position FROM block ORDER BY position").fetchall():
                block = Block(read_block(database, position), joints)
                columns = (
                    block.indices().tolist(),
                    block.times().tolist(),
                    block.poses(),
                    block.looked().tolist(),
                    block.latencies().tolist(),
                )
                moments = [
                    Moment(number, moment, Seen(poses, told[number], looked), latency)
                    for number, moment, poses, looked, latency in zip(*columns, strict=True)
                ]
                put_block(database, position, moments, joints)


def note(path: Path, part: Path) -> None:
    """That `part` is whole, and will have its name in a moment. UserError where it cannot be written."""
    with closing(schema.connect(path)) as database, schema.writing(path), schema.reading(path):
        outputs = {**about.recall(database).outputs, part.name.removesuffix(".part"): _stamp(part)}
        about.keep(database, outputs=outputs)


def conclude(
    path: Path,
    outputs: Collection[Path],
    *,
    finished: bool,
    shown: Mapping[str, Setting] = MappingProxyType({}),
) -> None:
    """What files the run of a session has completed, and whether nothing of the source is left to do.

    `shown`: the settings that say what those files tell. UserError where it cannot be written.
    """
    made = {}
    for file in outputs:
        if file != path and file.exists():
            made[file.name] = _stamp(file)
    database = schema.connect(path)
    try:
        with schema.writing(path), schema.reading(path):
            before = about.recall(database)
            outputs_now, settings = {**before.outputs, **made}, {**before.settings, **shown}
            about.keep(database, outputs=outputs_now, settings=settings, finished=finished)
    finally:
        settle_down(database)


def _stamp(file: Path) -> tuple[int, int]:
    """What another file of that name would not have; the same before it is named and after."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns
