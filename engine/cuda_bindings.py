"""CUDA's driver by NVIDIA's cuda-bindings. Importing this fails with ImportError where they are missing."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from cuda import bindings
from cuda.bindings import driver as cuda


class Refused(Exception):
    """What the driver did not do, and why."""


class Bindings:
    """See `engine.cuda.Driver`."""

    binding = f"cuda-bindings {bindings.__version__}"
    failures: tuple[type[Exception], ...] = (Refused, RuntimeError)  # the latter where there is no driver

    def init(self) -> None:
        _done(cuda.cuInit(0))

    def count(self) -> int:
        return int(_done(cuda.cuDeviceGetCount()))

    def built_for(self) -> int:
        return int(cuda.CUDA_VERSION) // 1000

    def cuda(self) -> tuple[int, int]:
        version = int(_done(cuda.cuDriverGetVersion()))
        return version // 1000, version % 1000 // 10

    def open(self, number: int) -> str:
        self._device = _done(cuda.cuDeviceGet(number))
        self._context = _done(cuda.cuDevicePrimaryCtxRetain(self._device))
        name: bytes = _done(cuda.cuDeviceGetName(256, self._device))
        return name.partition(b"\0")[0].decode()

    def capability(self) -> tuple[int, int]:
        kinds = cuda.CUdevice_attribute
        major = kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
        minor = kinds.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
        asked = (_done(cuda.cuDeviceGetAttribute(each, self._device)) for each in (major, minor))
        return int(next(asked)), int(next(asked))

    def push(self) -> None:
        _done(cuda.cuCtxPushCurrent(self._context))

    def pop(self) -> None:
        _done(cuda.cuCtxPopCurrent())

    def release(self) -> None:
        cuda.cuDevicePrimaryCtxRelease(self._device)

    def stream(self) -> Any:
        return _done(cuda.cuStreamCreate(cuda.CUstream_flags.CU_STREAM_NON_BLOCKING))

    def handle(self, stream: Any) -> int:
        return int(stream)

    def free_stream(self, stream: Any) -> None:
        cuda.cuStreamDestroy(stream)

    def synchronise(self, stream: Any) -> None:
        _done(cuda.cuStreamSynchronize(stream))

    def memory(self, nbytes: int) -> tuple[int, Callable[[], None]]:
        made = _done(cuda.cuMemAlloc(nbytes))
        return int(made), partial(cuda.cuMemFree, made)

    def page_locked(self, shape: tuple[int, ...], kind: Any) -> tuple[Any, Callable[[], None]]:
        nbytes = int(np.prod(shape)) * kind.itemsize
        made = _done(cuda.cuMemHostAlloc(nbytes, 0))
        content = (ctypes.c_byte * nbytes).from_address(int(made))
        return np.frombuffer(content, kind).reshape(shape), partial(cuda.cuMemFreeHost, made)

    def memory_left(self) -> tuple[int, int]:
        free, total = _done(cuda.cuMemGetInfo())
        return int(free), int(total)

    def copy_in(self, address: int, host: Any, stream: Any) -> None:
        _done(cuda.cuMemcpyHtoDAsync(address, host.ctypes.data, host.nbytes, stream))

    def copy_out(self, host: Any, address: int, stream: Any) -> None:
        _done(cuda.cuMemcpyDtoHAsync(host.ctypes.data, address, host.nbytes, stream))

    def graph(
        self, stream: Any, work: Callable[[], None], later: Callable[[Callable[[], None]], None]
    ) -> Callable[[], None]:
        mode = cuda.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL  # others go on as they were
        _done(cuda.cuStreamBeginCapture(stream, mode))
        try:
            work()
        finally:
            ended = cuda.cuStreamEndCapture(stream)
            if not int(ended[0]):  # of work that failed half-way, too
                later(partial(cuda.cuGraphDestroy, ended[1]))
        recorded = _done(ended)
        ready = _done(cuda.cuGraphInstantiate(recorded, 0))
        later(partial(cuda.cuGraphExecDestroy, ready))

        def launch() -> None:
            _done(cuda.cuGraphLaunch(ready, stream))

        return launch


def _done(answer: tuple[Any, ...]) -> Any:
    """What a call answered, without its result. Refused where that is no success."""
    result, *rest = answer
    if int(result):
        raise Refused(result.name.removeprefix("CUDA_ERROR_").lower().replace("_", " "))
    return rest[0] if len(rest) == 1 else rest
