"""What surrounds a network in its file: pictures to its input, and heatmaps to joints."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.crop import Size
from engine.description import PoseModel
from engine.heatmap import LEAST, STEP, Decoder, bands, differences, fit_of


class Deployed(nn.Module):
    """A network as its file has it: the outside in float32 or whole numbers, the inside in half if wanted.

    `before` makes its input (N, 3, H, W) of what comes in, `after` makes of its heatmaps what goes out.
    """

    def __init__(self, network: nn.Module, before: nn.Module, after: nn.Module, *, half: bool) -> None:
        super().__init__()
        self.before, self.after = before, after
        folded = fold(network)
        self.network = folded.half() if half else folded
        self._kind = torch.float16 if half else torch.float32

    def forward(self, pictures: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        heatmaps = self.network(self.before(pictures).to(self._kind))
        out: Tensor | tuple[Tensor, Tensor] = self.after(heatmaps.float())
        return out


class Normalise(nn.Module):
    """`engine.crop.normalise`: (N, H, W, 3) uint8 BGR -> (N, 3, H, W) float32."""

    def __init__(self, model: PoseModel) -> None:
        super().__init__()
        gain = 1.0 / torch.tensor(model.std, dtype=torch.float64)[:, None, None]
        offset = -gain * torch.tensor(model.mean, dtype=torch.float64)[:, None, None]
        self._order = [2, 1, 0] if model.rgb else [0, 1, 2]
        self.gain, self.offset = nn.Buffer(gain.float()), nn.Buffer(offset.float())

    def forward(self, pixels: Tensor) -> Tensor:
        planes = pixels.float().permute(0, 3, 1, 2)
        return planes[:, self._order] * self.gain + self.offset


class Decode(nn.Module):
    """As `engine.heatmap.decode`, in input pixels: (N, K, h, w) -> x, y (N, K, 2) and scores (N, K)."""

    def __init__(self, model: PoseModel, heatmap_size: Size) -> None:
        super().__init__()
        self._method: Decoder = model.decoder
        height, width = heatmap_size
        self._shape = (len(model.keypoints), height, width)
        unbiased = int(model.decoder == "udp")
        sides = torch.tensor(model.input_size[::-1], dtype=torch.float64)
        cells = torch.tensor([width, height], dtype=torch.float64)
        self.pixels = nn.Buffer(((sides - unbiased) / (cells - unbiased).clamp(min=1)).float())
        self.last = nn.Buffer(cells.long() - 1)
        self.neighbours = nn.Buffer(torch.tensor([1, width, -1, -width]))
        if model.decoder in ("dark", "udp"):
            self._fit = fit_of(model.decoder, model.sigma)
            self.rows = nn.Buffer(torch.tensor(bands(height, self._fit)))
            self.columns = nn.Buffer(torch.tensor(bands(width, self._fit)).transpose(1, 2).contiguous())
            self.differences = nn.Buffer(torch.tensor(differences(self._fit.spacing)))

    def forward(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        keypoints, height, width = self._shape
        maps = heatmaps.reshape(-1, height, width)
        flat = maps.flatten(1)
        best = flat.argmax(dim=1, keepdim=True)
        peaks = flat.gather(1, best)
        y = torch.div(best, width, rounding_mode="trunc")
        cell = torch.cat([best - y * width, y], dim=1)
        at = cell.float()
        if self._method == "quarter":
            at = at + self._quarter(flat, cell, best)
        elif self._method != "argmax":
            at = at + self._taylor(maps, cell)
        at = torch.minimum(at.clamp(min=-0.5), self.last + 0.5)
        seen = peaks > 0
        joints = torch.where(seen, at * self.pixels, torch.zeros_like(at))
        scores = peaks.clamp(0, 1)
        return joints.reshape(-1, keypoints, 2), scores.reshape(-1, keypoints)

    def _quarter(self, flat: Tensor, cell: Tensor, best: Tensor) -> Tensor:
        moves = ((cell > 1) & (cell < self.last)).all(dim=1, keepdim=True)
        around = (best + self.neighbours).clamp(0, self._shape[1] * self._shape[2] - 1)
        ahead, behind = flat.gather(1, around).chunk(2, dim=1)
        signs = (ahead > behind).float() - (ahead < behind).float()
        return torch.where(moves, 0.25 * signs, torch.zeros_like(signs))

    def _taylor(self, maps: Tensor, cell: Tensor) -> Tensor:
        x, y = cell.unbind(dim=1)
        near = self.rows[y] @ maps @ self.columns[x]
        logs = near.clamp(min=LEAST).log().flatten(1)
        dx, dy, dxx, dyy, dxy = (logs @ self.differences).unbind(dim=1)
        det = dxx * dyy - dxy * dxy
        step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=1) / det[:, None]
        inner = torch.minimum(cell.clamp(min=self._fit.spacing), self.last - self._fit.spacing)
        step = step + (inner - cell).float()
        fits = (dxx < 0) & (det > 0) & (step.abs() <= STEP).all(dim=1)
        fits = fits & ((cell >= self._fit.still) & (cell <= self.last - self._fit.still)).all(dim=1)
        return torch.where(fits[:, None], step, torch.zeros_like(step))


def fold(network: nn.Module) -> nn.Module:
    """A copy for evaluation, each normalisation folded into the convolution that was made just before it.

    That is exact but for rounding, and has to happen before the weights are halved: the variances of a
    normalisation leave the range of half precision.
    """
    folded = copy.deepcopy(network).eval()
    for parent in list(folded.modules()):
        for (name, layer), (after, norm) in pairwise(list(parent.named_children())):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
                transposed = isinstance(layer, nn.ConvTranspose2d)
                setattr(parent, name, fuse_conv_bn_eval(layer, norm, transpose=transposed))
                setattr(parent, after, nn.Identity())
    return folded
