"""Engines built from ONNX over a simulated TensorRT: what comes of it, and what is left when it fails."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import networks
import numpy as np
import onnx
import pytest
from gpu_machine import machine
from simulated_cuda import DEVICE
from simulated_tensorrt import MAJORS, SIMULATION

from engine import fit as records
from engine.build import Cancelled, Refused, build, existing
from engine.cache import engine_folder, engines, put
from engine.errors import UserError
from engine.fit import record_of
from engine.quantise import in_int8
from engine.recipe import Recipe
from engine.samples import frames
from engine.session import open_session

BATCHES = (1, 3, 6)


@pytest.fixture(params=MAJORS)
def _machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    with machine(monkeypatch, tmp_path / "cache", request.param):
        yield


pytestmark = pytest.mark.usefixtures("_machine")


@pytest.fixture
def pose(tmp_path: Path) -> Path:
    return networks.heatmaps(tmp_path / "pose.onnx")


def recipe(path: Path, **changes: object) -> Recipe:
    return replace(Recipe(path, batches=BATCHES), **changes)  # type: ignore[arg-type]


def silent(phase: str, done: float, left: float) -> bool:
    del phase, done, left
    return True


def files() -> list[str]:
    """What lies in the cache folder, but for the user's secret and what TensorRT measured."""
    kept = engine_folder().iterdir() if engine_folder().is_dir() else []
    return sorted(path.name for path in kept if path.name != "secret" and path.suffix != ".timing")


def test_an_engine_is_built_proven_and_kept_under_a_name_of_its_own(pose: Path) -> None:
    built = build(recipe(pose), report=silent)
    assert built.new
    assert engines() == [built.path]
    assert files() == [built.path.name, f"{built.path.name}.fit.json"]
    assert stat.S_IMODE(built.path.stat().st_mode) == 0o600
    fit = records.read(built.path)
    assert fit == built.fit
    assert fit.place.tensorrt == SIMULATION.version
    assert fit.place.gpu == DEVICE.name
    assert fit.batches == BATCHES
    assert fit.profile[2] == (6, 3, 64, 48)
    assert [(each.name, each.dtype, each.shape) for each in fit.outputs] == [
        ("heatmaps", "float32", (0, 17, 16, 12))
    ]
    assert json.loads(fit.metadata["kinetrail.kind"]) == "pose"
    assert fit.proof["mean_px"] < 0.1
    assert fit.proof["engine_ms"] > 0


def test_the_plan_is_what_tensorrt_gave_and_half_precision_inside(pose: Path) -> None:
    content = build(recipe(pose), report=silent).path.read_bytes()
    assert content.startswith(b"SIMTRT\n")
    model = onnx.load_model_from_string(content.split(b"\n", 2)[2])
    assert {each.data_type for each in model.graph.initializer} == {onnx.TensorProto.FLOAT16}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_an_engine_runs_without_its_onnx_and_answers_the_same(pose: Path, tmp_path: Path) -> None:
    path = build(recipe(pose), tmp_path / "somewhere" / "mine.engine", report=silent).path
    assert path == tmp_path / "somewhere" / "mine.engine"
    onnx_session = open_session(pose, "cpu")
    batch = np.random.default_rng(0).standard_normal((5, 3, 64, 48)).astype(np.float32)
    wanted = onnx_session.run(batch)[0]
    pose.unlink()
    session = open_session(path)
    np.testing.assert_allclose(session.run(batch)[0], wanted, atol=2e-3)
    session.close()
    onnx_session.close()


def test_an_engine_that_is_there_is_taken_but_for_force(pose: Path) -> None:
    first = build(recipe(pose), report=silent)
    assert SIMULATION.built == 1
    again = build(recipe(pose), report=silent)
    assert (again.new, again.path, SIMULATION.built) == (False, first.path, 1)
    assert build(recipe(pose), report=silent, force=True).new
    assert SIMULATION.built == 2


