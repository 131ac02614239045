"""Ultralytics' own files, `.pt` and `.engine`, run by the ultralytics package behind the `Session` protocol.

A `.pt` is a pickle, which can run any code when it is loaded, and Ultralytics loads it as one by default.
Here it is loaded by PyTorch's restricted reader (`weights_only`), which makes nothing but tensors and what is
on Ultralytics' list of its own layers; a file that asks for more is refused. An `.engine` is code itself: it
is only run where the user says that he trusts it.

Importing this module loads PyTorch. `tests/test_telemetry.py` holds us to silence.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from engine.cache import private_folder
from engine.crop import Size
from engine.errors import UserError
from engine.session import CPU_BATCH, Session, Signature
from engine.types import Array, Image
from engine.ultralytics_file import engine_header

#: What loading a file that is damaged, foreign or forbidden comes to: PyTorch's reader and Ultralytics' own
#: checks share no exception of their own.
REFUSALS: tuple[type[Exception], ...] = (
    TypeError,
    ValueError,
    AttributeError,
    KeyError,
    IndexError,
    ImportError,
    RuntimeError,
    AssertionError,
    OSError,
    EOFError,
    pickle.UnpicklingError,
)
ROWS = 300  #: boxes of a network that drops doubles itself

Network = Callable[[torch.Tensor], Any]


class UltralyticsSession:
    """A network of Ultralytics on its device.

    One that was exported for a number of pictures takes fewer too: the missing are black, and cut off again.
    """

    def __init__(self, name: str, network: Network, device: torch.device, signature: Signature) -> None:
        self.signature = signature
        self._rows = signature.inputs[0][0]
        self.max_batch = self.best_batch = self._rows or CPU_BATCH
        self._name, self._network, self._device = name, network, device
        self.on_cpu = device.type == "cpu"

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, 3, H, W) RGB, 0 to 1 -> boxes (N, ...) as the network's head gives them."""
        n = len(batch)
        try:
            answer = _answer(self._network, _filled(batch, self._rows), self._device)
        except REFUSALS as error:
            raise UserError(
                f"{self._name}: the network cannot run on {batch.shape}: {_line(error)}"
            ) from error
        if len(answer) != (self._rows or n):
            raise UserError(
                f"{self._name}: {self._rows or n} pictures in, but {answer.shape} out; export it with a batch"
            )
        return (answer[:n].copy(),)  # some of their backends write into the same memory each time

    def close(self) -> None:
        """Give the network's memory back."""
        del self._network
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def open_ultralytics(path: Path, device: str = "auto", threads: int = 0, *, trust: bool = False) -> Session:
    """Open a file of Ultralytics. UserError where it, the package or the device cannot be used.

    `trust` lets an engine be run, which is code.
    """
    if path.suffix.lower() == ".engine" and not trust:
        raise UserError(
            f"{path.name}: was built by Ultralytics, and an engine is executable code; pass --trust-engine if"
            " you know who built it, or build your own with build_engine.py"
        )
    place = _place(device)
    if threads:
        torch.set_num_threads(threads)
    if path.suffix.lower() == ".engine":
        return _engine(path, place)
    return _checkpoint(path, place)


def ultralytics(module: str) -> ModuleType:
    """One of its modules, imported so that it asks no network, installs nothing and leaves nothing behind."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(private_folder("ultralytics")))
    try:
        return import_module(f"ultralytics.{module}")
    except ImportError as error:
        raise UserError(
            f'Ultralytics\' files need its package ({error}): pip install "kinetrail[train]", or export the'
            " network to ONNX"
        ) from error


def _checkpoint(path: Path, place: torch.device) -> UltralyticsSession:
    tasks = ultralytics("nn.tasks")
    network = _read(path, tasks).float().eval()
    head = network.model[-1]
    if getattr(head, "one2one_cv2", None) is not None:
        head.end2end = True  # it has a head that answers each person once
    network.fuse(verbose=False)
    names = getattr(network, "names", {})
    shape = (0, ROWS, 6) if getattr(head, "end2end", False) else (0, 4 + len(names), 0)
    metadata = {
        "task": str(getattr(network, "task", "") or tasks.guess_model_task(network)),
        "names": str(dict(enumerate(names)) if isinstance(names, list) else dict(names)),
        "stride": str(max(int(max(network.stride)), 32)),
    }
    signature = Signature(((0, 3, 0, 0),), (shape,), metadata)
    return UltralyticsSession(path.name, network.to(place), place, signature)


def _read(path: Path, tasks: Any) -> Any:
    """The network in a checkpoint, read without running any code of the file's."""
    try:
        content, _ = tasks.torch_safe_load(path, safe_only=True)
        network = content.get("ema") or content.get("model")
    except REFUSALS as error:
        if foreign := _foreign(path):
            raise UserError(
                f"{path.name}: asks for {', '.join(foreign[:3])}, which is no part of a network, and a .pt"
                " can run any code; if you know who made it, export it to ONNX with Ultralytics"
            ) from error
        raise UserError(f"{path.name}: no checkpoint of Ultralytics: {_line(error)}") from error
    if not isinstance(network, tasks.BaseModel) or not getattr(network, "names", None):
        raise UserError(
            f"{path.name}: no network of Ultralytics in it; checkpoints of other programs have to be exported"
            " to ONNX"
        )
    return network


