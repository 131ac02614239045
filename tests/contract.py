"""Every kind of session there is, each ready to be held to the same contract.

A `Case` opens a network, says what goes in, and has an ONNX of the same network that ONNX Runtime answers.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import networks
import numpy as np
import onnx
import pytest
import simulated_cuda
import simulated_tensorrt
from onnx import helper
from simulated_engine import plan_of

from engine import fit
from engine.description import PoseModel, to_metadata
from engine.fit import Fit, Place
from engine.onnx_session import OnnxSession
from engine.recognition import pose_model
from engine.session import Session, open_session
from engine.skeleton import KEYPOINTS

MODEL = PoseModel(
    True, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), KEYPOINTS, "quarter", input_size=(64, 48)
)
PROFILE = (1, 2, 3)  #: of the engines: more than three rows are done in parts


@dataclass(frozen=True)
class Case:
    path: Path
    onnx: Path  #: the same network
    threads: int = 1
    pixels: bool = False  #: uint8 pictures go in
    tolerance: float = 1e-5
    device: str = "auto"
    graphs: bool = False  #: CUDA graphs are recorded

    def open(self) -> Session:
        return open_session(self.path, self.device, self.threads, graphs=self.graphs)

    def check_signature(self, session: Session) -> None:
        """That what the program reads of it is what it was told."""
        model = pose_model(self.path, session.signature)
        assert model.input_size == (self.batch(1).shape[1:3] if self.pixels else self.batch(1).shape[2:])
        assert model.keypoints == KEYPOINTS

    def batch(self, rows: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        if self.pixels:
            return rng.integers(0, 256, (rows, 64, 48, 3), np.uint8)
        return rng.standard_normal((rows, 3, 64, 48), np.float32)

    def wanted(self, batch: np.ndarray) -> list[np.ndarray]:
        """What ONNX Runtime answers, each row by itself."""
        session = OnnxSession(self.onnx, "cpu", 1)
        rows = [session.run(row[None]) for row in batch]
        session.close()
        return [np.concatenate(each) for each in zip(*rows, strict=True)]


def heatmaps(folder: Path, **changes: object) -> Path:
    return networks.heatmaps(folder / "net.onnx", metadata=to_metadata(MODEL), **changes)  # type: ignore[arg-type]


def joints(folder: Path) -> Path:
    """Pixels in, joints and scores out, as an export with everything inside has them."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=onnx.TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["columns"], axes=[2], keepdims=0),  # (n, 64, 3)
        helper.make_node("Slice", ["columns", "none", "some", "axes"], ["joints"]),  # (n, 17, 2)
        helper.make_node("ReduceMax", ["joints"], ["scores"], axes=[2], keepdims=0),
    ]
    constants = {"none": np.array([0, 0]), "some": np.array([17, 2]), "axes": np.array([1, 2])}
    path = networks.save(
        folder / "joints.onnx",
        nodes,
        {"pixels": ["n", 64, 48, 3]},
        {"joints": ["n", 17, 2], "scores": ["n", 17]},
        constants,
        to_metadata(MODEL),
    )
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    onnx.save(model, path)
    return path


def engine(source: Path, path: Path, batches: tuple[int, int, int] = PROFILE, **changes: object) -> Path:
    """An engine as `build_engine.py` leaves it, of an ONNX whose input has one size."""
    model = onnx.load(source)
    value = model.graph.input[0]
    sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim][1:]
    profile = tuple((rows, *sizes) for rows in batches)
    return sealed(path, model, {value.name: list(profile)}, **changes)


def sealed(path: Path, model: onnx.ModelProto, profile: dict[str, list], **changes: object) -> Path:
    plan = plan_of(model.SerializeToString(), profile)
    path.write_bytes(plan)
    (shapes,) = profile.values()
    gpu = simulated_cuda.DEVICE
    about = {
        "place": Place(simulated_tensorrt.SIMULATION.version, gpu.name, "9.0", "580.65.06"),
        "onnx": "/somewhere/net.onnx",
        "onnx_sha256": "0" * 64,
        "plan_sha256": fit.hashlib.sha256(plan).hexdigest(),
        "precision": "fp16",
        "profile": tuple(shapes),
        "metadata": {each.key: each.value for each in model.metadata_props},
        "inputs": (),
        "outputs": (),
        "command": "python build_engine.py net.onnx",
        "built": "2026-11-22T18:00:00+00:00",
    }
    fit.write(path, Fit(**(about | changes)))  # type: ignore[arg-type]
    return path


