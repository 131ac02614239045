"""A trained network as an ONNX file that says what it needs: `python -m engine.training.export --help`."""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import torch
from onnx import helper
from torch import nn

from engine.crop import Size
from engine.description import PoseModel, to_metadata
from engine.errors import UserError
from engine.heatmap import Decoder, decode
from engine.onnx_session import OnnxSession
from engine.training.graph import Decode, Deployed, Normalise
from engine.training.trained import open_trained
from engine.training.zoo import NAMES
from engine.types import Array, Image

OPSET = 17
#: How far ONNX Runtime's heatmaps may lie from torch's in single precision, as a part of their range.
TOLERANCE, HALF_TOLERANCE = 1e-4, 1e-2
JOINTS_PX = 0.01  #: how far joints decoded inside may lie from those decoded by the program, in the mean
CHECKED = 4  #: pictures
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
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(deployed, model, pictures, {"heatmaps": wanted.shape[1:]}, part)
        (heatmaps,) = _answers(part, pictures)
        _compare(path, wanted, heatmaps, HALF_TOLERANCE if half else TOLERANCE)
        if joints:
            deployed.after = Decode(model, wanted.shape[2:])
            count = wanted.shape[1]
            _write(deployed, model, pictures, {"joints": (count, 2), "scores": (count,)}, part)
            _compare_joints(path, model, heatmaps, _answers(part, pictures)[0])
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.output.suffix != ".onnx":
            raise UserError(f"-o {options.output}: the name of the file has to end in .onnx")
        settings = {key: getattr(options, key) for key in ("decoder", "licence") if getattr(options, key)}
        if options.channels:
            settings["rgb"] = options.channels == "rgb"
        size = _size(options.size) if options.size else (0, 0)
        network, model = open_trained(options.checkpoint, options.arch, size, settings)
        export(
            network,
            model,
            options.output,
            half=options.half,
            pixels=options.with_pixels,
            joints=options.with_decode,
        )
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.write(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB\n")
    return 0


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


def _size(text: str) -> Size:
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
    if found is None:
        raise UserError(f"--size {text}: it has to be height x width, as 256x192")
    return int(found[1]), int(found[2])


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
    """The network and its description, traced by PyTorch's older exporter: it needs no further package.

    `outputs` are their names, and the shape of each for one person.
    """
    name = "pixels" if pictures.dtype == np.uint8 else "pictures"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and of what is traced as a constant
        torch.onnx.export(
            deployed,
            (torch.from_numpy(pictures),),
            part,
            input_names=[name],
            output_names=list(outputs),
            dynamic_axes={each: {0: PEOPLE} for each in (name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    traced = onnx.load(part)
    for value, shape in zip(traced.graph.output, outputs.values(), strict=True):  # it loses those of decoders
        kind = value.type.tensor_type.elem_type
        value.CopyFrom(helper.make_tensor_value_info(value.name, kind, [PEOPLE, *shape]))
    helper.set_model_props(traced, to_metadata(model))
    with part.open("wb") as whole:
        whole.write(traced.SerializeToString())
        whole.flush()
        os.fsync(whole.fileno())


def _answers(path: Path, pictures: Array | Image) -> tuple[Array, ...]:
    session = OnnxSession(path, "cpu")
    try:
        return session.run(pictures)
    finally:
        session.close()


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
    cells = decode(heatmaps, model.decoder, sigma=model.sigma)[0]
    unbiased = model.decoder == "udp"
    sides, counts = np.array(model.input_size[::-1]), np.array(heatmaps.shape[:1:-1])
    apart = np.hypot(*(found - cells * ((sides - unbiased) / (counts - unbiased))).T).mean()
    if not apart <= JOINTS_PX:
        raise UserError(f"{path}: not written: joints decoded inside lie {apart:.3f} px from those outside")


if __name__ == "__main__":
    raise SystemExit(main())
