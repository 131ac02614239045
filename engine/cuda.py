"""One NVIDIA GPU, by PyCUDA or, where that cannot be had, by cuda-bindings.

Both speak to the driver alone, in the GPU's primary context, which PyTorch, ONNX Runtime and TensorRT use
too: in a context of one's own, their pointers and streams would be strangers. It is current inside
`with gpu:` and nowhere else, so that the thread is left as it was found. Whoever makes a `Gpu` uses and
closes it in the same thread: PyCUDA frees nothing from another.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from engine.errors import UserError
from engine.types import Array, Image

#: Before a CUDA version, the driver that knows it (NVIDIA, CUDA compatibility, minimum driver versions).
DRIVERS = {12: "525", 13: "580"}
KERNEL_MODULE = Path("/proc/driver/nvidia/version")


class Stream:
    """Work for the GPU, done in the order it was given. Buffers are given by their address."""

    def __init__(self, gpu: Gpu, driver: Driver) -> None:
        self._gpu, self._driver = gpu, driver
        self._held = driver.stream()
        self.handle = driver.handle(self._held)  #: as CUDA knows it

    def copy_in(self, address: int, host: Array | Image) -> None:
        """From page-locked memory to the GPU's; not to be written to before `synchronise`."""
        with self._gpu.telling("copy to the GPU"):
            self._driver.copy_in(address, host, self._held)

    def copy_out(self, host: Array | Image, address: int) -> None:
        """From the GPU to page-locked memory; not to be read before `synchronise`."""
        with self._gpu.telling("copy from the GPU"):
            self._driver.copy_out(host, address, self._held)

    def synchronise(self) -> None:
        """Wait until all is done. UserError where any of it failed."""
        with self._gpu.telling("run"):
            self._driver.synchronise(self._held)

    def graph(self, work: Callable[[], None]) -> Callable[[], None]:
        """What repeats the work that a function gives to this stream, at the cost of one call.

        It has to be done once before, and waited for: what happens only the first time must not be in it.
        """
        with self._gpu.telling("record a CUDA graph"):
            return self._driver.graph(self._held, work, self._gpu.later)

    def free(self) -> None:
        held, self._held = self._held, None
        self._driver.free_stream(held)


class Gpu:
    """A GPU and everything that was taken from it, which `close` gives back in reverse order."""

    def __init__(self, number: int = 0, *, graphs: bool = False) -> None:
        """UserError where GPU, driver or package is missing. `graphs`: with what records CUDA graphs."""
        driver, missing = _driver(graphs)
        self.binding = driver.binding  #: name and version of the package that is used
        self.instead = missing  #: why that is not PyCUDA; "" where it is, or where CUDA graphs are wanted
        with self._telling_of(driver, "be used"):
            driver.init()
            _check_version(driver)
            if number >= driver.count():
                raise UserError(
                    f"device cuda:{number}: there {_are(driver.count())}; they are counted from cuda:0"
                )
            self.name = driver.open(number)
            self.capability = "{}.{}".format(*driver.capability())  #: compute capability, as "8.9"
        self.driver = _kernel_module() or "for CUDA {}.{}".format(*driver.cuda())  #: version
        self._driver = driver
        self._free: list[Callable[[], None]] = [driver.release]

    def __enter__(self) -> Gpu:
        with self.telling("be used"):
            self._driver.push()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        """What was raised inside lets go of what was made inside, which must be gone before `close`."""
        while error is not None:
            traceback.clear_frames(error.__traceback__)
            error = error.__cause__ or error.__context__
        with self.telling("be used"):
            self._driver.pop()

    def stream(self) -> Stream:
        with self.telling("make a stream"):
            made = Stream(self, self._driver)
        self.later(made.free)
        return made

    def memory(self, nbytes: int) -> int:
        """The address of so many bytes in the GPU's memory."""
        with self.telling(f"take {nbytes / 1e6:.0f} MB of its memory"):
            address, free = self._driver.memory(nbytes)
        self.later(free)
        return address

    def page_locked(self, shape: tuple[int, ...], kind: Any) -> Any:
        """An array in the host's memory that the GPU reads and writes by itself, gone after `close`."""
        with self.telling("lock memory"):
            array, free = self._driver.page_locked(shape, np.dtype(kind))
        self.later(free)
        return array

    def memory_left(self) -> tuple[int, int]:
        """Bytes of its memory that are free, and that there are."""
        with self, self.telling("be asked"):
            return self._driver.memory_left()

    def later(self, free: Callable[[], None]) -> None:
        """Do this at `close`, before what was given earlier."""
        self._free.append(free)

    def close(self) -> None:
        """Give everything back, in this thread. Nothing of it may still be under way."""
        if not self._free:
            return
        with self:
            while len(self._free) > 1:
                self._free.pop()()
        self._free.pop()()  # the context itself, which is not current any more

    def telling(self, what: str) -> AbstractContextManager[None]:
        """Inside it, CUDA's errors become a UserError: the GPU cannot do this."""
        return self._telling_of(self._driver, what)

    @staticmethod
    @contextmanager
    def _telling_of(driver: Driver, what: str) -> Iterator[None]:
        try:
            yield
        except driver.failures as error:
            reason = " ".join(str(error).split())
            remedy = "see whether nvidia-smi shows it, or use cpu"
            if "out of memory" in reason:
                remedy = "close other programs that use it, or take a smaller batch or network"
            elif "dlopen" in reason:
                reason, remedy = "NVIDIA's driver is not installed", "install it, or use cpu"
            raise UserError(f"the GPU cannot {what}: {reason}; {remedy}") from error


