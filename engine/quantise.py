"""A network in 8-bit whole numbers, their ranges measured on pictures, by ONNX Runtime's quantiser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnx.version_converter
from onnx import ModelProto

from engine.errors import UserError
from engine.onnx_session import FAILURES  # before ONNX Runtime, for what it says about that
from engine.types import Array, Image

from onnxruntime.quantization import (  # isort: skip
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process  # isort: skip

#: What TensorRT asks for: ranges around 0, weights that are quantised in the graph, biases that are not.
OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "AddQDQPairToWeight": True,
    "QuantizeBias": False,
}


REFUSALS: tuple[type[Exception], ...] = (*FAILURES, onnx.version_converter.ConvertError)
OPSET = 13  #: of ONNX, from which on a layer's weights may have a scale for each channel


def in_int8(model: ModelProto, seen: Iterable[Array | Image]) -> ModelProto:
    """The network in single precision with its convolutions in int8, ranges being those on these inputs.

    Weights have a scale for each channel, other values one for all. UserError where it cannot be.
    """
    try:
        out = _quantised(_modern(model), seen)
    except REFUSALS as error:
        told = " ".join(str(error).split())[:200]
        raise UserError(f"it cannot be quantised ({told}); pass --precision fp16") from error
    del out.metadata_props[:]
    out.metadata_props.extend(model.metadata_props)
    return out


def _quantised(model: ModelProto, seen: Iterable[Array | Image]) -> ModelProto:
    name = model.graph.input[0].name
    with TemporaryDirectory() as folder:
        before, ready, after = (Path(folder) / each for each in ("before.onnx", "ready.onnx", "after.onnx"))
        before.write_bytes(model.SerializeToString())
        quant_pre_process(str(before), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(after),
            _Reader(name, seen),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options=OPTIONS,
        )
        return onnx.load(after)


def _modern(model: ModelProto) -> ModelProto:
    """The network with operators of a version that can be quantised."""
    version = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    return model if version >= OPSET else onnx.version_converter.convert_version(model, OPSET)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """One picture after the other."""

    def __init__(self, name: str, seen: Iterable[Array | Image]) -> None:
        self._seen, self._name = iter(seen), name

    def get_next(self) -> dict[str, Array | Image] | None:
        batch = next(self._seen, None)
        return None if batch is None else {self._name: batch}
