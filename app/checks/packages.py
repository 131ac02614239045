"""Which packages are here, and whether in versions that work; nothing is imported for it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from app import __version__
from app.checks.finding import Finding, note, ok, problem

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Package:
    """One of the packages that Kinetrail builds on."""

    name: str  #: for people
    distributions: tuple[str, ...]  #: any of them will do; the first is the one to install
    extra: str = ""  #: of ours that installs it; empty: it is needed


PACKAGES = (
    Package("NumPy", ("numpy",)),
    Package("SciPy", ("scipy",)),
    Package("FilterPy", ("filterpy",)),
    Package("OpenCV", ("opencv-python", "opencv-python-headless", "opencv-contrib-python")),
    Package("ONNX Runtime", ("onnxruntime", "onnxruntime-gpu")),
    Package("PyAV", ("av",)),
    Package("PySide6", ("pyside6-essentials", "pyside6")),
    Package("platformdirs", ("platformdirs",)),
    Package("PyTorch", ("torch",), "train"),
    Package("Ultralytics", ("ultralytics",), "train"),
    Package("ONNX", ("onnx",), "train"),
    Package("TensorRT", ("tensorrt-cu13", "tensorrt-cu12", "tensorrt"), "gpu"),
    Package("PyCUDA", ("pycuda",), "gpu"),
    Package("cuda-bindings", ("cuda-bindings",), "gpu"),
)

#: Distributions that hold the same files: the one installed last has overwritten the other.
RIVALS = (
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    ("onnxruntime", "onnxruntime-gpu"),
)


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    text = f"{platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}"
    if version < OLDEST_PYTHON:
        return problem(text, "Kinetrail needs Python 3.11 or later: make PYTHON=python3.12")
    return ok(text)


def kinetrail() -> Finding:
    return ok(__version__)


def package(each: Package) -> Finding:
    """Whether it is here, in a version that `pyproject.toml` allows."""
    found = {name: version for name in each.distributions if (version := installed(name))}
    if not found:
        if each.extra:
            return ok(f"not installed (part of kinetrail[{each.extra}])")
        return problem("not installed", f'pip install "{_wanted(each.distributions[0])}"')
    (name, version), *_ = found.items()
    spec = requirements().get(each.distributions[0], "")
    if allows(spec, version):
        return ok(version if name == each.distributions[0] else f"{version} ({name})")
    text, remedy = f"{version}, but needed is {spec}", f'pip install "{name}{spec}"'
    return note(text, remedy) if each.extra else problem(text, remedy)


def rivals() -> Finding:
    """Whether two packages have overwritten one another's files."""
    for family in RIVALS:
        here = [name for name in family if installed(name)]
        if len(here) > 1:
            return note(
                f"{' and '.join(here)} overwrite one another's files",
                f"pip uninstall {' '.join(here)}, then install the one you need",
            )
    return ok("none overwrite one another")


def installed(name: str) -> str:
    """The version of a distribution, or nothing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def requirements() -> Mapping[str, str]:
    """What our own package asks for: version ranges by distribution; nothing where it is not installed."""
    try:
        lines = metadata.requires("kinetrail") or []
    except metadata.PackageNotFoundError:
        return {}
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?\s*([^;]*)", line) for line in lines)
    return {each[1].lower(): each[2].strip() for each in found if each}


def allows(spec: str, version: str) -> bool:
    """Whether a range as ">=2.1,<3" holds a version; what is no comparison in it is not looked at."""
    own = _numbers(version)
    compared = {">=": own.__ge__, "<=": own.__le__, "<": own.__lt__, ">": own.__gt__, "==": own.__eq__}
    return all(
        compared[sign](_numbers(bound)) for sign, bound in re.findall(r"(>=|<=|==|<|>)\s*([\d.]+)", spec)
    )


def _numbers(version: str) -> tuple[int, ...]:
    """2.13.0+cpu -> (2, 13, 0, 0)"""
    parts = [int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])]
    return tuple([*parts, 0, 0, 0, 0][:4])


def _wanted(name: str) -> str:
    return name + requirements().get(name, "")
