"""Every name of NVIDIA's packages that the program uses is in the real ones, of both majors of TensorRT."""

from __future__ import annotations

import ast
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bindings
import pytest
from simulated_tensorrt import MAJORS, SIMULATION, module

ROOT = Path(__file__).parents[1]
#: What a variable or attribute of this name holds, in every file that uses TensorRT. The test finds out about
#: others by the methods that are called on them.
HELD = {
    "builder": "Builder",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "wrong": "ParserError",
    "config": "IBuilderConfig",
    "profile": "IOptimizationProfile",
    "cache": "ITimingCache",
    "tensor": "ITensor",
    "engine": "ICudaEngine",
    "context": "IExecutionContext",
    "runtime": "Runtime",
    "strategy": "ExecutionContextAllocationStrategy",
}
OUR_OWN = {("engine", "name"), ("profile", "name")}
MADE_UP = ("execute", "enqueue", "set_", "get_", "create_", "build_", "add_", "num_", "deserialize_", "parse")


def sources() -> dict[str, ast.Module]:
    """The files that use TensorRT: they ask `engine.trt` for it, or are it."""
    out = {}
    for path in sorted((ROOT / "engine").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "package: Any" in text or "import tensorrt" in text:
            out[path.name] = ast.parse(text)
    return out


SOURCES = sources()


def name_of(node: ast.expr) -> str:
    """`builder` of builder and self._builder; "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr.removeprefix("_") if isinstance(node, ast.Attribute) else ""


def is_module(node: ast.expr, file: str) -> bool:
    return name_of(node) == ("trt" if file == "trt.py" else "package")


def attributes(tree: ast.Module) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def parameters(documentation: str, name: str) -> list[list[str]]:
    """Of each overload in pybind's documentation, the names of its parameters but self."""
    found = re.findall(rf"^\s*(?:\d+\. )?{name}\((.*)\) ->", documentation, re.MULTILINE)
    out = []
    for text in found:
        names = re.findall(r"(?:^|, )(\w+):", re.sub(r"\[[^\]]*\]|<[^>]*>", "", text))
        out.append([each for each in names if each != "self"])
    return out


def fits(call: ast.Call, overloads: list[list[str]]) -> bool:
    given = [keyword.arg for keyword in call.keywords]
    spare = any(isinstance(each, ast.Starred) for each in call.args) or None in given
    return spare or any(
        len(call.args) + len(given) <= len(names) and set(given) <= set(names[len(call.args) :])
        for names in overloads
    )


def test_the_files_that_use_tensorrt_are_the_ones_that_are_looked_at() -> None:
    assert {"trt.py", "tensorrt_build.py", "tensorrt_session.py"} <= SOURCES.keys()


@pytest.fixture(scope="module", params=MAJORS)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = bindings.tensorrt(tmp_path_factory.mktemp("tensorrt"), request.param)
    assert found["version"] == request.param
    return found


def test_every_name_of_the_package_exists(real: dict[str, Any]) -> None:
    seen, missing = 0, []
    for file, tree in SOURCES.items():
        for node in attributes(tree):
            if is_module(node.value, file) and node.attr != "__version__":
                seen += 1
                if node.attr not in real["classes"] and node.attr not in real["others"]:
                    missing.append(f"{file}:{node.lineno} {node.attr}")
            inner = node.value
            if not (isinstance(inner, ast.Attribute) and is_module(inner.value, file)):
                continue
            if inner.attr != "__version__" and node.attr not in real["classes"].get(inner.attr, {}):
                missing.append(f"{file}:{node.lineno} {inner.attr}.{node.attr}")
    assert missing == []
    assert seen > 15


def test_every_method_is_called_as_it_is_declared(real: dict[str, Any]) -> None:
    seen, wrong = 0, []
    for file, tree in SOURCES.items():
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in attributes(tree):
            held = HELD.get(name_of(node.value))
            if held is None or (name_of(node.value), node.attr) in OUR_OWN:
                continue
            seen += 1
            where = f"{file}:{node.lineno} {held}.{node.attr}"
            documentation = real["classes"][held].get(node.attr)
            if documentation is None:
                wrong.append(f"{where} does not exist")
            elif call := calls.get(id(node)):
                overloads = parameters(documentation, node.attr)
                if not fits(call, overloads):
                    wrong.append(f"{where} takes {overloads}")
    assert wrong == []
    assert seen > 40


def test_no_method_of_tensorrt_is_called_on_what_is_not_known(real: dict[str, Any]) -> None:
    known = {name for held in HELD.values() for name in real["classes"][held] if name.startswith(MADE_UP)}
    unknown = [
        f"{file}:{node.lineno} {ast.unparse(node)}"
        for file, tree in SOURCES.items()
        for node in attributes(tree)
        if node.attr in known and name_of(node.value) not in HELD and not is_module(node.value, file)
    ]
    assert unknown == []


def test_what_is_told_to_us_is_taken_as_it_is_declared(real: dict[str, Any]) -> None:
    """Classes that derive from TensorRT's: the methods that it calls, with as many parameters."""
    told = 0
    for file, tree in SOURCES.items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if not (isinstance(base, ast.Attribute) and is_module(base.value, file)):
                    continue
                declared = real["classes"][base.attr]
                for method in (each for each in node.body if isinstance(each, ast.FunctionDef)):
                    for names in parameters(declared.get(method.name, ""), method.name):
                        if method.name != "__init__":
                            told += 1
                            assert len(method.args.args) == len(names) + 1, (file, method.name, names)
    assert told >= 4  # log, phase_start, step_complete, phase_finish


def test_the_simulation_has_no_name_that_the_real_one_lacks(real: dict[str, Any]) -> None:
    SIMULATION.reset(version=real["version"])
    missing = []
    for name, thing in vars(module()).items():
        if name.startswith("__"):
            continue
        if name not in real["classes"] and name not in real["others"]:
            missing.append(name)
        members = getattr(thing, "__members__", {})
        missing += [f"{name}.{each}" for each in members if each not in real["classes"].get(name, {})]
    assert missing == []


def test_every_name_of_cuda_bindings_exists_and_is_called_as_it_is_declared(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    real = bindings.cuda(tmp_path_factory.mktemp("cuda"))
    tree = ast.parse((ROOT / "engine" / "cuda_bindings.py").read_text(encoding="utf-8"))
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    seen = 0
    for node in attributes(tree):
        if name_of(node.value) == "cuda" and isinstance(node.value, ast.Name):
            seen += 1
            assert node.attr in real["others"] or node.attr in real["classes"], node.attr
            if call := calls.get(id(node)):
                assert fits(call, [real["others"][node.attr]]), ast.unparse(call)
        inner = node.value
        if isinstance(inner, ast.Attribute) and name_of(inner.value) == "cuda":
            assert node.attr in real["classes"][inner.attr], ast.unparse(node)
    assert seen > 15


@pytest.mark.slow
def test_every_name_of_pycuda_is_in_its_source(tmp_path: Path) -> None:
    """PyCUDA comes as source only, and cannot be built without CUDA: its names are looked up in its text."""
    bindings.pip(
        "download",
        "--no-deps",
        "--no-binary",
        "pycuda",
        "--no-build-isolation",
        "-d",
        str(tmp_path),
        "pycuda",
    )
    (archive,) = tmp_path.glob("pycuda-*.tar.gz")
    with tarfile.open(archive) as packed:
        wanted = (
            "src/wrapper/wrap_cudadrv.cpp",
            "pycuda/driver.py",
            "pycuda/__init__.py",
            "src/cpp/cuda.hpp",
        )
        files = [each for each in packed.getmembers() if each.name.endswith(wanted)]
        text = "".join(packed.extractfile(each).read().decode() for each in files)  # type: ignore[union-attr]
    tree = ast.parse((ROOT / "engine" / "cuda_pycuda.py").read_text(encoding="utf-8"))
    ours = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    roots = ("cuda", "pycuda", "device", "context", "stream", "made")
    used = {node.attr for node in attributes(tree) if name_of(node.value) in roots} - ours
    used |= {"compute_capability", "retain_primary_context", "push", "detach", "free", "handle"}
    missing = [name for name in sorted(used) if not re.search(rf"\b{name}\b", text)]
    assert missing == []
    assert len(used) > 12
