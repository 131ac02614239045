"""A network in half precision inside, float32 outside, from one in single precision.

TensorRT 11 takes the precision of each value from the ONNX, so that is where half precision has to be. Only
the network proper becomes half: what lies between its first and its last layer with learned weights. Before
that are pixels on their way to the input, behind it joints and boxes in pixels, where half precision would
be up to a quarter of a pixel coarse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from engine.errors import UserError
from engine.precision import halved

LAYERS = ("Conv", "ConvTranspose")
#: What ONNX Runtime's converter keeps in single precision of itself, but for what half precision serves well.
KEPT = ("CumSum", "NonMaxSuppression", "Range", "RoiAlign", "TopK", "Upsample")


def in_half(model: ModelProto) -> ModelProto:
    """The network in half precision inside, whatever it is now; its inputs and outputs are not half.

    UserError where it has no layer that could be.
    """
    out = ModelProto()
    out.CopyFrom(model)
    if halved(out):
        _open(out.graph)
        return out
    if any(node.op_type == "BatchNormalization" for node in out.graph.node):
        out = _folded(out)  # variances leave the range of half precision
    _modernise(out)
    _lift_constants(out.graph)
    inside = _network(out.graph)
    if not inside:
        raise UserError("the network has no convolution, so half precision gains nothing; use fp32")
    _replace(out, inside)
    return out


def _modernise(model: ModelProto) -> None:
    """Weights are no inputs any more, since version 4 of the file format."""
    model.ir_version = max(model.ir_version, 4)
    weights = {tensor.name for tensor in model.graph.initializer}
    for value in [value for value in model.graph.input if value.name in weights]:
        model.graph.input.remove(value)


def _lift_constants(graph: GraphProto) -> None:
    """Turn each node that is a constant into an initialiser."""
    lifted = []
    for node in graph.node:
        values = [each.t for each in node.attribute if each.name == "value"]
        if node.op_type == "Constant" and values:
            values[0].name = node.output[0]
            lifted.append((node, values[0]))
    for node, value in lifted:
        graph.initializer.append(value)
        graph.node.remove(node)


def _network(graph: GraphProto) -> set[int]:
    """Which nodes are half: those that have a learned layer both at or before, and at or behind them."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    learned = {number for number, node in enumerate(graph.node) if _is_learned(node, weights)}
    simple = {
        number
        for number, node in enumerate(graph.node)
        if not any(each.HasField("g") for each in node.attribute)
    }
    made = {name: number for number, node in enumerate(graph.node) for name in node.output}
    sources = [[made[name] for name in node.input if name in made] for node in graph.node]
    users: list[list[int]] = [[] for _ in graph.node]
    for number, each in enumerate(sources):
        for source in each:
            users[source].append(number)
    return _reached(learned, users) & _reached(learned, sources) & simple


def _is_learned(node: NodeProto, weights: dict[str, TensorProto]) -> bool:
    """Whether it is a layer whose filters differ: one filter for all is arithmetic, such as a mean."""
    if node.op_type not in LAYERS or node.input[1] not in weights:
        return node.op_type in LAYERS
    values = numpy_helper.to_array(weights[node.input[1]])
    return values.shape[0] > 1 and bool((values != values[:1]).any())


