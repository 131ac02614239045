"""Ultralytics' networks for the contract of sessions: pictures in, boxes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from contract import Case

from engine.detector import open_network
from engine.recognition import detector_model
from engine.session import Session


@dataclass(frozen=True)
class Ultralytics(Case):
    """A person detector: pictures of any size in, boxes out. Their own package says what is right."""

    def open(self) -> Session:
        return open_network(self.path, "cpu", 1)

    def batch(self, rows: int, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).random((rows, 3, 64, 64), np.float32)

    def check_signature(self, session: Session) -> None:
        model = detector_model(self.path, session.signature)
        assert (model.head, model.person) == ("yolo_raw", 1)

    def wanted(self, batch: np.ndarray) -> list[np.ndarray]:
        """What the network answers as its training left it, each row by itself."""
        import torch

        network = torch.load(self.path, weights_only=False)["model"].float().eval()
        with torch.no_grad():
            rows = [network(torch.from_numpy(row[None].copy()))[0] for row in batch]
        return [torch.cat(rows).numpy()]


def ultralytics(_: Path, __: pytest.MonkeyPatch, kept: Path) -> Case:
    pytest.importorskip("ultralytics", reason="runs .pt files; pip install '.[train]'")
    import torch

    torch.set_num_threads(1)
    path = kept / "yolo11n.pt"
    if not path.exists():
        checkpoint(path)
    return Ultralytics(path, path, tolerance=0.05)  # pixels; edges of two pictures lie a hundred apart


def checkpoint(path: Path) -> None:
    """The network that the file is named after, with random weights.

    They are normalised to noise, so that scores spread and no box is like another.
    """
    import torch

    from engine.ultralytics_session import ultralytics as package

    torch.manual_seed(0)
    network = package("nn.tasks").DetectionModel(f"{path.stem}.yaml", nc=2, verbose=False)
    network.names = {0: "bicycle", 1: "person"}
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all that it saw
    with torch.no_grad():
        network.train()(torch.rand(4, 3, 96, 160))
    for head in (network.model[-1].cv3, getattr(network.model[-1], "one2one_cv3", None)):
        for branch in head or ():
            torch.nn.init.normal_(branch[-1].weight, std=0.5)
            torch.nn.init.zeros_(branch[-1].bias)
    torch.save({"model": network, "train_args": {"imgsz": 640}}, path)