def machine(folder: Path, monkeypatch: pytest.MonkeyPatch, *packages: str, **gpu: object) -> None:
    """A machine with a GPU, TensorRT and these packages, whose cache folder is in `folder`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    simulated_cuda.install(monkeypatch, *packages, **gpu)
    simulated_tensorrt.install(monkeypatch)


def script(folder: Path, *, says: object = ...) -> Path:
    """`networks.heatmaps` as TorchScript; `says` is what its `kinetrail.json` holds, None: there is none."""
    import torch

    class Heatmaps(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            cells = torch.nn.functional.avg_pool2d(pictures, 5, 4, 2, count_include_pad=False)
            return cells[:, torch.arange(17) % 3]

    if says is ...:
        says = {"input": [0, 3, 64, 48], "metadata": to_metadata(MODEL)}
    extra = {} if says is None else {"kinetrail.json": says if isinstance(says, str) else json.dumps(says)}
    path = folder / "net.ts"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer kind of file
        torch.jit.save(torch.jit.trace(Heatmaps(), torch.zeros(2, 3, 64, 48)), path, _extra_files=extra)
    return path


def checkpoint(folder: Path) -> tuple[Path, Path]:
    """A network of ours with random weights, and its ONNX with normalisation inside."""
    import torch

    from engine.training.export import export
    from engine.training.trained import open_trained
    from engine.training.zoo import build

    torch.set_num_threads(1)
    torch.manual_seed(1)
    path, exported = folder / "net.pth", folder / "net.pth.onnx"
    if not path.exists():
        notes = {"arch": "hrnet_tiny", "input_size": [64, 32], "decoder": "quarter"}
        torch.save({"state_dict": build("hrnet_tiny").state_dict(), **notes}, path)
        export(*open_trained(path), exported, pixels=True)
    return path, exported


Build = Callable[[Path, pytest.MonkeyPatch, Path], Case]


def _engine(*packages: str, pixels: bool = False, graphs: bool = False) -> Build:
    def build(folder: Path, monkeypatch: pytest.MonkeyPatch, _: Path) -> Case:
        machine(folder, monkeypatch, *packages)
        source = joints(folder) if pixels else heatmaps(folder)
        return Case(engine(source, folder / "net.engine"), source, pixels=pixels, graphs=graphs)

    return build


def _onnx(threads: int, **changes: object) -> Build:
    def build(folder: Path, _: pytest.MonkeyPatch, __: Path) -> Case:
        return Case(path := heatmaps(folder, **changes), path, threads, device="cpu")

    return build


def _joints(folder: Path, _: pytest.MonkeyPatch, __: Path) -> Case:
    return Case(path := joints(folder), path, pixels=True)


def _script(folder: Path, _: pytest.MonkeyPatch, __: Path) -> Case:
    return Case(script(folder), heatmaps(folder), device="cpu")


@dataclass(frozen=True)
class Narrow(Case):
    """The network of a checkpoint has its own input size."""

    def batch(self, rows: int, seed: int = 0) -> np.ndarray:
        return super().batch(rows, seed)[:, :, :32]


def _checkpoint(_: Path, __: pytest.MonkeyPatch, kept: Path) -> Case:
    path, exported = checkpoint(kept)
    return Narrow(path, exported, pixels=True, tolerance=1e-4, device="cpu")


KINDS: dict[str, Build] = {
    "ONNX": _onnx(1),
    "ONNX, fixed batch": _onnx(1, batch=4),
    "ONNX, pixels in": _joints,
    "side by side": _onnx(3),
    "side by side, fixed batch": _onnx(2, batch=1),
    "checkpoint": _checkpoint,
    "TorchScript": _script,
    "TensorRT, pycuda": _engine("pycuda"),
    "TensorRT, cuda-bindings": _engine("cuda-bindings"),
    "TensorRT, pixels in": _engine("pycuda", pixels=True),
    "TensorRT, graphs": _engine("pycuda", "cuda-bindings", graphs=True),
    "TensorRT, graphs, pixels in": _engine("cuda-bindings", pixels=True, graphs=True),
}
