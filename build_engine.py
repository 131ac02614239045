"""A TensorRT engine for the GPU in this machine, from an ONNX file: `python build_engine.py --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import PROBLEM, STOPPED, ctrl_c, speak_safely, tell
from engine.errors import UserError

if TYPE_CHECKING:
    from engine.recipe import Recipe

REFUSED = 3  #: exit code


def main(arguments: Sequence[str] | None = None) -> int:
    """Build an engine; return the exit code."""
    speak_safely()
    options = _parser().parse_args(arguments)
    with ctrl_c() as stop:
        try:  # NumPy and more, which `--help` does not wait for, and which may be missing
            from app.networks.engines import built, figures
            from app.progress import Console
            from engine.build import Refused
        except ImportError as error:
            missing = f"engines cannot be built here ({error}): pip install 'kinetrail[gpu]'"
            sys.stderr.write(f"kinetrail: {missing}; kinetrail doctor says what else is missing\n")
            return PROBLEM
        console = Console(sys.stderr, quiet=False)
        how = {"verify": options.verify, "force": options.force, "notice": console.say}
        try:
            recipe = _recipe(options)
            found = built(recipe, options.output, console, stop, **how)
            if not found.new:
                console.say(f"{found.path}: is there already and fits; --force builds it again")
            console.say(f"{recipe.onnx.name}: {figures(found)}")
            return tell(f"{found.path}\n")
        except UserError as error:
            console.fail(error)
            return STOPPED if stop.is_set() else REFUSED if isinstance(error, Refused) else PROBLEM


def _recipe(options: argparse.Namespace) -> Recipe:
    from engine.recipe import Recipe

    return Recipe(
        onnx=options.model,
        batches=_batches(options.batch),
        precision=options.precision,
        device=options.device,
        workspace_gb=options.workspace_gb,
        level=options.optimization_level,
        pictures=str(options.calibrate or ""),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="build_engine.py",
        description="Build a TensorRT engine for the GPU in this machine, and hold it against its ONNX.",
        epilog="Exit codes: 0 done, 2 it could not be built, 3 it does not answer what the ONNX answers, and"
        " was put aside, 130 stopped.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL.onnx", help="pose network or person detector")
    add("-o", dest="output", type=Path, metavar="OUT.engine", help="(a name in the user's cache folder)")
    add(
        "--batch",
        default="",
        metavar="MIN,TYPICAL,MAX",
        help="people in one run (1,8,32; for a detector 1,1,1 pictures)",
    )
    add("--precision", default="fp16", choices=("fp16", "fp32", "int8"), help="(fp16)")
    add("--device", default="cuda:0", metavar="cuda:N", help="(cuda:0)")
    add("--workspace-gb", type=float, default=4.0, metavar="GB", help="GPU memory for a layer to work in (4)")
    add("--optimization-level", type=int, default=3, metavar="0-5", help="how long to look for speed (3)")
    add("--calibrate", type=Path, metavar="DIR", help="your pictures, for int8 and for the comparison")
    add("--no-verify", dest="verify", action="store_false", help="do not compare it with the ONNX")
    add("--force", action="store_true", help="build it again where there is one that fits")
    return parser


def _batches(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise UserError(f"--batch {text}: it has to be smallest,typical,largest, as 1,8,32") from error


if __name__ == "__main__":
    raise SystemExit(main())
