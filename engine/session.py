"""A network ready to run, whatever runs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import UserError
from engine.types import Array, Image

#: On two cores, a person in a run of 16 costs a fifth less than alone, and more of them gain nothing
#: (benchmarks/pose.py). A GPU is busy with four times as many.
CPU_BATCH, GPU_BATCH = 16, 64


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model file says about itself. A size of 0 means "any"."""

    inputs: tuple[tuple[int, ...], ...]  #: shape of each input
    outputs: tuple[tuple[int, ...], ...]  #: shape of each output
    metadata: Mapping[str, str]  #: free text the file carries


class Session(Protocol):
    """A network ready to run. Opened, run and closed in one thread.

    A run takes at least one row: nobody costs nothing, so whoever has no rows does not run. Sessions from
    `open_session` say so, see `Kept`.
    """

    signature: Signature
    max_batch: int  #: rows one `run` may take
    best_batch: int  #: rows with which a row costs least; more in one run gain nothing

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output as float32, N first, 1 <= N <= max_batch. They are the caller's own."""
        ...

    def close(self) -> None: ...


def unheard(_line: str) -> None:
    """For whoever does not want to be told."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants a network to be run; see `open_session`."""

    device: str
    threads: int
    trust: bool
    graphs: bool
    notice: Callable[[str], None]


class Kept:
    """A session that is held to the contract, whatever runs it.

    Some would give wrong answers, crash the process or leak the GPU's memory where it is broken; others would
    not mind, so that a program written with them would break with the next. Whoever breaks it gets a
    RuntimeError, or a ValueError for a number of rows that does not fit. Closing twice is no mistake.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.signature = session.signature
        self.max_batch, self.best_batch = session.max_batch, session.best_batch
        self.on_cpu = bool(getattr(session, "on_cpu", False))  #: what only runs on a GPU need not say so
        self._session: Session | None = session
        self._name, self._thread = name, threading.current_thread()

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """As `Session.run`."""
        self._here()
        if self._session is None:
            raise RuntimeError(f"{self._name}: was closed, and cannot run any more")
        if not 1 <= len(batch) <= self.max_batch:
            raise ValueError(f"{self._name}: a run takes 1 to {self.max_batch} rows, got {len(batch)}")
        return self._session.run(batch)

    def close(self) -> None:
        self._here()
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _here(self) -> None:
        here = threading.current_thread()
        if here is not self._thread:
            raise RuntimeError(f"{self._name}: was opened in thread {self._thread.name}, not in {here.name}")


def open_session(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    trust: bool = False,
    graphs: bool = False,
    notice: Callable[[str], None] = unheard,
) -> Session:
    """Open a network with the runtime its file ending asks for.

    `device` is auto, cpu, cuda or cuda:N; `threads` caps the CPU threads of one run, 0 leaves it to the
    runtime. With `trust`, an engine is run that was not built here; it is executable code. With `graphs`,
    what a TensorRT engine does is recorded as CUDA graphs. `notice` is told, in a line each, what the user
    should know of how it runs. Raises UserError where the file is none that can be run here.
    """
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        *some, last = OPENERS
        raise UserError(
            f"{path.name}: a model file ends in {', '.join(some)} or {last}; export this network to one of"
            " them"
        )
    if not os.path.isfile(path):  # noqa: PTH113 because Path.is_file fails on names that are too long
        raise UserError(f"{path}: there is no such model file")
    return Kept(opener(path, Wish(device, threads, trust, graphs, notice)), path.name)


def without_graphs(name: str, why: str) -> str:
    """That CUDA graphs were wished for, and there are none."""
    return f"{name}: --cuda-graphs does nothing for it: {why}"


def _onnx(path: Path, wish: Wish) -> Session:
    from engine.onnx_session import OnnxSession
    from engine.side_by_side import SideBySide

    session = OnnxSession(path, wish.device, wish.threads)
    if wish.graphs:
        wish.notice(without_graphs(path.name, "ONNX Runtime runs it, not TensorRT"))
    if wish.threads < 2 or not session.on_cpu:
        return session
    return SideBySide(session, lambda: OnnxSession(path, "cpu", 1), wish.threads)


def _tensorrt(path: Path, wish: Wish) -> Session:
    from engine.tensorrt_session import TensorRTSession

    return TensorRTSession(path, wish.device, trust=wish.trust, graphs=wish.graphs, notice=wish.notice)


def _torch(path: Path, wish: Wish) -> Session:
    try:
        from engine.torch_session import open_torch
    except ImportError as error:
        raise UserError(
            f"{path.name}: needs PyTorch ({error}): pip install 'kinetrail[train]', or export it to ONNX"
        ) from error
    session = open_torch(path, wish.device, wish.threads)
    if wish.graphs and session.unrecorded:
        wish.notice(without_graphs(path.name, session.unrecorded))
    return session


OPENERS: dict[str, Callable[[Path, Wish], Session]] = {
    ".onnx": _onnx,
    ".engine": _tensorrt,
    ".pth": _torch,
    ".pt": _torch,
    ".ts": _torch,
    ".torchscript": _torch,
}
