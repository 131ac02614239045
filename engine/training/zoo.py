"""The networks by name."""

from __future__ import annotations

from torch import nn

from engine.errors import UserError
from engine.training.hrnet import HRNet, Shape
from engine.training.simple_baseline import DEPTHS, SimpleBaseline


def _narrow(*, stem: int, modules: tuple[int, int, int]) -> Shape:
    """A member of the family for CPUs."""
    return Shape(
        widths=(16, 32, 64, 128),
        modules=modules,
        blocks=2,
        stem=stem,
        first_width=stem,
        first_blocks=2,
        bottleneck=False,
    )


HRNETS: dict[str, Shape] = {
    "hrnet_w32": Shape(),
    "hrnet_w48": Shape(widths=(48, 96, 192, 384)),
    "hrnet_small": _narrow(stem=32, modules=(1, 3, 2)),
    "hrnet_tiny": _narrow(stem=16, modules=(1, 1, 1)),
}
BASELINES = {f"resnet{depth}": blocks for depth, blocks in DEPTHS.items()}
NAMES = (*HRNETS, *BASELINES)


def build(arch: str, keypoints: int = 17) -> nn.Module:
    """The network of that name with random weights; `stride` is how many input pixels a heatmap cell has.

    (N, 3, H, W) -> heatmaps (N, keypoints, H / stride, W / stride). UserError where there is no such name.
    """
    if arch in HRNETS:
        return HRNet(HRNETS[arch], keypoints)
    if arch in BASELINES:
        return SimpleBaseline(BASELINES[arch], keypoints)
    raise UserError(f"{arch}: there is no such network; there are {', '.join(NAMES)}")
