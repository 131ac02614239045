"""The commands. Nothing heavy is imported before it is known what to do, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from app import __version__
from app.settings import MOST, OPTIONS, Settings, checked, read_toml
from engine.errors import UserError

PROBLEM, STOPPED = 2, 130  #: exit codes

SOURCES = "video file, picture, folder of pictures, glob, camera number, or rtsp:// or http:// address"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _speak_safely()
    try:
        args = _parser().parse_args(arguments)
        with _ctrl_c() as stop:
            return int(args.command(args, stop))
    except UserError as error:
        sys.stderr.write(f"kinetrail: {error}\n")
        return PROBLEM


def _speak_safely() -> None:
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
    run = commands.add_parser(
        "run", help="annotated MP4 and CSV of videos, pictures or a camera", allow_abbrev=False
    )
    run.add_argument("sources", nargs="+", metavar="SOURCE", help=SOURCES)
    _add_options(run)
    run.set_defaults(command=_run)
    bench = commands.add_parser("bench", help="how fast this machine works on a video", allow_abbrev=False)
    bench.add_argument("sources", nargs=1, metavar="SOURCE", help="a video file")
    bench.add_argument("--json", action="store_true", help="print one JSON object, for machines")
    bench.add_argument("--frames", type=int, default=300, metavar="N", help="at most so many (300)")
    _add_options(bench, "output", "overwrite", "quiet")
    bench.set_defaults(command=_bench)
    return parser


def _add_options(parser: argparse.ArgumentParser, *without: str) -> None:
    """A flag for each field of Settings but those in `without`, and the file that may hold them all."""
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="options from a file; flags win")
    for name, entry in OPTIONS.items():
        if name in without:
            continue
        about = entry.metadata
        flags = ["-o", f"--{name}"] if name == "output" else [f"--{name}"]
        explain = about["explain"].replace("%", "%%")
        if entry.type == "bool":
            parser.add_argument(*flags, action="store_true", default=argparse.SUPPRESS, help=explain)
            continue
        if entry.default:
            explain += f" (default {entry.default})"
        value: dict[str, Any] = {"metavar": about["name"]}
        if about["choices"]:
            value = {"choices": about["choices"]}
        parser.add_argument(
            *flags, type=type(entry.default), default=argparse.SUPPRESS, help=explain, **value
        )


def _settings(args: argparse.Namespace) -> Settings:
    given = {name: value for name, value in vars(args).items() if name.replace("_", "-") in OPTIONS}
    from_file = read_toml(args.config) if args.config else {}
    return Settings(**{**from_file, **checked(given, "command line")})


def _run(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.job import run_all

    well = run_all(args.sources, _settings(args), stop)
    return STOPPED if stop.is_set() else 0 if well else PROBLEM


def _bench(args: argparse.Namespace, stop: threading.Event) -> int:
    from app.bench import bench

    if not 1 <= args.frames <= MOST:
        raise UserError(f"--frames must be at least 1 and at most {MOST}, not {args.frames}")
    report = bench(args.sources[0], _settings(args), args.frames, stop)
    if stop.is_set():  # half a measurement is none
        return STOPPED
    with suppress(BrokenPipeError):  # whoever read along has left
        sys.stdout.write(report.as_json() if args.json else report.as_text())
        sys.stdout.flush()
    if report.damage:
        raise UserError(report.damage)
    return 0


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """An event that Ctrl-C, a polite kill and a closed terminal set. Files are then completed."""
    stop = threading.Event()
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: stop.set()) for number in caught]
    try:
        yield stop
    finally:
        for number, handler in zip(caught, before, strict=True):
            signal.signal(number, handler)
