"""Batches for training: who is seen, how, and what a perfect network would answer."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.crop import Size
from engine.heatmap import encode
from engine.recognition import IMAGENET_MEAN, IMAGENET_STD
from engine.training.augment import pictures, pictures_on, views
from engine.training.config import Config, Phase
from engine.training.data import Crops
from engine.types import Array


class Feed:
    """Crops on the device that trains: on a GPU they all lie in its memory and are turned there."""

    def __init__(self, crops: Crops, config: Config, device: torch.device, stride: int = 4) -> None:
        """`stride`: input pixels for each heatmap cell."""
        cv2.setNumThreads(1)
        self._crops, self._config, self._device, self._stride = crops, config, device, stride
        self._resident = torch.empty(0)
        if device.type == "cuda":
            self._resident = torch.from_numpy(crops.images).to(device)
        self._mean = torch.tensor(IMAGENET_MEAN, device=device)[:, None, None]
        self._std = torch.tensor(IMAGENET_STD, device=device)[:, None, None]

    def batch(
        self, rows: NDArray[np.intp], phase: Phase, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (N, 3, H, W) as the network wants them, heatmaps (N, K, h, w), and weights (N, K)."""
        unbiased = self._config.unbiased
        seen = views(self._crops, rows, phase.size, self._config.augment, rng, unbiased=unbiased)
        if self._device.type == "cuda":
            blue_first = pictures_on(self._resident, seen, phase.size)
        else:
            blue_first = pictures(self._crops.images, seen, phase.size)
        people = (blue_first.flip(1) - self._mean) / self._std
        heatmap_size = phase.size[0] // self._stride, phase.size[1] // self._stride
        cells = to_cells(seen.joints, phase.size, heatmap_size, unbiased=unbiased)
        maps = encode(cells, seen.weights > 0, heatmap_size, self.sigma(phase))
        return (
            people.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(maps).to(self._device, non_blocking=True),
            torch.from_numpy(seen.weights).to(self._device, non_blocking=True),
        )

    @staticmethod
    def sigma(phase: Phase) -> float:
        return phase.sigma or 2.0 * phase.size[0] / 256


def to_cells(joints: Array, input_size: Size, heatmap_size: Size, *, unbiased: bool) -> Array:
    """Input pixels (N, K, 2) -> heatmap cells; the way back is in `engine.crop.to_frame`."""
    inputs, cells = np.array(input_size[::-1]) - unbiased, np.array(heatmap_size[::-1]) - unbiased
    out: Array = (joints * (cells / inputs)).astype(np.float32)
    return out
