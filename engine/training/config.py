"""What a training is told, from a TOML file. `docs/training.md` explains every key."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, astuple, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from engine.crop import Size
from engine.errors import UserError
from engine.training.augment import Ranges

Schedule = Literal["cosine", "steps"]


@dataclass(frozen=True, slots=True)
class Source:
    """A data set in the mixture."""

    folder: str
    weight: float = 1.0  #: its part of an epoch, relative to the other sets'
    teacher: float = 0.0  #: weight of the teacher's joint where no human labelled it, times its peak


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the training at one resolution."""

    size: Size  #: height, width of the input
    batch: int  #: people in a step, of one process
    share: float = 1.0  #: of the whole, relative to the other phases'
    sigma: float = 0.0  #: of the targets, heatmap cells; 0 stands for 2 at a height of 256, in proportion


@dataclass(frozen=True, slots=True)
class Config:
    """A training. Either `epochs` or `minutes` says how long it is."""

    arch: str
    out: str  #: folder for checkpoints, weights and log
    cache: str  #: folder for the people cut out
    data: tuple[Source, ...]
    phases: tuple[Phase, ...]
    start: str = ""  #: a checkpoint of this network, in any layout, whose weights to begin with
    epochs: int = 0
    minutes: float = 0.0
    samples: int = 0  #: people in an epoch; 0: as many as there are
    lr: float = 1e-3  #: highest learning rate of Adam
    #: cosine: to nothing; steps: a tenth at 170/210 and again at 200/210, as in the paper.
    schedule: Schedule = "cosine"
    warmup: float = 0.02  #: part of the training in which the learning rate grows
    decay: float = 0.0  #: of the weights, decoupled (AdamW)
    average: float = 0.999  #: of the weights over the steps; 0: none
    unbiased: bool = True  #: the unbiased transform, see engine.crop
    seed: int = 0
    threads: int = 0  #: of one process on the CPU; 0: as torch likes
    device: str = "auto"
    validation: str = ""  #: a data set to measure AP on
    every: int = 0  #: epochs from one validation to the next; 0: never
    augment: Ranges = field(default_factory=Ranges)

    def __post_init__(self) -> None:
        if min(self.epochs, self.minutes) < 0 or (self.epochs > 0) == (self.minutes > 0):
            raise UserError("epochs, minutes: one of them has to say how long the training is, above 0")
        if not self.data or not self.phases:
            raise UserError("data, phases: a training needs at least one of each")
        for phase in self.phases:
            if len(phase.size) != 2 or any(side < 32 or side % 32 for side in phase.size) or phase.batch < 2:
                raise UserError(
                    f"phases: size {list(phase.size)}, batch {phase.batch}; sides are multiples of 32, "
                    "a batch is 2 or more"
                )
        for parts in [source.weight for source in self.data], [phase.share for phase in self.phases]:
            if min(parts) < 0 or sum(parts) <= 0:
                raise UserError("data, phases: weights and shares are 0 or more, and their sums above 0")
        if not 0 <= self.warmup < 1 or self.samples < 0:
            raise UserError(
                f"warmup {self.warmup}, samples {self.samples}: 0 or more, and the warm-up ends below 1"
            )
        for name in ("lr", "decay", "threads", "every", "seed"):
            if not 0 <= getattr(self, name) < 1 << 63:
                raise UserError(f"{name} is {getattr(self, name)}; it has to be 0 or more")
        if not 0 <= self.average < 1:
            raise UserError(f"average is {self.average}; it has to be 0 or more, and below 1")
        if any(source.teacher < 0 for source in self.data) or any(phase.sigma < 0 for phase in self.phases):
            raise UserError("data, phases: teacher and sigma have to be 0 or more")
        if self.augment.scale >= 1 or min(astuple(self.augment)) < 0:
            raise UserError(f"{self.augment}: all have to be 0 or more, and scale below 1")


_T = TypeVar("_T")


def load(path: Path) -> Config:
    """UserError where the file is none, or says something that no training can be made of."""
    return load_as(Config, path)


def load_as(kind: type[_T], path: Path) -> _T:
    """A dataclass from a TOML file. UserError where the file is none, or does not fit."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not TOML: {error}") from error
    try:
        return _read(kind, said, "")
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _read(kind: type[_T], said: Mapping[str, Any], where: str) -> _T:
    """A dataclass from a table, its fields checked against their types."""
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(said) - set(known):
        raise UserError(f"unknown {where}{', '.join(sorted(unknown))}; there is {', '.join(known)}")
    needed = {
        name for name, each in known.items() if each.default is MISSING and each.default_factory is MISSING
    }
    if missing := needed - set(said):
        raise UserError(f"{where}{', '.join(sorted(missing))} missing")
    return kind(**{name: _value(hints[name], value, where + name) for name, value in said.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_value(get_args(kind)[0], each, f"{where}.") for each in value)
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        return _read(kind, value, where.removesuffix(".") + ".")
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind is not float and isinstance(kind, type) and type(value) is kind:
        return value
    raise UserError(f"{where} is {value!r}; it has to be {getattr(kind, '__name__', None) or get_args(kind)}")
