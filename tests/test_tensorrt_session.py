"""Engines: two slots take turns, what does not fit is refused unloaded, and nothing stays behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import contract
import networks
import numpy as np
import onnx
import pytest
import simulated_cuda
import simulated_engine
import simulated_tensorrt
from contract import MODEL, engine, heatmaps, machine, sealed
from onnx import TensorProto, helper
from simulated_cuda import DEVICE, CudaFailure
from simulated_tensorrt import SIMULATION

from engine import fit
from engine.description import to_metadata
from engine.errors import UserError
from engine.fit import Place
from engine.onnx_session import OnnxSession
from engine.session import open_session
from engine.tensorrt_session import TensorRTSession


@pytest.fixture(autouse=True)
def _gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    machine(tmp_path, monkeypatch, "pycuda", "cuda-bindings")
    yield
    DEVICE.check()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return engine(heatmaps(tmp_path), tmp_path / "net.engine")


def pictures(rows: int, seed: int = 0, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 3, *size), np.float32)


def wanted(source: Path, batch: np.ndarray) -> np.ndarray:
    session = OnnxSession(source, "cpu", 1)
    found = session.run(batch)[0]
    session.close()
    return found


def test_the_next_part_is_under_way_while_one_is_computed(path: Path) -> None:
    waiting = []

    def watch(_: str, array: np.ndarray) -> np.ndarray:
        waiting.append(max(len(stream.waiting) for stream in DEVICE.streams()))
        return array

    session = TensorRTSession(path)
    SIMULATION.spoil = watch
    session.run(pictures(12))  # in four parts of three
    # Each part is three steps: rows to the GPU, the network, answers back. Beside the last, nothing waits.
    assert waiting == [3, 3, 3, 1]
    session.close()


def test_a_part_costs_two_copies_and_no_new_memory(path: Path) -> None:
    session = TensorRTSession(path)
    made = len(DEVICE._things)
    for _ in range(3):
        session.run(pictures(7))
    assert DEVICE.copies == 3 * 3 * 2
    assert len(DEVICE._things) == made
    session.close()


def test_fewer_rows_than_the_engine_was_built_for_are_filled_up(tmp_path: Path) -> None:
    source = heatmaps(tmp_path)
    session = TensorRTSession(engine(source, tmp_path / "four.engine", (4, 4, 4)))
    batch = pictures(5)
    np.testing.assert_allclose(session.run(batch)[0], wanted(source, batch), atol=1e-5)
    session.close()


def test_half_precision_is_fed_and_read_like_any_other(tmp_path: Path) -> None:
    source = heatmaps(tmp_path, kind=TensorProto.FLOAT16)
    session = TensorRTSession(engine(source, tmp_path / "half.engine"))
    (found,) = session.run(pictures(4))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted(source, pictures(4)), atol=1e-6)
    session.close()


def sized(tmp_path: Path) -> tuple[Path, Path]:
    """A network for pictures of several sizes, whose number of answers depends on what it sees."""
    nodes = [
        helper.make_node("Greater", ["picture", "two"], ["bright"]),
        helper.make_node("NonZero", ["bright"], ["found"]),  # (4, M)
        helper.make_node("Transpose", ["found"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["floats", "first"], ["places"]),
    ]
    source = networks.save(
        tmp_path / "sized.onnx",
        nodes,
        {"picture": [1, 3, "h", "w"]},
        {"places": [1, "m", 4]},
        {"two": np.array(2, np.float32), "first": np.array([0])},
    )
    profile = {"picture": [(1, 3, 32, 32), (1, 3, 32, 64), (1, 3, 64, 64)]}
    return sealed(tmp_path / "sized.engine", onnx.load(source), profile), source


def test_a_picture_may_have_any_size_it_was_built_for_and_as_many_answers_as_there_are(
    tmp_path: Path,
) -> None:
    path, source = sized(tmp_path)
    session = TensorRTSession(path)
    assert session.signature.inputs == ((1, 3, 0, 0),)
    for seed, size in enumerate(((32, 32), (64, 64), (48, 32))):
        picture = pictures(1, seed, size)
        np.testing.assert_array_equal(session.run(picture)[0], wanted(source, picture))
    assert session.run(np.zeros((1, 3, 32, 32), np.float32))[0].shape == (1, 0, 4)
    with pytest.raises(UserError, match=r"^sized\.engine: cannot run on \(1, 3, 96, 96\): it was built for"):
        session.run(pictures(1, 0, (96, 96)))
    session.close()


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6, 8, 11, 23])
def test_recorded_graphs_answer_the_same_and_are_used(tmp_path: Path, rows: int) -> None:
    source = heatmaps(tmp_path)
    session = TensorRTSession(engine(source, tmp_path / "net.engine", (1, 4, 8)), graphs=True)
    for seed in (1, 2):
        batch = pictures(rows, seed)
        np.testing.assert_allclose(session.run(batch)[0], wanted(source, batch), atol=1e-5)
    assert DEVICE.launched == 2 * -(-rows // 8)
    session.close()


@pytest.mark.parametrize("batches", [(1, 4, 6), (6, 6, 6), (3, 5, 6)])
def test_the_largest_number_of_rows_has_a_graph_of_its_own(
    tmp_path: Path, batches: tuple[int, int, int]
) -> None:
    source = heatmaps(tmp_path)
    session = TensorRTSession(engine(source, tmp_path / "net.engine", batches), graphs=True)
    for rows in (6, 2):
        np.testing.assert_allclose(session.run(pictures(rows))[0], wanted(source, pictures(rows)), atol=1e-5)
    assert DEVICE.launched == 2
    session.close()


def test_more_rows_than_graphs_pay_for_run_without_one(tmp_path: Path) -> None:
    source = heatmaps(tmp_path)
    said: list[str] = []
    path = engine(source, tmp_path / "net.engine", (65, 65, 65))
    session = open_session(path, graphs=True, notice=said.append)
    np.testing.assert_allclose(session.run(pictures(3))[0], wanted(source, pictures(3)), atol=1e-5)
    assert DEVICE.launched == 0
    assert said[1:] == [
        "net.engine: --cuda-graphs does nothing for it: with 65 pictures at once they gain nothing"
    ]
    session.close()


def test_graphs_are_left_out_where_sizes_are_open_and_that_is_said(tmp_path: Path) -> None:
    path, source = sized(tmp_path)
    said: list[str] = []
    session = open_session(path, graphs=True, notice=said.append)
    assert said[1:] == [
        "sized.engine: --cuda-graphs does nothing for it: it was built for pictures of several sizes"
    ]
    np.testing.assert_array_equal(
        session.run(pictures(1, 0, (32, 32)))[0], wanted(source, pictures(1, 0, (32, 32)))
    )
    assert DEVICE.launched == 0
    session.close()


def test_graphs_are_left_out_where_the_answers_are_not_counted_before_and_that_is_said(
    tmp_path: Path,
) -> None:
    _, source = sized(tmp_path)
    shape = (1, 3, 32, 32)
    path = sealed(tmp_path / "one.engine", onnx.load(source), {"picture": [shape] * 3})
    said: list[str] = []
    session = open_session(path, graphs=True, notice=said.append)
    assert said[1:] == [
        "one.engine: --cuda-graphs does nothing for it: how many answers it gives depends on what it sees"
    ]
    picture = pictures(1, 0, (32, 32))
    np.testing.assert_array_equal(session.run(picture)[0], wanted(source, picture))
    assert DEVICE.launched == 0
    session.close()


@pytest.mark.parametrize(
    ("packages", "graphs", "by"),
    [
        (("pycuda", "cuda-bindings"), False, r"pycuda 2026\.1[^:]*"),
        (("cuda-bindings",), False, r"cuda-bindings 13\.0\.3: PyCUDA cannot be had \(.*pycuda.*\)"),
        (("pycuda", "cuda-bindings"), True, r"cuda-bindings 13\.0\.3"),
    ],
)
def test_what_an_engine_runs_with_is_said(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    packages: tuple[str, ...],
    graphs: bool,
    by: str,
) -> None:
    machine(tmp_path, monkeypatch, *packages)
    said: list[str] = []
    open_session(path, graphs=graphs, notice=said.append).close()
    (line,) = said
    assert re.fullmatch(rf"TensorRT 11\.4\.0\.106 on Simulated GPU, by {by}", line)


def test_graphs_without_cuda_bindings_are_one_line(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, monkeypatch, "pycuda")
    with pytest.raises(UserError, match=r"^CUDA graphs need cuda-bindings \(.*\): pip install '.*'.*without"):
        open_session(path, graphs=True)


def test_a_run_that_tensorrt_refuses_says_why_and_leaves_nothing_under_way(path: Path) -> None:
    session = TensorRTSession(path)
    SIMULATION.refuse_run = "Error Code 1: Cask (Cask convolution execution)"
    with pytest.raises(UserError, match=r"^net\.engine: cannot run: Error Code 1: Cask"):
        session.run(pictures(9))
    session.close()


def test_a_failure_in_one_part_leaves_the_other_finished(path: Path) -> None:
    session = TensorRTSession(path)
    calls = iter((True, False, True))

    def fail_once(_: str, array: np.ndarray) -> np.ndarray:
        if next(calls):
            return array
        SIMULATION.refuse_run = "Error Code 1: Cask"
        return array

    SIMULATION.spoil = fail_once
    with pytest.raises(UserError, match="Cask"):
        session.run(pictures(12))
    session.close()


def test_a_kernel_that_crashes_is_told_and_everything_given_back(path: Path) -> None:
    def crash(_: str, __: np.ndarray) -> np.ndarray:
        raise CudaFailure("CUDA_ERROR_LAUNCH_FAILED")

    session = TensorRTSession(path)
    SIMULATION.spoil = crash
    with pytest.raises(UserError, match=r"^the GPU cannot run: .*launch failed"):
        session.run(pictures(9))
    session.close()


def test_who_still_holds_the_error_holds_nothing_of_the_gpu(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = TensorRTSession(path)
    SIMULATION.spoil = lambda *_: (_ for _ in ()).throw(CudaFailure("CUDA_ERROR_LAUNCH_FAILED"))
    with pytest.raises(UserError, match="launch failed") as waited:
        session.run(pictures(9))
    session.close()
    DEVICE.check()
    machine(tmp_path, monkeypatch, "pycuda")
    session = TensorRTSession(path)
    SIMULATION.refuse_run = "Error Code 1: Cask"
    with pytest.raises(UserError, match="Cask") as refused:
        session.run(pictures(9))
    session.close()
    DEVICE.check()
    machine(tmp_path, monkeypatch, "cuda-bindings")
    SIMULATION.refuse_run = "Error Code 1: Cask"
    with pytest.raises(UserError, match="Cask") as recorded:
        TensorRTSession(path, graphs=True)
    DEVICE.check()
    machine(tmp_path, monkeypatch, "pycuda", memory=120_000)
    with pytest.raises(UserError, match="emory") as opened:
        TensorRTSession(path)
    DEVICE.check()
    del waited, refused, recorded, opened


def test_answers_that_are_not_row_by_row_are_refused(tmp_path: Path) -> None:
    reshape = helper.make_node("Reshape", ["a", "to"], ["b"])
    source = networks.save(
        tmp_path / "flat.onnx", [reshape], {"a": ["n", 3, 4, 4]}, {"b": ["m", 96]}, {"to": np.array([-1, 96])}
    )
    session = TensorRTSession(engine(source, tmp_path / "flat.engine", (2, 2, 2)))
    with pytest.raises(UserError, match=r"^flat\.engine: 2 pictures in, but \(1, 96\) out"):
        session.run(pictures(2, size=(4, 4)))
    session.close()


def test_work_that_fails_while_it_is_recorded_leaves_no_graph_behind(path: Path) -> None:
    def refuse(_: str, array: np.ndarray) -> np.ndarray:
        SIMULATION.refuse_run = "Error Code 1: Cask"  # the next one, which is recorded
        return array

    SIMULATION.spoil = refuse
    with pytest.raises(UserError, match=r"^net\.engine: cannot run: Error Code 1: Cask"):
        TensorRTSession(path, graphs=True)
    DEVICE.check()


@pytest.mark.parametrize("graphs", [False, True])
def test_fractions_are_not_cut_off_to_pixels(tmp_path: Path, graphs: bool) -> None:
    session = open_session(engine(contract.joints(tmp_path), tmp_path / "net.engine"), graphs=graphs)
    with pytest.raises(UserError, match=r"^net\.engine: cannot run on float32: it takes uint8"):
        session.run(np.full((1, 64, 48, 3), 0.5, np.float32))
    pixels = np.full((1, 64, 48, 3), 7, np.uint8)
    np.testing.assert_allclose(session.run(pixels)[0], 7)
    session.close()


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, np.float64])
def test_numbers_of_other_types_are_taken_as_they_are(path: Path, tmp_path: Path, kind: type) -> None:
    session = open_session(path, graphs=True)
    batch = np.arange(2 * 3 * 64 * 48).reshape(2, 3, 64, 48) % 50
    found = session.run(batch.astype(kind))[0]
    np.testing.assert_allclose(found, wanted(tmp_path / "net.onnx", batch.astype(np.float32)), atol=1e-4)
    session.close()


@pytest.mark.parametrize("budget", [1, 70_000, 120_000, 200_000, 290_000])
def test_memory_that_does_not_suffice_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    path = engine(heatmaps(tmp_path), tmp_path / "net.engine")
    machine(tmp_path, monkeypatch, "pycuda", memory=budget)
    with pytest.raises(UserError, match=r"[mM]emory.*; close other programs") as caught:
        TensorRTSession(path)
    assert "\n" not in str(caught.value)


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path / "another user", monkeypatch, "pycuda")


def other_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path, monkeypatch, "pycuda", name="Another GPU")


def other_tensorrt(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated_tensorrt.install(monkeypatch, version="10.16.1.11")


def edited(tmp_path: Path, _: pytest.MonkeyPatch) -> None:
    with (tmp_path / "net.engine").open("ab") as file:
        file.write(b" ")


def without_record(tmp_path: Path, _: pytest.MonkeyPatch) -> None:
    fit.record_of(tmp_path / "net.engine").unlink()


MISFITS = {
    elsewhere: "was not built here; an engine is executable code",
    other_gpu: r"for Simulated GPU \(9\.0\), here is Another GPU .*; build it again: python build_engine",
    other_tensorrt: r"built with TensorRT 11\.4\.0\.106, here is 10\.16\.1\.11; build it again",
    edited: "changed after it was built; build it again",
    without_record: "nothing beside it says",
}


@pytest.mark.parametrize("change", MISFITS, ids=lambda change: change.__name__)
def test_an_engine_that_does_not_fit_is_never_loaded(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    change(tmp_path, monkeypatch)  # type: ignore[operator]

    def loaded(*_: object) -> None:
        raise DEVICE.break_rule("an engine was loaded that does not fit")

    monkeypatch.setattr(simulated_engine.Runtime, "deserialize_cuda_engine", loaded)
    with pytest.raises(UserError, match=rf"^net\.engine: .*{MISFITS[change]}") as caught:  # type: ignore[index]
        open_session(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [elsewhere, without_record], ids=lambda change: change.__name__)
def test_an_engine_from_elsewhere_runs_for_who_trusts_it(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    change(tmp_path, monkeypatch)  # type: ignore[operator]
    session = open_session(path, trust=True)
    assert session.run(pictures(2))[0].shape == (2, 17, 16, 12)
    session.close()


def test_a_plan_that_tensorrt_does_not_take_is_told_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "foreign.engine"
    path.write_bytes(b"no plan at all")
    with pytest.raises(UserError, match=r"^foreign\.engine: TensorRT cannot load it: .*magicTag.*; build it"):
        open_session(path, trust=True)


MACHINES: dict[str, tuple[dict[str, object], str]] = {
    "no GPU": ({"count": 0}, r"^the GPU cannot be used: .*no device"),
    "no driver": ({"driver": False}, "driver is not installed"),
    "an old driver": ({"cuda": (12, 4)}, r"knows CUDA 12\.4 at most"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_without_what_it_takes_is_told(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings, said = MACHINES[name]
    machine(tmp_path, monkeypatch, "pycuda", "cuda-bindings", **settings)
    with pytest.raises(UserError, match=said):
        open_session(path)


def test_a_gpu_that_tensorrt_does_not_know_is_told(path: Path) -> None:
    SIMULATION.supports_gpu = False
    with pytest.raises(
        UserError, match=r"^TensorRT 11\.4\.0\.106 cannot start: Target GPU SM 61 is not supp"
    ):
        open_session(path)


def test_without_tensorrt_or_with_an_old_one_it_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated_tensorrt.install(monkeypatch, version="10.3.0")
    with pytest.raises(UserError, match=r"^engines need TensorRT 10\.12 or later, here is 10\.3\.0"):
        open_session(path)
    monkeypatch.setitem(simulated_cuda.sys.modules, "tensorrt", None)
    with pytest.raises(UserError, match=r"^engines need TensorRT .*pip install 'kinetrail\[gpu\]'"):
        open_session(path)


def test_an_engine_does_not_run_on_a_cpu(path: Path) -> None:
    with pytest.raises(UserError, match=r"^device cpu: .*NVIDIA GPU"):
        open_session(path, "cpu")


def test_a_network_of_two_inputs_is_refused(tmp_path: Path) -> None:
    shape = [2, 3, 8, 8]
    add = helper.make_node("Add", ["a", "b"], ["c"])
    source = networks.save(tmp_path / "two.onnx", [add], {"a": shape, "b": shape}, {"c": shape})
    plan = simulated_engine.plan_of(source.read_bytes(), {"a": [shape] * 3, "b": [shape] * 3})
    (tmp_path / "two.engine").write_bytes(plan)
    with pytest.raises(UserError, match=r"^two\.engine: takes a and b; needed is one input"):
        open_session(tmp_path / "two.engine", trust=True)


def test_two_engines_in_one_thread_do_not_disturb_each_other(tmp_path: Path, path: Path) -> None:
    other = contract.joints(tmp_path)
    first, second = TensorRTSession(path), TensorRTSession(engine(other, tmp_path / "other.engine"))
    pixels = np.random.default_rng(3).integers(0, 256, (5, 64, 48, 3), np.uint8)
    for _ in range(2):
        np.testing.assert_allclose(
            first.run(pictures(5))[0], wanted(tmp_path / "net.onnx", pictures(5)), atol=1e-5
        )
        np.testing.assert_allclose(second.run(pixels)[0], wanted(other, pixels), atol=1e-4)
    first.close()
    np.testing.assert_allclose(second.run(pixels)[0], wanted(other, pixels), atol=1e-4)
    second.close()


def test_what_is_known_of_an_engine_is_what_its_record_says(path: Path) -> None:
    session = open_session(path)
    assert session.signature.metadata == to_metadata(MODEL)
    assert fit.read(path).place == Place("11.4.0.106", "Simulated GPU", "9.0", "580.65.06")
    session.close()
