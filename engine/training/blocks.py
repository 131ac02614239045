"""Residual blocks (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, figure 5).

The attributes are named as in the official checkpoints, because they are the keys of their weights.
"""

from __future__ import annotations

from torch import Tensor, nn


def convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias, padded so that stride 1 keeps height and width."""
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)


def normed(inputs: int, outputs: int, size: int, stride: int = 1, *, relu: bool) -> nn.Sequential:
    """Convolution, batch normalisation and, where wanted, ReLU."""
    layers: list[nn.Module] = [convolution(inputs, outputs, size, stride), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is added: (N, inputs, h, w) -> (N, width, h', w')."""

    widening = 1  #: channels out for each of `width`

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        out: Tensor = self.relu(y + (x if self.downsample is None else self.downsample(x)))
        return out


class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3, 1x1, and the input added: (N, inputs, h, w) -> (N, 4 width, h', w').

    The stride is that of the 3x3 convolution, as in the official code, not of the first 1x1 as in the paper.
    """

    widening = 4  #: channels out for each of `width`

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = self.widening * width
        self.conv1 = convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        out: Tensor = self.relu(y + (x if self.downsample is None else self.downsample(x)))
        return out


Block = type[BasicBlock] | type[Bottleneck]


def chain(block: Block, inputs: int, width: int, blocks: int, stride: int = 1) -> nn.Sequential:
    """Blocks one after another, the first of which takes the stride."""
    outputs = width * block.widening
    first = block(inputs, width, stride)
    return nn.Sequential(first, *(block(outputs, width) for _ in range(blocks - 1)))


def start_weights(network: nn.Module) -> None:
    """Random weights (He et al., "Delving Deep into Rectifiers", ICCV 2015) and heatmaps that are almost 0.

    The official code draws every weight with a deviation of 0.001 and then loads those of ImageNet; these
    start well from nothing.
    """
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d | nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:  # only what draws the heatmaps has one
                nn.init.normal_(module.weight, std=0.001)
                nn.init.zeros_(module.bias)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
