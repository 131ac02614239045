"""What the commands here have in common: their exit codes, sizes, and the command line of a training."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from engine.crop import Size
from engine.errors import UserError

STOPPED = 130

#: A training: the configuration, the folder of the sets, that of the results (none: as the configuration
#: says) -> where the weights lie, or nothing where another process tells.
Train = Callable[[Path, Path, Path | None], Path | None]


def command(train: Train, name: str, about: str, page: str, arguments: list[str] | None) -> int:
    """Run `python -m engine.training.NAME`; its exit code. `page` explains the configuration."""
    parser = argparse.ArgumentParser(prog=f"python -m engine.training.{name}", description=about)
    parser.add_argument("config", type=Path, help=f"TOML file, see {page}")
    parser.add_argument("--data", type=Path, default=Path(), help="where the folders of the sets lie")
    parser.add_argument("--out", type=Path, help="folder for checkpoints, weights and log")
    options = parser.parse_args(arguments)

    def run() -> None:
        if weights := train(options.config, options.data, options.out):
            sys.stderr.write(f"{weights}\n")

    return exit_code(run, "stopped; the same command goes on from the last epoch that was over")


def exit_code(run: Callable[[], None], stopped: str = "stopped") -> int:
    """Run a command; its exit code. What its user can solve is one line, and so is Ctrl-C: `stopped`."""
    try:
        run()
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopped}\n")
        return STOPPED
    return 0


def size_of(text: str, multiple: int = 1) -> Size:
    """Height and width in `--size 256x192`, (0, 0) where it is not given. UserError where it is none."""
    if not text:
        return 0, 0
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
    if found is None or int(found[1]) % multiple or int(found[2]) % multiple:
        multiples = f" in multiples of {multiple}" if multiple > 1 else ""
        raise UserError(f"--size {text}: it has to be height x width{multiples}, as 256x192")
    return int(found[1]), int(found[2])


def exported(path: Path, write: Callable[[], None]) -> None:
    """Check where an export goes, run it, and tell how large it is."""
    if path.suffix != ".onnx":
        raise UserError(f"-o {path}: the name of the file has to end in .onnx")
    write()
    sys.stderr.write(f"{path}: {path.stat().st_size / 1e6:.1f} MB\n")
