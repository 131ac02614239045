"""From the bytes of an ONNX to the bytes of a TensorRT plan, with TensorRT 10.12 or later and 11 alike.

The network is strongly typed: each value has the precision that the ONNX gives it, and no flag says
otherwise. Importing this module does not load TensorRT.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine import trt
from engine.cache import engine_folder, put
from engine.errors import UserError
from engine.fit import Shape, Tensor

MOST_TOLD = 300  #: letters of a reason

#: Called with what is going on, the part of it that is done, and the seconds left (below 0: not known yet).
#: It returns whether to go on, at once, and may be called from any thread.
Report = Callable[[str, float, float], bool]

#: What TensorRT's log says -> what that means and what to do.
MEANINGS = (
    (
        r"OutOfMemory|out of memory|Cuda failure: 2\b|could not find any implementation.*workspace",
        "the GPU's memory does not suffice; close other programs that use it, or lower --batch or"
        " --workspace-gb",
    ),
    (
        r"error: 35\b|driver version is insufficient|cudaErrorInsufficientDriver",
        "NVIDIA's driver is too old for this TensorRT; update it to 580 or later",
    ),
    (r"error: 100\b|no CUDA-capable device", "there is no GPU here that CUDA can use; use --device cpu"),
    (
        r"SM \d+ is not supported|not supported by this TensorRT",
        "this GPU is too old for this TensorRT, which needs Turing (2018) or newer; use ONNX Runtime",
    ),
)


class Cancelled(UserError):
    """A build that was called off; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan is built within."""

    profile: tuple[Shape, Shape, Shape]  #: smallest, typical and largest shape of the input
    workspace_gb: float
    level: int  #: 0 to 5: how long TensorRT looks for something faster
    exact: bool  #: single precision is just that, not TensorFloat-32


def plan(
    name: str, model: bytes, limits: Limits, gpu: str, report: Report
) -> tuple[bytes, tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The plan, and the inputs and outputs, of an ONNX that `name` stands for in messages.

    The context of the GPU, whose name is `gpu`, is current. UserError where TensorRT cannot do it, Cancelled
    where `report` said so.
    """
    package = trt.tensorrt()
    logger = trt.messages(package)
    try:
        builder = package.Builder(logger)
    except TypeError as error:  # all that its bindings say; the reason is in the log
        raise _trouble(f"TensorRT {package.__version__} cannot start", logger) from error
    network = builder.create_network(1 << int(package.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = package.OnnxParser(network, logger)
    if not parser.parse(model):
        raise _misparsed(name, parser, logger, package.__version__)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(package.MemoryPoolType.WORKSPACE, int(limits.workspace_gb * (1 << 30)))
    config.builder_optimization_level = limits.level
    if limits.exact:
        config.clear_flag(package.BuilderFlag.TF32)
    profile = builder.create_optimization_profile()
    tensor = network.get_input(0)
    smallest, typical, largest = limits.profile
    profile.set_shape(tensor.name, smallest, typical, largest)
    if config.add_optimization_profile(profile) < 0:
        raise _trouble(f"{name}: TensorRT refuses inputs of {smallest} to {largest}", logger)
    kept = engine_folder() / f"{re.sub('[^A-Za-z0-9]', '_', gpu)}.trt{package.__version__}.timing"
    cache = _timings(config, kept)  # has to live until the plan is built
    monitor = _monitor(package, report)
    config.progress_monitor = monitor
    built = builder.build_serialized_network(network, config)
    if monitor.cancelled:
        raise Cancelled(f"{name}: cancelled; nothing was kept")
    if built is None:
        raise _trouble(f"{name}: TensorRT {package.__version__} could not build it", logger)
    with suppress(UserError):  # it only makes the next build faster
        put(kept, bytes(memoryview(cache.serialize())))
    inputs = tuple(_tensor(package, network.get_input(index)) for index in range(network.num_inputs))
    outputs = tuple(_tensor(package, network.get_output(index)) for index in range(network.num_outputs))
    return bytes(memoryview(built)), inputs, outputs


def _monitor(package: Any, report: Report) -> Any:
    """What TensorRT tells how far it is."""

    class Monitor(package.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            package.IProgressMonitor.__init__(self)
            self.phases = Phases()
            self.cancelled = False

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self.phases.begin(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self.cancelled |= not report(*self.phases.step(phase_name, step))
            return not self.cancelled

        def phase_finish(self, phase_name: str) -> None:
            self.phases.end(phase_name)

    return Monitor()


@dataclass
class _Phase:
    parent: str | None
    steps: int
    since: float
    done: int = 0


class Phases:
    """How far nested phases are: TensorRT names them, and counts the steps of each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, _Phase] = {}
        self._lock = threading.Lock()  # told from several threads

    def begin(self, name: str, parent: str | None, steps: int) -> None:
        with self._lock:
            self._open[name] = _Phase(parent, max(1, steps), self._clock())

    def step(self, name: str, step: int) -> tuple[str, float, float]:
        """The outermost phase that this one is part of, how much of it is done, and the seconds left."""
        with self._lock:
            if name not in self._open:
                return name, 0.0, -1.0
            self._open[name].done = step + 1
            outer = name
            while (parent := self._open[outer].parent) in self._open and parent is not None:
                outer = parent
            done, passed = self._part(outer), self._clock() - self._open[outer].since
        return name, done, passed * (1 - done) / done if done else -1.0

    def end(self, name: str) -> None:
        with self._lock:
            self._open.pop(name, None)

    def _part(self, name: str) -> float:
        """How much of a phase is done: whole steps, and what is done of the phases in the next one."""
        phase = self._open[name]
        within = [self._part(each) for each, inner in self._open.items() if inner.parent == name]
        return min(1.0, (phase.done + (sum(within) / len(within) if within else 0.0)) / phase.steps)


def _timings(config: Any, kept: Path) -> Any:
    """What earlier builds measured on this GPU, or nothing where it does not fit."""
    known = b""
    with suppress(OSError):
        known = kept.read_bytes()
    cache = config.create_timing_cache(known)
    if cache is None or not config.set_timing_cache(cache, False):
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def _tensor(package: Any, tensor: Any) -> Tensor:
    shape = tuple(max(0, size) for size in tensor.shape)
    return Tensor(tensor.name, np.dtype(package.nptype(tensor.dtype)).name, shape)


def _misparsed(name: str, parser: Any, logger: Any, version: str) -> UserError:
    """What of an ONNX TensorRT cannot read."""
    if not parser.num_errors:
        return _trouble(f"{name}: TensorRT {version} cannot read it", logger)
    wrong = parser.get_error(0)
    node = f"node {wrong.node_name() or wrong.node()} ({wrong.node_operator()})"
    more = f" and {parser.num_errors - 1} more" if parser.num_errors > 1 else ""
    return UserError(
        f"{name}: TensorRT {version} cannot take {node}{more}: {_short(wrong.desc())}; export the network"
        " without it, or run it with ONNX Runtime"
    )


def _trouble(what: str, logger: Any) -> UserError:
    return UserError(f"{what}: {meaning(logger.why())}")


def meaning(reason: str) -> str:
    """What TensorRT gives as reason, with what to do where that is known."""
    for pattern, told in MEANINGS:
        if re.search(pattern, reason):
            return told
    return reason


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_TOLD else line[: MOST_TOLD - 3] + "..."
