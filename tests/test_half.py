"""Networks in half precision inside: what becomes half, what stays, and that the answers stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import networks
import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from engine.errors import UserError
from engine.half import in_half
from engine.onnx_session import OnnxSession
from engine.precision import quantised

node = helper.make_node
RNG = np.random.default_rng(3)
PICTURES = RNG.standard_normal((3, 3, 8, 6)).astype(np.float32)


def conv(source: str, out: str, weights: str) -> NodeProto:
    return node("Conv", [source, weights], [out], kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def network(path: Path, nodes: Sequence[NodeProto], constants: dict[str, np.ndarray]) -> ModelProto:
    """pictures (n, 3, 8, 6) -> out (n, 5, 8, 6); `first` and `last` are the weights of two convolutions."""
    weights = {
        "first": RNG.standard_normal((4, 3, 3, 3)).astype(np.float32),
        "last": RNG.standard_normal((5, 4, 3, 3)).astype(np.float32),
    }
    networks.save(
        path,
        nodes,
        {"pictures": ["n", 3, 8, 6]},
        {"out": ["n", 5, 8, 6]},
        weights | constants,
        {"key": "said"},
    )
    return onnx.load(path)


def run(model: ModelProto, path: Path) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    session = OnnxSession(path, "cpu", 1)
    found = session.run(PICTURES)[0]
    session.close()
    return found


def kinds(model: ModelProto) -> dict[str, int]:
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def ends(model: ModelProto) -> list[int]:
    return [each.type.tensor_type.elem_type for each in (*model.graph.input, *model.graph.output)]


def test_the_network_is_half_inside_float32_outside_and_answers_the_same(tmp_path: Path) -> None:
    model = network(
        tmp_path / "a.onnx",
        [conv("pictures", "x", "first"), node("Relu", ["x"], ["y"]), conv("y", "out", "last")],
        {},
    )
    half = in_half(model)
    assert set(kinds(half).values()) == {TensorProto.FLOAT16}
    assert ends(half) == [TensorProto.FLOAT, TensorProto.FLOAT]
    assert {each.key: each.value for each in half.metadata_props} == {"key": "said"}
    single = run(model, tmp_path / "a.onnx")
    apart = np.abs(run(half, tmp_path / "b.onnx") - single).max()
    assert 0 < apart < 2e-3 * np.abs(single).max()
    assert set(kinds(model).values()) == {TensorProto.FLOAT}  # what was given is left alone


def test_what_surrounds_the_network_stays_exact(tmp_path: Path) -> None:
    """1000.1 and 0.1 are no numbers of half precision: behind the network they come out as they are."""
    model = network(
        tmp_path / "a.onnx",
        [
            node("Add", ["pictures", "thousand"], ["lifted"]),
            node("Sub", ["lifted", "thousand"], ["picture"]),  # in half precision this loses three digits
            conv("picture", "x", "first"),
            conv("x", "y", "last"),
            node("Mul", ["y", "zero"], ["nothing"]),
            node("Add", ["nothing", "thousand"], ["out"]),
        ],
        {"thousand": np.float32([1000.1]), "zero": np.float32([0])},
    )
    half = in_half(model)
    assert {name for name, kind in kinds(half).items() if kind == TensorProto.FLOAT16} == {"first", "last"}
    np.testing.assert_array_equal(run(half, tmp_path / "b.onnx"), run(model, tmp_path / "c.onnx"))


def test_a_filter_that_is_the_same_for_all_is_arithmetic_and_stays_exact(tmp_path: Path) -> None:
    mean = np.full((5, 5, 1, 1), 0.2, np.float32)
    nodes = [conv("pictures", "x", "first"), conv("x", "y", "last"), node("Conv", ["y", "mean"], ["out"])]
    half = in_half(network(tmp_path / "a.onnx", nodes, {"mean": mean}))
    assert kinds(half)["mean"] == TensorProto.FLOAT
    run(half, tmp_path / "b.onnx")


def test_a_weight_used_inside_and_outside_is_there_in_both_precisions(tmp_path: Path) -> None:
    nodes = [
        conv("pictures", "x", "first"),
        node("Mul", ["x", "gain"], ["y"]),
        conv("y", "z", "last"),
        node("Mul", ["z", "gain"], ["out"]),
    ]
    model = network(tmp_path / "a.onnx", nodes, {"gain": np.float32([0.1])})
    half = in_half(model)
    assert sorted(kind for name, kind in kinds(half).items() if name.startswith("gain")) == [1, 10]
    single = run(model, tmp_path / "a.onnx")
    assert np.abs(run(half, tmp_path / "b.onnx") - single).max() < 2e-3 * np.abs(single).max()


def test_two_ways_out_of_the_network_are_both_float32(tmp_path: Path) -> None:
    nodes = [
        conv("pictures", "x", "first"),
        conv("x", "y", "last"),
        node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        node("Add", ["y", "mean"], ["out"]),
    ]
    model = network(tmp_path / "a.onnx", nodes, {})
    single = run(model, tmp_path / "a.onnx")
    assert np.abs(run(in_half(model), tmp_path / "b.onnx") - single).max() < 2e-3 * np.abs(single).max()


def test_constants_in_nodes_and_sizes_worked_out_in_the_graph_are_no_hindrance(tmp_path: Path) -> None:
    three = helper.make_tensor("t", TensorProto.FLOAT, [1], [3.0])
    nodes = [
        node("Constant", [], ["three"], value=three),
        conv("pictures", "x", "first"),
        node("Shape", ["x"], ["size"]),
        node("Resize", ["x", "", "double"], ["large"], mode="nearest"),
        node("Resize", ["large", "", "", "size"], ["small"], mode="nearest"),
        node("Clip", ["small", "", "three1"], ["y"]),
        node("Squeeze", ["three"], ["three1"]),
        conv("y", "out", "last"),
    ]
    nodes[5], nodes[6] = nodes[6], nodes[5]
    model = network(tmp_path / "a.onnx", nodes, {"double": np.float32([1, 1, 2, 2])})
    single = run(model, tmp_path / "a.onnx")
    half = in_half(model)
    assert kinds(half)["double"] == TensorProto.FLOAT
    assert np.abs(run(half, tmp_path / "b.onnx") - single).max() < 2e-3 * np.abs(single).max()


def test_a_normalisation_whose_variance_leaves_half_precision_is_folded_first(tmp_path: Path) -> None:
    ones = np.ones(4, np.float32)
    nodes = [
        conv("pictures", "x", "first"),
        node("BatchNormalization", ["x", "gain", "bias", "mean", "variance"], ["y"]),
        conv("y", "out", "last"),
    ]
    constants = {"gain": ones * 1e3, "bias": ones, "mean": ones, "variance": ones * 1e6}
    model = network(tmp_path / "a.onnx", nodes, constants)
    single = run(model, tmp_path / "a.onnx")
    half = in_half(model)
    assert np.abs(run(half, tmp_path / "b.onnx") - single).max() < 2e-3 * np.abs(single).max()
    assert [each.key for each in half.metadata_props] == ["key"]


def test_a_network_in_half_precision_is_taken_as_it_is_but_for_its_ends(tmp_path: Path) -> None:
    networks.heatmaps(tmp_path / "a.onnx", size=(8, 8), kind=TensorProto.FLOAT16)
    model = onnx.load(tmp_path / "a.onnx")
    half = in_half(model)
    assert ends(half) == [TensorProto.FLOAT, TensorProto.FLOAT]
    assert half.graph.initializer == model.graph.initializer
    onnx.checker.check_model(half, full_check=True)
    assert in_half(half) == half


def test_a_network_without_a_layer_that_could_be_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no convolution.*fp32"):
        in_half(network(tmp_path / "a.onnx", [node("Relu", ["pictures"], ["out"])], {}))


def test_a_network_that_is_int8_says_so(tmp_path: Path) -> None:
    nodes = [conv("pictures", "x", "first"), conv("x", "out", "last")]
    assert not quantised(network(tmp_path / "a.onnx", nodes, {}))
    nodes.insert(0, node("QuantizeLinear", ["pictures", "scale"], ["q"]))
    assert quantised(network(tmp_path / "a.onnx", nodes, {"scale": np.float32(0.1)}))


def test_real_networks_answer_the_same(shared: Path, tmp_path: Path) -> None:
    path = shared / "models" / "simplepose_256x192.onnx"
    onnx.save(in_half(onnx.load(path)), tmp_path / "half.onnx")
    pictures = RNG.standard_normal((1, 3, 256, 192)).astype(np.float32)
    single, half = (OnnxSession(each, "cpu", 1) for each in (path, tmp_path / "half.onnx"))
    wanted, found = single.run(pictures)[0], half.run(pictures)[0]
    assert np.abs(found - wanted).max() < 2e-2 * np.ptp(wanted)
    assert (found.reshape(17, -1).argmax(1) == wanted.reshape(17, -1).argmax(1)).mean() > 0.8
