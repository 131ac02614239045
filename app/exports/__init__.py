"""What can be made of a session, in seconds and without a network. Each format is loaded when needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.outputs.partial import check
from app.painting.drawing import THINNEST, WIDEST, Drawing
from app.plain import printable
from engine.errors import UserError

if TYPE_CHECKING:
    from app.exports.choice import Choice
    from app.store.session import Session

Show = Callable[[int, int], None]  #: is told how many frames are done, and of how many


@dataclass(frozen=True, slots=True)
class Style(Drawing):
    """How an export looks; each format takes of it what concerns it. UserError where it cannot be."""

    trails: bool = False  #: pictures: where everyone's wrists and ankles were in the last second
    blur_faces: bool = False  #: pictures: of everyone who was found, also of who is not painted
    background: Literal["video", "black", "transparent"] = "video"  #: pictures
    raw: bool = False  #: tables: measured joints beside the smoothed ones
    long: bool = False  #: tables: a row for each joint
    source: str = ""  #: pictures: the video, where it is no longer at its place

    def __post_init__(self) -> None:
        if not THINNEST <= self.line_width <= WIDEST:
            raise UserError(f"lines are {THINNEST:g} to {WIDEST:g} times as wide, not {self.line_width:g}")


@dataclass(frozen=True, slots=True)
class Work:
    """One export to be done."""

    session: Session
    choice: Choice
    out: Path
    style: Style
    show: Show
    notice: Callable[[str], None]  #: is told what else is worth knowing, a line each
    stop: threading.Event
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Format:
    """A way to tell what is in a session."""

    about: str  #: for people, a few words
    ending: str  #: of the file or the folder, with its dot
    module: str  #: has a function `write(Work)`, which gives the files it made, none when it was stopped
    folder: bool = False  #: it is many files, in a folder of their own (app/exports/folder.py)
    style: tuple[str, ...] = ()  #: the fields of Style that concern it


TABLES = ("raw", "long")
PICTURES = tuple(entry.name for entry in fields(Style) if entry.name not in TABLES)

FORMATS: Mapping[str, Format] = {
    "csv": Format(
        "a row for each person and frame, as a run writes it", ".csv", "app.exports.tables", style=TABLES
    ),
    "mp4": Format("the video with the people painted on it", ".mp4", "app.exports.mp4", style=PICTURES),
    "angles": Format("joint angles in degrees, and speed", ".angles.csv", "app.exports.angles"),
    "coco": Format("COCO keypoint results", ".coco.json", "app.exports.coco"),
    "dlc": Format("DeepLabCut's CSV, also for movement", ".dlc.csv", "app.exports.dlc"),
    "mot": Format("boxes for MOTChallenge", ".mot.txt", "app.exports.mot"),
    "openpose": Format(
        "OpenPose's JSON for each frame, for Kinovea and Pose2Sim",
        ".openpose",
        "app.exports.openpose",
        folder=True,
    ),
    "parquet": Format("the CSV with measured joints, as Parquet", ".parquet", "app.exports.parquet"),
    "sleap": Format("SLEAP's analysis CSV", ".sleap.csv", "app.exports.sleap"),
    "trc": Format("markers of each person for OpenSim", ".markers", "app.exports.trc", folder=True),
}


def ending(format: str, style: Style) -> str:  # noqa: A002 (what everybody calls it)
    """Of the file or folder that it becomes: no MP4 holds what is transparent."""
    clear = format == "mp4" and style.background == "transparent"
    return ".mov" if clear else FORMATS[format].ending


def unseen(_done: int, _of: int) -> None:
    """Progress that nobody looks at."""


def unheard(_line: str) -> None:
    """Notices that nobody reads."""


def export(
    session: Session,
    format: str,  # noqa: A002 (what everybody calls it)
    out: Path,
    *,
    people: Collection[int] = (),
    start_s: float | None = None,
    end_s: float | None = None,
    style: Style | None = None,
    show: Show = unseen,
    notice: Callable[[str], None] = unheard,
    stop: threading.Event | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write the session to `out` in one of FORMATS; the files that were made, none when it was stopped.

    `notice` is told, in a line, where nobody is in it, and what sound cannot come along.
    `people`: ids, none for everybody; from `start_s` to `end_s`, that frame included. UserError where it
    cannot be done.
    """
    import math

    from app.exports.choice import Choice
    from app.exports.joints import spans
    from app.store.spare import spare

    if format not in FORMATS:
        raise UserError(f"{format}: is no format; there are {', '.join(FORMATS)}")
    first = -math.inf if start_s is None else start_s
    last = math.inf if end_s is None else end_s
    choice = Choice(frozenset(people), first, last)
    choice.check(session)
    style = style or Style()
    if not FORMATS[format].folder:
        check(out, overwrite=overwrite)
        spare(session, out, "export", style.source)
    work = Work(session, choice, out, style, show, notice, stop or threading.Event(), overwrite)
    made: list[Path] = import_module(FORMATS[format].module).write(work)
    if made and not spans(session, choice):
        notice(f"{printable(session.path)}: {choice.nobody()}, so {printable(out)} is without people")
    return made