class Driver(Protocol):
    """What both packages can do. Handles are whatever the package has for them."""

    binding: str
    failures: tuple[type[Exception], ...]

    def init(self) -> None: ...
    def count(self) -> int: ...
    def built_for(self) -> int: ...
    def cuda(self) -> tuple[int, int]: ...
    def open(self, number: int) -> str: ...
    def capability(self) -> tuple[int, int]: ...
    def push(self) -> None: ...
    def pop(self) -> None: ...
    def release(self) -> None: ...
    def stream(self) -> Any: ...
    def handle(self, stream: Any) -> int: ...
    def free_stream(self, stream: Any) -> None: ...
    def synchronise(self, stream: Any) -> None: ...
    def memory(self, nbytes: int) -> tuple[int, Callable[[], None]]: ...
    def page_locked(self, shape: tuple[int, ...], kind: Any) -> tuple[Any, Callable[[], None]]: ...
    def memory_left(self) -> tuple[int, int]: ...
    def copy_in(self, address: int, host: Any, stream: Any) -> None: ...
    def copy_out(self, host: Any, address: int, stream: Any) -> None: ...
    def graph(
        self, stream: Any, work: Callable[[], None], later: Callable[[Callable[[], None]], None]
    ) -> Callable[[], None]: ...


def number_of(device: str) -> int:
    """The number of the GPU in auto, cuda or cuda:N. UserError where it names none."""
    asked = re.fullmatch(r"auto|cuda(?::(\d+))?", device)
    if asked is None:
        raise UserError(f"device {device}: this runs on an NVIDIA GPU only; use cuda or cuda:N")
    return int(asked[1] or 0)


def _driver(graphs: bool) -> tuple[Driver, str]:
    """What speaks to the driver, and why it is not PyCUDA."""
    missing = []
    if not graphs:
        try:
            from engine.cuda_pycuda import PyCuda

            return PyCuda(), ""
        except ImportError as error:
            missing.append(str(error))
    try:
        from engine.cuda_bindings import Bindings

        return Bindings(), " ".join("; ".join(missing).split())
    except ImportError as error:
        missing.append(str(error))
    if any("libcuda" in each or "nvcuda" in each for each in missing):
        raise UserError("there is no GPU here: NVIDIA's driver is not installed; install it, or use cpu")
    if graphs:
        remedy = "pip install 'cuda-bindings>=13,<14', or run without them"
        raise UserError(f"CUDA graphs need cuda-bindings ({missing[-1]}): {remedy}")
    remedy = "pip install 'kinetrail[gpu]'"
    raise UserError(f"the GPU cannot be used without pycuda or cuda-bindings: {remedy} ({missing[-1]})")


def _check_version(driver: Driver) -> None:
    known, needed = driver.cuda(), driver.built_for()
    if known[0] < needed:
        newer = f"to {DRIVERS[needed]} or later" if needed in DRIVERS else "to a later one"
        raise UserError(
            f"NVIDIA's driver knows CUDA {known[0]}.{known[1]} at most, and {driver.binding} needs CUDA"
            f" {needed}; update the driver {newer}, or use cpu"
        )


def _kernel_module() -> str:
    """The version of the driver as Linux has it loaded, as "580.65.06"; "" elsewhere."""
    try:
        text = KERNEL_MODULE.read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s", text)
    return found[1] if found else ""


def _are(count: int) -> str:
    return {0: "is no GPU that CUDA can use", 1: "is one GPU"}.get(count, f"are {count} GPUs")
