"""Checkpoints of our own trainings, run by torch as the program runs an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.crop import Size
from engine.description import PoseModel
from engine.errors import UserError
from engine.pose import PoseEstimator
from engine.session import Signature
from engine.training import saving
from engine.training.zoo import build
from engine.types import Array

_LARGEST_BATCH = 64


class TorchSession:
    """A network of one input and one output, in evaluation mode, on its device."""

    def __init__(self, network: nn.Module, input_size: Size) -> None:
        self.signature = Signature(((0, 3, *input_size),), ((0, 0, 0, 0),), {})
        self.max_batch = _LARGEST_BATCH
        self._network = network.eval()
        self._device = next(network.parameters()).device

    def run(self, batch: Array) -> tuple[Array, ...]:
        """(N, 3, H, W) -> heatmaps (N, K, h, w)."""
        with torch.inference_mode():
            people = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            answer: Array = self._network(people).float().cpu().contiguous().numpy()
        return (answer,)

    def close(self) -> None:
        """Nothing is held but memory."""


def open_checkpoint(
    path: Path, device: str = "auto", *, decoder: str = "", flip: bool = False, threads: int = 0
) -> PoseEstimator:
    """A pose estimator from weights that `engine.training.train` wrote. UserError where they are none."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if threads:
        torch.set_num_threads(threads)
    content = saving.restore(path)
    try:
        network = build(content["arch"], len(content["keypoints"]))
        network.load_state_dict(content["state_dict"])
        return estimator(network.to(device), content, decoder=decoder, flip=flip)
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{path}: not the weights of a training of ours: {error}") from error


def estimator(
    network: nn.Module, said: dict[str, Any], *, decoder: str = "", flip: bool = False
) -> PoseEstimator:
    """A pose estimator from a network and what `engine.training.weights.described` says of it."""
    height, width = said["input_size"]
    model = PoseModel(
        rgb=said["rgb"],
        mean=tuple(said["mean"]),
        std=tuple(said["std"]),
        keypoints=tuple(said["keypoints"]),
        decoder=said["decoder"],
        sigma=said["sigma"],
        input_size=(height, width),
    )
    session = TorchSession(network, (height, width))
    return PoseEstimator(session, model, decoder=decoder, flip=flip, batch=_LARGEST_BATCH)
