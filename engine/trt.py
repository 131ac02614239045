"""What building an engine and running one share: the package, what it says, and where that is."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from typing import Any

from engine.cuda import Gpu, number_of
from engine.errors import UserError
from engine.fit import Place

OLDEST = (10, 12)  #: strongly typed networks are complete from there on


def tensorrt() -> Any:
    """The package. UserError where it is missing or too old."""
    try:
        import tensorrt as trt

        version = trt.__version__
    except (ImportError, OSError, AttributeError) as error:  # libraries it misses; a folder it left behind
        raise UserError(
            f"engines need TensorRT ({error}): pip install 'kinetrail[gpu]', or run the ONNX file itself"
        ) from error
    major, minor = map(int, version.split(".")[:2])
    if (major, minor) < OLDEST:
        raise UserError(
            f"engines need TensorRT {OLDEST[0]}.{OLDEST[1]} or later, here is {version}: pip install"
            " -U 'kinetrail[gpu]'"
        )
    return trt


def place(trt: Any, gpu: Gpu) -> Place:
    """What an engine has to fit here."""
    return Place(trt.__version__, gpu.name, gpu.capability, gpu.driver)


def here(device: str) -> Place:
    """What an engine has to fit on this device. UserError where there can be none, for whatever network."""
    package = tensorrt()
    with closing(Gpu(number_of(device))) as gpu:
        return place(package, gpu)


def using(trt: Any, gpu: Gpu) -> str:
    """What engines are built and run with, in a line for the user."""
    line = f"TensorRT {trt.__version__} on {gpu.name}, by {gpu.binding}"
    return f"{line}: PyCUDA cannot be had ({gpu.instead})" if gpu.instead else line


def messages(trt: Any) -> Any:
    """A logger that keeps the errors. Whatever TensorRT makes with it must not outlive it.

    TensorRT's functions answer None or False where they fail; why, they tell only their logger, from any
    thread. `why()` is the first error since it was last asked, on one line.
    """

    class Messages(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self._errors: deque[str] = deque(maxlen=16)

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self._errors.append(" ".join(msg.split()))

        def why(self) -> str:
            first = self._errors[0] if self._errors else "it does not say why"
            self._errors.clear()
            return first[:300]

    return Messages()


def runtime(trt: Any, log: Any) -> Any:
    """What loads engines, in the current context. UserError where TensorRT cannot work with GPU or driver."""
    try:
        return trt.Runtime(log)
    except TypeError as error:  # pybind's word for a null pointer
        raise UserError(
            f"TensorRT {trt.__version__} cannot start: {log.why()}; update NVIDIA's driver, or run the ONNX"
            " file itself"
        ) from error
