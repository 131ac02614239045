"""How large every network is, beside what its paper says: `python -m engine.training.table`."""

from __future__ import annotations

import sys
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.crop import Size
from engine.training.zoo import CPU_FAMILY, build

_UNIT = 1 << 30  #: multiply-adds in one GFLOP of the papers


class Row(NamedTuple):
    """One network at one input size, as its paper has it."""

    title: str
    arch: str
    size: Size  #: height, width
    parameters: float  #: millions
    gflops: float


#: Sun et al. 2019, table 1 (networks with the ImageNet start); of SimpleBaseline it quotes Xiao et al. 2018.
PAPER = (
    Row("HRNet-W32", "hrnet_w32", (256, 192), 28.5, 7.10),
    Row("HRNet-W32", "hrnet_w32", (384, 288), 28.5, 16.0),
    Row("HRNet-W48", "hrnet_w48", (256, 192), 63.6, 14.6),
    Row("HRNet-W48", "hrnet_w48", (384, 288), 63.6, 32.9),
    Row("SimpleBaseline ResNet-50", "resnet50", (256, 192), 34.0, 8.90),
    Row("SimpleBaseline ResNet-101", "resnet101", (256, 192), 53.0, 12.4),
    Row("SimpleBaseline ResNet-152", "resnet152", (256, 192), 68.6, 15.7),
    Row("SimpleBaseline ResNet-152", "resnet152", (384, 288), 68.6, 35.6),
)


def cost(arch: str, size: Size) -> tuple[float, float]:
    """Millions of parameters, and GFLOPs of one person by the papers' count.

    The count is that of the official code: multiply-adds of the convolutions, in units of 2^30, a transposed
    convolution counting all its weights at every output position (most meet only zeros there).
    """
    total = 0

    def count(layer: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        assert isinstance(layer.weight, Tensor)
        total += layer.weight.numel() * out.shape[2] * out.shape[3]

    with torch.device("meta"), torch.no_grad():  # shapes alone, no numbers
        network = build(arch).eval()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_hook(count)
        network(torch.empty(1, 3, *size))
    return sum(weights.numel() for weights in network.parameters()) / 1e6, total / _UNIT


def main() -> None:
    lines = [f"{'network':<27}{'input':<9}{'parameters':>11}{'GFLOPs':>9}   in the paper"]
    for title, arch, size, parameters, gflops in PAPER:
        ours = cost(arch, size)
        lines.append(f"{_start(title, size, *ours)}{parameters:>8.1f} M{gflops:>7.2f}")
    lines += [_start(arch, (256, 192), *cost(arch, (256, 192))) for arch in CPU_FAMILY]
    sys.stdout.write("\n".join(lines) + "\n")


def _start(title: str, size: Size, parameters: float, gflops: float) -> str:
    return f"{title:<27}{size[0]}x{size[1]:<5}{parameters:>9.2f} M{gflops:>9.3f}"


if __name__ == "__main__":
    main()
