"""The record beside a TensorRT engine: what it was built from and for, by whom, and how exact it is.

`X.engine` has its record in `X.engine.fit.json`, never in front of the plan, so that other tools still read
the plan. An engine is executable code. Its record is therefore sealed with a secret that only this user has
(HMAC-SHA256, RFC 2104), the plan's digest being part of what is sealed: an engine from elsewhere, or one that
was edited, shows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.cache import put, secret
from engine.errors import UserError

ENDING = ".fit.json"
MOST_BYTES = 1 << 20  #: of a record; what is larger is none

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What an engine is built for and runs on; it fits nowhere else."""

    tensorrt: str  #: version, as "11.4.0.106"
    gpu: str  #: name, as "NVIDIA GeForce RTX 4090"
    capability: str  #: compute capability, as "8.9"
    driver: str  #: version, as "580.65.06"; told, but never a reason to refuse


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of an engine."""

    name: str
    dtype: str  #: as numpy calls it: "float32", "uint8", ...
    shape: Shape  #: 0 stands for an open size


@dataclass(frozen=True, slots=True)
class Fit:
    """All that is known about an engine."""

    place: Place
    onnx: str  #: path of the ONNX file it was built from
    onnx_sha256: str
    plan_sha256: str
    precision: str  #: "fp16", "fp32" or "int8"
    profile: tuple[Shape, Shape, Shape]  #: smallest, typical and largest shape of the input
    metadata: Mapping[str, str]  #: the ONNX's own, which says what the network needs
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    command: str  #: builds it again
    built: str  #: when, as "2026-11-22T18:00:00+00:00"
    proof: Mapping[str, float | str] = field(default_factory=dict)  #: how it compares with the ONNX
    seal: str = ""  #: HMAC of all of the above

    @property
    def batches(self) -> tuple[int, int, int]:
        """Smallest, typical and largest number of rows."""
        smallest, typical, largest = self.profile
        return smallest[0], typical[0], largest[0]


def record_of(engine: Path) -> Path:
    """Where the record of an engine file is."""
    return engine.with_name(engine.name + ENDING)


def read(engine: Path) -> Fit:
    """The record of an engine file; UserError where there is none, or it cannot be read."""
    path = record_of(engine)
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES)
        return _fit(json.loads(text))
    except FileNotFoundError as error:
        raise UserError(
            f"{engine.name}: nothing beside it says what it was built from ({path.name} is missing);"
            f" {_elsewhere()}"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"{path.name}: no record of an engine ({error}); {_elsewhere()}") from error


def write(engine: Path, fit: Fit) -> Fit:
    """Seal the record and write it beside the engine, at once or not at all; the record as it was sealed."""
    sealed = replace(fit, seal=_seal(fit, secret(make=True)))
    put(record_of(engine), json.dumps(asdict(sealed), indent=1).encode())
    return sealed


def misfit(fit: Fit, here: Place, *, plan_sha256: str = "", onnx_sha256: str = "") -> str:
    """Why an engine must not be loaded here, in one line without the remedy; "" where nothing is against it.

    The digests are those of the files as they are now, where they are at hand. Who built it is another
    question: see `built_here`.
    """
    was = fit.place
    if plan_sha256 and plan_sha256 != fit.plan_sha256:
        return "the file was changed after it was built"
    if onnx_sha256 and onnx_sha256 != fit.onnx_sha256:
        return f"it was built from another {Path(fit.onnx).name}"
    if was.tensorrt != here.tensorrt:
        return f"it was built with TensorRT {was.tensorrt}, here is {here.tensorrt}"
    if (was.gpu, was.capability) != (here.gpu, here.capability):
        return f"it was built for {was.gpu} ({was.capability}), here is {here.gpu} ({here.capability})"
    return ""


def built_here(fit: Fit) -> bool:
    """Whether this user built the engine on a machine with this cache folder."""
    key = secret(make=False)
    return bool(key) and hmac.compare_digest(_seal(fit, key).encode(), fit.seal.encode("utf-8", "replace"))


def admit(
    engine: Path, here: Place, *, trust: bool = False, onnx_sha256: str = ""
) -> tuple[bytes, Mapping[str, str]]:
    """The plan of an engine that may be loaded here, and the network's metadata.

    Whoever loads it deserialises these very bytes: the file may change meanwhile. UserError where it does not
    fit, with the command that rebuilds it where that was written here, or where it was not built here and is
    not trusted. With `trust` an engine without a record passes too.
    """
    plan = _bytes(engine)
    if trust and not record_of(engine).exists():
        return plan, {}
    fit = read(engine)
    why = misfit(fit, here, plan_sha256=hashlib.sha256(plan).hexdigest(), onnx_sha256=onnx_sha256)
    if why:
        raise UserError(f"{engine.name}: {why}; {again(fit)}")
    if not trust and not built_here(fit):
        raise UserError(f"{engine.name}: was not built here; {_elsewhere()}")
    return plan, fit.metadata


def again(fit: Fit) -> str:
    """How to build an engine again. A command that somebody else wrote is not handed on."""
    return (
        f"build it again: {fit.command}" if built_here(fit) else "build one of its ONNX with build_engine.py"
    )


def _elsewhere() -> str:
    return "an engine is executable code: build one with build_engine.py, or pass --trust-engine"


def _bytes(engine: Path) -> bytes:
    try:
        return engine.read_bytes()
    except OSError as error:
        raise UserError(f"{engine}: cannot be read: {error.strerror}") from error


def _seal(fit: Fit, key: bytes) -> str:
    said = asdict(replace(fit, seal=""))
    return hmac.new(key, json.dumps(said, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _fit(said: Any) -> Fit:
    """The record in JSON; what `read` catches where it is none."""
    known = Fit.__dataclass_fields__.keys()
    if not isinstance(said, dict) or said.keys() != known:
        raise ValueError("it has to be one object with " + ", ".join(known))
    smallest, typical, largest = (_shape(each) for each in said["profile"])
    if not len(smallest) == len(typical) == len(largest) >= 1:
        raise ValueError("profile: three shapes of one length")
    texts = ("onnx", "onnx_sha256", "plan_sha256", "precision", "command", "built", "seal")
    proof = {str(key): value for key, value in said["proof"].items()}
    place = {key: _text(value) for key, value in said["place"].items()}
    if not all(value.isprintable() for value in place.values()):  # they go to a terminal, whoever wrote them
        raise ValueError("place: texts of one line")
    if any(type(value) not in (int, float, str) for value in proof.values()):
        raise ValueError("proof: numbers and texts")
    return Fit(
        place=Place(**place),
        profile=(smallest, typical, largest),
        metadata={_text(key): _text(value) for key, value in said["metadata"].items()},
        inputs=tuple(_tensor(each) for each in said["inputs"]),
        outputs=tuple(_tensor(each) for each in said["outputs"]),
        proof=proof,
        **{key: _text(said[key]) for key in texts},
    )


def _tensor(said: Any) -> Tensor:
    return Tensor(_text(said["name"]), _text(said["dtype"]), _shape(said["shape"]))


def _shape(said: Any) -> Shape:
    if not isinstance(said, list) or any(type(size) is not int or size < 0 for size in said):
        raise ValueError("a shape is a list of whole numbers")
    return tuple(said)


def _text(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError(f"{said!r} is no text")
    return said
