"""The networks by name."""

from __future__ import annotations

from torch import nn

from engine.errors import UserError
from engine.training.hrnet import HRNet, Shape
from engine.training.simple_baseline import DEPTHS, SimpleBaseline

HRNETS: dict[str, Shape] = {
    "hrnet_w32": Shape(),
    "hrnet_w48": Shape(widths=(48, 96, 192, 384)),
    "hrnet_small": Shape(
        widths=(16, 32, 64, 128),
        modules=(1, 3, 2),
        blocks=2,
        stem=32,
        first_width=32,
        first_blocks=2,
        bottleneck=False,
    ),
    "hrnet_tiny": Shape(
        widths=(16, 32, 64, 128),
        modules=(1, 1, 1),
        blocks=2,
        stem=16,
        first_width=16,
        first_blocks=2,
        bottleneck=False,
    ),
}
BASELINES = {f"resnet{depth}": blocks for depth, blocks in DEPTHS.items()}
NAMES = (*HRNETS, *BASELINES)


def build(arch: str, keypoints: int = 17) -> nn.Module:
    """The network of that name with random weights; it tells its `stride`, input pixels for each heatmap cell.

    (N, 3, H, W) -> heatmaps (N, keypoints, H / stride, W / stride). UserError where there is no such name.
    """
    if arch in HRNETS:
        return HRNet(HRNETS[arch], keypoints)
    if arch in BASELINES:
        return SimpleBaseline(BASELINES[arch], keypoints)
    raise UserError(f"{arch}: there is no such network; there are {', '.join(NAMES)}")
