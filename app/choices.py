"""What there is to choose from on this machine, and what a choice costs."""

from __future__ import annotations

from dataclasses import dataclass

from app.checks.nvidia import Nvidia
from app.job import LIVE
from engine.catalogue import CATALOGUE, Kind
from engine.models import EMBEDDED, model_folder
from trackers.smoothing import lag


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values of an option."""

    value: str  #: as `Settings` has it
    text: str  #: for people


def networks(kind: Kind) -> list[Choice]:
    """The network that comes along, and those of the published ones that are here and can run. UserError."""
    folder = model_folder()
    found = [Choice("", f"{EMBEDDED[kind].removesuffix('.onnx')} (comes along)")]
    for each in CATALOGUE.values():
        if each.kind == kind and (folder / each.onnx).is_file():
            ap = f", AP {each.ap:.1f}" if each.ap else ""
            height, width = each.input_size
            found.append(Choice(each.name, f"{each.about}, {height} x {width}{ap}"))
    return found


def devices(here: Nvidia) -> list[Choice]:
    """What networks can run on, the GPUs that were found among them."""
    found = [Choice("auto", "auto: what is fastest here"), Choice("cpu", "cpu")]
    for number, gpu in enumerate(here.gpus):
        found.append(Choice(f"cuda:{number}", f"cuda:{number}, {gpu.name}, {gpu.memory_mb / 1024:.0f} GiB"))
    return found


def lag_s(how: str, rate: float) -> float:
    """Seconds by which joints are late with this smoothing, at `rate` frames a second of a camera.

    math.inf where all frames come at the end. `how` is as `Settings.smooth`. As `Job.lag_ms` has it for a
    source.
    """
    return lag(how or LIVE, 1 / rate)
