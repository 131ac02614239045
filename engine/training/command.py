"""The command line of a training: a configuration, where the data lie, where the results go."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

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
    try:
        weights = train(options.config, options.data, options.out)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from the last epoch that was over\n")
        return STOPPED
    if weights:
        sys.stderr.write(f"{weights}\n")
    return 0
