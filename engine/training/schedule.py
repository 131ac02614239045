"""What comes when in a training: learning rates, resolutions, people."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.training.config import Config

Rows = NDArray[np.intp]  #: numbers of people

_STEPS = ((170 / 210, 0.1), (200 / 210, 0.01))  #: part of the training done, factor from there on


class Pace(NamedTuple):
    """How far the training is where an epoch starts, and how far each person takes it; the whole is 1."""

    done: float
    sample: float


def rate(config: Config, done: float) -> float:
    """The learning rate when the part `done` of the training is over."""
    if done < config.warmup:
        return config.lr * (0.01 + 0.99 * done / config.warmup)
    if config.schedule == "steps":
        return config.lr * min([1.0, *(factor for start, factor in _STEPS if done >= start)])
    after = min((done - config.warmup) / (1 - config.warmup), 1.0)
    return config.lr * (0.005 + 0.995 * (1 + math.cos(math.pi * after)) / 2)


class _Part(Protocol):
    @property
    def share(self) -> float: ...


_P = TypeVar("_P", bound=_Part, covariant=True)


class _Phased(Protocol[_P]):
    @property
    def phases(self) -> tuple[_P, ...]: ...


def phase_at(config: _Phased[_P], done: float) -> _P:
    """The phase when the part `done` of the training is over; each has its share of it."""
    ends = np.cumsum([phase.share for phase in config.phases])
    number = int(np.searchsorted(ends / ends[-1], done, side="right"))
    return config.phases[min(number, len(config.phases) - 1)]


def rows_of_epoch(sizes: list[int], config: Config, epoch: int) -> Rows:
    """Which people of the sets, one after another, an epoch goes through, mixed by weight; shuffled."""
    rng = np.random.default_rng([config.seed, epoch])
    parts = np.array([source.weight for source in config.data])
    counts = np.round((config.samples or sum(sizes)) * parts / parts.sum()).astype(int)
    starts = np.cumsum([0, *sizes])
    rows = [
        start + np.concatenate([rng.permutation(size) for _ in range(-(-count // size))])[:count]
        for start, size, count in zip(starts, sizes, counts, strict=False)
        if count
    ]
    if not rows:
        raise UserError(f"samples {config.samples}: nobody for any of the sets; raise it")
    return rng.permutation(np.concatenate(rows))
