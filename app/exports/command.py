"""`kinetrail export`: its arguments, and what it does."""

from __future__ import annotations

import argparse
import sys
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from app.exports import FORMATS, Style, ending, export
from app.occupied import output_is
from app.outputs.place import placed
from app.plain import printable
from engine.errors import UserError

WORDS = {
    "skeleton": "no joints and bones",
    "boxes": "a frame around each person",
    "ids": "no numbers and names",
    "joint_names": "the name beside each joint",
    "line_width": "lines so many times as wide (default 1)",
    "colours": "another for each person, for each side of the body, or one for all (default person)",
    "trails": "where wrists and ankles were in the last second",
    "blur_faces": "make the faces of all who were found unrecognisable",
    "background": "what people are painted on; transparent: a .mov in ProRes 4444 (default video)",
    "raw": "measured joints beside the smoothed ones",
    "long": "a row for each joint",
    "source": "the video, if it is not where it was",
}  #: for every field of Style


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    add = parser.add_argument
    formats = "; ".join(f"{name}: {each.about}" for name, each in FORMATS.items())
    add("session", type=Path, metavar="SESSION", help="a .kinetrail file that a run wrote")
    add("--format", choices=tuple(FORMATS), default="csv", help=f"{formats} (default csv)")
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="or a folder/ into which it goes; of openpose and trc the very folder (default: beside the"
        " session, named after it)",
    )
    add("--people", type=_ids, default=(), metavar="ID,ID", help="these only (default: everybody)")
    add("--from", type=float, dest="start_s", metavar="SECONDS", help="from this time on")
    add("--to", type=float, dest="end_s", metavar="SECONDS", help="up to this time")
    _add_style(parser)
    add("--overwrite", action="store_true", help="replace a file that exists")
    add("--quiet", action="store_true", help="say nothing but errors")


def run(args: argparse.Namespace, stop: threading.Event) -> bool:
    """Export as was said; False when stopped on the way. UserError where it cannot be done."""
    from contextlib import closing

    from app.progress import Console
    from app.store.session import open_session_file

    style = _style(args)
    usual = args.session.parent / f"{args.session.stem}.export{ending(args.format, style)}"
    folder = FORMATS[args.format].folder
    out = placed(args.output, usual, folder=folder)
    said = Console(sys.stdout, quiet=args.quiet)
    with output_is("folder" if folder else "file"), closing(open_session_file(args.session)) as session:
        made = export(
            session,
            args.format,
            out,
            people=args.people,
            start_s=args.start_s,
            end_s=args.end_s,
            style=style,
            notice=said.say,
            stop=stop,
            overwrite=args.overwrite,
        )
        state = "" if session.about.finished else ", as far as the run came"
    for path in made:
        said.say(f"{printable(args.session)} -> {printable(path)}{state}")
    return bool(made)


def _style(args: argparse.Namespace) -> Style:
    """What was said of it. UserError for what does not concern the format."""
    given = {entry.name: getattr(args, entry.name) for entry in fields(Style) if hasattr(args, entry.name)}
    for name in given:
        if name not in FORMATS[args.format].style:
            fit = ", ".join(_concerned(name))
            raise UserError(f"{_flag(name)} is for --format {fit}, and means nothing to {args.format}")
    return Style(**given)


def _concerned(field: str) -> list[str]:
    """The formats that take a field of Style into account."""
    return [name for name, each in FORMATS.items() if field in each.style]


def _flag(name: str) -> str:
    """That of a field of Style: what is off can be turned on, and what is on turned off."""
    default = {entry.name: entry.default for entry in fields(Style)}[name]
    words = name.replace("_", "-")
    return f"--no-{words}" if default is True else f"--{words}"


def _add_style(parser: argparse.ArgumentParser) -> None:
    """A flag for each field of Style."""
    kinds = get_type_hints(Style)
    for entry in fields(Style):
        kind, about = kinds[entry.name], f"{', '.join(_concerned(entry.name))}: {WORDS[entry.name]}"
        how: dict[str, Any] = {"dest": entry.name, "default": argparse.SUPPRESS, "help": about}
        if kind is bool:
            how["action"] = "store_false" if entry.default else "store_true"
        elif get_origin(kind) is Literal:
            how["choices"] = get_args(kind)
        elif kind is float:
            how |= {"type": float, "metavar": "TIMES"}
        else:
            how["metavar"] = "VIDEO"
        parser.add_argument(_flag(entry.name), **how)


def _ids(text: str) -> tuple[int, ...]:
    """Of "3,5"."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers from 1, as in 3,5")
    return tuple(map(int, parts))
