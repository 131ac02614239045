"""A `tensorrt` that is none, for both majors: it keeps the real one's rules, ONNX Runtime does the work.

The names and keywords are those of the real bindings (`test_tensorrt_names` holds the program to them).
Failures are None or False, their reason being only in the logger. What the program must not do raises
`RuleBroken`, which `simulated_cuda.DEVICE.check` raises again where somebody caught it.
"""

from __future__ import annotations

import sys
import types
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import onnx
import pytest
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from simulated_cuda import DEVICE, RuleBroken
from simulated_engine import (
    KINDS,
    NUMPY,
    SIMULATION,
    DataType,
    ILogger,
    Number,
    Runtime,
    Severity,
    Strategy,
    TensorIOMode,
    plan_of,
    session,
    start,
    told,
)

from engine.onnx_session import FAILURES

MAJORS = ("10.16.1.11", "11.4.0.106")
GONE = ("FP16", "BF16", "INT8", "OBEY_PRECISION_CONSTRAINTS", "PREFER_PRECISION_CONSTRAINTS")
CACHE = b"SIMCACHE\n"

MemoryPoolType = Number("MemoryPoolType", {"WORKSPACE": 0, "TACTIC_DRAM": 4, "TACTIC_SHARED_MEMORY": 5})
ErrorCode = Number("ErrorCode", {"SUCCESS": 0, "INVALID_NODE": 6, "UNSUPPORTED_NODE": 8})


class IProgressMonitor:
    def __init__(self) -> None:
        self.ready = True


class IOutputAllocator:
    def __init__(self) -> None:
        self.ready = True


class Memory(bytes):
    """Host memory of TensorRT: a buffer."""

    __slots__ = ()

    @property
    def nbytes(self) -> int:
        return len(self)


class Tensor:
    def __init__(self, value: onnx.ValueInfoProto) -> None:
        self.name = value.name
        self.dtype = KINDS[value.type.tensor_type.elem_type][0]
        self.shape = tuple(dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim)


class Network:
    def __init__(self, logger: Any) -> None:
        self.logger = logger
        self.model = b""
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    num_inputs = property(lambda self: len(self.inputs))
    num_outputs = property(lambda self: len(self.outputs))

    def get_input(self, index: int) -> Tensor:
        return self.inputs[index]

    def get_output(self, index: int) -> Tensor:
        return self.outputs[index]


class ParserError:
    def __init__(self, number: int, node: onnx.NodeProto, code: Any, text: str) -> None:
        self._said = (number, node.name, node.op_type, code, text)

    def node(self) -> int:
        return self._said[0]

    def node_name(self) -> str:
        return self._said[1]

    def node_operator(self) -> str:
        return self._said[2]

    def code(self) -> Any:
        return self._said[3]

    def desc(self) -> str:
        return self._said[4]


class OnnxParser:
    def __init__(self, network: Network, logger: Any) -> None:
        self._network, self._logger = network, logger
        self._errors: list[ParserError] = []

    num_errors = property(lambda self: len(self._errors))

    def get_error(self, index: int) -> ParserError:
        return self._errors[index]

    def parse(self, model: bytes, path: str | None = None) -> bool:
        del path
        network = self._network
        try:
            read = onnx.load_model_from_string(bytes(model))
            onnx.checker.check_model(read)
            session(bytes(model))  # holds types against each other as strictly as a strongly typed network
        except (*FAILURES, onnx.checker.ValidationError, DecodeError) as error:
            told(self._logger, f"ModelImporter.cpp: Failed to parse ONNX model: {error}")
            return False
        weights = {each.name: numpy_helper.to_array(each) for each in read.graph.initializer}
        for number, node in enumerate(read.graph.node):
            if node.op_type in SIMULATION.unsupported or node.domain not in ("", "ai.onnx"):
                text = f"No importer registered for op: {node.op_type}. Plugin not found"
                self._errors.append(ParserError(number, node, ErrorCode.UNSUPPORTED_NODE, text))
            zero = weights.get(node.input[2]) if "QuantizeLinear" in node.op_type else None
            if zero is not None and (zero.any() or zero.dtype.name != "int8"):
                text = "Assertion failed: TensorRT only supports symmetric quantization in int8"
                self._errors.append(ParserError(number, node, ErrorCode.INVALID_NODE, text))
        network.inputs = [Tensor(value) for value in read.graph.input]
        network.outputs = [Tensor(value) for value in read.graph.output]
        network.model = bytes(model)
        return not self._errors


class Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def set_shape(self, input: str, min: tuple[int, ...], opt: tuple[int, ...], max: tuple[int, ...]) -> None:  # noqa: A002
        if not len(min) == len(opt) == len(max):
            raise ValueError("Dimensions of a profile differ in length")
        self.shapes[input] = [tuple(min), tuple(opt), tuple(max)]


class TimingCache:
    def __init__(self, layers: int) -> None:
        self.layers = layers

    def serialize(self) -> Memory:
        return Memory(CACHE + f"{SIMULATION.version}\n{DEVICE.name}\n{self.layers}".encode())


