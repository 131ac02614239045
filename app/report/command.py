"""`kinetrail report`: its arguments, and what it does."""

from __future__ import annotations

import argparse
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from app.answer import tell
from app.occupied import output_is
from app.outputs.partial import check, put
from app.outputs.place import placed
from app.plain import printable

if TYPE_CHECKING:
    from app.store.session import Session

ENDING = ".report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    add = parser.add_argument
    add("session", type=Path, metavar="SESSION", help="a .kinetrail file that a run wrote")
    add("-o", "--output", metavar="FILE", help=f"or a folder/ (default: beside the session, NAME{ENDING})")
    add("--json", action="store_true", help="print one JSON object, for machines; with -o into that file")
    add("--source", default="", metavar="VIDEO", help="the video, if it is not where it was")
    add("--no-pictures", action="store_true", help="none of the video in the page, only what was measured")
    add("--overwrite", action="store_true", help="replace a file that exists")
    add("--quiet", action="store_true", help="say nothing but errors")


def run(args: argparse.Namespace, stop: threading.Event) -> bool:
    """Make the report; False when stopped on the way. UserError where it cannot be done."""
    from app.store.session import open_session_file
    from app.store.spare import spare

    ending = ".report.json" if args.json else ENDING
    out = placed(args.output, args.session.parent / f"{args.session.stem}{ending}")
    written = args.output is not None or not args.json
    with output_is("file"), closing(open_session_file(args.session)) as session:
        if written:
            check(out, overwrite=args.overwrite)
            spare(session, out, "report", args.source)
        text = _json(session, stop) if args.json else _html(session, args, stop)
        if stop.is_set():
            return False
        if not written:
            tell(text)
            return True
        put(out, text.encode("utf-8", "replace"), overwrite=args.overwrite)
    if not args.quiet:
        tell(f"{printable(args.session)} -> {printable(out)}\n")
    return True


def _json(session: Session, stop: threading.Event) -> str:
    from app.report.facts import as_json
    from app.report.measure import measure

    return as_json(measure(session, stop))


def _html(session: Session, args: argparse.Namespace, stop: threading.Event) -> str:
    from app.report.measure import measure
    from app.report.page import page
    from app.report.thumbs import thumbnails, video_of

    video, missing = ("", "") if args.no_pictures else video_of(session, args.source)
    findings = measure(session, stop)
    pictures = thumbnails(session, findings.suspicions, video, stop) if video and not stop.is_set() else {}
    if video and findings.suspicions and not pictures:
        missing = "The video could not be read, so there are no pictures."
    return page(findings, session.times(), pictures, missing)
