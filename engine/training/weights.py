"""Weights of a training, averaged over its steps, and the file that holds them."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from engine.description import PoseModel
from engine.recognition import IMAGENET_MEAN, IMAGENET_STD
from engine.skeleton import KEYPOINTS
from engine.training.config import Config, Phase
from engine.training.feed import Feed


class Average:
    """The moving average of a network's weights and of what its normalisations have seen.

    The average of the first steps is taken over fewer, so that the random start is forgotten at once.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay, self._steps = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self._steps += 1
        new = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps)) if self._decay else 1.0
        mine, theirs = self.network.state_dict(), network.state_dict()
        floating = [name for name, tensor in mine.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([mine[name] for name in floating], [theirs[name] for name in floating], new)

    def state_dict(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._steps = state["steps"]


def description(config: Config, phase: Phase) -> PoseModel:
    """What the network of a training needs and answers at the end of this phase."""
    return PoseModel(
        rgb=True,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        keypoints=KEYPOINTS,
        decoder="udp" if config.unbiased else "dark",
        sigma=Feed.sigma(phase),
        input_size=phase.size,
    )


def described(network: nn.Module, config: Config, phase: Phase) -> dict[str, Any]:
    """A network's weights and what `engine.training.trained.open_trained` wants to know of them."""
    said = asdict(description(config, phase))
    lists = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}
    return {"state_dict": network.state_dict(), "arch": config.arch, **lists}
