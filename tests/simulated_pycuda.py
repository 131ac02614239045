"""`pycuda.driver` over the simulated device: as much of it as the program uses."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from simulated_cuda import DEVICE, CudaFailure, Event, Stream

PAGE_LOCKED = "page-locked memory"


class Error(Exception):
    pass


class MemoryError(Error):  # noqa: A001 as PyCUDA names it
    pass


class LogicError(Error):
    pass


class LaunchError(Error):
    pass


class RuntimeError(Error):  # noqa: A001
    pass


KINDS = {
    "CUDA_ERROR_OUT_OF_MEMORY": MemoryError,
    "CUDA_ERROR_LAUNCH_FAILED": LaunchError,
    "CUDA_ERROR_NO_DEVICE": RuntimeError,
}


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """What the driver refuses, as PyCUDA raises it."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CudaFailure as failure:
            text = str(failure).removeprefix("CUDA_ERROR_").lower().replace("_", " ")
            raise KINDS.get(str(failure), LogicError)(f"cu{function.__name__} failed: {text}") from None

    return call


@told
def init(flags: int = 0) -> None:  # noqa: ARG001
    if not DEVICE.count:
        raise CudaFailure("CUDA_ERROR_NO_DEVICE")


def get_version() -> tuple[int, int, int]:
    return (13, 0, 0)


def get_driver_version() -> int:
    return DEVICE.cuda[0] * 1000 + DEVICE.cuda[1] * 10


class Device_:  # noqa: N801
    @told
    def __init__(self, number: int) -> None:
        if not 0 <= number < DEVICE.count:
            raise CudaFailure("CUDA_ERROR_INVALID_DEVICE")
        self.number = number

    @staticmethod
    def count() -> int:
        return DEVICE.count

    def name(self) -> str:
        return DEVICE.name

    def compute_capability(self) -> tuple[int, int]:
        return DEVICE.capability

    def total_memory(self) -> int:
        return DEVICE.memory

    @told
    def retain_primary_context(self) -> Context:
        return Context(DEVICE.retain(self.number), self.number)


class Context:
    def __init__(self, handle: int, number: int) -> None:
        self.handle, self.number = handle, number

    def push(self) -> None:
        DEVICE.contexts.append(self.handle)

    @staticmethod
    def pop() -> None:
        DEVICE.context()
        DEVICE.contexts.pop()

    @staticmethod
    @told
    def synchronize() -> None:
        DEVICE.context()
        for stream in DEVICE.streams():
            stream.run()

    def detach(self) -> None:
        """Current afterwards, as in PyCUDA 2026.1, which takes it to be gone from the driver's stack."""
        DEVICE.contexts.append(self.handle)
        DEVICE.release(self.number)


class Owned:
    """Freed by PyCUDA when nobody holds it any more."""

    def __init__(self, kind: str, handle: int) -> None:
        self.kind, self.handle, self.freed, self.machine = kind, handle, False, DEVICE.machine

    def __int__(self) -> int:
        return self.handle

    __index__ = __int__

    def free(self) -> None:
        if self.freed:
            raise LogicError("free failed: invalid handle")
        self.freed = True
        DEVICE.take_back(self.kind, self.handle)

    def __del__(self) -> None:
        if not self.freed and self.machine is DEVICE.machine:
            self.free()


class Stream_(Owned):  # noqa: N801
    @told
    def __init__(self, flags: int = 0) -> None:  # noqa: ARG002
        self.freed = True  # until it is made
        super().__init__("stream", DEVICE.make("stream", Stream(DEVICE)))

    @told
    def synchronize(self) -> None:
        DEVICE.wait(self.handle)

    @told
    def wait_for_event(self, event: Event_) -> None:
        DEVICE.stream(self.handle).enqueue(lambda: DEVICE.reach(event.handle))


class Event_(Owned):  # noqa: N801
    @told
    def __init__(self, flags: int = 0) -> None:  # noqa: ARG002
        self.freed = True
        super().__init__("event", DEVICE.make("event", Event()))

    @told
    def record(self, stream: Stream_) -> Event_:
        DEVICE.record(self.handle, stream.handle)
        return self

    @told
    def synchronize(self) -> Event_:
        DEVICE.reach(self.handle)
        return self


@told
def mem_alloc(nbytes: int) -> Owned:
    return Owned("memory", DEVICE.make("memory", size=nbytes))


@told
def mem_get_info() -> tuple[int, int]:
    return DEVICE.free_memory(DEVICE.context()), DEVICE.memory


class _PageLocked(Owned):
    """What a NumPy array over page-locked memory has as its base."""

    def __init__(self, nbytes: int) -> None:
        super().__init__(PAGE_LOCKED, DEVICE.make(PAGE_LOCKED, size=nbytes))
        self.content = DEVICE.find(PAGE_LOCKED, self.handle).content
        self.__array_interface__ = {**self.content.__array_interface__}


@told
def pagelocked_empty(shape: Any, dtype: Any, order: str = "C", mem_flags: int = 0) -> Any:  # noqa: ARG001
    base = _PageLocked(int(np.prod(shape)) * np.dtype(dtype).itemsize)
    typed = {"shape": tuple(shape), "typestr": np.dtype(dtype).str, "strides": None}
    base.__array_interface__ |= typed
    return np.asarray(base)


@told
def memcpy_htod_async(dest: Any, src: Any, stream: Stream_) -> None:
    _contiguous(src)
    DEVICE.copy(
        stream.handle, to=int(dest), source=src.ctypes.data, nbytes=src.nbytes, kinds=("memory", PAGE_LOCKED)
    )


@told
def memcpy_dtoh_async(dest: Any, src: Any, stream: Stream_) -> None:
    _contiguous(dest)
    DEVICE.copy(
        stream.handle, to=dest.ctypes.data, source=int(src), nbytes=dest.nbytes, kinds=(PAGE_LOCKED, "memory")
    )


def _contiguous(array: Any) -> None:
    if not array.flags.c_contiguous:
        raise ValueError("ndarray is not contiguous")


NAMES = (
    Error,
    MemoryError,
    LogicError,
    LaunchError,
    RuntimeError,
    init,
    get_version,
    get_driver_version,
    Context,
    mem_alloc,
    mem_get_info,
    pagelocked_empty,
    memcpy_htod_async,
    memcpy_dtoh_async,
)


class Library:
    """The driver's own library."""

    @staticmethod
    def cuCtxPopCurrent_v2(_: Any) -> int:  # noqa: N802
        DEVICE.context()
        DEVICE.contexts.pop()
        return 0


class _NoDriver:
    """What finds that the driver's library, which `pycuda.driver` needs, is not there."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "pycuda.driver" and not DEVICE.driver:
            raise ImportError("libcuda.so.1: cannot open shared object file: No such file or directory")


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    package, driver = ModuleType("pycuda"), ModuleType("pycuda.driver")
    package.__path__ = []
    package.VERSION_TEXT = "2026.1"
    driver.Device, driver.Stream, driver.Event = Device_, Stream_, Event_
    for each in NAMES:
        setattr(driver, each.__name__, each)
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setattr(ctypes.cdll, "LoadLibrary", {"libcuda.so.1": Library}.__getitem__, raising=False)
    if DEVICE.driver:
        package.driver = driver
        monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    else:
        monkeypatch.delitem(sys.modules, "pycuda.driver", raising=False)
        monkeypatch.setattr(sys, "meta_path", [_NoDriver, *sys.meta_path])
