"""What can be said to each command. Imports nothing heavy, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.settings import OPTIONS

Command = Callable[[argparse.Namespace, threading.Event], int]


def add_options(parser: argparse.ArgumentParser, *without: str) -> None:
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
            shown = f"{entry.default:g}" if entry.type == "float" else entry.default
            explain += f" (default {shown})"
        value: dict[str, Any] = {"metavar": about["name"]}
        if about["choices"]:
            value = {"choices": about["choices"]}
        parser.add_argument(
            *flags, type=type(entry.default), default=argparse.SUPPRESS, help=explain, **value
        )


def add_tracks(tracks: argparse.ArgumentParser) -> None:
    """The arguments of `kinetrail tracks`."""
    add = tracks.add_argument
    add("video", metavar="VIDEO", help="that `kinetrail run` was given")
    add(
        "--csv", type=Path, metavar="FILE", help="that it wrote (default: runs/NAME.csv for a video NAME.mp4)"
    )
    add(
        "-o",
        "--output",
        metavar="SHEET.png",
        help="or a folder/ (default: NAME.tracks.png, beside the CSV)",
    )
    add("--overwrite", action="store_true", help="replace a sheet that exists")


def add_models(
    models: argparse.ArgumentParser, list_models: Command, verify_models: Command, download: Command
) -> None:
    """The commands of `kinetrail models`."""
    commands = models.add_subparsers(metavar="COMMAND", required=True)
    show = commands.add_parser("list", help="what there is, and what of it is here", allow_abbrev=False)
    verify = commands.add_parser("verify", help="whether the files here are whole", allow_abbrev=False)
    for each, command in ((show, list_models), (verify, verify_models)):
        each.add_argument("--json", action="store_true", help="print JSON, for machines")
        each.set_defaults(command=command)
    fetch = commands.add_parser("download", help="fetch one, and check it", allow_abbrev=False)
    add = fetch.add_argument
    add("name", metavar="NAME", help="as `kinetrail models list` shows it")
    add(
        "--onnx",
        action="store_true",
        help="turn a checkpoint into ONNX, which can run (needs kinetrail[train])",
    )
    add("--from-file", type=Path, metavar="FILE", help="take it from a file that was fetched by other means")
    add("--quiet", action="store_true", help="say nothing but errors")
    fetch.set_defaults(command=download)
