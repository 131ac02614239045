"""`kinetrail export`: its arguments, and what it does."""

from __future__ import annotations

import argparse
import sys
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from app.exports import FORMATS, Style, ending, export
from app.plain import printable

WORDS = {
    "skeleton": "mp4: no joints and bones",
    "boxes": "mp4: a frame around each person",
    "ids": "mp4: no numbers and names",
    "joint_names": "mp4: the name beside each joint",
    "line_width": "mp4: lines so many times as wide (default 1)",
    "colours": "mp4: another for each person, for each side of the body, or one for all (default person)",
    "trails": "mp4: where wrists and ankles were in the last second",
    "blur_faces": "mp4: make the faces of all who were found unrecognisable",
    "background": "mp4: what people are painted on; transparent: a .mov in ProRes 4444 (default video)",
    "raw": "csv: measured joints beside the smoothed ones",
    "long": "csv: a row for each joint",
    "source": "mp4: the video, if it is not where it was",
}  #: for every field of Style


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    add = parser.add_argument
    formats = "; ".join(f"{name}: {each.about}" for name, each in FORMATS.items())
    add("session", type=Path, metavar="SESSION", help="a .kinetrail file that a run wrote")
    add("--format", choices=tuple(FORMATS), default="csv", help=f"{formats} (default csv)")
    add("-o", "--output", type=Path, metavar="FILE", help="(default: beside the session, named after it)")
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

    style = Style(**{entry.name: getattr(args, entry.name) for entry in fields(Style)})
    out = args.output or args.session.with_suffix(f".export{ending(args.format, style)}")
    with closing(open_session_file(args.session)) as session:
        made = export(
            session,
            args.format,
            out,
            people=args.people,
            start_s=args.start_s,
            end_s=args.end_s,
            style=style,
            stop=stop,
            overwrite=args.overwrite,
        )
        state = "" if session.about.finished else ", as far as the run came"
    said = Console(sys.stdout, quiet=args.quiet)
    for path in made:
        said.say(f"{printable(args.session)} -> {printable(path)}{state}")
    return bool(made)


def _add_style(parser: argparse.ArgumentParser) -> None:
    """A flag for each field of Style: what is off can be turned on, and what is on turned off."""
    kinds = get_type_hints(Style)
    for entry in fields(Style):
        kind, words = kinds[entry.name], entry.name.replace("_", "-")
        how: dict[str, Any] = {"dest": entry.name, "default": entry.default, "help": WORDS[entry.name]}
        if kind is bool:
            words = f"no-{words}" if entry.default else words
            how["action"] = "store_false" if entry.default else "store_true"
        elif get_origin(kind) is Literal:
            how["choices"] = get_args(kind)
        elif kind is float:
            how |= {"type": float, "metavar": "TIMES"}
        else:
            how["metavar"] = "VIDEO"
        parser.add_argument(f"--{words}", **how)


def _ids(text: str) -> tuple[int, ...]:
    """Of "3,5"."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers from 1, as in 3,5")
    return tuple(map(int, parts))
