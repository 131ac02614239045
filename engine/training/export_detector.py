"""A trained person detector as an ONNX file: `python -m engine.training.export_detector --help`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor

from engine.crop import Size
from engine.errors import UserError
from engine.training import yolo
from engine.training.command import exit_code, exported, size_of
from engine.training.onnx_file import answers, describe, trace, written
from engine.types import Array

FOUND = 300  #: rows of the answer
LARGE = 64  #: numbers; smaller tensors gain nothing by being halved
ANY = (96, 128)  #: size of the picture that an export of open size is tried on
COMPARED = 100  #: of them, with ONNX Runtime's
TOLERANCE_PX, TOLERANCE = 1e-2, 1e-4  #: how far its edges and its scores may lie from torch's


def export(
    network: Any,
    path: Path,
    size: Size = (0, 0),
    *,
    half: bool = False,
    threshold: float = 0.0,
    echo: float = 0.0,
) -> None:
    """Write a detector of one picture (1, 3, H, W), after its answers were held against torch's.

    It answers (1, 300, 6): left, top, right, bottom, score, 0; what is left over has score 0. Size (0, 0):
    any multiples of 32. With `half` its weights are kept in half precision; it computes in single precision.
    `threshold` is the score from where on its file says that a box is a person, 0: the usual one;
    `echo` the share of a better one's up to which it is the same person again, 0: none.
    UserError where the file cannot be written, or does not answer what the network answers.
    """
    prepare(network, is_open=size == (0, 0), half=half)
    picture = clouds(1, ANY if size == (0, 0) else size)
    with torch.no_grad():
        wanted = network(picture)
    sides = ("height", "width") if size == (0, 0) else size
    outputs = {"boxes": (1, FOUND, 6)}
    with written(path) as part:
        trace(network, picture, {"picture": (1, 3, *sides)}, outputs, part)
        said = replace(yolo.description(), input_size=size, threshold=threshold, echo=echo)
        describe(part, outputs, said)
        if half:
            _halve(part)
        _compare(path, part, picture.numpy(), wanted.numpy())


def clouds(count: int, size: Size) -> Tensor:
    """Pictures (N, 3, H, W) of smooth noise: like photographs, they have more in them than single pixels."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, size[0] // 8, size[1] // 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, size, mode="bilinear")


def prepare(network: Any, *, is_open: bool, half: bool) -> None:
    """Make the network answer as its file will: normalisations folded, weights rounded, the best boxes."""
    network.eval().fuse(verbose=False)
    if half:
        for weights in network.parameters():
            weights.data = weights.data.half().float()
    head = network.model[-1]
    head.export, head.format, head.dynamic, head.max_det = True, "onnx", is_open, FOUND
    chosen = type(head).postprocess

    def best(rows: Tensor) -> Tensor:
        """Of all boxes (1, N, 5); of a small picture there may be less than FOUND, so nobody joins them."""
        nobody = torch.zeros(1, FOUND, rows.shape[2])
        out: Tensor = chosen(head, torch.cat([rows, nobody], dim=1))
        return out

    head.postprocess = best


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)

    def write() -> None:
        for name, value in (("threshold", options.threshold), ("echo", options.echo)):
            if not 0 <= value < 1:
                raise UserError(f"--{name} {value}: it has to be from 0 to below 1")
        size = size_of(options.size, 32)
        network, _ = yolo.open_weights(options.weights)
        export(
            network, options.output, size, half=options.half, threshold=options.threshold, echo=options.echo
        )

    return exit_code(lambda: exported(options.output, write))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.training.export_detector", description="Write a detector as an ONNX file."
    )
    add = parser.add_argument
    add("weights", type=Path, metavar="WEIGHTS", help="detector.pth of `engine.training.detector`")
    add("-o", dest="output", type=Path, required=True, metavar="MODEL.onnx")
    add("--size", default="", metavar="HxW", help="of the input, as 384x640 (any multiples of 32)")
    add("--half", action="store_true", help="weights in half precision: half the file")
    add("--threshold", type=float, default=0.0, metavar="S", help="score from where on a box is a person")
    add(
        "--echo",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of a better one's score up to which a box half upon it is the same person again (none)",
    )
    return parser


def _halve(part: Path) -> None:
    """Keep filters in half precision, each cast back where it is read: once, when it is opened."""
    traced, casts = onnx.load(part), []
    graph = traced.graph
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LARGE:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    part.write_bytes(traced.SerializeToString())


def _compare(path: Path, part: Path, picture: Array, wanted: Array) -> None:
    """UserError where one of torch's best boxes is not among those of the file: ties may change places."""
    (found,) = answers(part, picture)
    apart = np.abs(wanted[0, :COMPARED, None] - found[0]) / [*(TOLERANCE_PX,) * 4, TOLERANCE, 1]
    worst = float(apart.max(axis=2).min(axis=1).max())
    if not worst <= 1:
        raise UserError(
            f"{path}: not written: ONNX Runtime's boxes are off PyTorch's by {worst:.1e} times what is"
            " allowed; are the weights trained, and finite?"
        )


if __name__ == "__main__":
    raise SystemExit(main())
