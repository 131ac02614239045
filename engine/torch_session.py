"""PyTorch behind the `Session` protocol: checkpoints and TorchScript, on the CPU or on one NVIDIA GPU.

On a GPU it is the way without TensorRT. A checkpoint is weights without a network; the networks live with
what trains them, which is therefore imported here, late, and nowhere else outside of it.

TorchScript carries its network. What it needs, a file `kinetrail.json` in the archive says
(`torch.jit.save(..., _extra_files=...)`): `{"input": [0, 3, 256, 192], "metadata": {...}}`, the shape of its
input, 0 being open, and what `engine.description` reads of an ONNX file. Without one, a file beside it does.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.crop import Size
from engine.description import to_metadata
from engine.errors import UserError
from engine.recognition import takes_pixels
from engine.session import CPU_BATCH, GPU_BATCH, Signature
from engine.torch_gpu import OnGpu, as_tuple
from engine.torchscript import asks_for
from engine.types import Array, Image
from engine.ultralytics_file import is_torchscript

Network = Callable[[Tensor], Tensor | tuple[Tensor, ...]]

SCRIPT_SAYS = "kinetrail.json"  #: in the archive
OPEN = Signature(((0, 3, 0, 0),), ((0, 0, 0, 0),), {})  #: pictures in, heatmaps out


class TorchSession:
    """A network in evaluation mode on its device, whose answers are float32 or made so."""

    def __init__(
        self, network: Network, signature: Signature, device: torch.device, name: str = "the network"
    ) -> None:
        self.signature = signature
        self.max_batch = GPU_BATCH
        self.best_batch = GPU_BATCH if device.type == "cuda" else CPU_BATCH
        self._network, self._device, self._name = network, device, name
        self.on_cpu = device.type == "cpu"
        self._rows_at = torch.device("cpu") if isinstance(network, OnGpu) else device

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, ...) -> every output as float32, N first, 1 <= N <= max_batch."""
        (shape,) = self.signature.inputs
        if len(shape) != batch.ndim or any(map(_differs, shape[1:], batch.shape[1:])):
            raise UserError(f"{self._name}: cannot run on {batch.shape}: it takes {shape}, 0 being any")
        rows = torch.from_numpy(np.require(batch, requirements=["C", "W"]))
        try:
            with torch.inference_mode():
                answers = as_tuple(self._network(rows.to(self._rows_at)))
                found = [each.float().cpu() for each in answers]
        except RuntimeError as error:
            raise UserError(f"{self._name}: cannot run on {batch.shape}: {_line(error)}") from error
        if any(each.shape[:1] != (len(batch),) for each in found):
            shapes = ", ".join(str(tuple(each.shape)) for each in found)
            raise UserError(
                f"{self._name}: {len(batch)} pictures in, but {shapes} out; export it with a batch"
            )
        return tuple(np.array(each.numpy(), order="C") for each in found)

    @property
    def unrecorded(self) -> str:
        """Why there are no CUDA graphs; "" where there are."""
        if self._device.type == "cpu":
            return "it runs on the CPU"
        return "" if isinstance(self._network, OnGpu) else "its input has no size of its own"

    def close(self) -> None:
        """Give the network's memory back."""
        del self._network
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def open_torch(path: Path, device: str = "auto", threads: int = 0, *, graphs: bool = True) -> TorchSession:
    """A checkpoint or TorchScript. UserError where it is neither, or the device is not there.

    `graphs` is whether a GPU repeats recorded work; that needs the size of the input to be known.
    """
    where = _device(device, threads)
    if not is_torchscript(path):
        return open_checkpoint(path, device, threads, graphs=graphs)
    script, signature = _script(path, where)
    return _ready(script, signature, where, path.name, graphs)


def open_checkpoint(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    arch: str = "",
    size: Size = (0, 0),
    half: bool = True,
    graphs: bool = True,
) -> TorchSession:
    """A network from its weights, ours or those of other well-known programs; pixels in, heatmaps out.

    `arch` and `size` are as in `engine.training.trained.open_trained`. `half` is the precision on a GPU; on a
    CPU it is float32.
    """
    from engine.training.graph import Deployed, Normalise
    from engine.training.trained import open_trained

    where = _device(device, threads)
    network, model = open_trained(path, arch, size)
    deployed = Deployed(network, Normalise(model), nn.Identity(), half=half and where.type == "cuda").eval()
    deployed.network = _ChannelsLast(deployed.network)
    signature = Signature(((0, *model.input_size, 3),), ((0, 0, 0, 0),), to_metadata(model))
    return _ready(deployed, signature, where, path.name, graphs)


