"""Weights of a training, averaged over its steps, and the file that holds them."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from engine.skeleton import KEYPOINTS
from engine.training.config import Config, Phase
from engine.training.feed import MEAN, STD, Feed


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


def described(network: nn.Module, config: Config, phase: Phase) -> dict[str, Any]:
    """A network's weights and all that an export or an evaluation has to know of it."""
    return {
        "state_dict": network.state_dict(),
        "arch": config.arch,
        "input_size": list(phase.size),
        "keypoints": list(KEYPOINTS),
        "rgb": True,
        "mean": list(MEAN),
        "std": list(STD),
        "decoder": "udp" if config.unbiased else "dark",
        "sigma": Feed.sigma(phase),
    }
