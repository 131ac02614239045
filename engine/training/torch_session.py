"""Checkpoints, run by torch as the program runs an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine.crop import Size
from engine.errors import UserError
from engine.pose import PoseEstimator
from engine.session import Signature
from engine.training.trained import open_trained
from engine.types import Array, Image

_LARGEST_BATCH = 64


class TorchSession:
    """A network of one input and one output, in evaluation mode, on its device."""

    def __init__(self, network: nn.Module, input_size: Size) -> None:
        self.signature = Signature(((0, 3, *input_size),), ((0, 0, 0, 0),), {})
        self.max_batch = _LARGEST_BATCH
        self._network = network.eval()
        self._device = next(network.parameters()).device

    def run(self, batch: Array | Image) -> tuple[Array, ...]:
        """(N, 3, H, W) -> heatmaps (N, K, h, w)."""
        with torch.inference_mode():
            people = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            answer: Array = self._network(people).float().cpu().contiguous().numpy()
        return (answer,)

    def close(self) -> None:
        """Nothing is held but memory."""


def open_checkpoint(
    path: Path,
    device: str = "auto",
    threads: int = 0,
    *,
    arch: str = "",
    size: Size = (0, 0),
    decoder: str = "",
    flip: bool = False,
) -> PoseEstimator:
    """A pose estimator from a checkpoint, `arch` and `size` as in `engine.training.trained.open_trained`."""
    network, model = open_trained(path, arch, size)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"device {device}: torch sees no CUDA device; --device cpu does without")
    if threads:
        torch.set_num_threads(threads)
    session = TorchSession(network.to(device), model.input_size)
    return PoseEstimator(session, model, decoder=decoder, flip=flip, batch=_LARGEST_BATCH)
