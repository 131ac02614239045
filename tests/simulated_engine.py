"""What TensorRT does with a plan, done by ONNX Runtime: the half of `simulated_tensorrt` that runs networks.

A plan is `SIMTRT`, a line of JSON, and the ONNX. Failures are None or False, their reason being only in the
logger, as with the real one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import onnx
import simulated_cuda
from onnx import TensorProto
from simulated_cuda import DEVICE

MAGIC = b"SIMTRT\n"


class Number(Enum):
    """As pybind's: `int(member)` works, arithmetic does not."""

    def __int__(self) -> int:
        return int(self.value)


Severity = Number("Severity", {"INTERNAL_ERROR": 0, "ERROR": 1, "WARNING": 2, "INFO": 3, "VERBOSE": 4})
TensorIOMode = Number("TensorIOMode", {"NONE": 0, "INPUT": 1, "OUTPUT": 2})
Strategy = Number(
    "ExecutionContextAllocationStrategy", {"STATIC": 0, "ON_PROFILE_CHANGE": 1, "USER_MANAGED": 2}
)
_TYPES = ("FLOAT", "HALF", "INT8", "INT32", "BOOL", "UINT8", "FP8", "BF16", "INT64", "INT4", "FP4", "E8M0")
DataType = Number("DataType", {name: number for number, name in enumerate(_TYPES)})
KINDS = {
    TensorProto.FLOAT: (DataType.FLOAT, np.float32),
    TensorProto.FLOAT16: (DataType.HALF, np.float16),
    TensorProto.INT8: (DataType.INT8, np.int8),
    TensorProto.INT32: (DataType.INT32, np.int32),
    TensorProto.BOOL: (DataType.BOOL, np.bool_),
    TensorProto.UINT8: (DataType.UINT8, np.uint8),
    TensorProto.INT64: (DataType.INT64, np.int64),
}
NUMPY = dict(KINDS.values())


@dataclass
class Simulation:
    """What TensorRT is asked to do wrong; as the last `reset` made it."""

    version: str = "11.4.0.106"
    supports_gpu: bool = True
    build_memory: int = 1 << 20  #: bytes of the GPU that a build needs
    context_memory: int = 1 << 16  #: bytes that a context takes while it lives
    unsupported: tuple[str, ...] = ()  #: operators
    steps: int = 5  #: of the inner phase of a build
    between: Callable[[int], None] = lambda _: None  #: called before each of these steps
    spoil: Callable[[str, np.ndarray], np.ndarray] = lambda _, array: array  #: what goes wrong in a run
    refuse_run: str = ""  #: why `execute_async_v3` says no
    built: int = 0  #: engines
    timed: int = 0  #: layers, because no timing cache knew them
    used: int = field(default=0)  #: bytes taken by contexts

    def reset(self, **changes: Any) -> None:
        self.__dict__.update(Simulation(**changes).__dict__)


SIMULATION = Simulation()


class ILogger:
    Severity = Severity

    def __init__(self) -> None:
        self.ready = True


def told(logger: Any, message: str, severity: Any = Severity.ERROR) -> None:
    """Say it where alone it is said."""
    if not getattr(logger, "ready", False):
        raise DEVICE.break_rule("a logger whose base class was not initialised")
    logger.log(severity, message)