def _foreign(path: Path) -> list[str]:
    """What a checkpoint asks for that is neither PyTorch's nor on Ultralytics' list, after that was used."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except REFUSALS:
        return []


def _engine(path: Path, place: torch.device) -> UltralyticsSession:
    if place.type != "cuda":
        raise UserError(f"{path.name}: an engine runs on an NVIDIA GPU; use the network's ONNX on the CPU")
    try:
        import_module("tensorrt")
    except ImportError as error:
        raise UserError(
            f'{path.name}: TensorRT cannot be loaded ({error}): pip install "kinetrail[gpu]"'
        ) from error
    header = engine_header(path)
    autobackend = ultralytics("nn.autobackend")
    try:
        with _captures_apart():
            backend = autobackend.AutoBackend(str(path), device=place, verbose=False)
        size = _sides(header)
        batch = 1 if header.get("args", {}).get("dynamic") else int(getattr(backend, "batch", 1))
        answer = _answer(backend, np.zeros((batch, 3, *size), np.float32), place)
    except REFUSALS as error:
        raise UserError(
            f"{path.name}: cannot be run here ({_line(error)}); an engine fits one GPU and one version of"
            " TensorRT: export it again on this machine"
        ) from error
    metadata = {key: str(header[key]) for key in ("task", "names", "stride") if key in header}
    signature = Signature(((batch, 3, *size),), ((0, *answer.shape[1:]),), metadata)
    return UltralyticsSession(path.name, backend, place, signature)


@contextmanager
def _captures_apart() -> Iterator[None]:
    """Inside it, what PyTorch records as a CUDA graph leaves other threads alone.

    Ultralytics records a static engine the way that makes other threads' calls fail meanwhile, as when they
    take memory to open a network of their own; and whoever calls so spoils the recording.
    """
    graph = torch.cuda.graph
    torch.cuda.graph = partial(graph, capture_error_mode="thread_local")  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        torch.cuda.graph = graph  # type: ignore[misc]


def _sides(header: Any) -> Size:
    """Height and width of an engine's input, as its header says."""
    sides = header["imgsz"]
    return (sides, sides) if isinstance(sides, int) else (int(sides[0]), int(sides[1]))


def _filled(batch: Array | Image, rows: int) -> Array | Image:
    """Pictures (N, ...) -> (rows, ...), or as they are where `rows` is 0."""
    if len(batch) >= rows:
        return batch
    return np.concatenate([batch, np.zeros((rows - len(batch), *batch.shape[1:]), batch.dtype)])


def _answer(network: Network, batch: Array | Image, place: torch.device) -> Array:
    with torch.inference_mode():
        rows = np.require(batch, np.float32, ["C", "W"])  # PyTorch has no tensors that are only read
        said = network(torch.from_numpy(rows).to(place))
        boxes = said[0] if isinstance(said, list | tuple) else said
        answer: Array = boxes.float().cpu().contiguous().numpy()
    return answer


def _place(device: str) -> torch.device:
    if re.fullmatch(r"auto|cpu|cuda(:\d+)?", device) is None:
        raise UserError(f"device {device}: there is auto, cpu, cuda and cuda:N, N being the number of a GPU")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    place = torch.device(device)
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device {device}: PyTorch {torch.__version__} sees no such GPU; use cpu")
    return place


def _line(error: Exception) -> str:
    """The reason on one line, without ornaments."""
    text = f"{type(error).__name__}: {error}"
    return " ".join(text.encode("ascii", "ignore").decode().split())[:200]
