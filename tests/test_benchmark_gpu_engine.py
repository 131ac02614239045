"""The benchmark for engines, run over a GPU and a TensorRT that are simulated: all of it has to run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simulated_cuda
from contract import engine, heatmaps, joints, machine, sealed
from simulated_cuda import DEVICE
from simulated_tensorrt import SIMULATION

from benchmarks import gpu_engine
from benchmarks.gpu_copies import page_locked
from engine.cuda import Gpu

BOTH = ("pycuda", "cuda-bindings")


@pytest.fixture(autouse=True)
def _gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    machine(tmp_path, monkeypatch, *BOTH)
    yield
    DEVICE.check()


def measured(path: Path, *options: str) -> tuple[int, dict[str, list[dict[str, object]]]]:
    """The exit code, and the rows by section."""
    found = path.parent / "runs" / "engine.json"
    code = gpu_engine.main([str(path), "--quick", "--json", str(found), *options])
    sections: dict[str, list[dict[str, object]]] = {}
    for row in json.loads(found.read_text()):
        sections.setdefault(row["section"], []).append(row)
    return code, sections


@pytest.mark.parametrize("pixels", [False, True])
def test_every_way_is_measured_at_every_batch_and_answers_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pixels: bool
) -> None:
    source = joints(tmp_path) if pixels else heatmaps(tmp_path)
    code, sections = measured(engine(source, tmp_path / "net.engine"), "--batches", "1", "2", "5")
    assert code == 0
    ways = [f"net.engine by {each}" for each in (*BOTH, "cuda-bindings, CUDA graphs")]
    assert list(sections) == [*ways, *(f"copies by {each}" for each in BOTH)]
    for way in ways:
        opened, *rows = sections[way]
        assert way.split()[2].rstrip(",") in str(opened["name"])
        assert [row["name"] for row in rows] == ["1 at once", "2 at once", "5 at once"]
        for row, count in zip(rows, (1, 2, 5), strict=True):
            assert row["rows/s"] == pytest.approx(1e3 * count / float(str(row["ms a batch"])))
            assert row["from the first way"] == 0
    assert DEVICE.launched > 0
    assert ways[2] in capsys.readouterr().out


def test_a_way_that_answers_something_else_shows(tmp_path: Path) -> None:
    def spoil(_: str, array: np.ndarray) -> np.ndarray:
        return array + np.float32(DEVICE.launched > 0)

    SIMULATION.spoil = spoil
    _, sections = measured(engine(heatmaps(tmp_path), tmp_path / "net.engine"), "--batches", "2")
    apart = [rows[1]["from the first way"] for name, rows in sections.items() if name.startswith("net")]
    assert apart == [0, 0, pytest.approx(1)]


@pytest.mark.parametrize("there", BOTH)
def test_a_package_that_is_missing_is_a_line_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    path = engine(heatmaps(tmp_path), tmp_path / "net.engine")
    simulated_cuda.install(monkeypatch, there)
    code, sections = measured(path, "--batches", "1")
    assert code == 0
    (missing,) = {*BOTH} - {there}
    for name, rows in sections.items():
        if missing in name:
            assert [row["name"] for row in rows] == ["not measured"]
            assert str(rows[0]["because"]).startswith(f"{missing} cannot be had: ")
        else:
            assert "because" not in rows[-1]


def test_what_was_hidden_is_there_again() -> None:
    before = {name: sys.modules.get(name) for name in gpu_engine.PACKAGES.values()}
    for package in BOTH:
        with gpu_engine.only(package):
            gpu = Gpu()
            assert gpu.binding.startswith(package)
            gpu.close()
    assert Gpu.__module__ == "engine.cuda"
    now = {name: sys.modules.get(name) for name in gpu_engine.PACKAGES.values()}
    assert all(now[name] is before[name] for name in now if before[name] is not None)
    assert None not in now.values()


def test_what_cannot_be_measured_is_exit_code_2(tmp_path: Path) -> None:
    assert gpu_engine.main([str(tmp_path / "none.engine"), "--quick"]) == 2
    source = heatmaps(tmp_path)
    (tmp_path / "foreign.engine").write_bytes(engine(source, tmp_path / "net.engine").read_bytes())
    assert measured(tmp_path / "foreign.engine")[0] == 2
    code, sections = measured(tmp_path / "foreign.engine", "--trust-engine", "--batches", "1")
    assert code == 0
    assert "foreign.engine by pycuda" in sections


def test_an_engine_for_pictures_of_several_sizes_is_a_line(tmp_path: Path) -> None:
    import onnx

    model = onnx.load(heatmaps(tmp_path))
    for dim in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_param = "any"
    name = model.graph.input[0].name
    path = sealed(tmp_path / "open.engine", model, {name: [(1, 3, 32, 32), (1, 3, 64, 48), (2, 3, 64, 64)]})
    code, sections = measured(path)
    assert code == 2
    assert str(sections["open.engine by pycuda"][-1]["because"]).startswith("it takes pictures of several")


def test_what_the_copies_brought_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for package, kind in zip(BOTH, (np.uint8, np.float32), strict=True):
        simulated_cuda.install(monkeypatch, package)
        gpu = Gpu()
        figures = page_locked(gpu, (2, 4, 3), kind, quick=True)
        assert figures.pop("came back") == "the same"
        assert list(figures) == ["page-locked in, GB/s", "page-locked out, GB/s", "filled and in, GB/s"]
        assert all(float(each) > 0 for each in figures.values())
        monkeypatch.setattr(gpu._driver, "copy_out", lambda *_: None)
        assert page_locked(gpu, (2, 4, 3), kind, quick=True)["came back"] == "CHANGED"
        gpu.close()


def test_it_needs_no_pytorch() -> None:
    script = "import sys; sys.modules['torch'] = None; import benchmarks.gpu_engine"
    subprocess.run([sys.executable, "-c", script], check=True)
