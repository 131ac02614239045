"""TensorRT engines behind the `Session` protocol.

Two slots, each with its page-locked buffers, its stream and its execution context, take turns with the parts
of a batch that is larger than what the engine was built for: while one computes, the other's rows are copied.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from engine import trt
from engine.cuda import Gpu, number_of
from engine.errors import UserError
from engine.fit import admit
from engine.session import Signature, unheard, without_graphs
from engine.tensorrt_slot import Model, Slot
from engine.types import Array, Image

SLOTS = 2
#: Numbers of rows that a CUDA graph is recorded for, beside the largest there is. With more than these, what
#: it takes to start the work is nothing beside the work.
BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class TensorRTSession:
    """An engine on one NVIDIA GPU. It takes any number of rows, and half precision like any other.

    Everything on the GPU is made, used and freed in one thread. Any failure leaves the GPU in doubt: close.
    """

    def __init__(
        self,
        path: Path,
        device: str = "auto",
        *,
        trust: bool = False,
        graphs: bool = False,
        notice: Callable[[str], None] = unheard,
    ) -> None:
        """UserError where the engine, the GPU or TensorRT do not fit each other, before any of it is run.

        `trust` admits engines that were not built here. With `graphs` a run of up to 64 rows is padded to a
        power of two and is one call for the GPU; that needs cuda-bindings. `notice` is told what it runs
        with, and why there are no graphs.
        """
        self._name = path.name
        self._slots: list[Slot] = []
        self._held: list[Any] = []  # logger, runtime, engine: each has to outlive the next
        package = trt.tensorrt()
        self._gpu = Gpu(number_of(device), graphs=graphs)
        with ExitStack() as undo:
            undo.callback(self.close)
            notice(trt.using(package, self._gpu))
            with self._gpu:
                self._open(package, path, trust)
                if graphs and (reason := self._record()):
                    notice(without_graphs(self._name, reason))
            undo.pop_all()

    def _open(self, package: Any, path: Path, trust: bool) -> None:
        plan, metadata = admit(path, trt.place(package, self._gpu), trust=trust)
        log = trt.messages(package)
        runtime = trt.runtime(package, log)
        engine = runtime.deserialize_cuda_engine(plan)
        self._held += [log, runtime, engine]
        if engine is None:
            raise UserError(f"{self._name}: TensorRT cannot load it: {log.why()}; build it again")
        model = _model(self._name, package, engine)
        self.signature = Signature(
            (_open_sizes(engine, model.input),),
            tuple(_open_sizes(engine, each) for each in model.outputs),
            metadata,
        )
        self._model, self._rows = model, model.largest[0]
        self.max_batch, self.best_batch = sys.maxsize, SLOTS * self._rows
        for _ in range(SLOTS):  # one by one, so that `close` knows those before one that fails
            self._slots.append(Slot(self._name, package, self._gpu, engine, model, log))

    def _record(self) -> str:
        """Record graphs; why there are none, or ""."""
        if not self._model.only_rows_differ:
            return "it was built for pictures of several sizes"
        sizes = [rows for rows in BUCKETS if self._model.smallest[0] <= rows < self._rows]
        if self._rows <= BUCKETS[-1]:
            sizes.append(self._rows)
        if not sizes:
            return f"with {self._rows} pictures at once they gain nothing"
        if not all(slot.record(sizes) for slot in self._slots):
            return "how many answers it gives depends on what it sees"
        return ""

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output as float32, N first, N >= 1."""
        parts = [batch[start : start + self._rows] for start in range(0, len(batch), self._rows)]
        with self._gpu:
            found = list(self._answers(parts))
        return found[0] if len(found) == 1 else tuple(map(np.concatenate, zip(*found, strict=True)))

    def close(self) -> None:
        """Give everything on the GPU back; in the thread that opened it."""
        with self._gpu:
            for stream in [slot.stream for slot in self._slots]:
                with suppress(UserError):  # what failed was told already
                    stream.synchronise()
            self._slots.clear()  # nothing must hold a slot any more: its context goes before its memory
            while self._held:
                self._held.pop()
        self._gpu.close()

    def _answers(self, parts: list[Array | Image]) -> Iterator[tuple[Array, ...]]:
        """The outputs of each part, in their order."""
        under_way: deque[Slot] = deque()
        for part, slot in zip(parts, cycle(self._slots), strict=False):
            if len(under_way) == len(self._slots):
                yield under_way.popleft().finish()
            slot.start(part)
            under_way.append(slot)
        for slot in under_way:
            yield slot.finish()


def _model(name: str, package: Any, engine: Any) -> Model:
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    inputs = [each for each in names if engine.get_tensor_mode(each) == package.TensorIOMode.INPUT]
    if len(inputs) != 1:
        raise UserError(f"{name}: takes {' and '.join(inputs) or 'nothing'}; needed is one input")
    smallest, _, largest = engine.get_tensor_profile_shape(inputs[0], 0)
    try:
        kinds = dict(zip(names, map(package.nptype, map(engine.get_tensor_dtype, names)), strict=True))
    except TypeError as error:
        raise UserError(f"{name}: has inputs or outputs of a type that numpy has not: {error}") from error
    # TensorRT does not keep their order. Joints come before their scores, boxes before their classes.
    outputs = [each for each in names if each not in inputs]
    outputs.sort(key=lambda each: -len(engine.get_tensor_shape(each)))
    return Model(
        inputs[0],
        tuple(outputs),
        {each: np.dtype(kinds[each]) for each in names},
        tuple(smallest),
        tuple(largest),
    )


def _open_sizes(engine: Any, name: str) -> tuple[int, ...]:
    return tuple(max(size, 0) for size in engine.get_tensor_shape(name))
