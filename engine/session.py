"""A network ready to run, whatever runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import UserError
from engine.types import Array, Image


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

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output, N first, 1 <= N <= max_batch. The results are the caller's to keep."""
        ...

    def close(self) -> None: ...


def open_session(path: Path, device: str = "auto", threads: int = 0) -> Session:
    """Open a network with the runtime its file ending asks for.

    `device` is auto, cpu, cuda or cuda:N; `threads` caps the CPU threads of one run, 0 leaves it to the
    runtime. Raises UserError where the file is none that can be run here.
    """
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        raise UserError(
            f"{path.name}: a model file ends in {' or '.join(OPENERS)}; export this network to one of them"
        )
    if not os.path.isfile(path):  # noqa: PTH113 because Path.is_file fails on names that are too long
        raise UserError(f"{path}: there is no such model file")
    return opener(path, device, threads)


def _onnx(path: Path, device: str, threads: int) -> Session:
    from engine.onnx_session import OnnxSession
    from engine.side_by_side import SideBySide

    session = OnnxSession(path, device, threads)
    if threads < 2 or not session.on_cpu:
        return session
    return SideBySide(session, lambda: OnnxSession(path, "cpu", 1), threads)


OPENERS: dict[str, Callable[[Path, str, int], Session]] = {".onnx": _onnx}
