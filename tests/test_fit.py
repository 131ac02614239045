"""What is known about an engine, and when that keeps it from being loaded."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache import engine_file, engine_folder, engines, put, secret
from engine.errors import UserError
from engine.fit import Fit, Place, Tensor, admit, built_here, misfit, read, record_of, write

HERE = Place("11.4.0.106", "NVIDIA H200", "9.0", "580.65.06")
PLAN = b"a plan"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """An engine that was built here."""
    path = tmp_path / "pose.engine"
    path.write_bytes(PLAN)
    write(path, known())
    return path


def known(**changes: object) -> Fit:
    fit = Fit(
        place=HERE,
        onnx="models/pose.onnx",
        onnx_sha256="0" * 64,
        plan_sha256=hashlib.sha256(PLAN).hexdigest(),
        precision="fp16",
        profile=((1, 3, 256, 192), (8, 3, 256, 192), (32, 3, 256, 192)),
        metadata={"kinetrail.kind": '"pose"', "wörter": "ñ"},
        inputs=(Tensor("picture", "float32", (0, 3, 256, 192)),),
        outputs=(Tensor("heatmaps", "float32", (0, 17, 64, 48)),),
        command="python build_engine.py models/pose.onnx --force",
        built="2026-11-22T18:00:00+00:00",
        proof={"mean_px": 0.0123456789, "identical": "yes", "rows": 32},
    )
    return replace(fit, **changes)  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was_written(engine: Path) -> None:
    fit = read(engine)
    assert replace(fit, seal="") == known()
    assert fit.batches == (1, 8, 32)
    assert built_here(fit)


def test_a_record_is_a_file_of_its_own_that_only_the_user_reads(engine: Path) -> None:
    record = engine.parent / "pose.engine.fit.json"
    assert record_of(engine) == record
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE((engine_folder() / "secret").stat().st_mode) == 0o600
    assert [path.name for path in engine.parent.iterdir() if path.suffix == ".part"] == []


def test_an_engine_that_fits_is_admitted_with_its_bytes_and_what_the_network_needs(engine: Path) -> None:
    assert admit(engine, HERE) == (PLAN, known().metadata)
    assert admit(engine, replace(HERE, driver="999.1"))[0] == PLAN  # a new driver runs old engines


@pytest.mark.parametrize(
    ("here", "says"),
    [
        (replace(HERE, tensorrt="10.16.1.11"), "built with TensorRT 11.4.0.106, here is 10.16.1.11"),
        (replace(HERE, gpu="NVIDIA L4"), "built for NVIDIA H200 (9.0), here is NVIDIA L4 (9.0)"),
        (replace(HERE, capability="8.9"), "built for NVIDIA H200 (9.0), here is NVIDIA H200 (8.9)"),
    ],
)
def test_an_engine_of_another_place_is_refused_with_the_command_that_rebuilds_it(
    engine: Path, here: Place, says: str
) -> None:
    for trust in (False, True):
        with pytest.raises(UserError, match=r"build it again: python build_engine\.py") as error:
            admit(engine, here, trust=trust)
        assert says in str(error.value)


def test_an_edited_engine_is_refused_even_when_trusted(engine: Path) -> None:
    engine.write_bytes(PLAN + b".")
    for trust in (False, True):
        with pytest.raises(UserError, match="changed after it was built"):
            admit(engine, HERE, trust=trust)


def test_an_engine_of_another_onnx_is_refused(engine: Path) -> None:
    assert misfit(read(engine), HERE, onnx_sha256="0" * 64) == ""
    with pytest.raises(UserError, match=r"built from another pose\.onnx"):
        admit(engine, HERE, onnx_sha256="1" * 64)


def test_an_engine_from_elsewhere_is_refused_unless_it_is_trusted(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of somebody else"))
    for _ in range(2):  # first without a secret, then with another one
        with pytest.raises(UserError, match=r"was not built here.*--trust-engine"):
            admit(engine, HERE)
        assert admit(engine, HERE, trust=True)[0] == PLAN
        assert secret(make=True)


@pytest.mark.parametrize("trust", [False, True])
def test_a_command_that_somebody_else_wrote_is_not_handed_on(engine: Path, trust: bool) -> None:
    said = json.loads(record_of(engine).read_text())
    record_of(engine).write_text(json.dumps(said | {"command": "rm -r ~"}))
    with pytest.raises(UserError, match=r"here is 12\.0\..*build_engine\.py") as error:
        admit(engine, replace(HERE, tensorrt="12.0.0.1"), trust=trust)
    assert "rm" not in str(error.value)


def test_a_record_writes_nothing_but_text_to_the_terminal(engine: Path) -> None:
    said = json.loads(record_of(engine).read_text())
    for text in ("L4\nbuild it again: rm -r ~", "L4\x1b[2J"):
        said["place"]["gpu"] = text
        record_of(engine).write_text(json.dumps(said))
        with pytest.raises(UserError, match="no record of an engine") as error:
            admit(engine, HERE, trust=True)
        assert text not in str(error.value)


@pytest.mark.parametrize("name", ["plan_sha256", "onnx", "command", "metadata", "proof"])
def test_a_record_that_was_edited_was_not_written_here(engine: Path, name: str) -> None:
    said = json.loads(record_of(engine).read_text())
    said[name] = {"x": "y"} if isinstance(said[name], dict) else said[name] + "0"
    record_of(engine).write_text(json.dumps(said))
    assert not built_here(read(engine))


def test_an_engine_without_a_record_is_somebody_elses(engine: Path) -> None:
    record_of(engine).unlink()
    with pytest.raises(UserError, match=r"pose\.engine\.fit\.json is missing.*--trust-engine"):
        admit(engine, HERE)
    assert admit(engine, HERE, trust=True) == (PLAN, {})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        b'{"place": 1' + b"2" * 5000 + b"}",
    ],
)
def test_what_is_no_record_is_told_in_one_line(engine: Path, text: bytes) -> None:
    record_of(engine).write_bytes(text)
    with pytest.raises(UserError, match=r"pose\.engine\.fit\.json: no record of an engine") as error:
        admit(engine, HERE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", list(Fit.__dataclass_fields__))
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [[1.5], [], []], [{"name": 1}], {"x": {}}])
def test_a_record_with_anything_in_the_wrong_place_never_gets_through(
    engine: Path, name: str, value: object
) -> None:
    said = json.loads(record_of(engine).read_text())
    said[name] = value
    record_of(engine).write_text(json.dumps(said))
    with pytest.raises(UserError):
        admit(engine, HERE)


def test_a_secret_that_others_can_read_is_none(engine: Path) -> None:
    path = engine_folder() / "secret"
    path.chmod(0o644)
    with pytest.raises(UserError, match="others can read it"):
        admit(engine, HERE)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(UserError, match="damaged"):
        admit(engine, HERE)


def test_each_thing_an_engine_has_to_fit_gives_it_another_name() -> None:
    names = {
        engine_file(sha * 64, tensorrt, gpu, precision, batches)
        for sha in "01"
        for tensorrt in ("10.16.1.11", "11.4.0.106")
        for gpu in ("NVIDIA H200 9.0", "NVIDIA L4 8.9")
        for precision in ("fp16", "fp32")
        for batches in ((1, 8, 32), (1, 8, 64))
    }
    assert len(names) == 32
    assert {path.parent for path in names} == {engine_folder()}
    assert not any(set(path.name) & set(" /") for path in names)


def test_the_engines_in_the_cache_are_found() -> None:
    assert engines() == []
    put(engine_folder() / "b.engine", b"")
    put(engine_folder() / "a.engine", b"")
    put(engine_folder() / "a.engine.fit.json", b"")
    assert [path.name for path in engines()] == ["a.engine", "b.engine"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        put(tmp_path / "file" / "x", b"")
    if os.getuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(UserError, match="cannot be written"):
            put(tmp_path / "closed" / "x", b"")
