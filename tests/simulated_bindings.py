"""`cuda.bindings.driver` over the simulated device: as much of it as the program uses."""

# ruff: noqa: N801, N802, N803, ARG001 as the names and what is passed are CUDA's

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from types import ModuleType
from typing import Any

import pytest
from simulated_cuda import DEVICE, RESULTS, CudaFailure, Event, Stream

PAGE_LOCKED = "page-locked memory"
CUDA_VERSION = 13000

CUresult = IntEnum("CUresult", RESULTS)  # type: ignore[misc]


class CUstream_flags(IntEnum):
    CU_STREAM_DEFAULT = 0
    CU_STREAM_NON_BLOCKING = 1


class CUevent_flags(IntEnum):
    CU_EVENT_DEFAULT = 0
    CU_EVENT_BLOCKING_SYNC = 1
    CU_EVENT_DISABLE_TIMING = 2


class CUstreamCaptureMode(IntEnum):
    CU_STREAM_CAPTURE_MODE_GLOBAL = 0
    CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1
    CU_STREAM_CAPTURE_MODE_RELAXED = 2


class CUdevice_attribute(IntEnum):
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76


def told(function: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """A tuple of the result and what else there is; after a failure, nothing else is anything."""

    @wraps(function)
    def call(*args: Any) -> tuple[Any, ...]:
        if not DEVICE.driver:
            raise RuntimeError("Failed to dlopen libcuda.so.1")
        try:
            answer = function(*args)
        except CudaFailure as failure:
            return CUresult[str(failure)], None
        if answer is None:
            return (CUresult.CUDA_SUCCESS,)
        return CUresult.CUDA_SUCCESS, *(answer if isinstance(answer, tuple) else (answer,))

    return call


@told
def cuInit(Flags):
    if not DEVICE.count:
        raise CudaFailure("CUDA_ERROR_NO_DEVICE")


@told
def cuDriverGetVersion():
    return DEVICE.cuda[0] * 1000 + DEVICE.cuda[1] * 10


@told
def cuDeviceGetCount():
    return DEVICE.count


@told
def cuDeviceGet(ordinal):
    if not 0 <= ordinal < DEVICE.count:
        raise CudaFailure("CUDA_ERROR_INVALID_DEVICE")
    return ordinal


@told
def cuDeviceGetName(length, dev):
    return DEVICE.name.encode().ljust(length, b"\0")


@told
def cuDeviceGetAttribute(attrib, dev):
    return DEVICE.capability[attrib - CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR]


@told
def cuDevicePrimaryCtxRetain(dev):
    return DEVICE.retain(dev)


@told
def cuDevicePrimaryCtxRelease(dev):
    DEVICE.release(dev)


@told
def cuCtxPushCurrent(ctx):
    DEVICE.contexts.append(ctx)


@told
def cuCtxPopCurrent():
    DEVICE.context()
    return DEVICE.contexts.pop()


@told
def cuMemAlloc(bytesize):
    return DEVICE.make("memory", size=bytesize)


@told
def cuMemFree(dptr):
    DEVICE.take_back("memory", dptr)
    DEVICE.alive()


@told
def cuMemHostAlloc(bytesize, Flags):
    return DEVICE.make(PAGE_LOCKED, size=bytesize)


@told
def cuMemFreeHost(p):
    DEVICE.take_back(PAGE_LOCKED, p)
    DEVICE.alive()


@told
def cuMemGetInfo():
    return DEVICE.free_memory(DEVICE.context()), DEVICE.memory


@told
def cuMemcpyHtoDAsync(dstDevice, srcHost, ByteCount, hStream):
    DEVICE.copy(hStream, to=dstDevice, source=srcHost, nbytes=ByteCount, kinds=("memory", PAGE_LOCKED))


@told
def cuMemcpyDtoHAsync(dstHost, srcDevice, ByteCount, hStream):
    DEVICE.copy(hStream, to=dstHost, source=srcDevice, nbytes=ByteCount, kinds=(PAGE_LOCKED, "memory"))


@told
def cuStreamCreate(Flags):
    return DEVICE.make("stream", Stream(DEVICE))


@told
def cuStreamDestroy(hStream):
    DEVICE.take_back("stream", hStream)
    DEVICE.alive()


@told
def cuStreamSynchronize(hStream):
    DEVICE.wait(hStream)


@told
def cuStreamWaitEvent(hStream, hEvent, Flags):
    DEVICE.stream(hStream).enqueue(lambda: DEVICE.reach(hEvent))


@told
def cuEventCreate(Flags):
    return DEVICE.make("event", Event())


@told
def cuEventDestroy(hEvent):
    DEVICE.take_back("event", hEvent)
    DEVICE.alive()


@told
def cuEventRecord(hEvent, hStream):
    DEVICE.record(hEvent, hStream)


@told
def cuEventSynchronize(hEvent):
    DEVICE.reach(hEvent)


@told
def cuStreamBeginCapture(hStream, mode):
    if mode != CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL:
        raise DEVICE.break_rule("a capture that makes the calls of other threads fail")
    DEVICE.capture(hStream)


@told
def cuStreamEndCapture(hStream):
    return DEVICE.captured(hStream)


@told
def cuGraphInstantiate(hGraph, flags):
    return DEVICE.make("graph ready to run", DEVICE.find("graph", hGraph).content)


@told
def cuGraphLaunch(hGraphExec, hStream):
    DEVICE.launch(hGraphExec, hStream)


@told
def cuGraphDestroy(hGraph):
    DEVICE.take_back("graph", hGraph)
    DEVICE.alive()


@told
def cuGraphExecDestroy(hGraphExec):
    DEVICE.take_back("graph ready to run", hGraphExec)
    DEVICE.alive()


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda, bindings = ModuleType("cuda"), ModuleType("cuda.bindings")
    driver = ModuleType("cuda.bindings.driver")
    vars(driver).update({name: value for name, value in globals().items() if name.startswith(("cu", "CU"))})
    cuda.bindings, bindings.driver, bindings.__version__ = bindings, driver, "13.0.3"
    for module in (cuda, bindings, driver):
        monkeypatch.setitem(sys.modules, module.__name__, module)
