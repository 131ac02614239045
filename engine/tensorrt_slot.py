"""A slot of a TensorRT engine: what one part of a batch needs on its way through the GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.cuda import Gpu
from engine.errors import UserError
from engine.types import Array, Image


@dataclass(frozen=True, slots=True)
class Model:
    """What goes in and comes out of an engine."""

    input: str
    outputs: tuple[str, ...]
    kinds: dict[str, Any]  #: numpy's type of each
    smallest: tuple[int, ...]  #: shape of the input
    largest: tuple[int, ...]

    @property
    def only_rows_differ(self) -> bool:
        return self.smallest[1:] == self.largest[1:]


class _Buffer:
    """Memory of the GPU, and as much of the host's to copy to or from."""

    def __init__(self, gpu: Gpu, nbytes: int, kind: Any) -> None:
        self.nbytes = max(nbytes, 1)
        self.address = gpu.memory(self.nbytes)
        self._bytes, self._kind = gpu.page_locked((self.nbytes,), np.uint8), kind

    def host(self, shape: tuple[int, ...]) -> Any:
        """The host's part as an array of this shape."""
        nbytes = int(np.prod(shape)) * self._kind.itemsize
        return self._bytes[:nbytes].view(self._kind).reshape(shape)


class Slot:
    """One part of a batch on its way through the GPU.

    No function in here closes over it: an error that passed through one would keep it, and with it what has
    to be gone before the GPU is (see `Gpu.__exit__`).
    """

    def __init__(self, name: str, package: Any, gpu: Gpu, engine: Any, model: Model, log: Any) -> None:
        self._name, self._package, self._gpu = name, package, gpu
        self._engine, self._model, self._log = engine, model, log
        self.stream = gpu.stream()
        self._context = self._checked(engine.create_execution_context(), "be readied")
        self._resize(self._context, model.largest)
        self._in = _Buffer(gpu, int(np.prod(model.largest)) * self._kind(model.input).itemsize, self._kind())
        self._out: dict[str, _Buffer] = {}
        self._sized: dict[str, Any] = {}  # where the number of rows is known only afterwards, as after NMS
        for each in model.outputs:
            self._out[each] = _Buffer(gpu, self._most(each), self._kind(each))
            if -1 in tuple(self._context.get_tensor_shape(each)):
                self._sized[each] = _allocator(package, self._out[each])
        self._address(self._context)
        self._graphs: dict[int, tuple[Any, Callable[[], None]]] = {}
        self._under_way: tuple[int, int, list[Any]] = (0, 0, [])  # rows asked for, rows run, answers

    def _kind(self, name: str = "") -> Any:
        return self._model.kinds[name or self._model.input]

    def _most(self, output: str) -> int:
        """How many bytes an output has at most."""
        nbytes: int = self._context.get_max_output_size(output)
        self._checked(nbytes >= 0, f"tell how large {output} is")
        return nbytes

    def record(self, buckets: list[int]) -> bool:
        """Record a CUDA graph for each of these numbers of rows; whether that can be.

        A graph holds on to the state of the context that it was recorded from, so each has a context of its
        own; as one stream runs them one after the other, they share the memory in between.
        """
        if self._sized:
            return False
        strategy = self._package.ExecutionContextAllocationStrategy.USER_MANAGED
        nbytes = max(self._engine.device_memory_size_v2, 1)
        between = self._gpu.memory(nbytes)
        for rows in buckets:
            context = self._checked(self._engine.create_execution_context(strategy), "be readied")
            context.set_device_memory(between, nbytes)
            self._resize(context, (rows, *self._model.largest[1:]))
            self._address(context)
            once = partial(self._enqueue, context)
            once()  # what happens only the first time must not be recorded
            self.stream.synchronise()
            self._graphs[rows] = context, self.stream.graph(once)
        return True

    def start(self, batch: Array | Image) -> None:
        """Give one part of a batch to the GPU, which works on while this returns."""
        if not np.can_cast(batch.dtype, self._kind(), "same_kind"):  # numpy would, and cut fractions off
            raise UserError(f"{self._name}: cannot run on {batch.dtype}: it takes {self._kind()}")
        n, fewest = len(batch), max(len(batch), self._model.smallest[0])
        recorded = self._graphs if batch.shape[1:] == self._model.largest[1:] else {}
        rows = min((each for each in recorded if each >= fewest), default=fewest)
        context, launch = recorded.get(rows, (self._context, None))
        shape = (rows, *batch.shape[1:])
        if launch is None:
            self._resize(context, shape)
        host = self._in.host(shape)
        host[:n], host[n:] = batch, 0
        self.stream.copy_in(self._in.address, host)
        if launch is None:
            self._enqueue(context)
        else:
            launch()
        answers = []
        for name, buffer in self._out.items():
            sized = self._sized.get(name)
            answers.append(buffer.host(tuple(sized.shape if sized else context.get_tensor_shape(name))))
            if answers[-1].size:
                self.stream.copy_out(answers[-1], buffer.address)
        self._under_way = n, rows, answers

    def finish(self) -> tuple[Array, ...]:
        """Wait for the part that was started; its outputs are the caller's."""
        self.stream.synchronise()
        n, rows, answers = self._under_way
        if any(len(each) != rows for each in answers):
            shapes = ", ".join(str(each.shape) for each in answers)
            raise UserError(f"{self._name}: {rows} pictures in, but {shapes} out; export it with a batch")
        return tuple(each[:n].astype(np.float32) for each in answers)

    def _enqueue(self, context: Any) -> None:
        self._checked(context.execute_async_v3(self.stream.handle), "run")

    def _resize(self, context: Any, shape: tuple[int, ...]) -> None:
        if not context.set_input_shape(self._model.input, shape):
            low, high = self._model.smallest, self._model.largest
            raise UserError(
                f"{self._name}: cannot run on {shape}: it was built for {low} to {high} ({self._log.why()})"
            )

    def _address(self, context: Any) -> None:
        for name, buffer in ((self._model.input, self._in), *self._out.items()):
            if name in self._sized:
                self._checked(context.set_output_allocator(name, self._sized[name]), "be readied")
            else:
                self._checked(context.set_tensor_address(name, buffer.address), "be readied")

    def _checked(self, answer: Any, what: str) -> Any:
        """What TensorRT answered. UserError where that is None or False, with what its logger was told."""
        if answer is None or answer is False:
            why = self._log.why()
            remedy = "close other programs that use the GPU" if "emory" in why else "build it again"
            raise UserError(f"{self._name}: cannot {what}: {why}; {remedy}")
        return answer


def _allocator(package: Any, buffer: _Buffer) -> Any:
    """What tells TensorRT to write into a buffer, and is told the shape of what it wrote."""

    class Allocator(package.IOutputAllocator):  # type: ignore[misc]
        def __init__(self) -> None:
            package.IOutputAllocator.__init__(self)
            self.shape: tuple[int, ...] = ()

        def reallocate_output_async(
            self, tensor_name: str, memory: int, size: int, alignment: int, stream: int
        ) -> int:
            """0 stands for: there is no room for it."""
            del tensor_name, memory, alignment, stream
            return buffer.address if size <= buffer.nbytes else 0

        def notify_shape(self, tensor_name: str, shape: Any) -> None:
            del tensor_name
            self.shape = tuple(shape)

    return Allocator()
