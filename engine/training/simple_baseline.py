"""SimpleBaseline: a ResNet and three transposed convolutions (Xiao, Wu, Wei, "Simple Baselines for Human Pose
Estimation and Tracking", ECCV 2018, section 2).

The attributes are named as in the official checkpoints, because they are the keys of their weights.
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.training.blocks import Bottleneck, chain, start_weights

#: Bottlenecks in each stage of the ResNets (He et al., "Deep Residual Learning", CVPR 2016, table 1).
DEPTHS: dict[int, tuple[int, int, int, int]] = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

_WIDTH = 256  #: channels of each transposed convolution


class SimpleBaseline(nn.Module):
    """(N, 3, H, W) -> heatmaps (N, keypoints, H / stride, W / stride); H and W are multiples of 32."""

    stride = 4  #: input pixels for each heatmap cell
    likelihood = False

    def __init__(self, blocks: tuple[int, int, int, int], keypoints: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = chain(Bottleneck, 64, 64, blocks[0])
        self.layer2 = chain(Bottleneck, 256, 128, blocks[1], stride=2)
        self.layer3 = chain(Bottleneck, 512, 256, blocks[2], stride=2)
        self.layer4 = chain(Bottleneck, 1024, 512, blocks[3], stride=2)
        self.deconv_layers = nn.Sequential(*_doubled(2048), *_doubled(_WIDTH), *_doubled(_WIDTH))
        self.final_layer = nn.Conv2d(_WIDTH, keypoints, 1)
        start_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        heatmaps: Tensor = self.final_layer(self.deconv_layers(x))
        return heatmaps


def _doubled(inputs: int) -> list[nn.Module]:
    """A transposed convolution to twice the height and width, with what follows it."""
    grow = nn.ConvTranspose2d(inputs, _WIDTH, 4, stride=2, padding=1, bias=False)
    return [grow, nn.BatchNorm2d(_WIDTH), nn.ReLU(inplace=True)]
