"""A network in 8-bit whole numbers, their ranges measured on pictures, by ONNX Runtime's quantiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx import ModelProto

import engine.onnx_session  # noqa: F401  (before ONNX Runtime, for what it says about that)
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


def in_int8(
    model: ModelProto, seen: Sequence[Array | Image], going: Callable[[], None] = lambda: None
) -> ModelProto:
    """The network with its convolutions in int8, each range being that of the values on these inputs.

    Weights have a scale for each channel, other values one for all. `going` is called between pictures; what
    it raises ends it.
    """
    name = model.graph.input[0].name
    with TemporaryDirectory() as folder:
        before, ready, after = (Path(folder) / each for each in ("before.onnx", "ready.onnx", "after.onnx"))
        before.write_bytes(model.SerializeToString())
        quant_pre_process(str(before), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(after),
            _Reader(name, seen, going),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options=OPTIONS,
        )
        out: ModelProto = onnx.load(after)
    del out.metadata_props[:]
    out.metadata_props.extend(model.metadata_props)
    return out


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """One picture after the other."""

    def __init__(self, name: str, seen: Sequence[Array | Image], going: Callable[[], None]) -> None:
        self._seen, self._name, self._going = iter(seen), name, going

    def get_next(self) -> dict[str, Array | Image] | None:
        self._going()
        batch = next(self._seen, None)
        return None if batch is None else {self._name: batch}
