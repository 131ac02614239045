"""NVIDIA GPU, driver, and the packages that use them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.checks.child import Unanswered, answer, asked
from app.checks.finding import Finding, note, ok
from app.checks.packages import installed

NEEDED_DRIVER = 580  #: what CUDA 13, for which the packages of kinetrail[gpu] are built, needs
TURING = (7, 5)  #: compute capability of the oldest GPUs that TensorRT 11 runs on
VENDOR, DISPLAYS = "0x10de", "0x03"  #: of a device on the PCI bus: NVIDIA; class of display controllers
SMI = ("name", "memory.total", "memory.free", "compute_cap", "driver_version")
TORCH_S = 60.0  #: PyTorch is large

Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    memory_mb: int
    free_mb: int
    capability: str  #: as "8.9"


@dataclass(frozen=True, slots=True)
class Nvidia:
    """What there is of NVIDIA's on this machine."""

    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    cuda: str = ""  #: the newest that the driver knows
    trouble: str = ""  #: why nothing more is known; empty where there is simply no GPU


def look(
    ask: Ask = asked, run: Callable[..., str] = answer, bus: Path = Path("/sys/bus/pci/devices")
) -> Nvidia:
    """Ask NVIDIA's management library, else its command, else the bus. Raises nothing, and does not hang."""
    try:
        said = ask("nvidia")
    except Unanswered as error:
        return Nvidia(trouble=f"the driver's library does not answer: {error}")
    if "failed" in said:
        return Nvidia(trouble=str(said["failed"]))
    if "missing" not in said:
        return Nvidia(tuple(Gpu(**each) for each in said["gpus"]), said["driver"], said["cuda"])
    if command := shutil.which("nvidia-smi"):
        return _by_command(command, run)
    return Nvidia(trouble="an NVIDIA GPU is on the bus, but no driver is installed" if _on_bus(bus) else "")


def gpu(here: Nvidia) -> Finding:
    """The GPUs and their driver."""
    if here.trouble:
        return note(here.trouble, f"{_remedy(here.trouble)}; until then networks run on the CPU")
    if not here.gpus:
        return ok("no NVIDIA GPU: networks run on the CPU")
    each = [
        f"{gpu.name}, {gpu.memory_mb / 1024:.0f} GiB ({gpu.free_mb / 1024:.0f} free),"
        f" compute capability {gpu.capability}"
        for gpu in here.gpus
    ]
    text = f"{'; '.join(each)}; driver {here.driver}" + (f", CUDA {here.cuda}" if here.cuda else "")
    if min(_version(gpu.capability) for gpu in here.gpus) < TURING:
        return note(text, "older than Turing (7.5): TensorRT 11 cannot use it; take ONNX Runtime or PyTorch")
    if _version(here.driver) < (NEEDED_DRIVER,):
        return note(text, f"the packages of kinetrail[gpu] need driver {NEEDED_DRIVER} or newer: update it")
    return ok(text)


def _remedy(trouble: str) -> str:
    if "mismatch" in trouble.lower():
        return "restart the machine: the driver was updated"
    if "no answer" in trouble:
        return "restart the machine: the driver hangs"
    return "install NVIDIA's driver anew"


def cuda(here: Nvidia, ask: Ask = asked) -> Finding:
    """Whether CUDA starts."""
    if not here.gpus:
        return ok("not needed without an NVIDIA GPU")
    try:
        said = ask("cuda")
    except Unanswered as error:
        return note(
            f"cannot be started: {error}", "install NVIDIA's driver with its CUDA library (libcuda.so.1)"
        )
    if said["code"]:
        remedy = "restart the machine; in a container, see that the driver is passed through"
        return note(f"cannot be started: {said['name'] or said['code']}", remedy)
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    return ok("starts" + (f"; CUDA_VISIBLE_DEVICES={hidden}" if hidden is not None else ""))