def test_an_engine_that_was_built_otherwise_than_is_asked_is_built_again(pose: Path, tmp_path: Path) -> None:
    assert build(recipe(pose), report=silent, verify=False).fit.proof == {}
    assert not build(recipe(pose), report=silent, verify=False).new
    assert build(recipe(pose), report=silent).fit.proof  # it was asked to be proven, and was not
    for changes in ({"level": 5}, {"workspace_gb": 1.0}, {"pictures": str(tmp_path)}):
        first = build(recipe(pose, **changes), report=silent)
        assert first.new, changes
        assert existing(Recipe(pose, BATCHES), first.fit.place) == first.path  # a run takes it as it is
        pose = pose.rename(tmp_path / f"moved{len(first.fit.command)}.onnx")
        assert not build(recipe(pose, device="auto", **changes), report=silent).new, changes


def test_another_engine_is_built_where_the_one_that_is_there_does_not_fit(pose: Path, tmp_path: Path) -> None:
    output = tmp_path / "x.engine"
    build(recipe(pose), output, report=silent)
    for number, change in enumerate(("edited", "onnx", "gpu", "batches", "record"), 2):
        wanted = recipe(pose)
        if change == "edited":
            output.write_bytes(output.read_bytes() + b" ")
        elif change == "onnx":
            networks.heatmaps(pose, metadata={"author": "somebody"})
        elif change == "gpu":
            DEVICE.reset(name="Another GPU")
        elif change == "batches":
            wanted = recipe(pose, batches=(1, 2, 4))
        else:
            record_of(output).unlink()
        assert build(wanted, output, report=silent).new, change
        assert SIMULATION.built == number
        assert not build(wanted, output, report=silent).new, change


def test_an_engine_is_built_again_when_the_description_beside_its_onnx_changed(pose: Path) -> None:
    beside = pose.with_name("pose.onnx.json")
    said = {"kind": "pose", "rgb": True, "mean": [0, 0, 0], "std": [1, 1, 1], "decoder": "argmax"}
    for decoder in ("argmax", "quarter"):
        beside.write_text(json.dumps(said | {"decoder": decoder, "keypoints": [f"k{i}" for i in range(17)]}))
        built = build(recipe(pose), report=silent)
        assert built.new
        assert json.loads(built.fit.metadata["kinetrail.decoder"]) == decoder
        assert existing(recipe(pose), built.fit.place) == built.path


def test_what_was_measured_once_is_not_measured_again(pose: Path, tmp_path: Path) -> None:
    build(recipe(pose), report=silent)
    first = SIMULATION.timed
    build(recipe(pose), tmp_path / "b.engine", report=silent)
    assert SIMULATION.timed == first > 0
    (kept,) = engine_folder().glob("*.timing")
    put(kept, b"rubbish")
    build(recipe(pose), tmp_path / "c.engine", report=silent)
    assert SIMULATION.timed == 2 * first


def test_measurements_that_cannot_be_kept_do_not_cost_the_engine(pose: Path, tmp_path: Path) -> None:
    build(recipe(pose), report=silent)
    (kept,) = engine_folder().glob("*.timing")
    kept.unlink()
    kept.mkdir()
    assert build(recipe(pose), tmp_path / "b.engine", report=silent).new


def test_a_name_that_cannot_be_an_engines_is_told_before_any_work(pose: Path, tmp_path: Path) -> None:
    DEVICE.reset(count=0)
    (tmp_path / "folder.engine").mkdir()
    for name, says in (
        ("x.onnx", r"end in \.engine"),
        ("folder.engine", "is a folder"),
        ("ü" * 100 + ".engine", "too long"),
    ):
        with pytest.raises(UserError, match=says):
            build(recipe(pose), tmp_path / name, report=silent)
    build_at = tmp_path / ("x" * 193 + ".engine")
    DEVICE.reset()
    assert build(recipe(pose), build_at, report=silent).new


