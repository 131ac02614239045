"""ONNX Runtime behind the `Session` protocol.

Importing this module loads ONNX Runtime, which phones home from version 1.29 on unless told otherwise
before it is imported; `tests/test_telemetry.py` holds us to silence.
"""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from engine.errors import UserError
from engine.session import CPU_BATCH, GPU_BATCH, Signature
from engine.types import Array, Image

#: Everything ONNX Runtime raises; its exceptions share no base class of their own.
FAILURES: tuple[type[Exception], ...] = (
    failures.DeviceReset,
    failures.EPFail,
    failures.EngineError,
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.ModelRequiresCompilation,
    failures.NoModel,
    failures.NoSuchFile,
    failures.NotFound,
    failures.NotImplemented,
    failures.RuntimeException,
    RuntimeError,
    ValueError,
)

INPUT_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
CUDA = "cuda"
CPU_ALONE = ["CPUExecutionProvider"]
LONGEST = 800  #: letters of a reason: the latest version of operators comes after 600
SILENT = 4  # ONNX Runtime's log severity; what it would say of a failure is in the exception
ort.set_default_logger_severity(SILENT)  # of what belongs to no session, such as libraries of a GPU


class OnnxSession:
    """A network in ONNX Runtime, on the CPU or on one NVIDIA GPU.

    A network with a fixed batch takes fewer rows too: missing rows are run as zeros and cut off again.
    Half-precision networks are fed and read in float32 as all others.
    """

    def __init__(self, path: Path, device: str = "auto", threads: int = 0) -> None:
        """Raises UserError where the file is no ONNX network or the device is not there."""
        self._name = path.name
        self._session = _load(path, device, threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [_usable(each) for each in inputs] != [True]:
            takes = " and ".join(f"{each.name} {each.type}{_shape(each)}" for each in inputs)
            raise UserError(
                f"{path.name}: takes {takes or 'nothing'}; needed is one input, float32 or float16, or uint8"
                " where channels come last"
            )
        self._input: str = inputs[0].name
        self._dtype = INPUT_TYPES[inputs[0].type]
        self.signature = Signature(
            inputs=tuple(_shape(each) for each in inputs),
            outputs=tuple(_shape(each) for each in outputs),
            metadata=_metadata(self._session, path),
        )
        self.on_cpu = "CUDAExecutionProvider" not in self._session.get_providers()
        self._fixed_batch = (self.signature.inputs[0] or (0,))[0]
        self.max_batch = self._fixed_batch or sys.maxsize
        self.best_batch = min(self.max_batch, CPU_BATCH if self.on_cpu else GPU_BATCH)

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output as float32, N first, 1 <= N <= max_batch."""
        n = len(batch)
        rows = batch.astype(self._dtype, copy=False)
        if n < self._fixed_batch:
            missing = np.zeros((self._fixed_batch - n, *batch.shape[1:]), self._dtype)
            rows = np.concatenate([rows, missing])
        try:
            outputs = self._session.run(None, {self._input: rows})
        except FAILURES as error:
            raise UserError(
                f"{self._name}: the network cannot run on {rows.shape}: {_line(error)}"
            ) from error
        if any(len(output) != len(rows) for output in outputs):
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise UserError(
                f"{self._name}: {len(rows)} pictures in, but {shapes} out; export it with a batch"
            )
        return tuple(output[:n].astype(np.float32, copy=False) for output in outputs)

    def close(self) -> None:
        """Give the network's memory back."""
        del self._session


def _load(path: Path, device: str, threads: int) -> Any:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as odd:
        raise UserError(
            f"{path.name}: ONNX Runtime opens no file whose path is not UTF-8; rename it"
        ) from odd
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = SILENT
    # Threads that spin while they wait take the cores away from decoding, tracking and drawing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    error: Exception
    tried = _providers(device)
    missing = _load_libraries() if tried != [CPU_ALONE] else ""
    for providers in tried:
        try:
            session = ort.InferenceSession(os.fspath(path), options, providers=providers, enable_fallback=0)
        except FAILURES as failure:
            error = failure
            continue
        if not device.startswith(CUDA) or "CUDAExecutionProvider" in session.get_providers():
            return session
        needed = f"driver, CUDA {getattr(ort, 'cuda_version', '')} or cuDNN 9 is missing or does not fit"
        error = RuntimeError(missing or needed)
    if device.startswith(CUDA):
        raise UserError(
            f"{path.name}: cannot run on {device}: {_line(error)}; put that right or use cpu"
        ) from error
    raise UserError(f"{path.name}: no network that ONNX Runtime can open: {_line(error)}") from error


def _metadata(session: Any, path: Path) -> dict[str, str]:
    try:
        return dict(session.get_modelmeta().custom_metadata_map)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name}: is damaged: what it says of itself is no text") from error


def _providers(device: str) -> list[list[Any]]:
    """What to try, in order: lists of ONNX Runtime's execution providers."""
    asked = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", device)
    if asked is None:
        raise UserError(f"device {device}: there is auto, cpu, cuda and cuda:N, N being the number of a GPU")
    present = "CUDAExecutionProvider" in ort.get_available_providers()
    if device.startswith(CUDA) and not present:
        raise UserError(
            f"device {device}: this ONNX Runtime ({ort.__version__}) knows no GPU; install onnxruntime-gpu in"
            " its place, or use cpu"
        )
    # By default it tries every algorithm again for each new number of people, which takes seconds each time.
    options = {"device_id": int(asked[1] or 0), "cudnn_conv_algo_search": "HEURISTIC"}
    on_gpu = [("CUDAExecutionProvider", options), *CPU_ALONE]
    if device == "cpu" or not present:
        return [CPU_ALONE]
    return [on_gpu] if device.startswith(CUDA) else [on_gpu, CPU_ALONE]


def _load_libraries() -> str:
    """Load CUDA and cuDNN where they came as Python packages; what is missing of them, on one line.

    ONNX Runtime looks for them in the system alone. What it cannot load it prints.
    """
    said = io.StringIO()
    with redirect_stdout(said):
        ort.preload_dlls()
    return _line(RuntimeError(said.getvalue()))


def _usable(argument: Any) -> bool:
    """Whether it can be fed: numbers of a fraction, or the pixels of pictures."""
    pixels = argument.type == "tensor(uint8)"
    return argument.type in INPUT_TYPES and (not pixels or _shape(argument)[3:] == (3,))


def _shape(argument: Any) -> tuple[int, ...]:
    """The shape of an input or output; named and unknown sizes are 0, what is no tensor has none."""
    return tuple(size if isinstance(size, int) and size > 0 else 0 for size in argument.shape)


def _line(error: Exception) -> str:
    """The reason in ONNX Runtime's message, on one line."""
    text = " ".join(str(error).split())
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)[:LONGEST]
