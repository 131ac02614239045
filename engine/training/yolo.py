"""YOLO26 of Ultralytics, its loss included.

Its weights are kept as tensors and the name of their architecture; Ultralytics' own files are pickles, and
those run code when they are loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.description import DetectorModel
from engine.errors import UserError
from engine.training import saving
from engine.training.mosaic import FILL
from engine.ultralytics_session import ultralytics

LICENCE = "AGPL-3.0-or-later"
MANY, FEW = 0.8, 0.1  #: weight of the head that answers each person many times, at the start and at the end


def build(arch: str) -> Any:
    """The untrained network of one class; `arch` as yolo26n. UserError where there is none of that name."""
    tasks, cfg = ultralytics("nn.tasks"), ultralytics("cfg")
    try:
        network = tasks.DetectionModel(f"{arch}.yaml", nc=1, verbose=False)
    except (FileNotFoundError, ValueError, SystemExit) as error:
        raise UserError(f"{arch}: Ultralytics knows no such network; try yolo26n") from error
    head = network.model[-1]
    if getattr(head, "one2one_cv2", None) is None:
        raise UserError(f"{arch}: needs doubles removed behind it; take one of the yolo26 family")
    head.end2end = True
    network.args = cfg.get_cfg()
    return network


class Loss:
    """Ultralytics' loss for both heads, the weight between them moving with the training."""

    def __init__(self, network: Any) -> None:
        self._criterion = network.init_criterion()

    def __call__(self, answers: dict[str, Any], numbers: Tensor, xywh: Tensor, done: float) -> Tensor:
        """Mean over the pictures when the part `done` of the training is over.

        Boxes (N, 4) are centres and sizes in parts of the picture, whose number is in (N,).
        """
        self._criterion.o2m = MANY + (FEW - MANY) * done
        self._criterion.o2o = 1 - self._criterion.o2m
        truth = {"batch_idx": numbers, "cls": torch.zeros_like(xywh[:, :1]), "bboxes": xywh}
        answers = _single(answers)
        pictures = answers["one2many"]["boxes"].shape[0]
        total: Tensor = self._criterion(answers, truth)[0].sum() / pictures
        return total


def described(network: nn.Module, arch: str) -> dict[str, Any]:
    """What is saved of a trained network."""
    return {"arch": arch, "state_dict": network.state_dict()}


def open_weights(path: Path) -> tuple[Any, str]:
    """A trained network and the name of its architecture. UserError where the file holds none."""
    content = saving.restore(path)
    arch, weights = content.get("arch"), content.get("state_dict")
    if not isinstance(arch, str) or not isinstance(weights, dict):
        raise UserError(
            f"{path}: no weights of `engine.training.detector`, which are `arch` and `state_dict`"
        )
    network = build(arch)
    take(network, weights, str(path))
    return network, arch


def take(network: nn.Module, weights: dict[str, Any], where: str) -> None:
    """Load weights strictly; UserError tells what is missing and what is extra."""
    own = network.state_dict()
    wrong = {
        "missing": sorted(set(own) - set(weights)),
        "extra": sorted(set(weights) - set(own)),
        "of another shape": sorted(
            name
            for name in set(own) & set(weights)
            if not saving.is_plain(weights[name]) or own[name].shape != weights[name].shape
        ),
    }
    told = [f"{len(names)} {what}, the first is {names[0]}" for what, names in wrong.items() if names]
    if told:
        raise UserError(f"{where}: not the weights of this network: {'; '.join(told)}")
    network.load_state_dict(weights)


def description() -> DetectorModel:
    """What these networks need and answer."""
    return DetectorModel(
        rgb=True, mean=(0.0,) * 3, std=(255.0,) * 3, head="yolo_end2end", fill=FILL, licence=LICENCE
    )


def _single(answers: Any) -> Any:
    """In single precision, however deep."""
    if isinstance(answers, dict):
        return {key: _single(value) for key, value in answers.items()}
    if isinstance(answers, list | tuple):
        return [_single(value) for value in answers]
    return answers.float() if isinstance(answers, Tensor) else answers