def test_a_folder_without_pictures_is_told_before_the_work(
    pose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.recipe.frames", frames)
    for folder, says in (("none", "cannot be read as a folder"), ("", "holds no picture")):
        with pytest.raises(UserError, match=says):
            build(recipe(pose, pictures=str(tmp_path / folder)), report=silent)
    assert SIMULATION.built == 0


def test_a_secret_that_is_none_is_told_before_the_work(pose: Path) -> None:
    put(engine_folder() / "secret", b"short")
    with pytest.raises(UserError, match="remove it"):
        build(recipe(pose), report=silent)
    assert SIMULATION.built == 0


def test_progress_goes_up_and_names_what_is_done(pose: Path) -> None:
    told: list[tuple[str, float, float]] = []
    build(recipe(pose), report=lambda *said: told.append(said) is None)
    phases = [phase for phase, *_ in told]
    assert phases[0] == "preparing the network"
    assert phases[-1] == "comparing with the ONNX"
    inner = [done for phase, done, _ in told if phase == "Timing graph nodes"]
    assert inner == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert all(left >= 0 for phase, done, left in told if done)


@pytest.mark.parametrize("phase", ["preparing the network", "Timing graph nodes", "comparing with the ONNX"])
def test_a_build_that_is_called_off_leaves_nothing(pose: Path, phase: str) -> None:
    with pytest.raises(Cancelled, match="nothing was kept"):
        build(recipe(pose), report=lambda now, *_: now != phase)
    assert files() == []
    assert build(recipe(pose), report=silent).new


def test_an_engine_that_answers_something_else_is_put_aside(pose: Path) -> None:
    SIMULATION.spoil = lambda _, heatmaps: np.roll(heatmaps, 1, axis=3)  # all joints a cell to the right
    says = r"joints lie .* px from the ONNX's .*; pass --precision fp32; .*\.refused\.engine"
    with pytest.raises(Refused, match=says) as error:
        build(recipe(pose), report=silent)
    aside = Path(str(error.value).split()[-1])
    assert aside.is_file()
    assert records.read(aside).proof["mean_px"] > 3
    assert engines() == []
    SIMULATION.spoil = lambda _, heatmaps: heatmaps
    assert build(recipe(pose), report=silent, verify=False).new


def test_without_verification_there_is_no_proof(pose: Path) -> None:
    SIMULATION.spoil = lambda _, heatmaps: heatmaps * np.nan
    assert build(recipe(pose), report=silent, verify=False).fit.proof == {}


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ({"build_memory": 1 << 40}, "memory does not suffice.*--batch or --workspace-gb"),
        ({"context_memory": 1 << 40}, "OutOfMemory.*close other programs"),
        ({"supports_gpu": False}, "too old for this TensorRT.*Turing"),
        ({"unsupported": ("AveragePool",)}, r"cannot take node 0 \(AveragePool\).*ONNX Runtime"),
        ({"refuse_run": "Error Code 1: Cuda Runtime (misaligned address)"}, "misaligned address"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line_and_leaves_nothing(
    pose: Path, trouble: dict[str, object], says: str
) -> None:
    SIMULATION.reset(version=SIMULATION.version, **trouble)
    with pytest.raises(UserError, match=says) as error:
        build(recipe(pose, precision="fp32"), report=silent)
    assert "\n" not in str(error.value)
    assert files() == []


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        ({"count": 0}, "no device"),
        ({"driver": False}, "driver"),
        ({"cuda": (11, 8)}, "driver.*update"),
    ],
)
def test_a_machine_that_cannot_is_told_before_any_work(
    pose: Path, machine: dict[str, object], says: str
) -> None:
    DEVICE.reset(**machine)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=says):
        build(recipe(pose), report=silent)
    assert files() == []