class _ChannelsLast(nn.Module):
    """A network whose convolutions see the channels of a pixel side by side: they are fastest that way."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor) -> Any:
        return self.network(pictures.contiguous(memory_format=torch.channels_last))


def _ready(
    network: nn.Module, signature: Signature, device: torch.device, name: str, graphs: bool
) -> TorchSession:
    """A session that was run once, so that the first picture waits for nothing and the outputs are known."""
    (shape,) = signature.inputs
    with _telling(name, device):
        network = network.to(device)
    if 0 in shape[1:]:
        return TorchSession(network, signature, device, name)
    nothing = np.zeros((1, *shape[1:]), np.uint8 if takes_pixels(signature) else np.float32)
    found = TorchSession(network, signature, device, name).run(nothing)
    known = Signature(signature.inputs, tuple((0, *each.shape[1:]) for each in found), signature.metadata)
    if device.type != "cuda":
        return TorchSession(network, known, device, name)
    with _telling(name, device):
        on_gpu = OnGpu(network, torch.from_numpy(nothing[0]), device, GPU_BATCH, graphs=graphs)
    ready = TorchSession(on_gpu, known, device, name)
    ready.run(nothing)  # that it can be recorded shows here, and not in the middle of a video
    return ready


@contextmanager
def _telling(name: str, device: torch.device) -> Iterator[None]:
    """Inside it, what a GPU refuses becomes a UserError."""
    try:
        yield
    except RuntimeError as error:
        remedy = "close other programs that use the GPU, or use cpu"
        raise UserError(f"{name}: cannot be readied on {device}: {_line(error)}; {remedy}") from error


def _script(path: Path, device: torch.device) -> tuple[nn.Module, Signature]:
    extra = {SCRIPT_SAYS: ""}
    try:
        _look_through(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there is a newer kind of file
            script = torch.jit.load(  # type: ignore[no-untyped-call]
                str(path), map_location=device, _extra_files=extra
            )
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path.name}: no TorchScript that PyTorch can open: {_line(error)}") from error
    return script.eval(), _said(path.name, extra[SCRIPT_SAYS]) if extra[SCRIPT_SAYS] else OPEN


def _look_through(path: Path) -> None:
    """UserError where the code asks for more than a network needs; some of it runs when it is loaded."""
    reader = torch._C.PyTorchFileReader(str(path))  # the one that loads it: it finds what that will find
    for name in reader.get_all_records():
        if name.startswith("code/") and not name.endswith(".debug_pkl"):
            code = reader.get_record(name).decode("utf-8", "replace")
            if asked := asks_for(code):
                raise UserError(
                    f"{path.name}: wants to run {ascii(asked)[1:-1][:40]}, which is refused: a network needs"
                    " no files; export it to ONNX if you know who made it"
                )


def _said(name: str, text: str | bytes) -> Signature:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    match said:
        case {"input": [0, int() as a, int() as b, int() as c], "metadata": dict() as metadata}:
            texts = {str(key): str(value) for key, value in metadata.items()}
            return Signature(((0, a, b, c),), OPEN.outputs, texts)
    raise UserError(f'{name}: {SCRIPT_SAYS} in it has to be {{"input": [0, 3, H, W], "metadata": {{...}}}}')


def _differs(wanted: int, size: int) -> bool:
    return wanted not in (0, size)


def _device(device: str, threads: int) -> torch.device:
    """The device of that name, and if `threads` is not 0, that many for whatever runs on the CPU."""
    if not re.fullmatch(r"auto|cpu|cuda(?::\d+)?", device):
        raise UserError(f"device {device}: there is auto, cpu, cuda and cuda:N, N being the number of a GPU")
    if threads:
        torch.set_num_threads(threads)
    there = torch.cuda.is_available()
    if device == "cpu" or (device == "auto" and not there):
        return torch.device("cpu")
    number = int(device.partition(":")[2] or 0)
    if not there:
        why = "is built without CUDA" if torch.version.cuda is None else "finds no GPU that it can use"
        raise UserError(
            f"device {device}: this PyTorch ({torch.__version__}) {why}; put that right, or use cpu"
        )
    if number >= torch.cuda.device_count():
        raise UserError(f"device {device}: there are {torch.cuda.device_count()} GPUs, counted from cuda:0")
    return torch.device("cuda", number)


def _line(error: Exception) -> str:
    """The reason in PyTorch's message, on one line: TorchScript puts it last, after where it happened."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = (
        [line for line in lines if re.match(r"\w*(Error|Exception): ", line)] or lines or ["it does not say"]
    )
    return " ".join(said[-1].split())[:300]
