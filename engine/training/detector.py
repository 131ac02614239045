"""Trains a person detector: `python -m engine.training.detector CONFIG.toml`.

Network, loss and assignment of boxes are Ultralytics' (YOLO26, end to end: no doubles to remove). The loop is
ours, since theirs validates, plots and counts by epochs: this one follows the clock, grows the pictures in
phases, and goes on from its last checkpoint as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from engine.errors import UserError
from engine.training import boxes, saving, yolo
from engine.training.command import command
from engine.training.config import load_as
from engine.training.detector_config import Config, Phase, rate
from engine.training.log import Line, record
from engine.training.mosaic import Looks, shown
from engine.training.processes import device_named
from engine.training.schedule import phase_at
from engine.training.state import State
from engine.training.whole import alone
from engine.types import Array, Image


class Batch(NamedTuple):
    """What a step sees: no tensors, since those go from process to process in memory that may be scarce."""

    images: Image  #: (B, 3, S, S), red first
    numbers: Array  #: (N,) of each box that of its picture
    xywh: Array  #: (N, 4) centres and sizes, in parts of the picture


class Batches(torch.utils.data.Dataset[Batch]):
    """The batches of one epoch. Each depends on nothing but the seed, the epoch and its number."""

    def __init__(self, sets: list[boxes.Photos], config: Config, epoch: int, phase: Phase) -> None:
        self._sets, self._config, self._epoch, self._phase = sets, config, epoch, phase

    def __len__(self) -> int:
        return max(1, self._config.samples // self._phase.batch)

    def __getitem__(self, step: int) -> Batch:
        cv2.setNumThreads(0)
        phase, config = self._phase, self._config
        rng = np.random.default_rng([config.seed, self._epoch, step])
        looks = Looks((phase.scale[0], phase.scale[1]), phase.mosaic, config.colour)
        weights = [source.weight for source in config.data]
        seen = [shown(self._sets, weights, phase.size, looks, rng) for _ in range(phase.batch)]
        images = np.stack([one.image for one in seen])[..., ::-1].transpose(0, 3, 1, 2)
        numbers = np.repeat(np.arange(len(seen)), [len(one.xyxy) for one in seen]).astype(np.float32)
        edges = np.concatenate([one.xyxy for one in seen]) / phase.size
        xywh = np.hstack([(edges[:, :2] + edges[:, 2:]) / 2, edges[:, 2:] - edges[:, :2]])
        return Batch(np.ascontiguousarray(images), numbers, xywh.astype(np.float32))


class Training(State):
    """A detector on its way."""

    def __init__(self, config: Config, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        network = yolo.build(config.arch)
        if config.start:
            yolo.take(network, saving.restore(Path(config.start)).get("state_dict", {}), config.start)
        network.to(device)
        optimiser = torch.optim.AdamW(_groups(network, config.decay), config.lr)
        super().__init__(config.arch, network, config.average, optimiser)
        self.loss = yolo.Loss(network)

    def run_epoch(self, sets: list[boxes.Photos], phase: Phase) -> tuple[float, int]:
        """The mean loss, and of how many pictures; the clock sets the learning rate and may end it early."""
        total = torch.zeros((), device=self.device)
        steps, started = 0, time.monotonic()
        batches = Batches(sets, self.config, self.epoch, phase)
        self.network.train()
        for drawn in self._drawn(batches):
            done = self.done(time.monotonic() - started, steps / len(batches))
            if done >= 1:
                break
            for group in self.optimiser.param_groups:
                group["lr"] = rate(self.config, done)
            images, numbers, xywh = (torch.from_numpy(each).to(self.device) for each in drawn)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                answers = self.network(images.float() / 255)
            loss = self.loss(answers, numbers, xywh, done)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
            self.optimiser.step()
            self.average.update(self.network)
            total += loss.detach()
            steps += 1
        mean = float(total) / max(steps, 1)
        if not math.isfinite(mean):
            raise UserError(
                f"the loss is {mean} in epoch {self.epoch}: lower lr {self.config.lr} and start again"
            )
        return mean, steps * phase.batch

    def done(self, seconds: float = 0.0, part: float = 0.0) -> float:
        """The part of the training that is over, so long, or such a part of an epoch, after the last one."""
        if self.config.epochs:
            return (self.epoch + part) / self.config.epochs
        return (self.elapsed_s + seconds) / (60 * self.config.minutes)

    def _drawn(self, batches: Batches) -> Iterator[Batch]:
        """Forked processes have the pictures without copying them."""
        workers = self.config.workers
        context = "fork" if workers else None
        return iter(
            torch.utils.data.DataLoader(
                batches,
                batch_size=None,
                num_workers=workers,
                collate_fn=_as_it_is,
                multiprocessing_context=context,
            )
        )


def _as_it_is(batch: Any) -> Any:
    return batch


def train(config: Config, device: torch.device) -> Path:
    """The whole training, or what is left of it; where the weights lie."""
    with alone(Path(config.out)):
        return _train(config, device)


def _train(config: Config, device: torch.device) -> Path:
    out = Path(config.out)
    last, weights = out / "last.pth", out / "detector.pth"
    sets = [
        boxes.photos(boxes.read(Path(source.folder), teacher=source.teacher), Path(config.cache))
        for source in config.data
    ]
    training = Training(config, device)
    if last.exists():
        training.resume(last)
    while (done := training.done()) < 1:
        phase, started = phase_at(config, done), time.monotonic()
        loss, pictures = training.run_epoch(sets, phase)
        lasted = time.monotonic() - started
        training.epoch, training.elapsed_s = training.epoch + 1, training.elapsed_s + lasted
        # The weights first: what is killed in between does the epoch again, and does not miss its weights.
        saving.save(yolo.described(training.average.network, config.arch), weights)
        training.save(last)
        size, minutes = f"{phase.size}x{phase.size}", training.elapsed_s / 60
        line = Line(
            training.epoch, minutes, done, size, rate(config, done), loss, pictures / lasted, math.nan
        )
        record(out / "log.csv", line, config)
    return weights


def _groups(network: Any, decay: float) -> list[dict[str, Any]]:
    """Only matrices and filters decay."""
    parameters = list(network.parameters())
    return [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
    ]


def _trained(path: Path, sets: Path, out: Path | None) -> Path:
    config = load_as(Config, path)
    placed = tuple(replace(one, folder=str(sets / one.folder)) for one in config.data)
    config = replace(config, data=placed, out=str(out or config.out))
    device = device_named(config.device, config.threads)
    torch.set_flush_denormal(True)
    return train(config, device)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return command(_trained, "detector", "Train a person detector.", "docs/training-detector.md", arguments)


if __name__ == "__main__":
    raise SystemExit(main())
