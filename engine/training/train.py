"""Trains a pose network: `python -m engine.training.train CONFIG.toml`; by `torchrun` on several processes.

The recipe is the paper's (arXiv 1902.09212, section 4.1): heatmaps against Gaussians, mean squared error over
the joints that somebody knows, Adam. For short trainings it has a cosine schedule, averaged weights (Polyak
and Juditsky 1992), phases of growing resolution, and networks that learn by cross-entropy.

Every epoch ends with a checkpoint; the same command resumes from the last one and goes on as if nothing had
happened, since what an epoch draws depends on nothing but the seed and its number.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from engine.errors import UserError
from engine.training import checkpoint, data, saving
from engine.training.command import command
from engine.training.config import Config, Phase, load
from engine.training.feed import Feed
from engine.training.likelihood import cross_entropy, told
from engine.training.log import Line, record
from engine.training.processes import Processes, agree, in_turn, processes
from engine.training.schedule import Pace, Rows, phase_at, rate, rows_of_epoch
from engine.training.state import State
from engine.training.weights import described
from engine.training.whole import alone
from engine.training.zoo import build


def squared_error(heatmaps: Tensor, targets: Tensor, weights: Tensor, sigma: float) -> Tensor:
    """Squared error of heatmaps (N, K, h, w) over that of answering nothing, weighted by joint (N, K).

    That is the paper's mean squared error but for a constant, with which it is as large at all resolutions:
    pi sigma^2 is the squared error of a Gaussian against 0.
    """
    errors = (heatmaps.float() - targets).square().sum(dim=(2, 3)) / (math.pi * sigma**2)
    return (errors * weights).sum() / weights.sum().clamp_min(1)


class Training(State):
    """A pose network on its way."""

    def __init__(self, config: Config, who: Processes) -> None:
        torch.manual_seed(config.seed)
        self.config, self.who = config, who
        network = build(config.arch)
        if config.start:
            checkpoint.load(Path(config.start), network)
        network = network.to(who.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.AdamW(network.parameters(), config.lr, weight_decay=config.decay)
        super().__init__(config.arch, network, config.average, optimiser)
        self.stride = int(network.stride)  #: input pixels for each heatmap cell
        self.forward: nn.Module = self.network
        if who.world > 1:
            self.forward = DistributedDataParallel(self.network)

    def pace(self, samples: int, last_s: float) -> Pace:
        """Told by rank 0, so that all processes have the same learning rate."""
        if self.config.epochs:
            return Pace(self.epoch / self.config.epochs, 1 / self.config.epochs / samples)
        whole_s = 60 * self.config.minutes
        told = [Pace(self.elapsed_s / whole_s, last_s / whole_s / samples)]
        if self.who.world > 1:
            distributed.broadcast_object_list(told, 0)
        return told[0]

    def run_epoch(self, feed: Feed, rows: Rows, pace: Pace) -> float:
        """One epoch over these people; the mean loss of this process."""
        config, who = self.config, self.who
        phase = phase_at(config, pace.done)
        together = phase.batch * who.world
        losses = torch.zeros((), device=who.device)
        rng = np.random.default_rng([config.seed, self.epoch, who.rank])
        steps = range(0, len(rows) - together + 1, together)
        if not steps:
            raise UserError(
                f"batch {phase.batch}: an epoch has only {len(rows)} people for {who.world} processes"
            )
        self.forward.train()
        for start in steps:
            for group in self.optimiser.param_groups:
                group["lr"] = rate(config, pace.done + start * pace.sample)
            mine = rows[start + who.rank * phase.batch :][: phase.batch]
            people, targets, weights = feed.batch(mine, phase, rng)
            with torch.autocast(who.device.type, torch.bfloat16, enabled=who.device.type == "cuda"):
                heatmaps = self.forward(people)
            if self.network.likelihood:
                loss = cross_entropy(heatmaps, targets, weights)
            else:
                loss = squared_error(heatmaps, targets, weights, feed.sigma(phase))
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.average.update(self.network)
            losses += loss.detach()
        mean = float(losses) / len(steps)
        if not math.isfinite(mean):
            raise UserError(f"the loss is {mean} in epoch {self.epoch}: lower lr {config.lr} and start again")
        return mean


def train(config: Config, who: Processes) -> Path:
    """The whole training, or what is left of it; where the weights lie."""
    with alone(Path(config.out)) if who.rank == 0 else nullcontext():
        return _train(config, who)


def _train(config: Config, who: Processes) -> Path:
    out = Path(config.out)
    sets = [data.read(Path(source.folder), teacher=source.teacher) for source in config.data]
    for _ in in_turn(who):
        crops = data.cut(data.together(sets), Path(config.cache))
    training = Training(config, who)
    feed = Feed(crops, config, who.device, training.stride)
    last, weights = out / "last.pth", out / "pose.pth"
    if last.exists():
        training.resume(last)
    agree(training.epoch, who, last)
    sizes, last_s = [len(one) for one in sets], 0.0
    while True:
        rows = rows_of_epoch(sizes, config, training.epoch)
        pace = training.pace(len(rows), last_s)
        if pace.done >= 1:
            return weights
        started = time.monotonic()
        loss = training.run_epoch(feed, rows, pace)
        last_s = time.monotonic() - started
        training.epoch, training.elapsed_s = training.epoch + 1, training.elapsed_s + last_s
        if who.rank:
            continue
        phase = phase_at(config, pace.done)
        # The weights first: what is killed in between does the epoch again, and does not miss its weights.
        saving.save(described(training.average.network, config, phase), weights)
        training.save(last)
        ap = _validated(config, training, phase)
        training.elapsed_s += time.monotonic() - started - last_s
        minutes = training.elapsed_s / 60
        size, lr = f"{phase.size[0]}x{phase.size[1]}", rate(config, pace.done)
        line = Line(training.epoch, minutes, pace.done, size, lr, loss, len(rows) / last_s, ap)
        record(out / "log.csv", line, config)


def _validated(config: Config, training: Training, phase: Phase) -> float:
    """AP of the averaged weights, or no number where it is not the time to measure."""
    if not config.validation or not config.every or training.epoch % config.every:
        return math.nan
    from engine.training.evaluate import ap_of_network

    return ap_of_network(told(training.average.network, Feed.sigma(phase)), config, phase)


def _placed(config: Config, sets: Path, out: Path | None) -> Config:
    """Its folders, relative to those of the command line."""
    return replace(
        config,
        data=tuple(replace(source, folder=str(sets / source.folder)) for source in config.data),
        validation=str(sets / config.validation) if config.validation else "",
        out=str(out or config.out),
    )


def _trained(path: Path, sets: Path, out: Path | None) -> Path | None:
    config = _placed(load(path), sets, out)
    who = processes(config)
    weights = train(config, who)
    if distributed.is_initialized():
        distributed.destroy_process_group()
    return None if who.rank else weights


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return command(_trained, "train", "Train a pose network.", "docs/training.md", arguments)


if __name__ == "__main__":
    raise SystemExit(main())
