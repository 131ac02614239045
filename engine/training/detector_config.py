"""What a detector training is told, from a TOML file. `docs/training-detector.md` explains every key."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class Source:
    """A data set in the mixture."""

    folder: str
    weight: float = 1.0  #: its part of the photographs, relative to the other sets'
    teacher: float = 0.0  #: least score of the teacher's boxes that count as labels; 0: none do


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the training with pictures of one size."""

    size: int  #: height and width
    batch: int
    share: float = 1.0  #: of the whole, relative to the other phases'
    mosaic: float = 0.5  #: part of the pictures that show four photographs
    scale: tuple[float, ...] = (0.5, 1.5)  #: longer side of a photograph, relative to the picture's


@dataclass(frozen=True, slots=True)
class Config:
    """A training. Either `epochs` or `minutes` says how long it is."""

    out: str  #: folder for checkpoints, weights and log
    cache: str  #: folder for reduced pictures
    data: tuple[Source, ...]
    phases: tuple[Phase, ...]
    epochs: int = 0
    minutes: float = 0.0
    arch: str = "yolo26n"
    start: str = ""  #: weights to start from; none: from nothing
    samples: int = 4000  #: pictures in an epoch; an epoch is what a kill can cost
    lr: float = 2e-3  #: highest learning rate of AdamW
    warmup: float = 0.03  #: part of the training in which it grows
    decay: float = 5e-4
    average: float = 0.999
    colour: float = 0.3  #: how far brightness and colours of photographs are changed
    seed: int = 0
    threads: int = 0
    workers: int = 0  #: processes that draw pictures; 0: the training does it
    device: str = "auto"

    def __post_init__(self) -> None:
        if (self.epochs > 0) == (self.minutes > 0):
            raise UserError("epochs, minutes: one of them has to say how long the training is, above 0")
        if not self.data or not self.phases or self.samples < 1:
            raise UserError("data, phases, samples: a training needs at least one of each")
        if min(sum(source.weight for source in self.data), sum(phase.share for phase in self.phases)) <= 0:
            raise UserError("data, phases: weights and shares have to add up to more than 0")
        for phase in self.phases:
            if phase.size < 64 or phase.size % 32 or phase.batch < 1:
                raise UserError(f"phases: size {phase.size}, batch {phase.batch}; a size is a multiple of 32")
            if len(phase.scale) != 2 or not 0 < phase.scale[0] <= phase.scale[1]:
                raise UserError(f"phases: scale {list(phase.scale)}; it has to be [least, most], above 0")


def rate(config: Config, done: float) -> float:
    """The learning rate when the part `done` of the training is over: a cosine after the warm-up."""
    if done < config.warmup:
        return config.lr * (0.01 + 0.99 * done / config.warmup)
    after = min((done - config.warmup) / (1 - config.warmup), 1.0)
    return config.lr * (0.01 + 0.99 * (1 + math.cos(math.pi * after)) / 2)