def test_without_tensorrt_the_remedy_is_named(pose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", None)
    with pytest.raises(UserError, match=r"pip install 'kinetrail\[gpu\]'"):
        build(recipe(pose), report=silent)


def test_a_killed_build_leaves_no_half_engine_and_does_not_keep_the_next_from_it(pose: Path) -> None:
    class Killed(BaseException):
        pass

    path = build(recipe(pose), report=silent).path
    before = path.read_bytes()

    def killed(_: int) -> None:
        raise Killed

    for name in (
        ".unproven.engine",
        ".unproven.engine.fit.json",
        ".unproven.engine.abc.part",
        ".engine.lock",
    ):  # what a kill -9 leaves
        put(path.with_suffix(name), b"half")
    SIMULATION.between = killed
    with pytest.raises(BaseException):  # noqa: B017, PT011
        build(recipe(pose), report=silent, force=True)
    DEVICE.broken.clear()
    assert path.read_bytes() == before
    SIMULATION.between = lambda _: None
    assert build(recipe(pose), report=silent, force=True).new
    assert files() == [path.name, f"{path.name}.fit.json"]


def test_two_builds_at_once_do_one_work(pose: Path, tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "x.engine"
    held = (tmp_path / "x.engine.lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    waited = []

    def report(phase: str, *_: float) -> bool:
        if phase == "waiting for another build of it":
            waited.append(phase)
            if len(waited) == 2:
                held.close()
        return True

    assert build(recipe(pose), path, report=report).new
    assert len(waited) == 2
    assert not (tmp_path / "x.engine.lock").exists()


def test_a_network_with_a_fixed_batch_is_built_for_it(tmp_path: Path) -> None:
    path = networks.heatmaps(tmp_path / "pose.onnx", batch=2)
    assert build(Recipe(path), report=silent).fit.batches == (2, 2, 2)
    with pytest.raises(UserError, match="takes 2 at a time, not 1,3,6"):
        build(recipe(path), report=silent)


def test_a_detector_of_any_size_is_built_for_the_sizes_it_is_run_at(tmp_path: Path) -> None:
    path = networks.rectangle_detector(tmp_path / "people.onnx")
    fit = build(Recipe(path, precision="fp32"), report=silent).fit
    assert fit.profile == ((1, 3, 32, 32), (1, 3, 256, 416), (1, 3, 416, 416))
    assert fit.proof["missing"] == 0
    assert fit.proof["mean_px"] == 0


def test_a_detector_that_finds_other_boxes_is_put_aside(tmp_path: Path) -> None:
    path = networks.rectangle_detector(tmp_path / "people.onnx")
    SIMULATION.spoil = lambda name, array: array + np.float32([1, 0, 1, 0, 0]) if name == "dets" else array
    with pytest.raises(Refused, match="boxes lie"):
        build(Recipe(path, precision="fp32"), report=silent)
    SIMULATION.spoil = lambda name, array: array * 0 if name == "dets" else array
    with pytest.raises(Refused, match="found by only one"):
        build(Recipe(path, precision="fp32"), report=silent)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"batches": (8, 1, 32)}, "--batch 8,1,32"),
        ({"batches": (0, 1, 2)}, "--batch 0,1,2"),
        ({"batches": (1, 2)}, "--batch 1,2"),
        ({"precision": "fp8"}, "fp16, fp32, int8"),
        ({"precision": "int8"}, "--calibrate"),
        ({"level": 9}, "0 to 5"),
        ({"workspace_gb": 0.0}, "workspace-gb 0: from"),
        ({"workspace_gb": 1e300}, "to 1024"),
        ({"workspace_gb": float("nan")}, "to 1024"),
        ({"batches": (1, 8, 9999)}, "at most 1024"),
        ({"device": "cpu"}, "NVIDIA GPU only"),
        ({"device": "cuda:7"}, "one GPU"),
    ],
)
def test_options_that_make_no_sense_are_told(pose: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        build(recipe(pose, **changes), report=silent)


def test_engines_are_built_of_onnx_files_only(tmp_path: Path) -> None:
    for name in ("a.pth", "a.engine", "a"):
        with pytest.raises(UserError, match=r"built of \.onnx files"):
            Recipe(tmp_path / name)


def test_int8_of_a_network_in_half_precision_quantises_its_weights_channel_by_channel(tmp_path: Path) -> None:
    half = onnx.load(networks.heatmaps(tmp_path / "half.onnx", kind=onnx.TensorProto.FLOAT16))
    recipe_ = recipe(tmp_path / "half.onnx", precision="int8", pictures=str(tmp_path))
    content = build(recipe_, report=silent, verify=False).path.read_bytes()
    graph = onnx.load_model_from_string(content.split(b"\n", 2)[2]).graph
    kept = {each.name: each for each in graph.initializer}
    (conv,) = (node for node in graph.node if node.op_type == "Conv")
    made = {name: node for node in graph.node for name in node.output}
    scaled = made[made[conv.input[1]].input[0]]
    assert scaled.op_type == "QuantizeLinear"
    assert scaled.input[0] in kept  # TensorRT wants weights there, not what makes them
    assert list(kept[scaled.input[1]].dims) == [17]
    assert all(each.data_type != onnx.TensorProto.FLOAT16 for each in graph.initializer)
    assert half.graph.initializer[0].data_type == onnx.TensorProto.FLOAT16


def test_int8_of_a_network_of_old_operators(tmp_path: Path) -> None:
    old = onnx.load(networks.heatmaps(tmp_path / "old.onnx"))
    old.opset_import[0].version = 11
    onnx.save(old, tmp_path / "old.onnx")
    recipe_ = recipe(tmp_path / "old.onnx", precision="int8", pictures=str(tmp_path))
    assert build(recipe_, report=silent, verify=False).new
    model = onnx.load(tmp_path / "old.onnx")
    model.opset_import[0].version = 7
    names = ["heatmaps", *"abcd"]
    model.graph.node.append(onnx.helper.make_node("BatchNormalization", names, ["out"], spatial=0))
    with pytest.raises(UserError, match=r"cannot be quantised .*--precision fp16"):
        in_int8(model, [])


def test_an_engine_is_what_its_record_says_it_is(tmp_path: Path) -> None:
    """TensorRT takes the precision from the ONNX, whatever is asked for."""
    half = networks.heatmaps(tmp_path / "half.onnx", kind=onnx.TensorProto.FLOAT16)
    with pytest.raises(UserError, match=r"half\.onnx: is in fp16 already; pass --precision fp16"):
        build(recipe(half, precision="fp32"), report=silent)
    assert build(recipe(half), report=silent).fit.precision == "fp16"
    whole = in_int8(onnx.load(networks.heatmaps(tmp_path / "a.onnx")), [np.ones((1, 3, 64, 48), np.float32)])
    onnx.save(whole, tmp_path / "whole.onnx")
    for precision in ("fp16", "fp32"):
        with pytest.raises(UserError, match=r"whole\.onnx: is in int8 already; pass --precision int8"):
            build(recipe(tmp_path / "whole.onnx", precision=precision), report=silent)


def test_weights_that_are_only_kept_in_half_precision_do_not_make_a_network_half(tmp_path: Path) -> None:
    model = onnx.load(networks.heatmaps(tmp_path / "pose.onnx"))
    (weights,) = model.graph.initializer
    packed = onnx.numpy_helper.to_array(weights).astype(np.float16)
    weights.CopyFrom(onnx.numpy_helper.from_array(packed, "packed"))
    cast = onnx.helper.make_node("Cast", ["packed"], ["weights"], to=onnx.TensorProto.FLOAT)
    model.graph.node.insert(0, cast)
    onnx.save(model, tmp_path / "packed.onnx")
    for precision, kind in (("fp32", onnx.TensorProto.FLOAT), ("fp16", onnx.TensorProto.FLOAT16)):
        content = build(
            recipe(tmp_path / "packed.onnx", precision=precision), report=silent
        ).path.read_bytes()
        graph = onnx.load_model_from_string(content.split(b"\n", 2)[2]).graph
        assert [each.data_type for each in graph.initializer] == [kind]
        (conv,) = (node for node in graph.node if node.op_type == "Conv")
        assert conv.input[1] == graph.initializer[0].name


def test_what_is_no_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        build(Recipe(tmp_path / "none.onnx"), report=silent)
    (tmp_path / "rubbish.onnx").write_bytes(b"rubbish")
    with pytest.raises(UserError, match=r"rubbish\.onnx"):
        build(Recipe(tmp_path / "rubbish.onnx"), report=silent)


def test_the_command_that_rebuilds_it_names_every_option_that_was_given(tmp_path: Path) -> None:
    path = tmp_path / "my models" / "a.onnx"
    plain = Recipe(path).command(None)
    assert plain == f"python build_engine.py '{path}' --force"
    said = Recipe(path, (1, 2, 4), "fp32", "cuda:1", 8.5, 5, "pics").command(tmp_path / "o.engine")
    for option in ("-o", "--batch 1,2,4", "--precision fp32", "--device cuda:1", "--workspace-gb 8.5"):
        assert option in said
    assert "--optimization-level 5" in said
    assert f"--calibrate {Path('pics').absolute()}" in said
