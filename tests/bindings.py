"""NVIDIA's Python bindings as they are published, without the libraries that they bind.

They are fetched by pip into a temporary folder, and never kept: they are not ours to pass on. TensorRT's need
nine C functions to be imported, which a few lines of C provide; nothing of them is ever called.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

FUNCTIONS = {
    "nvinfer": "createInferBuilder_INTERNAL createInferRefitter_INTERNAL createInferRuntime_INTERNAL"
    " getBuilderPluginRegistry getPluginRegistry",
    "nvinfer_plugin": "initLibNvInferPlugins",
    "nvonnxparser": "createNvOnnxParserRefitter_INTERNAL createNvOnnxParser_INTERNAL getNvOnnxParserVersion",
}

#: Prints all names of a module: of each class its members with what their documentation says.
DUMP = """
import importlib, inspect, json, sys
module = importlib.import_module(sys.argv[1])
def said(thing):
    thing = getattr(thing, "fget", None) or thing
    return getattr(thing, "__doc__", None) or ""
classes, others = {}, {}
for name in dir(module):
    thing = getattr(module, name)
    if isinstance(thing, type):
        classes[name] = {each: said(getattr(thing, each, None)) for each in dir(thing)}
    elif callable(thing):
        try:
            others[name] = list(inspect.signature(thing).parameters)
        except (TypeError, ValueError):
            others[name] = []
    else:
        others[name] = []
print(json.dumps({"version": getattr(module, "__version__", ""), "classes": classes, "others": others}))
"""


#: Where the environment says that this is continuous integration, there is a network, and nobody reads which
#: tests were skipped.
CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def lacking(what: str) -> NoReturn:
    """These names cannot be checked here: nothing but a skipped test, or a failure where they have to be."""
    if CI:
        pytest.fail(f"NVIDIA's names were not checked: {what}")
    pytest.skip(f"NVIDIA's names are not checked: {what}")


def pip(*arguments: str) -> None:
    """Run pip; see `lacking` where it cannot fetch what it is to."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    patience = ["--retries", "3" if CI else "0", "--timeout", "15"]
    done = subprocess.run([*command, *patience], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1][:200]
        lacking(f"pip cannot fetch {arguments[-1]}: {last}")


def tensorrt(folder: Path, version: str) -> dict[str, Any]:
    """The names in TensorRT's bindings of one version."""
    compiler = shutil.which("cc")
    if compiler is None:
        lacking("there is no C compiler for what stands in for TensorRT's libraries")
    major = version.partition(".")[0]
    for library, functions in FUNCTIONS.items():
        source = folder / f"{library}.c"
        source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in functions.split()))
        name = f"lib{library}.so.{major}"
        command = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source)]
        subprocess.run(command, check=True)
    pip("install", "--no-deps", "--target", str(folder / "site"), f"tensorrt-cu13-bindings=={version}")
    return dumped("tensorrt_bindings", folder / "site", LD_LIBRARY_PATH=str(folder))


def cuda(folder: Path) -> dict[str, Any]:
    """The names in NVIDIA's bindings of the driver."""
    pip("install", "--no-deps", "--target", str(folder), "cuda-pathfinder", "cuda-bindings>=13,<14")
    return dumped("cuda.bindings.driver", folder)


def dumped(module: str, site: Path, **more: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(site), **more}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DUMP, module],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