def _reached(start: Iterable[int], onward: Sequence[Sequence[int]]) -> set[int]:
    found, waiting = set(start), list(start)
    while waiting:
        new = set(onward[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def _replace(model: ModelProto, inside: set[int]) -> None:
    """Put these nodes' conversion in their place."""
    graph = model.graph
    part = [node for number, node in enumerate(graph.node) if number in inside]
    rest = [node for number, node in enumerate(graph.node) if number not in inside]
    made, used = (
        {name for node in part for name in node.output},
        {name for node in rest for name in _read(node)},
    )
    wanted = (used | {value.name for value in graph.output}) & made
    weights = {tensor.name: tensor for tensor in graph.initializer}
    own = {name for node in part for name in node.input} & weights.keys()
    shared = {name: f"{name}.half" for name in own & used}
    taken = {name for node in part for name in node.input if name} - made - own
    kinds = _kinds(model)
    for number, node in enumerate(part):
        node.name = f"half.{number}"
        node.input[:] = [shared.get(name, name) for name in node.input]
    values = [_named(weights[name], shared.get(name, name)) for name in sorted(own)]
    converted = _converted(
        helper.make_graph(
            part,
            "half",
            [_value(name, kinds) for name in sorted(taken)],
            [_value(name, kinds) for name in sorted(wanted)],
            values,
        ),
        model,
    )
    nodes = _ordered([*rest, *converted.node], {value.name for value in graph.input} | set(weights))
    kept = [tensor for tensor in graph.initializer if tensor.name not in own or tensor.name in shared]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *converted.initializer])


def _converted(graph: GraphProto, model: ModelProto) -> GraphProto:
    import engine.onnx_session  # noqa: F401  (before ONNX Runtime, for what it says about that)

    from onnxruntime.transformers.float16 import convert_float_to_float16  # isort: skip

    part = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    done: ModelProto = convert_float_to_float16(part, keep_io_types=True, op_block_list=list(KEPT))
    return done.graph


def _kinds(model: ModelProto) -> dict[str, int]:
    """The type of each value that can be told."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = (*graph.input, *graph.output, *graph.value_info)
    return {value.name: value.type.tensor_type.elem_type for value in values}


def _value(name: str, kinds: dict[str, int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None)


def _named(tensor: TensorProto, name: str) -> TensorProto:
    out = TensorProto()
    out.CopyFrom(tensor)
    out.name = name
    return out


def _ordered(nodes: Sequence[NodeProto], known: set[str]) -> list[NodeProto]:
    """The nodes so that each comes after those that make its inputs."""
    made = {name: number for number, node in enumerate(nodes) for name in node.output}
    missing = [{made[name] for name in _read(node) if name in made and name not in known} for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for number, sources in enumerate(missing):
        for source in sources:
            users[source].append(number)
    ready = [number for number, sources in enumerate(missing) if not sources]
    out = []
    while ready:
        number = ready.pop()
        out.append(nodes[number])
        for user in users[number]:
            missing[user].discard(number)
            if not missing[user]:
                ready.append(user)
    return out


def _read(node: NodeProto) -> set[str]:
    """What a node reads, the graphs within it too."""
    graphs = [each.g for each in node.attribute if each.HasField("g")]
    return set(node.input).union(*(_read(inner) for graph in graphs for inner in graph.node))


def _open(graph: GraphProto) -> None:
    """Give a graph whose inputs or outputs are half float32 ones in their place."""
    for values, outward in ((graph.input, False), (graph.output, True)):
        for value in values:
            if value.type.tensor_type.elem_type != TensorProto.FLOAT16:
                continue
            value.type.tensor_type.elem_type = TensorProto.FLOAT
            half = f"{value.name}.half"
            for node in graph.node:
                for names in (node.input, node.output):
                    names[:] = [half if name == value.name else name for name in names]
            ends, to = ([half], [value.name]), TensorProto.FLOAT
            if not outward:
                ends, to = ends[::-1], TensorProto.FLOAT16
            cast = helper.make_node("Cast", *ends, name=half, to=to)
            graph.node.insert(len(graph.node) if outward else 0, cast)


def _folded(model: ModelProto) -> ModelProto:
    """Each normalisation folded into the convolution before it, by ONNX Runtime."""
    import engine.onnx_session  # noqa: F401  (before ONNX Runtime, for what it says about that)

    import onnxruntime as ort  # isort: skip

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC  # standard operators only
    options.log_severity_level = 4
    with TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(model.SerializeToString())
        options.optimized_model_filepath = str(after)
        ort.InferenceSession(str(before), options, providers=["CPUExecutionProvider"])
        out: ModelProto = onnx.load(after)
    del out.metadata_props[:]
    out.metadata_props.extend(model.metadata_props)
    return out
