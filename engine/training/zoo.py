"""The networks by name.

After the name of an HRNet may stand the switches of the paper's ablations, each after a hyphen: `final` or
`across`, where its branches exchange (`within` without), and `2x` or `4x`, how coarse the heatmaps are (`1x`
without); and ours: `likelihood`, whose heatmaps are learned as distributions. `hrnet_w32-across-2x` is one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from torch import nn

from engine.errors import UserError
from engine.training.hrnet import Coarseness, Exchange, HRNet, Shape
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


CPU_FAMILY: dict[str, Shape] = {
    "hrnet_small": _narrow(stem=32, modules=(1, 3, 2)),
    "hrnet_tiny": _narrow(stem=16, modules=(1, 1, 1)),
}
HRNETS: dict[str, Shape] = {
    "hrnet_w32": Shape(),
    "hrnet_w48": Shape(widths=(48, 96, 192, 384)),
    **CPU_FAMILY,
}
BASELINES = {f"resnet{depth}": blocks for depth, blocks in DEPTHS.items()}
NAMES = (*HRNETS, *BASELINES)

_EXCHANGES = {name: name for name in get_args(Exchange)}
_COARSENESS = {f"{times}x": times for times in get_args(Coarseness)}
_LIKELIHOOD = "likelihood"


def build(arch: str, keypoints: int = 17) -> nn.Module:
    """The network of that name with random weights; `stride` is how many input pixels a heatmap cell has.

    (N, 3, H, W) -> heatmaps (N, keypoints, H / stride, W / stride). UserError where there is no such name.
    """
    name, *switches = arch.split("-")
    if name in HRNETS:
        return HRNet(_switched(HRNETS[name], arch, switches), keypoints)
    if name in BASELINES and not switches:
        return SimpleBaseline(BASELINES[name], keypoints)
    raise UserError(f"{arch}: there is no such network; there are {', '.join(NAMES)}")


def _switched(shape: Shape, arch: str, switches: list[str]) -> Shape:
    for switch in switches:
        if switch in _EXCHANGES:
            shape = replace(shape, exchange=_EXCHANGES[switch])
        elif switch in _COARSENESS:
            shape = replace(shape, heatmaps=_COARSENESS[switch])
        elif switch == _LIKELIHOOD:
            shape = replace(shape, likelihood=True)
        else:
            known = ", ".join((*_EXCHANGES, *_COARSENESS, _LIKELIHOOD))
            raise UserError(f"{arch}: HRNet has no switch {switch}; it has {known}")
    return shape
