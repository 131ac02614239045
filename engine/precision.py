"""In which precision an ONNX computes, and the same network in single precision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, TensorProto, numpy_helper

from engine.errors import UserError


def read(path: Path) -> ModelProto:
    """An ONNX file, in the precision that it computes in. UserError where it cannot be read as one file."""
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise UserError(f"{path.name}: its weights are in files of their own; save it as one file")
    _unpack(model.graph)
    return model


def halved(model: ModelProto) -> bool:
    """Whether some of it is in half precision already."""
    return any(tensor.data_type == TensorProto.FLOAT16 for tensor in _constants(model.graph))


def quantised(model: ModelProto) -> bool:
    """Whether it says itself which values are int8."""
    return any(node.op_type == "QuantizeLinear" for node in model.graph.node)


def in_single(model: ModelProto) -> ModelProto:
    """The network in single precision throughout, whatever it is now; what it answers is more exact."""
    out = ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    for tensor in _constants(graph):
        if tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for node in graph.node:
        for each in node.attribute:
            if each.name in ("to", "dtype") and each.i == TensorProto.FLOAT16:
                each.i = TensorProto.FLOAT
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    del graph.value_info[:]
    return out


def _constants(graph: GraphProto) -> Iterable[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (each.t for each in node.attribute if each.name == "value")


def _unpack(graph: GraphProto) -> None:
    """Weights that are only kept in half precision, and cast where they are read, become what is read.

    A network of such weights computes in single precision, and its convolutions do not see that it has any.
    """
    kept = {each.name: each for each in graph.initializer if each.data_type == TensorProto.FLOAT16}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in kept]
    casts = [node for node in casts if node.attribute[0].i == TensorProto.FLOAT]
    for node in casts:
        values = numpy_helper.to_array(kept[node.input[0]]).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for name in {node.input[0] for node in casts} - used:
        graph.initializer.remove(kept[name])
