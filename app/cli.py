"""The commands. Nothing heavy is imported before it is known what to do, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from app import __version__
from app.answer import tell as tell
from app.arguments import add_models, add_options, add_tracks
from app.exports import command as exports
from app.plain import printable
from app.report import command as reports
from app.settings import MOST, OPTIONS, Settings, checked, read_toml
from engine.errors import UserError

DAMAGED, PROBLEM, STOPPED = 1, 2, 130  #: exit codes

JOBS = "work on so many sources at once, each with its share of the cores; meant for more than two (1)"
SOURCES = "video file, picture, folder of pictures, glob, camera number, or rtsp:// or http:// address"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    speak_safely()
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        _check_dashes(given)
        args = _parser().parse_args(given or ["window"])
        with ctrl_c() as stop:
            return int(args.command(args, stop))
    except UserError as error:
        sys.stderr.write(f"kinetrail: {error}\n")
        return PROBLEM


def _check_dashes(given: Sequence[str]) -> None:
    """UserError for a file that would be taken for a flag: -out.mp4 for -o with a value."""
    flags = given[: given.index("--")] if "--" in given else given
    for each in flags:
        may_be_one = "." not in each and each.startswith("--")
        if each.startswith("-") and len(each) > 2 and not may_be_one and os.path.lexists(each):
            raise UserError(f"{printable(each)} would be taken for a flag; write ./{printable(each)}")


def speak_safely() -> None:
    """Let no odd letter in a file name and no missing or closed stream end a run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # as under some daemons
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (open as long as the program)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kinetrail", description="Follows every person in a video, joint by joint.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"kinetrail {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    window = commands.add_parser(
        "window", help="the window, as `kinetrail` alone opens it", allow_abbrev=False
    )
    window.add_argument("sources", nargs="*", metavar="SOURCE", help=SOURCES)
    window.set_defaults(command=_window)
    commands.add_parser("work", allow_abbrev=False).set_defaults(command=_work)  # for app.processing
    run = commands.add_parser(
        "run", help="annotated MP4 and CSV of videos, pictures or a camera", allow_abbrev=False
    )
    run.add_argument("sources", nargs="+", metavar="SOURCE", help=SOURCES)
    add_options(run)
    run.add_argument("--jobs", type=int, default=1, metavar="N", help=JOBS)
    run.set_defaults(command=_run)
    bench = commands.add_parser("bench", help="how fast this machine works on a video", allow_abbrev=False)
    bench.add_argument("sources", nargs=1, metavar="SOURCE", help="a video file")
    bench.add_argument("--json", action="store_true", help="print one JSON object, for machines")
    bench.add_argument("--frames", type=int, default=300, metavar="N", help="at most so many (300)")
    add_options(bench, "output", "overwrite", "quiet", "follow")
    bench.set_defaults(command=_bench)
    tracks = commands.add_parser("tracks", help="a contact sheet of everyone in a video", allow_abbrev=False)
    add_tracks(tracks)
    tracks.set_defaults(command=_tracks)
    export = commands.add_parser("export", help="other formats from a session", allow_abbrev=False)
    exports.add_arguments(export)
    export.set_defaults(command=_export)
    report = commands.add_parser("report", help="which parts of a session to trust", allow_abbrev=False)
    reports.add_arguments(report)
    report.set_defaults(command=_report)
    doctor = commands.add_parser("doctor", help="what this machine has and lacks", allow_abbrev=False)
    doctor.add_argument("--json", action="store_true", help="print one JSON object, for machines")
    doctor.set_defaults(command=_doctor)
    models = commands.add_parser("models", help="networks that others have published", allow_abbrev=False)
    add_models(models, _list_models, _verify_models, _download_model)
    return parser


def _settings(args: argparse.Namespace) -> Settings:
    given = {name: value for name, value in vars(args).items() if name.replace("_", "-") in OPTIONS}
    from_file = read_toml(args.config) if args.config else {}
    return Settings(**{**from_file, **checked(given, "command line")})


def _window(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.ui.screen import check_screen

    check_screen()
    from app.ui.application import show

    return show(args.sources, stop)


def _work(_: argparse.Namespace, stop: threading.Event) -> int:
    from app.call import run_all
    from app.processing import read_task
    from app.progress import Reports

    told = Reports(sys.stdout)
    try:
        task = read_task(sys.stdin.buffer.read())
        settings = Settings(**task.settings)
        well = run_all([task.source], settings, stop, told, stem=task.stem, cores=task.cores)
    except UserError as error:
        told.refuse(error)
        return PROBLEM
    return STOPPED if stop.is_set() else 0 if well else PROBLEM


def _run(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.many import run_many

    if not 1 <= args.jobs <= MOST:
        raise UserError(f"--jobs must be at least 1 and at most {MOST}, not {args.jobs}")
    well = run_many(args.sources, _settings(args), stop, jobs=args.jobs)
    return STOPPED if stop.is_set() else 0 if well else PROBLEM


def _bench(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.bench import bench

    if not 1 <= args.frames <= MOST:
        raise UserError(f"--frames must be at least 1 and at most {MOST}, not {args.frames}")
    report = bench(args.sources[0], _settings(args), args.frames, stop)
    if stop.is_set():  # half a measurement is none
        return STOPPED
    tell(report.as_json() if args.json else report.as_text())
    if report.damage:
        raise UserError(report.damage)
    return 0


def _tracks(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.occupied import output_is
    from app.outputs.place import placed
    from app.sheet import contact_sheet

    table = args.csv or Path("runs", f"{Path(args.video).stem}.csv")
    out = placed(args.output, table.parent / f"{table.stem}.tracks.png")
    if out.suffix.lower() != ".png":
        raise UserError(f"{out}: a contact sheet is a PNG; give it a name that ends in .png")
    with output_is("file"):
        sheet = contact_sheet(args.video, table, out, overwrite=args.overwrite, stop=stop)
    if stop.is_set():
        return STOPPED
    return tell(sheet.line())


def _export(args: argparse.Namespace, stop: threading.Event) -> int:
    return 0 if exports.run(args, stop) else STOPPED


def _report(args: argparse.Namespace, stop: threading.Event) -> int:
    return 0 if reports.run(args, stop) else STOPPED


def _doctor(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.doctor import examine

    page = examine(stop)
    if stop.is_set():
        return STOPPED
    tell(page.as_json() if args.json else page.as_text())
    return 0 if page.well else DAMAGED


def _list_models(args: argparse.Namespace, _: threading.Event) -> int:
    from app.networks.models import list_models

    return tell(list_models(as_json=args.json))


def _download_model(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.networks.models import download_model

    done = download_model(args.name, source=args.from_file, onnx=args.onnx, quiet=args.quiet, stop=stop)
    return 0 if done else STOPPED


def _verify_models(args: argparse.Namespace, _: threading.Event) -> int:
    from app.networks.models import verify

    text, well = verify(as_json=args.json)
    tell(text)
    return 0 if well else DAMAGED


@contextmanager
def ctrl_c() -> Iterator[threading.Event]:
    """An event that Ctrl-C, a polite kill and a closed terminal set. Files are then completed."""
    stop = threading.Event()
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: stop.set()) for number in caught]
    try:
        yield stop
    finally:
        for number, handler in zip(caught, before, strict=True):
            signal.signal(number, handler)
