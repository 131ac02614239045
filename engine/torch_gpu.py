"""A PyTorch network on one NVIDIA GPU: page-locked copies, a stream of its own, recorded work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Outputs = tuple[Tensor, ...]
#: What is recorded, once -> what repeats it, and the tensors that it fills each time.
Record = Callable[[Callable[[], Outputs]], tuple[Callable[[], None], Outputs]]

BUCKETS = (1, 2, 4, 8, 16, 32, 64)  #: numbers of rows that work is recorded for
WARM_UPS = 3  #: runs before a recording: cuDNN tries its algorithms, memory is taken


class OnGpu:
    """Rows of the host's memory in, outputs in the host's memory out.

    Its page-locked buffers are made once. It has a stream of its own, since on the default one everything in
    the process waits for everything else.
    """

    def __init__(
        self, network: Callable[[Tensor], Any], row: Tensor, device: torch.device, most: int, *, graphs: bool
    ) -> None:
        """`row` is as one row of the input is, `most` the number of rows in a run."""
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._in = torch.empty((most, *row.shape), dtype=row.dtype, pin_memory=True)
        self._out: list[Tensor] = []
        with torch.cuda.device(device), torch.cuda.stream(self._stream), torch.inference_mode():
            self._network = (
                Recorded(network, row.to(device), _graph(self._stream))
                if graphs
                else lambda rows: as_tuple(network(rows))
            )
        self._stream.synchronize()

    def __call__(self, rows: Tensor) -> Outputs:
        n = len(rows)
        self._in[:n].copy_(rows)
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            answers = self._network(self._in[:n].to(self._device, non_blocking=True))
            if not self._out:
                most = len(self._in)
                self._out = [
                    torch.empty((most, *each.shape[1:]), dtype=each.dtype, pin_memory=True)
                    for each in answers
                ]
            for here, there in zip(self._out, answers, strict=True):
                here[:n].copy_(there, non_blocking=True)
        self._stream.synchronize()
        return tuple(here[:n] for here in self._out)


class Recorded:
    """A network recorded for some numbers of rows; others are filled up to the next.

    It is recorded for a number when rows of it come, since each takes seconds and memory: with two people in
    view, nothing is there for 64. Recordings share their memory. That is safe in any order of replay, as one
    runs at a time and what each answers is kept apart (pytorch/pytorch#166975).
    """

    def __init__(
        self,
        network: Callable[[Tensor], Any],
        row: Tensor,
        record: Record,
        buckets: tuple[int, ...] = BUCKETS,
    ) -> None:
        self._network, self._row, self._record, self._buckets = network, row, record, buckets
        self._ready: dict[int, tuple[Tensor, Callable[[], None], Outputs]] = {}

    def __call__(self, rows: Tensor) -> Outputs:
        n = len(rows)
        size = min(size for size in self._buckets if size >= n)
        if size not in self._ready:
            given = self._row.new_zeros((size, *self._row.shape))
            self._ready[size] = (given, *self._record(_work(self._network, given)))
        given, repeat, outputs = self._ready[size]
        given[:n].copy_(rows, non_blocking=True)
        repeat()
        return tuple(each[:n] for each in outputs)


def _work(network: Callable[[Tensor], Any], given: Tensor) -> Callable[[], Outputs]:
    return lambda: as_tuple(network(given))


def _graph(stream: torch.cuda.Stream) -> Record:
    """Recording into CUDA graphs that share their memory: they run one after the other, in one stream."""
    pool = torch.cuda.graph_pool_handle()

    def record(work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            for _ in range(WARM_UPS):
                work()
        stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        # Only this thread's calls are restricted: elsewhere, others go on taking memory.
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            outputs = work()
        return graph.replay, outputs

    return record


def as_tuple(answer: Any) -> Outputs:
    """What a network of one output or several answered. RuntimeError where that is anything but tensors."""
    answers = answer if isinstance(answer, list | tuple) else (answer,)
    if not answers or not all(isinstance(each, Tensor) for each in answers):
        kinds = {type(each).__name__: None for each in answers}
        raise RuntimeError(f"it answers with {' and '.join(kinds) or 'nothing'} in place of tensors")
    return tuple(answers)
