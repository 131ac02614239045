"""`kinetrail export`: its arguments, and what it does."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from app.exports import FORMATS, Style, export
from app.plain import printable


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
    add("--raw", action="store_true", help="csv: measured joints beside the smoothed ones")
    add("--long", action="store_true", help="csv: a row for each joint")
    add("--source", default="", metavar="VIDEO", help="mp4: the video, if it is not where it was")
    add("--overwrite", action="store_true", help="replace a file that exists")
    add("--quiet", action="store_true", help="say nothing but errors")


def run(args: argparse.Namespace, stop: threading.Event) -> bool:
    """Export as was said; False when stopped on the way. UserError where it cannot be done."""
    from contextlib import closing

    from app.progress import Console
    from app.store.session import open_session_file

    out = args.output or args.session.with_suffix(f".export{FORMATS[args.format].ending}")
    with closing(open_session_file(args.session)) as session:
        made = export(
            session,
            args.format,
            out,
            people=args.people,
            start_s=args.start_s,
            end_s=args.end_s,
            style=Style(raw=args.raw, long=args.long, source=args.source),
            stop=stop,
            overwrite=args.overwrite,
        )
        state = "" if session.about.finished else ", as far as the run came"
    said = Console(sys.stdout, quiet=args.quiet)
    for path in made:
        said.say(f"{printable(args.session)} -> {printable(path)}{state}")
    return bool(made)


def _ids(text: str) -> tuple[int, ...]:
    """Of "3,5"."""
    ids = tuple(int(part) for part in text.split(","))
    if min(ids) < 1:
        raise ValueError(text)
    return ids
