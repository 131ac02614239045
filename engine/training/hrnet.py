"""HRNet: high resolution from the first layer to the last (Sun et al., "Deep High-Resolution Representation
Learning for Human Pose Estimation", CVPR 2019, arXiv 1902.09212, section 3).

    stem, first stage        second          third             fourth
    1/4  ───────────────┬──  ■ ── ◆ ──┬──  ■ ── ◆ ──┬──   ■ ── ◆ ──  heatmaps
    1/8                 └──  ■ ── ◆ ──┼──  ■ ── ◆ ──┼──   ■ ── ◆
    1/16                              └──  ■ ── ◆ ──┼──   ■ ── ◆
    1/32                                            └──   ■ ── ◆

Every stage but the first has one branch more than the one before, at half the resolution (a transition).
Branches are chains of residual blocks (■). In an exchange unit (◆) every branch gets the sum of all, each
brought to its resolution and width by strided 3x3 convolutions (down) or a 1x1 convolution and repetition
(up). Chains with the exchange unit after them are a module, of which a stage has one or several.

The attributes are named as in the official checkpoints, because they are the keys of their weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from engine.training.blocks import BasicBlock, Bottleneck, chain, convolution, normed, start_weights
from engine.training.likelihood import Likelihood

#: Where branches exchange (the ablation of the paper): after the last module only; after the last module of
#: every stage; after every module.
Exchange = Literal["final", "across", "within"]
#: How many times coarser than the finest branch the one is that draws the heatmaps (figure 5).
Coarseness = Literal[1, 2, 4]


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide and how deep an HRNet is. As it stands: HRNet-W32."""

    widths: tuple[int, ...] = (32, 64, 128, 256)  #: channels of each branch, finest first
    modules: tuple[int, ...] = (1, 4, 3)  #: in each stage from the second
    blocks: int = 4  #: in each branch of a module
    stem: int = 64  #: channels of the two strided convolutions at the start
    first_width: int = 64  #: of the blocks of the first stage
    first_blocks: int = 4
    bottleneck: bool = True  #: the first stage has bottlenecks (4 first_width channels out), not basic blocks
    exchange: Exchange = "within"
    heatmaps: Coarseness = 1
    likelihood: bool = False  #: the heatmaps are `engine.training.likelihood`'s

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.modules) + 1 or min(self.modules) < 1:
            raise ValueError(f"widths {self.widths}, modules {self.modules}: one stage for each new branch")
        if self.heatmaps not in get_args(Coarseness)[: len(self.widths)]:
            raise ValueError(f"{len(self.widths)} branches draw no heatmaps of coarseness {self.heatmaps}")


class HRNet(nn.Module):
    """(N, 3, H, W) -> heatmaps (N, keypoints, H / stride, W / stride); H and W are multiples of 32."""

    def __init__(self, shape: Shape, keypoints: int) -> None:
        super().__init__()
        self.stride = 4 * shape.heatmaps  #: input pixels for each heatmap cell
        self.likelihood = shape.likelihood
        first = Bottleneck if shape.bottleneck else BasicBlock
        widths, branch = shape.widths, get_args(Coarseness).index(shape.heatmaps)
        self.conv1 = convolution(3, shape.stem, 3, stride=2)
        self.bn1 = nn.BatchNorm2d(shape.stem)
        self.conv2 = convolution(shape.stem, shape.stem, 3, stride=2)
        self.bn2 = nn.BatchNorm2d(shape.stem)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = chain(first, shape.stem, shape.first_width, shape.first_blocks)
        before: tuple[int, ...] = (first.widening * shape.first_width,)
        self.stages = len(shape.modules)
        for stage, modules in enumerate(shape.modules, start=1):
            now, last = widths[: stage + 1], stage == self.stages
            everyone = tuple(range(stage + 1))
            units = [everyone if shape.exchange == "within" else ()] * (modules - 1)
            units += [(branch,) if last else everyone if shape.exchange != "final" else ()]
            self.add_module(f"transition{stage}", _transition(before, now))
            parts = [Module(now, shape.blocks, towards) for towards in units]
            self.add_module(f"stage{stage + 1}", nn.Sequential(*parts))
            before = now
        self.final_layer = nn.Conv2d(widths[branch], keypoints, 1)
        self.answer = Likelihood() if shape.likelihood else nn.Identity()
        start_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        branches = [self.layer1(x)]
        for stage in range(1, self.stages + 1):
            transition = self.get_submodule(f"transition{stage}")
            branches = self.get_submodule(f"stage{stage + 1}")(_grown(transition, branches))
        heatmaps: Tensor = self.answer(self.final_layer(branches[0]))
        return heatmaps


class Module(nn.Module):
    """Chains of residual blocks side by side, and the exchange unit after them (section 3, equation 3).

    Takes one (N, width, h, w) for each branch, each half as high and wide as the one before; gives one for
    each of `towards`, or all branches as they are where that is empty.
    """

    def __init__(self, widths: Sequence[int], blocks: int, towards: Sequence[int]) -> None:
        super().__init__()
        self.towards = tuple(towards)
        self.branches = nn.ModuleList(chain(BasicBlock, width, width, blocks) for width in widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_exchange(widths, source, target) for source in range(len(widths)))
            for target in self.towards
        )
        self.relu = nn.ReLU()

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        done = [branch(x) for branch, x in zip(self.branches, branches, strict=True)]
        return [self._sum(target, done) for target in range(len(self.towards))] or done

    def _sum(self, target: int, branches: list[Tensor]) -> Tensor:
        layers = self.fuse_layers.get_submodule(str(target)).children()
        first, *others = (layer(x) for layer, x in zip(layers, branches, strict=True))
        for other in others:
            first = first + other
        out: Tensor = self.relu(first)
        return out


def _exchange(widths: Sequence[int], source: int, target: int) -> nn.Module:
    """From one branch of an exchange unit to another (section 3, "exchange units": u(X, b))."""
    wide, wanted = widths[source], widths[target]
    if source == target:
        return nn.Identity()
    if source > target:
        repeat = nn.Upsample(scale_factor=2 ** (source - target), mode="nearest")
        return nn.Sequential(*normed(wide, wanted, 1, relu=False), repeat)
    steps = [normed(wide, wide, 3, 2, relu=True) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, normed(wide, wanted, 3, 2, relu=False))


def _transition(before: Sequence[int], now: Sequence[int]) -> nn.ModuleList:
    """What brings the branches of a stage to the widths of the next, and makes its new one."""
    kept = (
        nn.Identity() if wide == wanted else normed(wide, wanted, 3, relu=True)
        for wide, wanted in zip(before, now, strict=False)
    )
    return nn.ModuleList([*kept, nn.Sequential(normed(before[-1], now[-1], 3, 2, relu=True))])


def _grown(transition: nn.Module, branches: list[Tensor]) -> list[Tensor]:
    *kept, new = transition.children()
    return [*(layer(x) for layer, x in zip(kept, branches, strict=True)), new(branches[-1])]
