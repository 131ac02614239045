"""Engines for the GPU in this machine, as a window shows them: what is lacking, and building them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.checks import nvidia
from app.checks.finding import Finding
from app.networks.engines import figures
from engine import trt
from engine.cuda import number_of
from engine.errors import UserError
from engine.models import model_file

if TYPE_CHECKING:
    from engine.build import Built

GPU_PACKAGES = "pip install 'kinetrail[gpu]'"


@dataclass(frozen=True, slots=True)
class Look:
    """What building engines for a device finds on this machine."""

    device: str  #: cuda:N
    findings: Sequence[tuple[str, Finding]]  #: by what was looked at, as `kinetrail doctor` says it
    lacking: str  #: why no engine can be built, with the remedy; "": one can
    files: Sequence[Path]  #: ONNX files to build engines of
    left_out: Sequence[str]  #: of the networks in use, those that no engine can be built of, and why


@dataclass(frozen=True, slots=True)
class Step:
    """How far building is."""

    network: str
    phase: str
    number: int  #: of this network, from 1
    count: int  #: networks
    done: float  #: of this network, in [0, 1]; below 0 where nobody knows
    left_s: float  #: seconds for this network; below 0 where nobody knows


def look(device: str, pose: str, detector: str) -> Look:
    """See what there is. Takes seconds; a driver that hangs is given up after some more."""
    wanted = f"cuda:{number_of(device)}" if device.startswith("cuda") else "cuda:0"
    files, left_out = _networks(pose, detector)
    here = nvidia.look()
    findings = [("GPU", nvidia.gpu(here))]
    if here.gpus:
        findings += [
            ("CUDA", nvidia.cuda(here)),
            ("TensorRT", nvidia.tensorrt(here)),
            ("PyCUDA", nvidia.pycuda(here)),
        ]
    lacking = ""
    if not here.gpus:
        found = findings[0][1]
        lacking = "; ".join(
            filter(None, ("no NVIDIA GPU was found", here.trouble, here.trouble and found.remedy))
        )
    elif not files:
        lacking = "; ".join(left_out) or "no network is set"
    else:
        lacking = _cannot(wanted)
    return Look(wanted, findings, lacking, files, left_out)


def make(
    files: Sequence[Path],
    device: str,
    show: Callable[[Step], None],
    stop: threading.Event,
    *,
    force: bool = False,
) -> list[str]:
    """Build the engine of each file, unless it is there; what is to be said of each, one line.

    One that cannot be built does not keep the others from it. UserError where none can, or it is called off;
    those that were finished are kept.
    """
    from engine.build import build  # with what it needs, which may be missing
    from engine.recipe import Recipe

    said, failed = [], []
    for number, path in enumerate(files, start=1):

        def report(phase: str, done: float, left: float, name: str = path.name, number: int = number) -> bool:
            show(Step(name, phase, number, len(files), done if left >= 0 else -1.0, left))
            return not stop.is_set()

        try:
            said.append(_said(path, build(Recipe(path, device=device), report=report, force=force)))
        except UserError as error:
            if stop.is_set():
                raise
            failed.append(error)
            said.append(f"{path.name}: no engine: {error}")
    if failed and len(failed) == len(files):
        raise UserError("; ".join(said)) from failed[0]
    return said


def _said(path: Path, found: Built) -> str:
    made = "built" if found.new else "was there already"
    return f"{path.name}: {made}; {figures(found)}"


def _networks(pose: str, detector: str) -> tuple[list[Path], list[str]]:
    files, left_out = [], []
    for kind, given in (("detector", detector), ("pose", pose)):
        try:
            path = model_file("pose" if kind == "pose" else "detector", given)
        except UserError as error:
            left_out.append(str(error))
            continue
        if path.suffix.lower() == ".onnx":
            files.append(path)
        else:
            left_out.append(f"{path.name} runs as it is; engines are built of .onnx files")
    return files, left_out


def _cannot(device: str) -> str:
    """What keeps engines from being built for a device that is there."""
    try:
        import engine.build
        import engine.recipe  # noqa: F401

        trt.here(device)
    except UserError as error:
        return str(error)
    except ImportError as error:
        return f"engines cannot be built here ({error}): {GPU_PACKAGES}"
    return ""