class Config:
    def __init__(self, logger: Any, network_flags: list[Any]) -> None:
        self._logger = logger
        self._flags = network_flags
        self.builder_optimization_level = 3
        self.progress_monitor: Any = None
        self.profiles: list[Profile] = []
        self.workspace = 1 << 62
        self.cache: Any = lambda: None
        self.flags_set = {"TF32"}

    def set_flag(self, flag: Any) -> None:
        if flag.name in GONE:
            raise DEVICE.break_rule(f"{flag.name}: a strongly typed network takes no flag for precision")
        self.flags_set.add(flag.name)

    def clear_flag(self, flag: Any) -> None:
        self.flags_set.discard(flag.name)

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        if pool is MemoryPoolType.WORKSPACE:
            self.workspace = int(pool_size)

    def create_timing_cache(self, serialized_timing_cache: bytes) -> TimingCache:
        said = bytes(serialized_timing_cache).split(b"\n")
        known = said[1:3] == [SIMULATION.version.encode(), DEVICE.name.encode()]
        cache = TimingCache(int(said[3]) if known else 0)
        cache.fits = known or said == [b""]  # type: ignore[attr-defined]
        return cache

    def set_timing_cache(self, cache: TimingCache, ignore_mismatch: bool) -> bool:
        if not cache.fits and not ignore_mismatch:  # type: ignore[attr-defined]
            told(self._logger, "Timing cache of another device or version", Severity.WARNING)
            return False
        self.cache = weakref.ref(cache)
        return True

    def add_optimization_profile(self, profile: Profile) -> int:
        for shapes in profile.shapes.values():
            if any(not 0 <= a <= b <= c for a, b, c in zip(*shapes, strict=True)):
                told(self._logger, "Error Code 4: Internal Error (min <= opt <= max does not hold)")
                return -1
        self.profiles.append(profile)
        return len(self.profiles) - 1


class Builder:
    def __init__(self, logger: Any) -> None:
        start(logger)
        self.logger = logger

    def create_network(self, flags: int = 0) -> Network:
        if SIMULATION.version.startswith("10.") and not flags & 2:
            raise DEVICE.break_rule("a network that is not strongly typed")
        return Network(self.logger)

    def create_builder_config(self) -> Config:
        return Config(self.logger, [])

    def create_optimization_profile(self) -> Profile:
        return Profile()

    def build_serialized_network(self, network: Network, config: Config) -> Memory | None:
        DEVICE.context()
        profile = config.profiles[0].shapes if config.profiles else {}
        for tensor in network.inputs:
            shapes = profile.setdefault(tensor.name, [tensor.shape] * 3)
            fits = all(len(shape) == len(tensor.shape) for shape in shapes)
            if -1 in shapes[0] or not fits:
                told(self.logger, "Error Code 4: API Usage Error (input has no optimization profile)")
                return None
            sizes = (zip(shape, tensor.shape, strict=True) for shape in shapes)
            if any(want not in (-1, have) for each in sizes for have, want in each):
                told(self.logger, f"Error Code 4: Static dimension of {tensor.name} differs from the profile")
                return None
        if not _phases(config.progress_monitor):
            told(self.logger, "Build was cancelled by the progress monitor", Severity.WARNING)
            return None
        if SIMULATION.build_memory > DEVICE.free_memory(DEVICE.context()):
            needed = SIMULATION.build_memory
            told(
                self.logger,
                f"[resizingAllocator.cpp] Error Code 2: OutOfMemory (Requested size was {needed}.)",
            )
            return None
        cache = config.cache()
        if cache is None and config.cache.__class__ is weakref.ref:
            raise DEVICE.break_rule("the timing cache was gone before the engine was built")
        layers = network.model.count(b"Conv") + 1
        SIMULATION.timed += layers if cache is None else max(0, layers - cache.layers)
        if cache is not None:
            cache.layers = max(cache.layers, layers)
        SIMULATION.built += 1
        return Memory(plan_of(network.model, profile))


def _phases(monitor: Any) -> bool:
    """Tell a monitor of an outer phase and one within it, as TensorRT does, from a thread of its own."""
    if monitor is None:
        return True
    if not getattr(monitor, "ready", False):
        raise DEVICE.break_rule("a progress monitor whose base class was not initialised")
    inner = "Timing graph nodes"

    def steps() -> bool:
        monitor.phase_start(inner, "Building Engine", SIMULATION.steps)
        go = True
        for step in range(SIMULATION.steps):
            SIMULATION.between(step)
            go = go and monitor.step_complete(inner, step)
        monitor.phase_finish(inner)
        return go

    monitor.phase_start("Building Engine", None, 2)
    with ThreadPoolExecutor(1) as elsewhere:
        done = elsewhere.submit(steps)
    if error := done.exception():
        raise DEVICE.break_rule(f"the progress monitor raised {error!r}") from error
    go = done.result()
    for step in range(2):
        go = go and monitor.step_complete("Building Engine", step)
    monitor.phase_finish("Building Engine")
    return go


def nptype(trt_type: Any) -> Any:
    return NUMPY[trt_type]


def module() -> types.ModuleType:
    """The module, as `SIMULATION.version` has it."""
    flags = {"TF32": 7, "DEBUG": 1}
    network = {"STRONGLY_TYPED": 1}
    if SIMULATION.version.startswith("10."):
        flags |= {name: 20 + number for number, name in enumerate(GONE)}
        network |= {"EXPLICIT_BATCH": 0}
    made = types.ModuleType("tensorrt")
    made.__version__ = SIMULATION.version  # type: ignore[attr-defined]
    made.__dict__.update(
        {each.__name__: each for each in (ILogger, IProgressMonitor, IOutputAllocator, OnnxParser, Builder)},
        Runtime=Runtime,
        DataType=DataType,
        TensorIOMode=TensorIOMode,
        ExecutionContextAllocationStrategy=Strategy,
        MemoryPoolType=MemoryPoolType,
        ErrorCode=ErrorCode,
        BuilderFlag=Number("BuilderFlag", flags),
        NetworkDefinitionCreationFlag=Number("NetworkDefinitionCreationFlag", network),
        nptype=nptype,
    )
    return made


def install(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    """`import tensorrt` finds this until the test ends."""
    SIMULATION.reset(**changes)
    patch.setitem(sys.modules, "tensorrt", module())


__all__ = ["MAJORS", "SIMULATION", "RuleBroken", "install", "module"]