def tensorrt(here: Nvidia, ask: Ask = asked) -> Finding:
    """Whether engines can be built and run."""
    name, _ = tensorrt_here()
    if not name:
        return _absent(here, 'pip install "kinetrail[gpu]" for the fastest networks on this GPU')
    try:
        return ok(f"{ask('tensorrt')['version']} can be loaded")
    except Unanswered as error:
        return note(f"cannot be loaded: {error}", f"pip install --force-reinstall {name}")


def tensorrt_here() -> tuple[str, str]:
    """Which TensorRT is installed, and its version; nothing where there is none."""
    name = next(filter(installed, ("tensorrt-cu13", "tensorrt-cu12", "tensorrt")), "")
    return name, installed(name) if name else ""


def pycuda(here: Nvidia, ask: Ask = asked) -> Finding:
    """Whether there is a way for TensorRT to reach the GPU: PyCUDA, or cuda-bindings in its place."""
    ways = (("pycuda", "pycuda"), ("cuda-bindings", "cuda_bindings"))
    here_are = [(name, question) for name, question in ways if installed(name)]
    if not here_are:
        return _absent(here, "pip install pycuda (needs a CUDA toolkit with cuRAND), or cuda-bindings")
    failures = []
    for name, question in here_are:
        try:
            ask(question)
        except Unanswered as error:
            failures.append(f"{name} cannot be loaded: {error}")
        else:
            return ok("; ".join([f"{name} can be loaded", *failures]))
    if not here.gpus:
        return ok("; ".join(failures) + "; not needed without an NVIDIA GPU")
    return note("; ".join(failures), "build PyCUDA against this CUDA toolkit, or: pip install cuda-bindings")


def torch(here: Nvidia, ask: Ask = asked) -> Finding:
    """Whether PyTorch reaches the GPU, which is the way without TensorRT."""
    if not installed("torch"):
        return ok("not installed (part of kinetrail[train])")
    try:
        said = ask("torch", patience=TORCH_S)
    except Unanswered as error:
        return note(f"cannot be loaded: {error}", "pip install --force-reinstall torch")
    if said["sees_gpu"]:
        return ok(f"sees the GPU (CUDA {said['built_for']})")
    if not here.gpus:
        return ok("runs on the CPU")
    built = f"is built for CUDA {said['built_for']}" if said["built_for"] else "is a build for CPUs"
    return note(f"does not see the GPU; it {built}", "install the CUDA build of PyTorch that fits the driver")


def onnxruntime(here: Nvidia, ask: Ask = asked) -> Finding:
    """What ONNX Runtime, which runs every network by default, can run on. See also `cannot_load`."""
    providers = ask("onnxruntime")["providers"]
    text = ", ".join(provider.removesuffix("ExecutionProvider") for provider in providers)
    if here.gpus and "CUDAExecutionProvider" not in providers:
        remedy = "pip uninstall onnxruntime, then pip install onnxruntime-gpu, and --device cuda uses the GPU"
        return note(f"runs on: {text}; not on the GPU", remedy)
    return ok(f"runs on: {text}")


def _absent(here: Nvidia, remedy: str) -> Finding:
    return (
        note("not installed", remedy) if here.gpus else ok("not installed, not needed without an NVIDIA GPU")
    )


def _by_command(command: str, run: Callable[..., str]) -> Nvidia:
    try:
        said = run([command, f"--query-gpu={','.join(SMI)}", "--format=csv,noheader,nounits"])
    except Unanswered as error:
        return Nvidia(trouble=f"nvidia-smi: {error}")
    gpus, driver = [], ""
    for line in said.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == len(SMI) and cells[1].isdecimal() and cells[2].isdecimal():
            gpus.append(Gpu(cells[0], int(cells[1]), int(cells[2]), cells[3]))
            driver = cells[4]
    told = f"says: {said.strip()[:100]!r}" if said.strip() else "names no GPU"
    return Nvidia(tuple(gpus), driver, trouble="" if gpus else f"nvidia-smi {told}")


def _on_bus(bus: Path) -> bool:
    for device in bus.glob("*"):
        try:
            vendor, kind = (device / "vendor").read_text(), (device / "class").read_text()
        except OSError:
            continue
        if vendor.startswith(VENDOR) and kind.startswith(DISPLAYS):
            return True
    return False


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
