"""CUDA's driver by PyCUDA. Importing this fails with ImportError where PyCUDA or the driver is missing."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import pycuda
import pycuda.driver as cuda

DRIVER = ctypes.cdll.LoadLibrary("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: no waiting for the default stream, and none the other way round


class PyCuda:
    """See `engine.cuda.Driver`. A stream is freed when nobody holds it any more; PyCUDA has no other way."""

    binding = f"pycuda {pycuda.VERSION_TEXT}"
    failures: tuple[type[Exception], ...] = (cuda.Error,)

    def init(self) -> None:
        cuda.init()

    def count(self) -> int:
        return int(cuda.Device.count())

    def built_for(self) -> int:
        return int(cuda.get_version()[0])

    def cuda(self) -> tuple[int, int]:
        version = int(cuda.get_driver_version())
        return version // 1000, version % 1000 // 10

    def open(self, number: int) -> str:
        self._device = cuda.Device(number)
        self._context = self._device.retain_primary_context()
        return str(self._device.name())

    def capability(self) -> tuple[int, int]:
        major, minor = self._device.compute_capability()
        return major, minor

    def push(self) -> None:
        self._context.push()

    def pop(self) -> None:
        cuda.Context.pop()

    def release(self) -> None:
        self._context.detach()
        # That makes the context current and leaves it so: PyCUDA reckons that it is off the driver's stack
        # then, as one would be that is destroyed. A primary one is only released.
        DRIVER.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))

    def stream(self) -> Any:
        return cuda.Stream(NON_BLOCKING)

    def handle(self, stream: Any) -> int:
        return int(stream.handle)

    def free_stream(self, stream: Any) -> None:
        """The caller has let go of it, and so is this."""

    def synchronise(self, stream: Any) -> None:
        stream.synchronize()

    def memory(self, nbytes: int) -> tuple[int, Callable[[], None]]:
        made = cuda.mem_alloc(nbytes)
        return int(made), made.free

    def page_locked(self, shape: tuple[int, ...], kind: Any) -> tuple[Any, Callable[[], None]]:
        array = cuda.pagelocked_empty(shape, kind)
        return array, array.base.free

    def memory_left(self) -> tuple[int, int]:
        free, total = cuda.mem_get_info()
        return free, total

    def copy_in(self, address: int, host: Any, stream: Any) -> None:
        cuda.memcpy_htod_async(address, host, stream)

    def copy_out(self, host: Any, address: int, stream: Any) -> None:
        cuda.memcpy_dtoh_async(host, address, stream)

    def graph(self, stream: Any, work: Any, later: Any) -> Callable[[], None]:
        raise NotImplementedError("PyCUDA cannot record CUDA graphs")
