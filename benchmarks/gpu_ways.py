"""HRNet by PyTorch in several ways: each prepares a network, then a call for the people it is given."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.gpu_clock import Bench
from engine.crop import Size
from engine.description import PoseModel
from engine.session import Session
from engine.skeleton import KEYPOINTS
from engine.training.graph import fold
from engine.training.zoo import build

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Subject:
    """A network with random weights, which cost what trained ones cost."""

    arch: str
    size: Size

    @property
    def title(self) -> str:
        return f"{self.arch} {self.size[0]}x{self.size[1]}"

    @property
    def model(self) -> PoseModel:
        return PoseModel(True, MEAN, STD, KEYPOINTS, "quarter", input_size=self.size)

    def network(self) -> nn.Module:
        torch.manual_seed(0)
        return build(self.arch).eval()


Prepare = Callable[[Bench, Subject], Callable[[Tensor], Run]]


def _eager(network: nn.Module, *, tf32: bool = True) -> Callable[[Tensor], Run]:
    """Call by call, as PyTorch comes; the pictures lie on the device, the answer stays there."""

    def ready(people: Tensor) -> Run:
        def run() -> Tensor:
            strict = nullcontext() if tf32 else torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
            with torch.inference_mode(), strict:
                return network(people)

        return run

    return ready


def _plain(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    return _eager(subject.network().to(bench.device))


def _strict(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    return _eager(subject.network().to(bench.device), tf32=False)


def _host(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    """With what a program does around it: pictures from the host's memory, heatmaps back to it."""
    network = _plain(bench, subject)

    def ready(people: Tensor) -> Run:
        here = people.cpu().numpy()
        return lambda: network(torch.from_numpy(here).to(bench.device))().cpu().numpy()

    return ready


def _half_network(bench: Bench, subject: Subject) -> nn.Module:
    network = fold(subject.network()).half().to(bench.device)
    return network.to(memory_format=torch.channels_last)


def _half(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    """Half precision, channels last, normalisations folded."""
    network = _half_network(bench, subject)
    return lambda people: _eager(network)(people.half().to(memory_format=torch.channels_last))


def _half_graph(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    """The same, recorded once as a CUDA graph and replayed."""
    network = _half_network(bench, subject)

    def ready(people: Tensor) -> Run:
        run = _eager(network)(people.half().to(memory_format=torch.channels_last))
        beside = torch.cuda.Stream(bench.device)
        beside.wait_stream(torch.cuda.current_stream(bench.device))
        with torch.cuda.stream(beside):
            for _ in range(3):
                run()
        torch.cuda.current_stream(bench.device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            run()
        return graph.replay

    return ready


def _half_compiled(bench: Bench, subject: Subject) -> Callable[[Tensor], Run]:
    """The same, compiled by TorchInductor, which joins what lies between the convolutions."""
    network = torch.compile(_half_network(bench, subject), mode="max-autotune", dynamic=False)
    return lambda people: _eager(network)(people.half().to(memory_format=torch.channels_last))


def open_ours(bench: Bench, subject: Subject, *, graphs: bool) -> Session:
    """The program's own session for checkpoints."""
    from engine.torch_session import open_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{subject.arch}.pth")
        torch.save(subject.network().state_dict(), path)
        return open_checkpoint(path, str(bench.device), arch=subject.arch, size=subject.size, graphs=graphs)


def _ours(bench: Bench, subject: Subject, *, graphs: bool) -> Callable[[Tensor], Run]:
    """uint8 crops from the host's memory, heatmaps back to it."""
    session = open_ours(bench, subject, graphs=graphs)

    def ready(people: Tensor) -> Run:
        pixels = np.random.default_rng(0).integers(0, 256, (len(people), *subject.size, 3), np.uint8)
        return lambda: session.run(pixels)

    return ready


#: How a network is prepared; the arithmetic whose matrix rate is its ceiling; whether a CPU can do it.
Way = tuple[Prepare, str, bool]

WAYS: dict[str, Way] = {
    "eager fp32 (PyTorch's defaults)": (_plain, "tf32", True),
    "eager fp32 strict": (_strict, "float32", True),
    "eager fp32, from and to the host": (_host, "tf32", True),
    "eager fp16 channels last": (_half, "float16", True),
    "fp16 CUDA graph": (_half_graph, "float16", False),
    "our session, without graphs": (partial(_ours, graphs=False), "float16", True),
    "our session": (partial(_ours, graphs=True), "float16", True),
}
COMPILED: dict[str, Way] = {"fp16 compiled, CUDA graph": (_half_compiled, "float16", False)}
