"""A network behind the Session protocol: rows in, as many rows out, and one line for what is no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import networks
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from engine.errors import UserError
from engine.session import open_session


def pictures(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3, 64, 48)).astype(np.float32)


def quartered(batch: np.ndarray) -> np.ndarray:
    """What `networks.heatmaps` says of a batch, summed pixel by pixel."""
    n, _, height, width = batch.shape
    out = np.zeros((n, 17, height // 4, width // 4))
    for k, y, x in np.ndindex(17, height // 4, width // 4):
        rows, columns = slice(max(0, 4 * y - 2), 4 * y + 3), slice(max(0, 4 * x - 2), 4 * x + 3)
        near = batch[:, k % 3, rows, columns]
        out[:, k, y, x] = near.mean(axis=(1, 2))
    return out


@pytest.mark.parametrize("rows", [1, 3])
def test_every_row_is_answered_in_its_place(tmp_path: Path, rows: int) -> None:
    session = open_session(networks.heatmaps(tmp_path / "open.onnx"), threads=1)
    assert session.max_batch >= 1000
    (found,) = session.run(pictures(rows))
    np.testing.assert_allclose(found, quartered(pictures(rows)), atol=1e-5)


def test_a_network_in_half_precision_is_fed_and_read_like_any_other(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "half.onnx", kind=TensorProto.FLOAT16)
    (found,) = open_session(path, threads=1).run(pictures(2))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, quartered(pictures(2)), atol=5e-3)


def test_the_signature_tells_shapes_and_metadata(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "it.onnx", size=("h", 48), joints=5, metadata={"author": "someone"})
    signature = open_session(path).signature
    assert signature.inputs == ((0, 3, 0, 48),)
    assert signature.outputs == ((0, 5, 0, 12),)
    assert signature.metadata == {"author": "someone"}


def external(path: Path) -> None:
    """A network whose weights lay in a second file that is gone."""
    model = onnx.load(networks.heatmaps(path))
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (path.parent / "weights.bin").unlink()


def test_weights_that_lie_elsewhere_and_are_gone_are_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    external(tmp_path / "model.onnx")
    with pytest.raises(UserError, match=r"^model\.onnx: .*$"):
        open_session(tmp_path / "model.onnx")
    assert "".join(capfd.readouterr()) == ""


def test_a_name_too_long_to_be_a_file_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such model file"):
        open_session(tmp_path / f"{'x' * 300}.onnx")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, names are always Unicode")
def test_a_path_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.onnx")
    path.write_bytes(b"")
    with pytest.raises(UserError, match="not UTF-8; rename it"):
        open_session(path, "cpu")


def test_operators_of_a_later_version_are_named_with_the_latest_there_is(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    graph = helper.make_graph([node], "net", sides[:1], sides[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 99)], ir_version=10)
    path = tmp_path / "late.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match=r"pset 99 .*till opset \d+"):
        open_session(path, "cpu")


@pytest.mark.parametrize("name", ["model.tflite", "model.caffemodel", "model"])
def test_another_file_ending_is_told_what_there_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=rf"^{name}: a model file ends in \.onnx"):
        open_session(tmp_path / name)


def test_a_network_of_two_inputs_or_of_whole_numbers_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, 8, 8]
    add = helper.make_node("Add", ["a", "b"], ["c"])
    networks.save(tmp_path / "two.onnx", [add], {"a": shape, "b": shape}, {"c": shape})
    with pytest.raises(UserError, match=r"two\.onnx: takes a .* and b .*one input"):
        open_session(tmp_path / "two.onnx")
    same = helper.make_node("Identity", ["a"], ["c"])
    networks.save(tmp_path / "whole.onnx", [same], {"a": shape}, {"c": shape}, kind=TensorProto.UINT8)
    with pytest.raises(UserError, match=r"whole\.onnx: takes a tensor\(uint8\)"):
        open_session(tmp_path / "whole.onnx")


def test_a_network_that_fails_on_a_picture_says_so_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reshape = helper.make_node("Reshape", ["a", "to"], ["b"])
    open_shape = ["n", 3, "h", "w"]
    path = networks.save(
        tmp_path / "odd.onnx", [reshape], {"a": open_shape}, {"b": ["n", 48]}, {"to": np.array([-1, 49])}
    )
    with pytest.raises(UserError, match=r"^odd\.onnx: the network cannot run on \(1, 3, 4, 4\): .*$"):
        open_session(path).run(np.zeros((1, 3, 4, 4), np.float32))
    assert "".join(capfd.readouterr()) == ""


def test_an_answer_that_is_not_row_by_row_is_refused(tmp_path: Path) -> None:
    reshape = helper.make_node("Reshape", ["a", "to"], ["b"])
    path = networks.save(
        tmp_path / "flat.onnx", [reshape], {"a": ["n", 3, 4, 4]}, {"b": ["m", 16]}, {"to": np.array([-1, 16])}
    )
    with pytest.raises(UserError, match=r"2 pictures in, but \(6, 16\) out"):
        open_session(path).run(np.zeros((2, 3, 4, 4), np.float32))


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_a_device_that_does_not_exist_is_named(tmp_path: Path, device: str) -> None:
    with pytest.raises(UserError, match=rf"^device {device}: there is auto, cpu, cuda and cuda:N"):
        open_session(networks.heatmaps(tmp_path / "it.onnx"), device)


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this ONNX Runtime knows a GPU"
)
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error(tmp_path: Path, device: str) -> None:
    with pytest.raises(UserError, match=f"^device {device}: .* onnxruntime-gpu"):
        open_session(networks.heatmaps(tmp_path / "it.onnx"), device)


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this ONNX Runtime knows a GPU"
)
def test_a_gpu_that_falls_away_while_opening_is_an_error_unless_the_choice_was_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    path = networks.heatmaps(tmp_path / "it.onnx")
    with pytest.raises(UserError, match=r"^it\.onnx: cannot run on cuda:0: .*cuDNN"):
        open_session(path, "cuda:0")
    (found,) = open_session(path, "auto").run(pictures(1))
    assert found.shape == (1, 17, 16, 12)


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this ONNX Runtime knows a GPU"
)
def test_the_library_that_a_gpu_lacks_is_named_and_a_cpu_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    path = networks.heatmaps(tmp_path / "it.onnx")
    gone = "Failed to load libcublasLt.so.13: cannot open shared object file"
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: print(gone))  # noqa: T201
    with pytest.raises(
        UserError, match=rf"^it\.onnx: cannot run on cuda: {gone}; put that right or use cpu$"
    ):
        open_session(path, "cuda")
    monkeypatch.delattr(onnxruntime, "preload_dlls")
    open_session(path, "cpu").close()
    assert "".join(capfd.readouterr()) == ""


def test_importing_the_engine_loads_no_runtime() -> None:
    names = "session, description, recognition, heads, detector, pose, models, cuda, tensorrt_session, build"
    runtimes = "{'onnxruntime', 'torch', 'tensorrt', 'pycuda', 'cuda', 'engine.training'}"
    code = f"from engine import {names}; import sys; print(*{runtimes} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "\n"