def shapes(model: onnx.ModelProto, given: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shape of each input and output for inputs of the given shapes; -1 is not known before it ran."""
    fixed = onnx.ModelProto.FromString(model.SerializeToString())
    del fixed.graph.value_info[:]
    for value in fixed.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, given[value.name], strict=True):
            dim.dim_value = size
    declared = {
        value.name: [dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim]
        for value in fixed.graph.output
    }
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    found = onnx.shape_inference.infer_shapes(fixed, data_prop=True).graph
    out = dict(given)
    for value in found.output:
        sizes = [dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim]
        out[value.name] = tuple(sizes or declared[value.name])
    return out


def plan_of(model: bytes, profile: dict[str, list[tuple[int, ...]]]) -> bytes:
    about = {
        "version": SIMULATION.version,
        "gpu": f"{DEVICE.name} {DEVICE.capability}",
        "profile": profile,
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    return MAGIC + json.dumps(about).encode() + b"\n" + model


class Owned:
    """What TensorRT makes in a context. When nobody holds it any more it is given back, in that context."""

    def __init__(self) -> None:
        self._home = DEVICE.machine, DEVICE.context()

    def __del__(self) -> None:
        machine, context = getattr(self, "_home", (None, 0))
        if machine is DEVICE.machine and DEVICE.contexts[-1:] != [context]:
            DEVICE.break_rule(f"{type(self).__name__} of TensorRT was given back outside of its context")


class Runtime(Owned):
    def __init__(self, logger: Any) -> None:
        start(logger)
        super().__init__()
        self.logger = logger
        self.engine_host_code_allowed = False

    def deserialize_cuda_engine(self, serialized_engine: Any) -> Any:
        DEVICE.context()
        plan = bytes(serialized_engine)
        found = re.fullmatch(MAGIC + rb"([^\n]*)\n(.*)", plan, re.DOTALL)
        about = json.loads(found[1]) if found else {}
        if found is None or hashlib.sha256(found[2]).hexdigest() != about["sha256"]:
            told(self.logger, "Error Code 1: Serialization (Serialization assertion magicTagRead failed.)")
        elif about["version"] != SIMULATION.version:
            told(self.logger, "Error Code 1: Serialization (Version tag does not match.)")
        elif about["gpu"] != f"{DEVICE.name} {DEVICE.capability}":
            told(self.logger, "The engine plan file is generated on an incompatible device, please rebuild.")
        else:
            return Engine(found[2], about["profile"], self.logger)
        return None


class Engine(Owned):
    num_optimization_profiles = 1

    def __init__(self, model: bytes, profile: dict[str, list[tuple[int, ...]]], logger: Any) -> None:
        super().__init__()
        self.model = onnx.load_model_from_string(model)
        self.profile = {name: [tuple(shape) for shape in each] for name, each in profile.items()}
        self.logger = logger
        graph = self.model.graph
        self.inputs = {value.name: value for value in graph.input}
        # The real one does not keep the order of outputs either.
        self.tensors = {value.name: value for value in (*graph.input, *reversed(graph.output))}
        self.session = session(model)

    @property
    def num_io_tensors(self) -> int:
        return len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_mode(self, name: str) -> Any:
        return TensorIOMode.INPUT if name in self.inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> Any:
        return KINDS[self.tensors[name].type.tensor_type.elem_type][0]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(dim.dim_value or -1 for dim in self.tensors[name].type.tensor_type.shape.dim)

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[tuple[int, ...]]:
        if name not in self.inputs or profile_index:
            raise DEVICE.break_rule(f"there is no profile {profile_index} of {name}")
        return self.profile[name]

    device_memory_size_v2 = property(lambda _: SIMULATION.context_memory)

    def create_execution_context(self, strategy: Any = Strategy.STATIC) -> Any:
        DEVICE.context()
        if strategy is Strategy.USER_MANAGED:
            return Context(self, memory=False)
        if SIMULATION.used + SIMULATION.context_memory > DEVICE.free_memory(DEVICE.context()):
            told(self.logger, f"Error Code 2: OutOfMemory (Requested size was {SIMULATION.context_memory}.)")
            return None
        return Context(self)


class Context(Owned):
    def __init__(self, engine: Engine, *, memory: bool = True) -> None:
        super().__init__()
        self.engine = engine
        self._memory = memory  #: whether it has what it needs while it runs
        self._given: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._allocators: dict[str, Any] = {}
        self._known: dict[tuple[tuple[int, ...], ...], dict[str, tuple[int, ...]]] = {}

    def _told(self, message: str) -> bool:
        told(self.engine.logger, message)
        return False

    def set_input_shape(self, name: str, shape: tuple[int, ...] | list[int]) -> bool:
        low, _, high = self.engine.profile[name]
        fits = len(shape) == len(low)
        if not fits or any(not a <= n <= b for a, n, b in zip(low, shape, high, strict=True)):
            return self._told(
                f"Error Code 3: API Usage Error (Parameter check failed, condition: engineDims.d[i] =="
                f" dims.d[i]. Static dimension mismatch or {tuple(shape)} outside of the profile.)"
            )
        self._given[name] = tuple(shape)
        return True

    def set_device_memory(self, memory: int, size: int) -> None:
        DEVICE.view(memory, size)
        self._memory = size >= SIMULATION.context_memory

    def set_tensor_address(self, name: str, memory: int) -> bool:
        if name not in self.engine.tensors:
            return self._told(f"Error Code 3: API Usage Error (there is no tensor {name})")
        self._addresses[name] = int(memory)
        return True

    def set_output_allocator(self, name: str, output_allocator: Any) -> bool:
        self._allocators[name] = output_allocator
        return True

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        simulated_cuda.stream(stream_handle)
        return profile_index == 0

    def infer_shapes(self) -> list[str]:
        return [name for name in self.engine.inputs if name not in self._given]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if self.infer_shapes():
            return self.engine.get_tensor_shape(name)
        key = tuple(self._given.values())
        if key not in self._known:
            self._known[key] = shapes(self.engine.model, self._given)
        return self._known[key][name]

    def get_max_output_size(self, name: str) -> int:
        shape = self.get_tensor_shape(name)
        if self.infer_shapes():
            return -1
        kind = NUMPY[self.engine.get_tensor_dtype(name)]
        return int(np.prod([512 if size < 0 else size for size in shape])) * np.dtype(kind).itemsize

    def execute_async_v3(self, stream_handle: int) -> bool:
        DEVICE.context()
        if not stream_handle:
            raise DEVICE.break_rule("ran on the default stream")
        if not self._memory:
            raise DEVICE.break_rule("a context without memory of its own was given none")
        if SIMULATION.refuse_run:
            return self._told(SIMULATION.refuse_run)
        stream, given = simulated_cuda.stream(stream_handle), dict(self._given)
        for name in self.engine.tensors:
            if name not in self._addresses and name not in self._allocators:
                return self._told(f"Error Code 3: API Usage Error (no address is set for tensor {name}.)")
        if missing := self.infer_shapes():
            return self._told(f"Error Code 3: API Usage Error (no shape is set for {missing[0]}.)")
        addresses = dict(self._addresses)
        if self._allocators:  # the real one waits too, as it does not know the sizes before
            stream.run()
            self._allocate(self._results(given, addresses), stream_handle)
            return True
        stream.enqueue(lambda: self._run(given, addresses))
        return True

    def _results(self, given: dict[str, tuple[int, ...]], addresses: dict[str, int]) -> dict[str, np.ndarray]:
        feed = {}
        for name, shape in given.items():
            kind = np.dtype(NUMPY[self.engine.get_tensor_dtype(name)])
            raw = DEVICE.view(addresses[name], int(np.prod(shape)) * kind.itemsize)
            feed[name] = np.frombuffer(bytes(raw), kind).reshape(shape)
        names = [name for name in self.engine.tensors if name not in given]
        found = self.engine.session.run(names, feed)
        return {name: SIMULATION.spoil(name, each) for name, each in zip(names, found, strict=True)}

    def _run(self, given: dict[str, tuple[int, ...]], addresses: dict[str, int]) -> None:
        for name, array in self._results(given, addresses).items():
            DEVICE.view(addresses[name], array.nbytes)[:] = np.ascontiguousarray(array).tobytes()

    def _allocate(self, results: dict[str, np.ndarray], stream: int) -> None:
        for name, array in results.items():
            memory = self._addresses.get(name, 0)
            if allocator := self._allocators.get(name):
                memory = allocator.reallocate_output_async(name, memory, array.nbytes, 256, stream)
                allocator.notify_shape(name, array.shape)
            DEVICE.view(memory, array.nbytes)[:] = np.ascontiguousarray(array).tobytes()


def start(logger: Any) -> None:
    """What a builder and a runtime do first. TypeError as pybind raises it, the reason being logged."""
    if not DEVICE.driver or DEVICE.cuda < (12, 0):
        told(logger, "CUDA initialization failure with error: 35. Please check your CUDA installation.")
    elif not DEVICE.count:
        told(logger, "CUDA initialization failure with error: 100. Please check your CUDA installation.")
    elif not SIMULATION.supports_gpu:
        told(logger, "Target GPU SM 61 is not supported by this TensorRT release.")
    else:
        DEVICE.context()
        told(logger, "[MemUsageChange] Init CUDA: CPU +0, GPU +0", Severity.VERBOSE)
        return
    raise TypeError("pybind11::init(): factory function returned nullptr")


def session(model: bytes) -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    # Its int8 layers overflow on processors without VNNI, where a GPU's do not: then in single precision.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
