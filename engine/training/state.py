"""What a training is between two epochs: kept in `last.pth`, and gone on from after a kill."""

from __future__ import annotations

from pathlib import Path

from torch import nn, optim

from engine.errors import UserError
from engine.training import saving
from engine.training.weights import Average


class State:
    """A network on its way, its averaged weights, its optimiser, and how far it is."""

    def __init__(self, arch: str, network: nn.Module, average: float, optimiser: optim.Optimizer) -> None:
        """`average`: decay of the moving average of the weights, 0 for none."""
        self.arch, self.network, self.optimiser = arch, network, optimiser
        self.average = Average(network, average)
        self.epoch, self.elapsed_s = 0, 0.0

    def resume(self, path: Path) -> None:
        """Go on from there. UserError where the file is no checkpoint, or that of another network."""
        content = saving.restore(path)
        if content.get("arch") != self.arch:
            raise UserError(
                f"{path}: a training of {content.get('arch')}, not {self.arch}; "
                "name another folder in `out`, or remove this one"
            )
        try:
            self.network.load_state_dict(content["network"])
            self.average.load_state_dict(content["average"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.epoch, self.elapsed_s = int(content["epoch"]), float(content["elapsed_s"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise UserError(f"{path}: not what a training left there; remove it, or restore it") from error

    def save(self, path: Path) -> None:
        content = {
            "arch": self.arch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "elapsed_s": self.elapsed_s,
        }
        saving.save(content, path)
