"""Ultralytics' own files as person detectors."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import contract_detector
import cv2
import numpy as np
import pytest

from engine import ultralytics_file
from engine.detector import open_detector
from engine.errors import UserError
from engine.types import Boxes

HEADER = {
    "description": "Ultralytics YOLO26n model",
    "task": "detect",
    "stride": 32,
    "imgsz": [64, 96],
    "batch": 1,
    "names": {"0": "person"},
    "args": {"dynamic": False},
}


def engine_file(path: Path, header: Any = HEADER, plan: bytes = b"ftrt plan") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(4, "little") + text + plan)
    return path


# Which files are whose


def test_an_engine_of_ultralytics_is_told_by_its_header(tmp_path: Path):
    theirs, ours = engine_file(tmp_path / "theirs.engine"), tmp_path / "ours.engine"
    ours.write_bytes(b"ftrt" + bytes(100))
    assert ultralytics_file.engine_header(theirs) == HEADER
    assert ultralytics_file.is_ultralytics(theirs)
    assert not ultralytics_file.is_ultralytics(ours)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05\0\0",
        b"\x05\0\0\0{",
        b"\x02\0\0\0[]",
        b"\xff\xff\xff\xff{}",
        b"\x06\0\0\0{\xff\xff\xff\xff}",
    ],
)
def test_what_only_looks_like_a_header_is_none(tmp_path: Path, content: bytes):
    path = tmp_path / "some.engine"
    path.write_bytes(content)
    assert ultralytics_file.engine_header(path) == {}
    assert ultralytics_file.engine_header(tmp_path / "missing.engine") == {}


def test_their_engine_is_not_run_unless_it_is_trusted(tmp_path: Path):
    pytest.importorskip("torch")
    with pytest.raises(UserError, match="--trust-engine"):
        open_detector(engine_file(tmp_path / "yolo.engine"), "cpu")
    with pytest.raises(UserError, match="NVIDIA GPU"):
        open_detector(engine_file(tmp_path / "yolo.engine"), "cpu", trust=True)


def test_without_the_package_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch = pytest.importorskip("torch")
    for module in ("ultralytics", "ultralytics.nn.tasks"):  # whoever has imported them before
        monkeypatch.setitem(sys.modules, module, None)
    torch.save({"model": 1}, tmp_path / "yolo.pt")
    with pytest.raises(UserError, match=r'pip install "kinetrail\[train\]"'):
        open_detector(tmp_path / "yolo.pt", "cpu")


def test_a_file_that_is_not_there(tmp_path: Path):
    for name in ("yolo.pt", "y" * 300 + ".pt"):
        with pytest.raises(UserError, match="no such model file"):
            open_detector(tmp_path / name, "cpu")


def test_without_pytorch_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "engine.ultralytics_session", None)
    (tmp_path / "yolo.pt").touch()
    with pytest.raises(UserError, match=r'pip install "kinetrail\[train\]"'):
        open_detector(tmp_path / "yolo.pt", "cpu")


def test_a_torchscript_is_no_checkpoint_whatever_its_ending(tmp_path: Path):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is old, but its files are about
        torch.jit.script(torch.nn.Identity()).save(str(tmp_path / "script.pt"))
    torch.save({}, tmp_path / "checkpoint.pt")
    assert not ultralytics_file.is_ultralytics(tmp_path / "script.pt")
    assert ultralytics_file.is_ultralytics(tmp_path / "checkpoint.pt")


# What they find


@pytest.fixture(scope="module")
def tasks() -> Iterator[Any]:
    """Their module that makes networks, brought in as the program brings it in."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("ultralytics", reason="runs .pt files; pip install '.[train]'")
    from engine.ultralytics_session import ultralytics

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield ultralytics("nn.tasks")
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["yolo26n", "yolo11n"])
def checkpoint(request: pytest.FixtureRequest, tasks: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del tasks
    path = tmp_path_factory.mktemp("yolo") / f"{request.param}.pt"
    contract_detector.checkpoint(path)
    return path


def exported(checkpoint: Path, size: tuple[int, int]) -> Path:
    """The same network as ONNX, as Ultralytics exports it: head in export mode, its metadata with it."""
    import onnx
    import torch

    network = torch.load(checkpoint, weights_only=False)["model"].float().eval()
    head = network.model[-1]
    end2end = getattr(head, "one2one_cv2", None) is not None
    if end2end:
        head.end2end = True
    network.fuse(verbose=False)
    head.export, head.format = True, "onnx"
    path = checkpoint.with_suffix(".onnx")
    picture = torch.zeros(1, 3, *size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and of what is traced as a constant
        torch.onnx.export(network, (picture,), path, opset_version=17, dynamo=False)
    model = onnx.load(path)
    about = {"task": "detect", "names": str(network.names), "stride": "32"}
    onnx.helper.set_model_props(model, about)
    onnx.save(model, path)
    return path


def picture() -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 256, (96, 160, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def found(path: Path) -> Boxes:
    detector = open_detector(path, "cpu", 1, threshold=0.3, long_side=160)
    try:
        (boxes,) = detector.detect([picture()])
    finally:
        detector.close()
    return boxes


def test_a_checkpoint_finds_what_its_export_finds(checkpoint: Path):
    pytest.importorskip("onnx")
    ours, theirs = found(checkpoint), found(exported(checkpoint, (96, 160)))
    assert len(ours) == len(theirs) > 20
    assert np.abs(ours.scores - theirs.scores).max() < 1e-4
    apart = np.abs(ours.xyxy[:, None] - theirs.xyxy).max(axis=2)  # scores that are alike may change places
    assert max(apart.min(axis=0).max(), apart.min(axis=1).max()) < 1e-2


def test_only_people_are_found(checkpoint: Path):
    detector = open_detector(checkpoint, "cpu", 1, threshold=0.001, long_side=160)
    detector.detect([picture()])
    assert detector._model.person == 1  # type: ignore[attr-defined]


def test_answers_are_the_callers_to_keep(checkpoint: Path):
    from engine.ultralytics_session import open_ultralytics

    session = open_ultralytics(checkpoint, "cpu", 1)
    first = session.run(np.zeros((1, 3, 64, 64), np.float32))[0]
    kept = first.copy()
    session.run(np.ones((2, 3, 64, 64), np.float32))
    np.testing.assert_array_equal(first, kept)
    with pytest.raises(UserError, match="cannot run on"):
        session.run(np.zeros((1, 1, 64, 64), np.float32))
    session.close()


# Files that are refused


class Harmful:
    """Leaves a trace when it is loaded as pickles are."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


@pytest.mark.usefixtures("tasks")
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path: Path):
    import torch

    torch.save({"model": Harmful(tmp_path / "trace")}, tmp_path / "yolo.pt")
    with pytest.raises(UserError, match=r"asks for .*which is no part of a network.*export it to ONNX"):
        open_detector(tmp_path / "yolo.pt", "cpu")
    assert not (tmp_path / "trace").exists()


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("what", ["tensors", "damaged", "empty", "text", "list"])
def test_what_is_no_network_of_theirs_is_refused_in_one_line(tmp_path: Path, what: str):
    import torch

    path = tmp_path / "yolo.pt"
    torch.save([1] if what == "list" else {"model": {"weight": torch.zeros(3)}}, path)
    if what in ("damaged", "empty", "text"):
        path.write_bytes({"damaged": path.read_bytes()[:200], "empty": b"", "text": b"not a network"}[what])
    with pytest.raises(UserError) as told:
        open_detector(path, "cpu")
    assert str(told.value).startswith("yolo.pt: ")
    assert "\n" not in str(told.value)


def test_other_tasks_are_refused_by_name(tasks: Any, tmp_path: Path):
    import torch

    network = tasks.PoseModel("yolo26n-pose.yaml", nc=1, verbose=False)
    network.names = {0: "person"}
    torch.save({"model": network}, tmp_path / "pose.pt")
    with pytest.raises(UserError, match="task 'pose'"):
        open_detector(tmp_path / "pose.pt", "cpu")


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("device", ["cuda:7", "gpu"])
def test_a_device_that_is_not_there(tmp_path: Path, device: str):
    import torch

    torch.save({}, tmp_path / "yolo.pt")
    with pytest.raises(UserError, match=f"device {device}"):
        open_detector(tmp_path / "yolo.pt", device)


@pytest.mark.parametrize("checkpoint", ["yolo26n"], indirect=True)
def test_loading_and_running_contacts_nobody_and_brings_no_torchvision(checkpoint: Path):
    """Every attempt to look up a name or to connect ends the other process."""
    script = f"""
import socket, sys
def never(*_, **__): raise SystemExit("contacted somebody")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = never
import subprocess
subprocess.Popen.__init__ = never
import numpy as np
from pathlib import Path
from engine.ultralytics_session import open_ultralytics
open_ultralytics(Path({str(checkpoint)!r}), "cpu", 1).run(np.zeros((1, 3, 64, 64), np.float32))
assert "torchvision" not in sys.modules
print("quiet")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "quiet", done.stdout + done.stderr


# Their engines, on a device that is made up


class Backend:
    """What runs an engine of theirs that was made for so many pictures, and takes no other number."""

    batch = 1
    seen: list[tuple[int, ...]]

    def __init__(self, path: str, device: Any, verbose: bool) -> None:
        import torch

        assert (Path(path).name, device.type, verbose) == ("yolo.engine", "cuda", False)
        self.memory = torch.zeros(self.batch, 2, 6)
        torch.cuda.graph("a graph", stream="a stream")  # type: ignore[arg-type]

    def __call__(self, pictures: Any) -> Any:
        import torch

        self.seen.append(tuple(pictures.shape))
        assert len(pictures) == self.batch, "input size not equal to max model size"
        box = torch.tensor([8.0, 4.0, 40.0, 60.0, 0.9, 0.0])
        self.memory[:, 0] = box * pictures.amax((1, 2, 3))[:, None]
        return [self.memory]  # each time the same


@pytest.fixture
def backend(tasks: Any, monkeypatch: pytest.MonkeyPatch) -> type[Backend]:
    import torch

    from engine import ultralytics_session

    del tasks
    monkeypatch.setattr(Backend, "seen", [], raising=False)
    monkeypatch.setattr(torch.cuda, "graph", lambda *_, **__: None)
    monkeypatch.setitem(sys.modules, "tensorrt", types.ModuleType("tensorrt"))
    monkeypatch.setattr(ultralytics_session, "_place", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *_: self)
    monkeypatch.setitem(sys.modules, "ultralytics.nn.autobackend", types.SimpleNamespace(AutoBackend=Backend))
    return Backend


@pytest.mark.parametrize("batch", [1, 4])
def test_an_engine_they_made_is_run_by_their_package_at_the_size_it_was_made_for(
    tmp_path: Path, backend: type[Backend], monkeypatch: pytest.MonkeyPatch, batch: int
):
    monkeypatch.setattr(backend, "batch", batch)
    detector = open_detector(engine_file(tmp_path / "yolo.engine"), "cuda", trust=True)
    (boxes,) = detector.detect([np.full((128, 192, 3), 255, np.uint8)])
    assert set(backend.seen) == {(batch, 3, 64, 96)}
    np.testing.assert_allclose(boxes.xyxy, [[15.5, 7.5, 79.5, 119.5]])
    detector.close()


def test_fewer_pictures_than_an_engine_was_made_for_are_answered_one_by_one(
    tmp_path: Path, backend: type[Backend], monkeypatch: pytest.MonkeyPatch
):
    from engine.ultralytics_session import open_ultralytics

    monkeypatch.setattr(backend, "batch", 4)
    session = open_ultralytics(engine_file(tmp_path / "yolo.engine"), "cuda", trust=True)
    assert session.max_batch == 4
    box = np.array([8, 4, 40, 60, 0.9, 0], np.float32)
    grey = np.array([0.25, 1, 0.5], np.float32)
    (found,) = session.run(np.broadcast_to(grey[:, None, None, None], (3, 3, 64, 96)))
    np.testing.assert_allclose(found[:, 0], grey[:, None] * box)
    session.run(np.zeros((1, 3, 64, 96), np.float32))
    np.testing.assert_allclose(found[:, 0], grey[:, None] * box)  # they are the caller's
    session.close()


def test_answers_of_an_engine_of_theirs_that_are_not_row_by_row_are_refused(
    tmp_path: Path, backend: type[Backend], monkeypatch: pytest.MonkeyPatch
):
    from engine.ultralytics_session import open_ultralytics

    session = open_ultralytics(engine_file(tmp_path / "yolo.engine"), "cuda", trust=True)
    monkeypatch.setattr(backend, "__call__", lambda self, _: [self.memory[0]])
    with pytest.raises(UserError, match=r"^yolo\.engine: 1 pictures in, but \(2, 6\) out"):
        session.run(np.zeros((1, 3, 64, 96), np.float32))
    session.close()


@pytest.mark.usefixtures("backend")
def test_what_they_record_leaves_other_threads_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import torch

    recorded: list[Any] = []

    def graph(*_: Any, **how: Any) -> None:
        recorded.append(how)

    monkeypatch.setattr(torch.cuda, "graph", graph)
    open_detector(engine_file(tmp_path / "yolo.engine"), "cuda", trust=True).close()
    assert recorded == [{"stream": "a stream", "capture_error_mode": "thread_local"}]
    assert torch.cuda.graph is graph

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA error: operation not permitted")

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    with pytest.raises(UserError, match="operation not permitted"):
        open_detector(engine_file(tmp_path / "yolo.engine"), "cuda", trust=True)
    assert torch.cuda.graph is refuse


@pytest.mark.usefixtures("backend")
def test_cuda_graphs_are_not_ours_to_record_there_and_that_is_said(tmp_path: Path):
    said: list[str] = []
    path = engine_file(tmp_path / "yolo.engine")
    open_detector(path, "cuda", trust=True, graphs=True, notice=said.append).close()
    assert said == ["yolo.engine: --cuda-graphs does nothing for it: Ultralytics' package runs it"]
