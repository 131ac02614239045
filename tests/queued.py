"""Short clips and tiny networks for runs over many of them."""

from __future__ import annotations

from pathlib import Path

import clips
import networks
import numpy as np


def film(path: Path, frames: int = 12, start: int = 0) -> Path:
    """A bright rectangle that goes to the right, at 25 frames a second."""
    pictures = np.full((frames, 96, 160, 3), 20, np.uint8)
    for index, image in enumerate(pictures):
        image[16:88, 40 + start + index : 72 + start + index] = 190
    path.parent.mkdir(parents=True, exist_ok=True)
    clips.write(path, list(pictures), [3600 * index for index in range(frames)])
    return path


def tiny_networks(folder: Path) -> list[str]:
    """Options that name a detector for the rectangle, and a pose network for it."""
    detector = networks.rectangle_detector(folder / "detector.onnx")
    pose = networks.heatmaps(folder / "pose.onnx")
    return ["--detector", str(detector), "--pose", str(pose)]
