"""A trained network as an ONNX file that says what it needs: `python -m engine.training.export --help`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import nn

from engine import proof
from engine.description import PoseModel
from engine.errors import UserError
from engine.heatmap import Decoder, decode
from engine.onnx_session import OnnxSession
from engine.samples import people
from engine.torch_session import OPEN, TorchSession
from engine.training.command import exit_code, exported, size_of
from engine.training.graph import Decode, Deployed, Normalise
from engine.training.onnx_file import Shape, answers, describe, trace, written
from engine.training.trained import open_trained
from engine.training.zoo import NAMES
from engine.types import Array, Image

#: How far ONNX Runtime's heatmaps may lie from torch's in single precision, as a part of their range.
TOLERANCE, HALF_TOLERANCE = 1e-4, 1e-2
JOINTS_PX = 0.01  #: how far joints decoded inside may lie from those decoded by the program, in the mean
CHECKED = 4  #: pictures
HALF_PX = 0.05  #: how far joints in half precision may lie from torch's, in the mean, pixels of the input
PEOPLE_CHECKED = 16  #: of the demo clip; noise has no joints
PEOPLE = "people"  #: name of the first size of inputs and outputs, which is open


def export(
    network: nn.Module,
    model: PoseModel,
    path: Path,
    *,
    half: bool = False,
    pixels: bool = False,
    joints: bool = False,
) -> None:
    """Write a network, for any number of people at once, after its answers were held against torch's.

    Its input is pictures (N, 3, H, W), normalised, or with `pixels` (N, H, W, 3) uint8 BGR. Its output is
    heatmaps (N, K, h, w), or with `joints` where each joint is (N, K, 2), x, y in pixels of the input, and
    the scores (N, K). `half` is the precision inside; all outside stays float32. UserError where the file
    cannot be written, or does not answer what the network answers.
    """
    pictures = _pictures(model, pixels)
    before = Normalise(model) if pixels else nn.Identity()
    with torch.no_grad():
        wanted: Array = network(before(torch.from_numpy(pictures))).numpy()
    deployed = Deployed(network, before, nn.Identity(), half=half).eval()
    with written(path) as part:
        _write(deployed, model, pictures, {"heatmaps": wanted.shape[1:]}, part)
        (heatmaps,) = answers(part, pictures)
        _compare(path, wanted, heatmaps, HALF_TOLERANCE if half else TOLERANCE)
        if joints:
            deployed.after = Decode(model, wanted.shape[2:])
            count = wanted.shape[1]
            _write(deployed, model, pictures, {"joints": (count, 2), "scores": (count,)}, part)
            _compare_joints(path, model, heatmaps, answers(part, pictures)[0])
        if half:
            _compare_people(path, part, network, model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)

    def write() -> None:
        settings = {key: getattr(options, key) for key in ("decoder", "licence") if getattr(options, key)}
        if options.channels:
            settings["rgb"] = options.channels == "rgb"
        network, model = open_trained(options.checkpoint, options.arch, size_of(options.size), settings)
        inside = {"pixels": options.with_pixels, "joints": options.with_decode}
        export(network, model, options.output, half=options.half, **inside)

    return exit_code(lambda: exported(options.output, write))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.training.export", description="Write a trained network as an ONNX file."
    )
    add = parser.add_argument
    add(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="of the official HRNet repository, MMPose or ours"
    )
    add("-o", dest="output", type=Path, required=True, metavar="MODEL.onnx")
    add("--arch", default="", metavar="NAME", help=f"{', '.join(NAMES)} (as the checkpoint says or shows)")
    add("--size", default="", metavar="HxW", help="of the input, as 256x192 (as the checkpoint says)")
    add("--half", action="store_true", help="half precision inside; inputs and outputs stay float32")
    add("--with-pixels", action="store_true", help="normalisation inside: uint8 BGR pictures (N, H, W, 3) in")
    add("--with-decode", action="store_true", help="decoding inside: joints (N, K, 2) and scores (N, K) out")
    add("--decoder", default="", choices=get_args(Decoder), help="how joints are read off heatmaps")
    add("--channels", default="", choices=("rgb", "bgr"), help="order in which it was trained")
    add("--licence", default="", metavar="SPDX", help="of the weights, to be written into the file")
    return parser


def _pictures(model: PoseModel, pixels: bool) -> Array | Image:
    """Noise as input; what a network makes of it has every frequency in it."""
    rng, size = np.random.default_rng(0), model.input_size
    if pixels:
        return rng.integers(0, 256, (CHECKED, *size, 3), np.uint8)
    return rng.standard_normal((CHECKED, 3, *size), np.float32)


def _write(
    deployed: nn.Module,
    model: PoseModel,
    pictures: Array | Image,
    outputs: Mapping[str, Sequence[int]],
    part: Path,
) -> None:
    """`outputs` are their names, and the shape of each for one person."""
    name = "pixels" if pictures.dtype == np.uint8 else "pictures"
    shapes: dict[str, Shape] = {each: (PEOPLE, *shape) for each, shape in outputs.items()}
    trace(deployed, torch.from_numpy(pictures), {name: (PEOPLE, *pictures.shape[1:])}, shapes, part)
    describe(part, shapes, model)


def _compare(path: Path, wanted: Array, found: Array, tolerance: float) -> None:
    """UserError where the heatmaps in the file differ from torch's by more than this part of their range."""
    apart = float(np.abs(found - wanted).max() / np.ptp(wanted))
    if not apart <= tolerance:
        raise UserError(
            f"{path}: not written: ONNX Runtime's heatmaps are off PyTorch's by {apart:.1e} of their range,"
            f" more than {tolerance:.0e}; are the weights trained, and finite?"
        )


def _compare_joints(path: Path, model: PoseModel, heatmaps: Array, found: Array) -> None:
    """UserError where the joints in the file differ from those that the program decodes."""
    cells = decode(heatmaps, model.decoder, sigma=model.sigma).cells
    unbiased = model.decoder == "udp"
    sides, counts = np.array(model.input_size[::-1]), np.array(heatmaps.shape[:1:-1])
    apart = np.hypot(*(found - cells * ((sides - unbiased) / (counts - unbiased))).T).mean()
    if not apart <= JOINTS_PX:
        raise UserError(f"{path}: not written: joints decoded inside lie {apart:.3f} px from those outside")


def _compare_people(path: Path, part: Path, network: nn.Module, model: PoseModel) -> None:
    """UserError where the joints of people, as far as torch sees them, are others in the file."""
    seen = people(None, PEOPLE_CHECKED, model.input_size, unbiased=model.decoder == "udp")
    wanted, scores = proof.joints(TorchSession(network, OPEN, torch.device("cpu")), model, seen)
    session = OnnxSession(part, "cpu")
    try:
        found, _ = proof.joints(session, model, seen)
    finally:
        session.close()
    sure = scores >= proof.SURE if (scores >= proof.SURE).any() else np.ones(scores.shape, bool)
    apart = float(np.linalg.norm(found - wanted, axis=2)[sure].mean())
    if not apart <= HALF_PX:
        raise UserError(
            f"{path}: not written: in half precision joints lie {apart:.3f} px from PyTorch's in the mean,"
            f" more than {HALF_PX}; export it without --half"
        )


if __name__ == "__main__":
    raise SystemExit(main())
