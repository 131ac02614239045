"""The benchmark for GPUs, run on the CPU: before a GPU is there, it has to be known that all of it runs."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import networks
import numpy as np
import pytest
import simulated_cuda

torch = pytest.importorskip("torch")

from benchmarks import gpu, gpu_ceilings, gpu_clock, gpu_networks, gpu_pipeline  # noqa: E402
from benchmarks.gpu_clock import Bench, Row, as_json, as_text  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def bench() -> Bench:
    return Bench(torch.device("cpu"), True, time.monotonic() + 60)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three pictures."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (160, 96))
    for grey in (0, 90, 180):
        writer.write(np.full((96, 160, 3), grey, np.uint8))
    writer.release()
    return path


def test_everything_runs_on_a_cpu_but_what_needs_cuda(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found = tmp_path / "runs" / "gpu.json"
    code = gpu.main(
        ["--device", "cpu", "--quick", "--clip", str(clip), "--frames", "6", "--json", str(found)]
    )
    assert code == 0
    rows = json.loads(found.read_text())
    assert [row["name"] for row in rows if "because" in row and row["because"] != "needs CUDA"] == []
    sections = list(dict.fromkeys(row["section"] for row in rows))
    assert sections[:4] == ["device", "ceilings", "copies", "engine.cuda"]
    assert sections[6].startswith("pipeline: clip.avi, over and over")
    (whole,) = (row for row in rows if row["name"].startswith("all at once"))
    assert whole["name"] == "all at once, 6 frames"  # of a clip that has three
    assert whole["fps"] > 0
    assert not [row for row in rows if "left out" in row["name"]]
    (apart,) = (row for row in rows if row["name"].startswith("joints of both apart"))
    assert apart["largest"] < 0.01
    table = capsys.readouterr().out
    assert all(section in table for section in sections)


def test_the_pipeline_runs_without_what_only_the_program_needs(
    bench: Bench, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in [name for name in sys.modules if name.startswith("trackers.")]:
        if name != "trackers.types":
            monkeypatch.delitem(sys.modules, name)
    for name in ("av", "filterpy", "filterpy.common"):
        monkeypatch.setitem(sys.modules, name, None)
    rows = list(gpu_pipeline.pipeline(bench, gpu.SMALL, clip, None, 6))
    assert rows[0].section.startswith("pipeline: clip.avi, over and over, read by OpenCV")
    assert any(row.name == "all at once, 6 frames" for row in rows)
    (left_out,) = (row.name for row in rows if "left out" in row.name)
    assert left_out.startswith("track left out")


def test_a_section_that_fails_ends_with_a_line_and_the_others_go_on(bench: Bench):
    def broken() -> Iterator[Row]:
        yield Row("a", "one", {"ms": 1.0})
        raise RuntimeError("CUDA error:\nan illegal memory access")

    shown: list[Row] = []
    rows = gpu.measured(bench, {"a": broken, "b": lambda: iter([Row("b", "two", {"ms": 2.0})])}, shown.append)
    assert [row.name for row in rows] == ["one", "not measured", "two"]
    assert rows[1].figures["because"] == "RuntimeError: CUDA error: an illegal memory access"
    assert shown == rows


def test_what_there_is_no_time_for_is_not_begun(bench: Bench):
    bench.deadline = time.monotonic() - 1
    rows = gpu.measured(bench, {"a": lambda: iter([Row("a", "one", {})])}, lambda _: None)
    assert [(row.name, row.figures) for row in rows] == [("not measured", {"because": "no time left"})]
    cells = list(gpu_networks.networks(bench, gpu.SMALL, (1, 2), compiled=False))
    assert {row.figures["persons/s"] for row in cells} == {"no time left", "needs CUDA"}


def test_a_batch_that_does_not_fit_is_a_line(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def prepare(*_: object):
        def ready(people: torch.Tensor):
            if len(people) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return lambda: None

        return ready

    monkeypatch.setattr(gpu_networks, "WAYS", {"eager": (prepare, "float16", True)})
    one, two = gpu_networks.networks(bench, gpu.SMALL, (1, 2), compiled=False)
    assert float(one.figures["persons/s"]) > 0
    assert two.figures == {"persons/s": "out of memory"}


def test_a_way_that_fails_does_not_take_the_others_along(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object):
        raise RuntimeError("CUDA error: capture\nfailed")

    good = gpu_networks.WAYS["eager fp32 strict"]
    monkeypatch.setattr(gpu_networks, "WAYS", {"graph": (broken, "float16", True), "eager": good})
    one, two = gpu_networks.networks(bench, gpu.SMALL, (1,), compiled=False)
    assert one.figures["persons/s"] == "RuntimeError: CUDA error: capture failed"
    assert float(two.figures["persons/s"]) > 0


def test_a_detector_is_opened_used_and_closed_by_the_thread_that_works_with_it(bench: Bench, tmp_path: Path):
    networks.rectangle_detector(tmp_path / "person.onnx")
    rows = list(gpu_pipeline.pipeline(bench, gpu.SMALL, None, tmp_path / "person.onnx", 6))
    assert any(row.name == "detect (person.onnx), alone" for row in rows)
    assert any(row.name == "all at once, 6 frames" for row in rows)


def test_figures_are_in_the_proportion_that_they_say(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """A network of known cost on a clock of ours: 4 people in 2 ms, at a tenth of the matrix rate."""
    operations = gpu_networks.cost(gpu.SMALL.arch, gpu.SMALL.size)[1] * gpu_networks.GFLOP
    bench.rates["float16"] = 10 * operations * 4 / 2e-3
    monkeypatch.setattr(Bench, "seconds", lambda *_: 2e-3)
    monkeypatch.setattr(gpu_networks, "WAYS", {"eager": (lambda *_: lambda _: lambda: None, "float16", True)})
    (row,) = gpu_networks.networks(bench, gpu.SMALL, (4,), compiled=False)
    assert row.figures["persons/s"] == pytest.approx(2000)
    assert row.figures["ms a person"] == pytest.approx(0.5)
    assert row.figures["of the matrix rate"] == "10.0%"


def test_the_clock_gives_the_time_of_one_call(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    now, calls = 0.0, 0

    def work() -> None:
        nonlocal now, calls
        now += 0.01 if calls else 3.0  # the first call is slow
        calls += 1

    monkeypatch.setattr(gpu_clock, "time", SimpleNamespace(perf_counter=lambda: now))
    bench.quick = False
    assert bench.seconds(work, least_s=0.3) == pytest.approx(0.01)
    assert calls == 3 + 1 + 3 * 10


@pytest.mark.parametrize("package", ["pycuda", "cuda-bindings"])
def test_page_locked_copies_are_those_of_the_program_and_named_after_what_makes_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, package: str
):
    """PyTorch's half on the CPU, the other over a GPU that is simulated."""
    simulated_cuda.install(monkeypatch, package)
    monkeypatch.setattr(Bench, "cuda", True)
    monkeypatch.setattr(Bench, "wait", lambda _: None)
    rows = list(gpu_ceilings.copies(bench))
    assert len(rows) == 3
    for row in rows:
        assert re.fullmatch(rf"copies: page-locked by {package} [\d.]+, pageable by PyTorch", row.section)
        assert {"pageable in, GB/s", "page-locked in, GB/s", "filled and in, GB/s"} <= row.figures.keys()
        assert row.figures["came back"] == "the same"
    simulated_cuda.DEVICE.check()
    assert simulated_cuda.DEVICE.copies > 0


def test_without_either_package_pageable_copies_are_measured_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    simulated_cuda.install(monkeypatch)
    monkeypatch.setattr(Bench, "cuda", True)
    monkeypatch.setattr(Bench, "wait", lambda _: None)
    missing, *rows = gpu_ceilings.copies(bench)
    assert "pip install" in str(missing.figures["because"])
    assert len(rows) == 3
    assert all("pageable in, GB/s" in row.figures for row in rows)


def test_without_a_gpu_it_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert "sees no GPU" in capsys.readouterr().err


def test_the_table_has_a_column_for_each_figure():
    rows = [Row("speed", "slow", {"ms": 1234.5, "note": "x"}), Row("speed", "fast", {"ms": 0.012345})]
    assert as_text(rows) == "speed\n          ms  note\nslow   1,234     x\nfast  0.0123\n"
    assert json.loads(as_json(rows))[1] == {"section": "speed", "name": "fast", "ms": 0.012345}
