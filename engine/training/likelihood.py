"""Heatmaps as likelihoods: where a joint is, as a distribution over the cells, learned by cross-entropy.

With squared errors a network first learns that almost all cells are empty; cross-entropy (He et al.,
"Mask R-CNN", ICCV 2017, section 5) asks only which cell it is. From random weights it learns faster
(docs/training.md has the figures).
"""

from __future__ import annotations

import math

from torch import Tensor, nn


class Likelihood(nn.Module):
    """Logits (N, K, h, w) -> in training, themselves; else heatmaps of the same shape.

    A heatmap is the probability of each cell times 2 pi sigma^2: 1 at the top where the network is as sure
    as its targets were, less where it wavers, so that the highest cell is a score as it is with other
    networks, and the decoders find the same Gaussian.
    """

    sigma = 2.0  #: deviation of the targets, cells; it is no weight, so whoever knows it says it: `told`

    def forward(self, logits: Tensor) -> Tensor:
        if self.training:
            return logits
        return logits.flatten(2).softmax(dim=2).mul(2 * math.pi * self.sigma**2).view_as(logits)


def told(network: nn.Module, sigma: float) -> nn.Module:
    """The network itself, its likelihoods as high as their targets, of deviation `sigma` (cells), were."""
    for layer in network.modules():
        if isinstance(layer, Likelihood):
            layer.sigma = sigma
    return network


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of logits (N, K, h, w) against targets as distributions, weighted by joint (N, K).

    Over that of wavering between all cells alike, so that knowing nothing costs 1 as it does with
    `engine.training.train.squared_error`. Joints that count have some of their target within the heatmap.
    """
    wanted = targets.flatten(2)
    wanted = wanted / wanted.sum(dim=2, keepdim=True).clamp_min(1e-6)
    costs = -(wanted * logits.float().flatten(2).log_softmax(dim=2)).sum(dim=2)
    return (costs * weights).sum() / weights.sum().clamp_min(1) / math.log(wanted.shape[2])
