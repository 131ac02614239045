"""Tiny ONNX networks whose answers are known without running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]  #: a name stands for an open size


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    constants: Mapping[str, np.ndarray] | None = None,
    metadata: Mapping[str, str] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write a network; `kind` is the type of its inputs and outputs."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return path


def heatmaps(
    path: Path,
    *,
    batch: int | str = "n",
    size: tuple[int | str, int | str] = (64, 48),
    joints: int = 17,
    metadata: Mapping[str, str] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Heatmap k is channel k % 3 of the input: cell x, y is the mean of 5 x 5 pixels around 4 x, 4 y."""
    height, width = size
    quarter = [side // 4 if isinstance(side, int) else f"{side}4" for side in size]
    weights = np.zeros((joints, 3, 1, 1), np.float32)
    weights[np.arange(joints), np.arange(joints) % 3] = 1
    if kind == TensorProto.FLOAT16:
        weights = weights.astype(np.float16)
    nodes = [
        helper.make_node(
            "AveragePool", ["picture"], ["small"], kernel_shape=[5, 5], strides=[4, 4], pads=[2, 2, 2, 2]
        ),
        helper.make_node("Conv", ["small", "weights"], ["heatmaps"]),
    ]
    return save(
        path,
        nodes,
        {"picture": [batch, 3, height, width]},
        {"heatmaps": [batch, joints, *quarter]},
        {"weights": weights},
        metadata,
        kind,
    )


def answers(
    path: Path,
    outputs: Mapping[str, np.ndarray],
    *,
    size: tuple[int | str, int | str] = ("h", "w"),
    metadata: Mapping[str, str] | None = None,
    open_shapes: Mapping[str, Shape] | None = None,
) -> Path:
    """The same answer to every picture (1, 3, H, W); the file declares `open_shapes` where they differ."""
    nodes = [helper.make_node("Identity", [f"{name}_"], [name]) for name in outputs]
    shapes = {name: list(value.shape) for name, value in outputs.items()} | dict(open_shapes or {})
    constants = {f"{name}_": value.astype(np.float32) for name, value in outputs.items()}
    return save(path, nodes, {"picture": [1, 3, *size]}, shapes, constants, metadata)


def rectangle_detector(path: Path, *, size: tuple[int | str, int | str] = ("h", "w")) -> Path:
    """RTMDet's outputs for a rectangle brighter than 1 in the first channel: where its edges are.

    Edges count from the outer edge of the first pixel: the pixels 3, 4 and 5 reach from 3 to 6.
    """
    node = helper.make_node
    nodes = [
        node("Gather", ["picture", "first"], ["channel"], axis=1),  # (1, h, w)
        node("Greater", ["channel", "one"], ["bright"]),
        node("Cast", ["bright"], ["inside"], to=TensorProto.FLOAT),
    ]
    for side, gone in (("x", 1), ("y", 2)):
        nodes += [
            node("ReduceMax", ["inside"], [f"{side}_in"], axes=[gone], keepdims=0),  # (1, w) or (1, h)
            node("Mul", [f"{side}_in", "zero"], [f"{side}_none"]),
            node("Add", [f"{side}_none", "one"], [f"{side}_ones"]),
            node("CumSum", [f"{side}_ones", "along"], [f"{side}_up"]),  # 1, 2, ... w
            node("CumSum", [f"{side}_ones", "along"], [f"{side}_down"], reverse=1),  # w, ... 1
            node("Mul", [f"{side}_in", f"{side}_up"], [f"{side}_ends"]),
            node("Mul", [f"{side}_in", f"{side}_down"], [f"{side}_starts"]),
            node("ReduceMax", [f"{side}_ends"], [f"{side}_high"], axes=[1]),  # (1, 1)
            node("ReduceMax", [f"{side}_starts"], [f"{side}_back"], axes=[1]),
            node("ReduceMax", [f"{side}_up"], [f"{side}_length"], axes=[1]),
            node("Sub", [f"{side}_length", f"{side}_back"], [f"{side}_low"]),
        ]
    nodes += [
        node("Concat", ["x_low", "y_low", "x_high", "y_high", "score"], ["row"], axis=1),  # (1, 5)
        node("Unsqueeze", ["row", "along"], ["dets"]),
        node("Identity", ["person"], ["labels"]),
    ]
    constants = {
        "first": np.array(0),
        "one": np.array(1, np.float32),
        "zero": np.array(0, np.float32),
        "along": np.array(1),
        "score": np.full((1, 1), 0.9, np.float32),
        "person": np.zeros((1, 1), np.float32),
    }
    return save(path, nodes, {"picture": [1, 3, *size]}, {"dets": [1, 1, 5], "labels": [1, 1]}, constants)
