"""A network ready to run, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.types import Array


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model file says about itself. A size of 0 means "any"."""

    inputs: tuple[tuple[int, ...], ...]  #: shape of each input
    outputs: tuple[tuple[int, ...], ...]  #: shape of each output
    metadata: Mapping[str, str]  #: free text the file carries


class Session(Protocol):
    """A network ready to run. Opened, run and closed in one thread."""

    signature: Signature
    max_batch: int  #: rows one `run` may take

    def run(self, batch: Array) -> tuple[Array, ...]:
        """(N, ...) -> every output, N first, 1 <= N <= max_batch. The results are the caller's to keep."""
        ...

    def close(self) -> None: ...
