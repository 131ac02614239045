"""A network of PyTorch as an ONNX file that describes itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from engine.description import Model, to_metadata
from engine.errors import UserError
from engine.onnx_session import OnnxSession
from engine.training.whole import whole
from engine.types import Array, Image

OPSET = 17

Shape = Sequence[int | str]  #: a size that is open is its name


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """The file to write and to try; it becomes `path` where nothing is raised. UserError of a full disk."""
    try:
        with whole(path) as part:
            yield part
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def trace(
    network: nn.Module, picture: Tensor, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], part: Path
) -> None:
    """The network as it answers this input; inputs and outputs by name, with the shape of each.

    By PyTorch's older exporter: it needs no further package.
    """
    open_sizes = {
        name: {axis: size for axis, size in enumerate(shape) if isinstance(size, str)}
        for name, shape in {**inputs, **outputs}.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and of what is traced as a constant
        torch.onnx.export(
            network,
            (picture,),
            part,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=open_sizes,
            opset_version=OPSET,
            dynamo=False,
        )


def describe(part: Path, outputs: Mapping[str, Shape], model: Model) -> None:
    """Write into the file what it needs and answers; the shapes too: tracing loses those of decoders."""
    traced = onnx.load(part)
    for value, shape in zip(traced.graph.output, outputs.values(), strict=True):
        kind = value.type.tensor_type.elem_type
        value.CopyFrom(helper.make_tensor_value_info(value.name, kind, shape))
    helper.set_model_props(traced, to_metadata(model))
    part.write_bytes(traced.SerializeToString())


def answers(path: Path, pictures: Array | Image) -> tuple[Array, ...]:
    """What ONNX Runtime makes of them."""
    session = OnnxSession(path, "cpu")
    try:
        return session.run(pictures)
    finally:
        session.close()
